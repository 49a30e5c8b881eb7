"""Open documents and the disk as one workspace: the only state that changes over time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from backend_analyzers.oracle import Answer, Question
from backend_analyzers.source import Edit, File, Language
from backend_analyzers.sources import Closed, Open, Source, Summary
from backend_analyzers.workspace import Base, Options, Profiled, Workspace
from backend_engineer.discovery import Rules, Skipped, discover, read
from backend_engineer.indexing import Entry, Progress, index, summary_of


class Session:
    """One root folder, the documents that are open below it, and the current snapshot of both.

    Every method may be called from any thread.  `workspace` is a value: take it once and work on it.
    """

    def __init__(
        self,
        root: Path,
        *,
        rules: Rules | None = None,
        cache: Path | None = None,
        jobs: int = 0,
        options: Options | None = None,
    ) -> None:
        self.root = root
        self.rules = rules or Rules()
        self.cache = cache
        self.jobs = jobs
        self.skipped: dict[str, str] = {}
        """Why files are left out, by path."""
        self._open: dict[str, File] = {}
        self._lock = threading.RLock()
        self._workspace = Workspace({}, options or Options(complete=False))

    @property
    def workspace(self) -> Workspace:
        """The current snapshot."""
        return self._workspace

    @property
    def is_indexed(self) -> bool:
        """Whether the whole folder has been read, so that workspace rules can speak."""
        return self._workspace.options.complete

    def is_open(self, path: str) -> bool:
        """Whether an editor holds the file."""
        return path in self._open

    def open(self, path: str, text: str, language: Language | None = None) -> File | None:
        """An editor opened a document; None when its language is not read."""
        language = Language.of(path) or language
        if language is None:
            return None
        dialect = self.rules.dialect if language is Language.SQL else ""
        file = File(path, language, text.encode(errors="replace"), dialect)
        with self._lock:
            self._open[path] = file
            self._changed({path: Open(file)})
        return file

    def edit(self, path: str, edits: tuple[Edit, ...]) -> File:
        """An editor changed a document; raises KeyError when it is not open."""
        with self._lock:
            before = self._open[path]
            file = before.edited(edits)
            self._open[path] = file
            self._changed({path: Open(file)}, was=before)
        return file

    def close(self, path: str) -> None:
        """An editor closed a document: what is on disk counts again."""
        with self._lock:
            self._open.pop(path, None)
        self.refresh((path,))

    def refresh(self, paths: Iterable[str]) -> None:
        """Some files may have changed on disk, appeared or gone."""
        changes: dict[str, Source | None] = {}
        for path in paths:
            if not self.is_open(path):
                found = read(self.root, path, self.rules)
                changes[path] = self._closed(
                    Entry(path, None, found.reason)
                    if isinstance(found, Skipped)
                    else summary_of(found)
                )
        with self._lock:
            self._changed({p: s for p, s in changes.items() if not self.is_open(p)})

    def answered(self, answers: Mapping[Question, Answer]) -> None:
        """The planner has answered; what it said before and is still of use must be among this."""
        with self._lock:
            self._workspace = self._workspace.updated({}, answers=answers)

    def profile(self, found: tuple[Profiled, ...]) -> None:
        """Say which dependencies were found in the rows of a database."""
        with self._lock:
            options = msgspec.structs.replace(self._workspace.options, profiled=found)
            self._workspace = self._workspace.updated({}, options)

    def measure(self, base: Base | None) -> None:
        """What changed is measured against another revision from now on."""
        with self._lock:
            known = self._workspace.options.base
            if base is not None and known is not None:
                # What editors have changed may not be on disk yet.
                edited = {p: text for p, text in known.before.items() if self.is_open(p)}
                base = msgspec.structs.replace(base, before={**edited, **base.before})
            options = msgspec.structs.replace(self._workspace.options, base=base)
            self._workspace = self._workspace.updated({}, options)

    def index(
        self, progress: Progress | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        """Read the whole folder.  Raises `indexing.Cancelled`; the snapshot is then as before."""
        paths = list(discover(self.root, self.rules))
        entries = index(
            self.root,
            paths,
            self.rules,
            cache=self.cache,
            jobs=self.jobs,
            progress=progress,
            cancelled=cancelled,
        )
        sources = {entry.path: self._closed(entry) for entry in entries}
        with self._lock:
            gone: dict[str, Source | None] = dict.fromkeys(
                p for p in self._workspace.files if p not in sources and not self.is_open(p)
            )
            known = {p: s for p, s in sources.items() if not self.is_open(p)}
            self._changed(gone | known, complete=True)

    def _closed(self, entry: Entry) -> Closed | None:
        if entry.summary is None:
            self.skipped[entry.path] = entry.reason
            return None
        self.skipped.pop(entry.path, None)
        return Closed(entry.summary, self._loader(entry.path, entry.summary))

    def _loader(self, path: str, summary: Summary) -> Callable[[], File]:
        def load() -> File:
            found = read(self.root, path, self.rules)
            return found if isinstance(found, File) else File(path, summary.language, b"")

        return load

    def _changed(
        self,
        changes: Mapping[str, Source | None],
        *,
        complete: bool = False,
        was: File | None = None,
    ) -> None:
        """Some files are others now.  `was` is one that an editor changes: so far it was as at the base."""
        options = self._workspace.options
        if complete and not options.complete:
            options = msgspec.structs.replace(options, complete=True)
        if was is not None and options.base is not None and was.path not in options.base.before:
            before = {**options.base.before, was.path: was.text.decode(errors="replace")}
            base = msgspec.structs.replace(options.base, before=before)
            options = msgspec.structs.replace(options, base=base)
        self._workspace = self._workspace.updated(changes, options)
