"""Writing migrations: what a fix changes in a file, in the words of the project's own tool.

One module for each way of writing defines a `Writer`; `fixes` finds it by the tool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.facts.migrations.safe import Steps
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import CreateIndex, DropIndex

Edit = tuple[Place, str]
"""Replace the text of a place."""


class Script(msgspec.Struct, frozen=True):
    """The text of a file with migrations, and where its units start; offsets in bytes."""

    path: str
    text: bytes
    units: Mapping[str, int] = {}

    def start(self, place: Place) -> int:
        """Where a place starts in the file."""
        return self.units.get(place.unit, 0) + place.start

    def end(self, place: Place) -> int:
        """Where a place ends in the file."""
        return self.units.get(place.unit, 0) + place.end

    def written(self, place: Place) -> str:
        """The text of a place."""
        return self.text[self.start(place) : self.end(place)].decode(errors="replace")

    def indent(self, place: Place) -> str | None:
        """What stands before a place on its line, when that is only space; None otherwise."""
        start = self.start(place)
        before = self.text[self.text.rfind(b"\n", 0, start) + 1 : start]
        return before.decode() if not before.strip() else None

    def change(self, start: int, end: int, text: str) -> Edit:
        """Replace some bytes of the file."""
        return Place(self.path, "", start, end), text

    def replace(self, place: Place, text: str) -> Edit:
        """Replace the text of a place."""
        return self.change(self.start(place), self.end(place), text)


Edits = tuple[Edit, ...] | None
"""None where the tool, or how the file is written, does not allow it."""


class Writer(msgspec.Struct, frozen=True):
    """How one tool's migrations are changed.

    `in_steps` puts statements, each in its own transaction, in the place of an operation; `outside`
    has an operation run outside of a transaction; `first` runs a statement before all others.
    """

    in_steps: Callable[[Script, Migration, Operation, Steps], Edits]
    outside: Callable[[Script, Migration, Operation], Edits]
    first: Callable[[Script, Migration, str], Edits]


def is_alone(migration: Migration, operation: Operation) -> bool:
    """Whether a migration does nothing else that would miss its transaction: only indexes beside it."""
    return all(
        other is operation or other.at == operation.at or _is_index(other)
        for other in migration.operations
    )


def _is_index(operation: Operation) -> bool:
    actions = [action for statement in operation.ddl for action in statement.actions]
    return bool(actions) and all(isinstance(action, CreateIndex | DropIndex) for action in actions)
