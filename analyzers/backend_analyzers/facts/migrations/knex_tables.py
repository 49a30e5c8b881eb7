"""What the callback of knex's `createTable` and `alterTable` makes of a table."""

from __future__ import annotations

from typing import NamedTuple

from backend_analyzers import ir
from backend_analyzers.facts.migrations.javascript import Frame
from backend_analyzers.facts.migrations.javascript_files import Link
from backend_analyzers.facts.migrations.knex_lines import Line, Making
from backend_analyzers.sql.ddl import ColumnDefinition, Constraint, CreateIndex, Ddl


class Made(NamedTuple):
    """What is done to a table, in order; `known` is False when a part was not read."""

    columns: list[ColumnDefinition]
    constraints: list[Constraint]
    indexes: list[CreateIndex]
    changes: list[Ddl]
    known: bool


class TableFollower(Making):
    """Follows the callback that is given a table."""

    def made(self, frame: Frame, callback: ir.Expr) -> Made:
        """What a callback makes."""
        if isinstance(callback, ir.Name) and callback.id in self.functions:
            found = self.functions[callback.id]
            function, code = found.function, found.code
        elif isinstance(callback, ir.Lambda):
            function, code = callback.function, frame.code
        else:
            return Made([], [], [], [], known=False)
        roots = frozenset(one.name for one in function.parameters[:1]) or frozenset({"this"})
        inner = Frame(code, roots, frame.known, frame.is_conditional, frame.depth)
        self.run(inner, function.body)
        return Made(self.columns, self.constraints, self.indexes, self.changes, self.is_complete)

    def add_code(self, frame: Frame, at: ir.Node) -> None:  # noqa: ARG002 - it is the follower's
        self.is_complete = False

    def call(self, frame: Frame, links: list[Link], whole: ir.Expr) -> None:  # noqa: ARG002
        if links[0].call is not None:
            Line(self, frame, links).read()
