"""The projects that are open: one for each folder of the client, and for files outside all of them.

Used from the worker's thread; indexing has a thread for each folder.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from backend_analyzers.source import Language
from backend_engineer.configuration import find_root
from backend_engineer.discovery import IGNORE_FILES, discover
from backend_engineer.indexing import Cancelled
from backend_engineer.lsp.projects import Project, is_configuration
from backend_engineer.lsp.uris import path_of
from backend_engineer.revisions import RevisionError, base_at

log = logging.getLogger("backend_engineer.lsp")

_NOWHERE = Path("/")


class Bar(Protocol):
    """Shows the progress of some work, and whether the person has asked to stop it."""

    def report(self, done: int, total: int) -> None: ...
    def end(self, message: str) -> None: ...
    @property
    def cancelled(self) -> bool: ...


class Folders:
    """Keeps one project for each folder, and indexes it."""

    def __init__(
        self,
        *,
        bar: Callable[[str], Bar],
        indexed: Callable[[], None],
        changed: Callable[[tuple[Project, ...]], None],
        problem: Callable[[str], None],
    ) -> None:
        self._bar = bar
        self._indexed = indexed
        self._changed = changed
        self._problem = problem
        self._projects: dict[Path, Project] = {}
        self._loose: dict[Path, Project] = {}
        self._sent: Mapping[str, object] = {}

    def open(self, roots: Iterable[Path], sent: Mapping[str, object]) -> None:
        """The client's folders are `roots`, with the settings it sends for each (`""` for all)."""
        known, self._projects = self._projects, {}
        if sent != self._sent:
            self._sent = sent
            self._stop((*known.values(), *self._loose.values()))
            known, self._loose = {}, {}
        for root in roots:
            self._projects[root] = (
                known.pop(root) if root in known else self._start(root, whole=True)
            )
        self._stop(known.values())
        for root, loose in list(self._loose.items()):
            if any(project.holds(root) for project in self._projects.values()):
                self._stop((loose,))
                del self._loose[root]
        self._changed((*self._projects.values(), *self._loose.values()))

    def place(self, uri: str) -> Project:
        """The project of a document: the innermost folder that holds it."""
        path = path_of(uri)
        around = [p for p in self._projects.values() if path is not None and p.holds(path)]
        if around:
            return max(around, key=lambda p: len(p.root.parts))
        if path is None:
            root, whole = next(iter(self._projects), _NOWHERE), False
            if root in self._projects:
                return self._projects[root]
        else:
            root = find_root((path,), path.parent)
            whole = root != Path.home() and (root != path.parent or (root / ".git").exists())
        if root not in self._loose:
            self._loose[root] = self._start(root, whole=whole)
            self._changed((*self._projects.values(), *self._loose.values()))
        return self._loose[root]

    def touched(self, uris: Iterable[str]) -> bool:
        """Some files changed on disk; whether settings did, so that projects were made anew."""
        paths = [path for uri in uris if (path := path_of(uri)) is not None]
        anew = False
        for projects in (self._projects, self._loose):
            for root, project in list(projects.items()):
                own = [path for path in paths if project.holds(path)]
                if any(is_configuration(root, path) for path in own) or any(
                    path.name in IGNORE_FILES for path in own
                ):
                    self._stop((project,))
                    projects[root] = self._start(root, whole=project.whole)
                    anew = True
                elif own:
                    _refresh(project, own)
                    if project.session.is_indexed:
                        self._measure(project)
        if anew:
            self._changed((*self._projects.values(), *self._loose.values()))
        return anew

    def _start(self, root: Path, *, whole: bool) -> Project:
        sent = self._sent.get(str(root), self._sent.get(""))
        project = Project(root, sent=sent, whole=whole)
        for problem in project.problems():
            self._problem(str(problem))
        if whole:
            threading.Thread(
                target=self._index, args=(project,), daemon=True, name="indexing"
            ).start()
        return project

    def _stop(self, projects: Iterable[Project]) -> None:
        for project in projects:
            project.stopped = True
            # It may be in the middle of an answer, and nobody waits for that.
            threading.Thread(target=project.answering.close, daemon=True, name="closing").start()

    def _index(self, project: Project) -> None:
        bar = self._bar(f"Reading {project.root.name or project.root}")
        try:
            project.session.index(bar.report, lambda: project.stopped or bar.cancelled)
        except Cancelled:
            bar.end("stopped: rules that compare files stay silent")
        except Exception:
            log.exception("%s could not be read", project.root)
            bar.end("failed")
        else:
            bar.end(f"{len(project.session.workspace.files)} files")
            self._measure(project)
            if not project.stopped:
                self._indexed()

    def _measure(self, project: Project) -> None:
        """Compare with the revision that the settings name."""
        revision = project.configuration.settings.base
        if revision:
            try:
                project.session.measure(base_at(project.root, revision))
            except RevisionError as error:
                self._problem(f"`base` in the settings: {error}")


def _refresh(project: Project, paths: Iterable[Path]) -> None:
    """Read files again.  A new file counts only when the project's ignore files let it."""
    relative = {path.relative_to(project.root).as_posix() for path in paths}
    known = {path for path in relative if path in project.session.workspace.files}
    new = {path for path in relative - known if Language.of(path) and project.whole}
    if new:
        new &= set(discover(project.root, project.session.rules))
    if known or new:
        project.session.refresh(sorted(known | new))
