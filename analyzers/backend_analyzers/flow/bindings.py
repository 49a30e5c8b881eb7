"""What gives a name its value: assignments, parameters, imports, definitions, loop targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal as Choice

import msgspec

from backend_analyzers import ir

Kind = Choice[
    "value",  # `name = value`, or `name: annotation`
    "append",  # `name += value`
    "element",  # `for name in value`, and a position in a destructured sequence
    "property",  # `{detail: name} = value`
    "enter",  # `with value as name`
    "parameter",
    "import",  # `detail` is the qualified name
    "function",
    "class",
    "unknown",
]


class Signature(msgspec.Struct, frozen=True, gc=False):
    """What a caller sees of a function."""

    parameters: tuple[ir.Parameter, ...]
    returns: ir.Expr | None
    is_async: bool
    is_generator: bool


class Binding(msgspec.Struct, frozen=True, gc=False):
    """One way in which a name got a value.

    `after` is the offset from which it holds, and `block` the number of the block it stands in;
    both are zero in a `Scope`, whose bindings hold everywhere.
    """

    kind: Kind
    after: int = 0
    block: int = 0
    value: ir.Expr | None = None
    annotation: ir.Expr | None = None
    detail: str = ""
    signature: Signature | None = None


def signature(function: ir.Function) -> Signature:
    """The part of a function that does not change while its body is being written."""
    return Signature(
        function.parameters, function.returns, function.is_async, function.is_generator
    )


def imported(statement: ir.Import) -> Iterator[tuple[str, str]]:
    """The names that an import binds and what each denotes.

    A package's default import is the package itself, as it is for `require`; that of a relative
    module is its `default`.
    """
    module = statement.module.removeprefix("node:")
    for one in statement.names:
        if one.name == "*":
            yield "*", module
        elif not one.name or (one.name == "default" and not module.startswith(".")):
            yield one.alias, module
        else:
            yield one.alias, module + ("" if module.endswith(".") else ".") + one.name


def assigned(
    target: ir.Expr, value: ir.Expr | None, after: int, block: int, annotation: ir.Expr | None
) -> Iterator[tuple[str, Binding]]:
    """The names that `target = value` binds."""
    if isinstance(target, ir.Name):
        yield target.id, _valued(value, after, block, annotation)
    elif isinstance(target, ir.Collection):
        yield from _destructured(target, value, after, block)
    elif isinstance(target, ir.Operator | ir.Unknown):
        # A default inside a pattern (`{limit = 10}`), or syntax with names we cannot place.
        for child in ir.walk(target):
            if isinstance(child, ir.Name):
                yield child.id, Binding("unknown", after, block)


def _valued(value: ir.Expr | None, after: int, block: int, annotation: ir.Expr | None) -> Binding:
    if isinstance(value, ir.Lambda):
        return Binding("function", after, block, signature=signature(value.function))
    return Binding("value", after, block, value, annotation)


def _destructured(
    target: ir.Collection, value: ir.Expr | None, after: int, block: int
) -> Iterator[tuple[str, Binding]]:
    pairs = _side_by_side(target, value)
    for number, entry in enumerate(target.entries):
        key = entry.key.constant if isinstance(entry.key, ir.Text) else None
        if pairs is not None:
            yield from assigned(entry.value, pairs[number], after, block, None)
        elif not isinstance(entry.value, ir.Name):
            yield from assigned(entry.value, None, after, block, None)
        elif target.kind == "mapping" and key is not None:
            yield entry.value.id, Binding("property", after, block, value, detail=key)
        elif target.kind != "mapping" and not entry.spread:
            yield entry.value.id, Binding("element", after, block, value, detail=str(number))
        else:
            yield entry.value.id, Binding("unknown", after, block)


def _side_by_side(target: ir.Collection, value: ir.Expr | None) -> list[ir.Expr] | None:
    """The values of `a, b = c, d`, when both sides are written out."""
    if (
        target.kind == "mapping"
        or not isinstance(value, ir.Collection)
        or value.kind == "mapping"
        or len(value.entries) != len(target.entries)
        or any(entry.spread for entry in (*value.entries, *target.entries))
    ):
        return None
    return [entry.value for entry in value.entries]
