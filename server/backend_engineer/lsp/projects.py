"""The folders that the client works in, each with its session, its settings and its findings."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from backend_analyzers import analyze
from backend_analyzers.catalog import RULES
from backend_analyzers.rule import Finding
from backend_analyzers.source import Language
from backend_analyzers.workspace import Workspace
from backend_engineer.configuration import (
    Configuration,
    Problem,
    find_configuration,
    from_editor,
    load,
)
from backend_engineer.discovery import largest
from backend_engineer.lsp.positions import Text
from backend_engineer.lsp.uris import path_of, uri_of
from backend_engineer.project import open_answering, open_session, problems
from backend_engineer.selection import Selection
from backend_engineer.settings import Severity
from backend_engineer.sizes import known_rows

log = logging.getLogger("backend_engineer.lsp")

_TEXTS = 64

Shown = tuple[tuple[Finding, Severity], ...]
"""Findings that the settings let through, each as severe as they say."""


class Project:
    """A folder.  `whole` says whether it is read as a whole, or only the documents that are open."""

    def __init__(self, root: Path, *, sent: object = None, whole: bool = True) -> None:
        self.root = root
        self.whole = whole
        self.stopped = False
        """Whether the client has left the folder: what still runs for it may end."""
        self.configuration = configured(root, sent)
        self.selection = Selection(self.configuration.settings)
        self.session = open_session(root, self.configuration.settings)
        self.answering = open_answering(root, self.configuration.settings)
        self.uris: dict[str, str] = {}
        """The client's own addresses of the documents that are open, by path."""
        self._rows: dict[str, int] | None = None
        self._texts: dict[str, tuple[str, Text]] = {}
        self._faults: set[tuple[str, str]] = set()

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the settings."""
        return problems(self.configuration)

    @property
    def rows(self) -> dict[str, int]:
        """How many rows tables hold, by label; empty where nobody says so."""
        if self._rows is None:
            try:
                self._rows = known_rows(self.configuration.settings.planner, self.root)
            except Exception as error:  # noqa: BLE001 - the planner says what is wrong with the file
                log.info("the sizes of tables are not known: %s", error)
                self._rows = {}
        return self._rows

    def path_of(self, uri: str) -> str:
        """The path by which the workspace knows a document; relative when it is below the root."""
        path = path_of(uri)
        if path is None:
            return unquote(urlsplit(uri).path.lstrip("/")) or uri
        return path.relative_to(self.root).as_posix() if self.holds(path) else path.as_posix()

    def largest(self, language: Language | None) -> int:
        """How many bytes of a document are read, as of a file on disk."""
        own = self.configuration.settings.max_file_size
        return own or largest(language)

    def holds(self, path: Path) -> bool:
        return path.is_relative_to(self.root)

    def uri(self, path: str) -> str:
        """The address of a file, in the client's own spelling when it has the file open."""
        return self.uris.get(path) or uri_of(self.root / path)

    def text(self, workspace: Workspace, path: str) -> Text:
        """The text of any file, for its positions.  A few texts of closed files are kept."""
        source = workspace.files.get(path)
        if source is None:
            return Text(b"")
        known = self._texts.get(path)
        if known is not None and known[0] == source.digest:
            return known[1]
        text = Text.of(source.file())
        while len(self._texts) >= _TEXTS:
            self._texts.pop(next(iter(self._texts)), None)
        self._texts[path] = (source.digest, text)
        return text

    def review(self, workspace: Workspace, path: str) -> Shown:
        """The findings in one file, those of the rules that compare files included."""
        return self.shown(analyze.review(workspace, path))

    def review_alone(self, workspace: Workspace, path: str, known: Iterable[Finding]) -> Shown:
        """The findings in one file, where `known` stand for those of the rules that compare files."""
        return self.shown(analyze.review(workspace, path, {path: tuple(known)}))

    def shown(self, findings: Iterable[Finding]) -> Shown:
        """What the settings let through."""
        return tuple(
            (finding, severity)
            for finding in findings
            if (severity := self.selection.severity(RULES[finding.rule], finding)) is not None
        )

    def log_faults(self) -> None:
        """Tell of each rule that raised, once."""
        for fault in analyze.faults(self.session.workspace):
            if (fault.rule, fault.error) not in self._faults:
                self._faults.add((fault.rule, fault.error))
                log.error("the rule %s failed in %s:\n%s", fault.rule, fault.path, fault.error)


def configured(root: Path, sent: object) -> Configuration:
    """The project's own settings, and what the editor sends over them."""
    return from_editor(sent, load(root))


def is_configuration(root: Path, path: Path) -> bool:
    """Whether a change of `path` may change the settings of the project in `root`."""
    return path.parent == root and (
        path.name in {"backend-engineer.toml", "pyproject.toml"} or path == find_configuration(root)
    )
