"""What passes between the protocol loop and the worker's thread.  Light: it loads no analyzers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from backend_analyzers.source import Edit, Language
from backend_engineer.lsp.positions import Text

if TYPE_CHECKING:
    from backend_analyzers.workspace import Workspace
    from backend_engineer.lsp.projects import Project, Shown


class Opened(msgspec.Struct, frozen=True):
    """A document was opened."""

    uri: str
    version: int
    language: Language | None
    text: Text


class Edited(msgspec.Struct, frozen=True):
    """A document has a new version, which `edits` led to."""

    uri: str
    version: int
    edits: tuple[Edit, ...]
    text: Text


class Closed(msgspec.Struct, frozen=True):
    """A document was closed: what is on disk counts again."""

    uri: str


class Call(msgspec.Struct, frozen=True):
    """Something to do on the worker's thread, between the changes before and after it."""

    run: Callable[[], None]


Change = Opened | Edited | Closed | Call


class Inbox:
    """The changes that wait for the worker, in order."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._arrived = threading.Condition()

    def __bool__(self) -> bool:
        return bool(self._changes)

    def put(self, change: Change) -> None:
        """Never blocks for longer than another `put` takes."""
        with self._arrived:
            self._changes.append(change)
            self._arrived.notify()

    def take(self, until: float | None) -> list[Change]:
        """All that has arrived; waits for something until a point of monotonic time."""
        with self._arrived:
            while not self._changes:
                wait = None if until is None else until - time.monotonic()
                if wait is not None and wait <= 0:
                    break
                self._arrived.wait(wait)
            taken, self._changes = self._changes, []
        return taken


class Reviewed(msgspec.Struct, frozen=True):
    """One version of one document, and what was found in it."""

    uri: str
    version: int
    text: Text
    project: Project
    workspace: Workspace
    path: str
    shown: Shown
    items: bytes
    """The diagnostics, as a JSON array."""
    result_id: str
    whole: bool
    """Whether the rules that compare files were run, so that every fact of the snapshot is known."""
