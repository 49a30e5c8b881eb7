"""One unit of code in its context: what its names denote, what its texts say, where its calls lie."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from backend_analyzers import ir
from backend_analyzers.flow.blocks import CallSite, FunctionContext, Outline
from backend_analyzers.flow.fold import MISSING, Folder, Value, _Missing
from backend_analyzers.flow.infer import Names, Origin
from backend_analyzers.flow.outline import outline_of
from backend_analyzers.flow.scope import Scope
from backend_analyzers.libraries.tables import tables
from backend_analyzers.source import Language, Place

__all__ = ["MISSING", "Code", "FunctionContext"]


class Code:
    """A unit with the scope of its module.

    The expressions that its methods take belong to the unit.  `memo` keeps pure functions of the
    code under the function that computed them.
    """

    __slots__ = ("__dict__", "language", "memo", "path", "scope", "unit")

    def __init__(self, path: str, language: Language, unit: ir.Unit, scope: Scope) -> None:
        self.path = path
        self.language = language
        self.unit = unit
        self.scope = scope
        self.memo: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"Code({self.path!r}, {self.unit.key!r})"

    @cached_property
    def outline(self) -> Outline:
        """The functions, blocks, bindings and calls of the unit."""
        return outline_of(self.unit)

    @cached_property
    def names(self) -> Names:
        """Resolves names and types."""
        return Names(self.outline, self.scope, tables(self.language))

    @cached_property
    def fold(self) -> Folder:
        """Folds texts and constants."""
        return Folder(self.names)

    def place(self, node: ir.Node) -> Place:
        """Where a node of the unit is."""
        return Place(self.path, self.unit.key, node.start, node.end)

    def place_of(self, start: int, end: int) -> Place:
        """The place of a range of the unit's bytes, such as that of an event."""
        return Place(self.path, self.unit.key, start, end)

    def functions(self) -> tuple[FunctionContext, ...]:
        """The unit's own top level, and every function in the unit, nested ones and lambdas too."""
        return tuple(self.outline.functions)

    def enclosing(self, node: ir.Node) -> FunctionContext:
        """The innermost function around a node."""
        return self.outline.functions[self.outline.block_at(node.start).function]

    def calls(self) -> list[CallSite]:
        """Every call of the unit, in source order."""
        return self.outline.calls

    def is_awaited(self, call: ir.Call) -> bool:
        """Whether a call of this unit stands directly behind `await`."""
        return id(call) in self.outline.awaited

    def name_of(self, expression: ir.Expr) -> str:
        """The qualified name of what an expression denotes, or empty when that is not known.

        `requests.get`, `httpx.Client.get` for a method of an inferred type, `:Orders.create` for
        what this module defines.
        """
        return self.names.name(expression)

    def callee_of(self, call: ir.Call) -> str:
        """The qualified name of what a call calls; `Type.__call__` when that is an object."""
        return self.names.callee(call)

    def type_of(self, expression: ir.Expr) -> str:
        """The qualified name of the type of a value, or empty."""
        return self.names.type(expression)

    def origin_of(self, expression: ir.Expr) -> Origin | None:
        """The call that made an object, when there is exactly one."""
        return self.names.origin(expression)

    def constant(self, expression: ir.Expr) -> Value | _Missing:
        """The value of an expression that is the same in every run, or `MISSING`."""
        return self.fold.constant(expression)

    def text_of(self, expression: ir.Expr) -> ir.Text | None:
        """The text that an expression stands for, with holes for what is not constant."""
        return self.fold.text(expression)
