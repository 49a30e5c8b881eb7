"""Every mention of a local name in a function, and what is done with the value there.

This is what tells a value that stays in a function from one that somebody else may keep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.scope import dotted

Use = Literal[
    "method",  # `name.detail(…)`
    "attribute",  # `name.detail`, read or written
    "argument",  # `f(name)`; `detail` is the last name of `f`
    "return",
    "yield",
    "stored",  # given another name, put into an object or a collection
    "captured",  # mentioned by a function that is made here
    "bound",  # gets its value
    "with",  # `with name:`
    "tested",  # compared, negated, formatted
]
Guard = Literal["", "final", "any", "some"]
"""Inside of `finally`, of a handler of every exception, of a handler of some, or of none of them."""


class Mention(msgspec.Struct, frozen=True, eq=False):
    """One mention.  `node` is the call for a method or an argument, else the expression."""

    use: Use
    node: ir.Node
    detail: str = ""
    guard: Guard = ""


def mentions(function: ir.Function, name: str) -> tuple[Mention, ...]:
    """The mentions of a name in the body of a function, in the order of the text."""
    walk = _Walk(name)
    walk.statements(function.body, "")
    walk.run()
    return tuple(sorted(walk.found, key=_start))


def _start(mention: Mention) -> int:
    return mention.node.start


_EVERY = frozenset({"Exception", "BaseException"})


def catches_all(handler: ir.Handler) -> bool:
    """Whether a handler catches whatever goes wrong."""
    caught = handler.catches
    if isinstance(caught, ir.Collection):
        return any(getattr(one.value, "id", "") in _EVERY for one in caught.entries)
    return caught is None or getattr(caught, "id", "") in _EVERY


class _Walk:
    """A walk with a stack of its own: (node, what is done with its value, guard)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[Mention] = []
        self.stack: list[tuple[ir.Node, Use, Guard]] = []

    def statements(self, body: Iterable[ir.Node], guard: Guard) -> None:
        self.stack += [(one, "tested", guard) for one in body]

    def run(self) -> None:
        while self.stack:
            self._visit(*self.stack.pop())

    def _visit(self, node: ir.Node, use: Use, guard: Guard) -> None:
        match node:
            case ir.Name(id=name):
                if name == self.name:
                    self.found.append(Mention(use, node, "", guard))
            case ir.Function() | ir.Class():
                self._captured(node)
            case ir.Lambda():
                self._captured(node)
            case ir.Try():
                self._try(node, guard)
            case ir.With():
                for item in node.items:
                    self.stack.append((item.context, "with", guard))
                    if item.target is not None:
                        self.stack.append((item.target, "bound", guard))
                self.statements(node.body, guard)
            case ir.Assign():
                self._assign(node, guard)
            case ir.Loop():
                self._loop(node, guard)
            case ir.Return() if node.value is not None:
                self.stack.append((node.value, "return", guard))
            case _:
                self._expression(node, use, guard)

    def _captured(self, node: ir.Node) -> None:
        if any(isinstance(one, ir.Name) and one.id == self.name for one in ir.walk(node)):
            self.found.append(Mention("captured", node))

    def _try(self, node: ir.Try, guard: Guard) -> None:
        self.statements((*node.body, *node.orelse), guard)
        for handler in node.handlers:
            self.statements(handler.body, "any" if catches_all(handler) else "some")
        self.statements(node.final, "final")

    def _assign(self, node: ir.Assign, guard: Guard) -> None:
        for target in node.targets:
            self.stack.append((target, "bound", guard))
        if node.value is not None:
            self.stack.append((node.value, "stored", guard))

    def _loop(self, node: ir.Loop, guard: Guard) -> None:
        if node.target is not None:
            self.stack.append((node.target, "bound", guard))
        if node.iterable is not None:
            self.stack.append((node.iterable, "tested", guard))
        self.statements((*node.body, *node.orelse), guard)

    def _expression(self, node: ir.Node, use: Use, guard: Guard) -> None:
        match node:
            case ir.Call():
                self._call(node, guard)
            case ir.Attribute(value=ir.Name(id=name)):
                if name == self.name:
                    self.found.append(Mention("attribute", node, node.name, guard))
            case ir.Attribute(value=value) | ir.Await(value=value):
                passes = use if isinstance(node, ir.Await) else "tested"
                self.stack.append((value, passes, guard))
            case ir.Index(value=value, index=index):
                self.stack += [(value, "tested", guard), (index, "tested", guard)]
            case ir.Operator(operator="yield" | "yield from", operands=operands):
                self.stack += [(one, "yield", guard) for one in operands]
            case ir.Operator(operator="or" | "and" | "?:" | "if" | "||" | "&&" | "??"):
                self.stack += [(one, use, guard) for one in node.operands]
            case ir.Collection():
                inner: Use = use if use in {"return", "yield", "bound"} else "stored"
                for entry in node.entries:
                    self.stack.append((entry.value, inner, guard))
            case _:
                self.stack += [(child, "tested", guard) for child in ir.children(node)]

    def _call(self, node: ir.Call, guard: Guard) -> None:
        called = node.function
        last = called.name if isinstance(called, ir.Attribute) else getattr(called, "id", "")
        for argument in node.arguments:
            value = argument.value
            if isinstance(value, ir.Name) and value.id == self.name:
                self.found.append(Mention("argument", node, last, guard))
            else:
                self.stack.append((value, "stored", guard))
        if isinstance(called, ir.Attribute) and isinstance(called.value, ir.Name):
            if called.value.id == self.name:
                self.found.append(Mention("method", node, called.name, guard))
        else:
            self.stack.append((called, "tested", guard))


_LOCKS = re.compile(r"lock|mutex|semaphore|serializ", re.IGNORECASE)
_LOCKING = re.compile(r"lock(?:s|ed)?$|for_update$", re.IGNORECASE)


def speaks_of_lock(code: Code) -> bool:
    """Whether a unit speaks of a lock that keeps others out meanwhile."""
    outline = code.outline
    if any(_LOCKS.search(dotted(_called(one))) for one, _, _ in outline.contexts):
        return True
    written = (part for text, _ in outline.texts for part in text.parts)
    if any(isinstance(part, ir.Chunk) and _LOCKS.search(part.text) for part in written):
        return True
    return any(
        _LOCKING.search(one.call.function.name)
        for one in outline.calls
        if isinstance(one.call.function, ir.Attribute)
    )


def _called(expression: ir.Expr) -> ir.Expr:
    while isinstance(expression, ir.Await | ir.Call):
        expression = expression.value if isinstance(expression, ir.Await) else expression.function
    return expression
