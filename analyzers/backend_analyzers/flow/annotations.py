"""The types that annotations name, as Python and TypeScript write them."""

from __future__ import annotations

import re
from typing import Protocol

from backend_analyzers import ir


class Namer(Protocol):
    """What resolves names."""

    def name(self, expression: ir.Expr, here: bool, depth: int) -> str: ...

    def name_for_once(self, expression: ir.Expr, here: bool, depth: int) -> str:
        """The name of an expression that will not live."""
        ...

    def canonical(self, name: str) -> str: ...

    def alias(self, name: str) -> ir.Expr | None: ...


def annotated(names: Namer, annotation: ir.Expr, here: bool, depth: int) -> str:
    """The type that an annotation names; optional types count as the type itself."""
    if depth <= 0:
        return ""
    match annotation:
        case ir.Name(id=name):
            resolved = names.name(annotation, here, depth)
            alias = None if resolved else names.alias(name)
            if alias is not None:
                return annotated(names, alias, here=False, depth=depth - 1)
            return names.canonical(resolved or (name if name.islower() else ""))
        case ir.Attribute():
            return names.canonical(names.name(annotation, here, depth))
        case ir.Text():
            return _quoted(names, annotation, here, depth)
        case ir.Index(value=value, index=index):
            return _generic(names, value, index, here, depth)
        case ir.Operator(operator="|", operands=operands):
            sides = [one for one in operands if not is_none(one)]
            return annotated(names, sides[0], here, depth - 1) if len(sides) == 1 else ""
        case _:
            return ""


def _generic(names: Namer, value: ir.Expr, index: ir.Expr, here: bool, depth: int) -> str:
    last = value.name if isinstance(value, ir.Attribute) else getattr(value, "id", "")
    if last in _TRANSPARENT:
        if isinstance(index, ir.Collection) and index.entries:
            index = index.entries[0].value
        return annotated(names, index, here, depth - 1)
    if last == "Union" and isinstance(index, ir.Collection):
        sides = [one.value for one in index.entries if not is_none(one.value)]
        return annotated(names, sides[0], here, depth - 1) if len(sides) == 1 else ""
    return "" if last in _CONTAINERS else annotated(names, value, here, depth - 1)


def _quoted(names: Namer, annotation: ir.Text, here: bool, depth: int) -> str:
    text = (annotation.constant or "").strip().removesuffix("| None").strip()
    if not _DOTTED.fullmatch(text):
        return ""
    at = annotation.start
    first, *rest = text.split(".")
    expression: ir.Expr = ir.Name(at, at, first)
    for part in rest:
        expression = ir.Attribute(at, at, expression, part, at)
    return names.canonical(names.name_for_once(expression, here, depth))


def is_none(expression: ir.Expr) -> bool:
    if isinstance(expression, ir.Name):
        return expression.id in {"None", "null", "undefined"}
    return isinstance(expression, ir.Constant) and expression.value is None


_CONTAINERS = frozenset({"list", "dict", "tuple", "set", "Array", "Map", "Set", "Record"})
_TRANSPARENT = frozenset(
    {
        "Annotated",
        "Optional",
        "Final",
        "ClassVar",
        "Required",
        "NotRequired",
        "Awaitable",
        "Coroutine",
        "Promise",
        "Readonly",
        "Partial",
        "NonNullable",
        "Awaited",
        "AsyncIterator",
        "AsyncGenerator",
        "Iterator",
        "Generator",
        "AsyncIterable",
    }
)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
