"""Where code asks whether something is there and goes on because it is not.

`if row is None: …`, `if not found: …`, `if found: raise …` and what follows, `except DoesNotExist: …`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.value_sources import Source, sources
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.mentions import catches_all, speaks_of_lock
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File, Place


class Made(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An object that is made of a class, with the names it is given values for, and added to a session."""

    model: str
    names: tuple[str, ...]
    at: Place


class Absence(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A question, the calls that answer it, and the range that is reached when nothing was there.

    `handled` are the ranges in it where a violated key is caught, `made` the objects that are made in
    it and added to a session.
    """

    at: Place
    asked: tuple[Source, ...]
    start: int
    end: int
    handled: tuple[tuple[int, int], ...] = ()
    made: tuple[Made, ...] = ()


@file_fact
def absences(file: File) -> tuple[Absence, ...]:
    """The questions of a file."""
    return tuple(one for found in unit_absences.each(file) for one in found)


@unit_fact
def unit_absences(code: Code) -> tuple[Absence, ...]:
    """The questions of a unit."""
    if len(code.outline.functions) == 1 or not code.outline.calls or speaks_of_lock(code):
        return ()
    handled = tuple(_handled(code))
    found: list[Absence] = []
    for branch, block in code.outline.branches:
        absent = _is_absent(branch.test)
        if absent is None:
            continue
        asked, is_absent = absent
        region = _region(code, branch, block, is_absent=is_absent)
        if region is None:
            continue
        known = sources(code, asked)
        if known:
            found.append(Absence(code.place(branch.test), known, *region, handled))
    found += _missed(code, handled)
    return tuple(_with_made(code, one) for one in found)


def _is_absent(test: ir.Expr) -> tuple[ir.Expr, bool] | None:
    """What a test asks about, and whether it holds when that is absent."""
    match test:
        case ir.Operator(operator="not" | "!", operands=(inner,)):
            found = _is_absent(inner)
            return None if found is None else (found[0], not found[1])
        case ir.Operator(operator="and" | "&&", operands=(first, *_)):
            return _is_absent(first)
        case ir.Operator(operator="is" | "==" | "===" | "is not" | "!=" | "!==" as operator):
            left, right = test.operands[0], test.operands[-1]
            if isinstance(right, ir.Constant) and (right.value is None or right.value == 0):
                return left, operator in {"is", "==", "==="}
            return None
        case ir.Operator(operator=">", operands=(left, ir.Constant(value=0))):
            return left, False
        case ir.Name() | ir.Attribute() | ir.Call() | ir.Await() | ir.Index():
            return test, False
        case _:
            return None


def _region(
    code: Code, branch: ir.Branch, block: int, *, is_absent: bool
) -> tuple[int, int] | None:
    """The range that is reached when nothing was there."""
    if is_absent:
        return (branch.body[0].start, branch.body[-1].end) if branch.body else None
    if branch.orelse:
        return branch.orelse[0].start, branch.orelse[-1].end
    leaves = bool(branch.body) and isinstance(branch.body[-1], ir.Return | ir.Raise | ir.Jump)
    return (branch.end, code.outline.blocks[block].end) if leaves else None


_VIOLATED = re.compile(
    r"Integrity|Unique|Duplicate|Constraint|DatabaseError|DBAPIError|Conflict|SQLAlchemyError"
)


def _handled(code: Code) -> Iterator[tuple[int, int]]:
    """The bodies of `try` statements that catch a violated key."""
    for node in ir.walk(code.unit.node):
        if isinstance(node, ir.Try) and node.body:
            for handler in node.handlers:
                caught = handler.catches
                text = (
                    " ".join(
                        dotted(one)
                        for one in ir.walk(caught)
                        if isinstance(one, ir.Name | ir.Attribute)
                    )
                    if caught is not None
                    else ""
                )
                if _VIOLATED.search(text) or (catches_all(handler) and _goes_on(handler)):
                    yield node.body[0].start, node.body[-1].end


def _goes_on(handler: ir.Handler) -> bool:
    return not any(isinstance(one, ir.Raise) for part in handler.body for one in ir.walk(part))


_MISSED = re.compile(r"DoesNotExist$|NoResultFound$")


def _missed(code: Code, handled: tuple[tuple[int, int], ...]) -> Iterator[Absence]:
    """`try: Order.objects.get(…)`, `except Order.DoesNotExist: …`."""
    for node in ir.walk(code.unit.node):
        if not isinstance(node, ir.Try) or not node.body:
            continue
        asked = Source(node.body[0].start, node.body[-1].end)
        for handler in node.handlers:
            caught = handler.catches
            if caught is not None and handler.body and _MISSED.search(dotted(caught)):
                start, end = handler.body[0].start, handler.body[-1].end
                yield Absence(code.place(caught), (asked,), start, end, handled)


def _with_made(code: Code, absence: Absence) -> Absence:
    """The question with the objects that are made and added because of the answer."""
    if code.language.is_ecmascript:
        return absence
    made: list[Made] = []
    for site in code.outline.calls:
        called = site.call.function
        if not absence.start <= site.call.start < absence.end:
            continue
        if not isinstance(called, ir.Attribute) or called.name != "add" or not site.call.arguments:
            continue
        value: ir.Expr = site.call.arguments[0].value
        if isinstance(value, ir.Name):
            found, local = code.names.bindings(value.id, value.start, here=True)
            if not local or len(found) != 1 or not isinstance(found[0].value, ir.Call):
                continue
            value = found[0].value
        if isinstance(value, ir.Call) and not any(one.spread for one in value.arguments):
            name = code.callee_of(value)
            given = tuple(one.name for one in value.arguments if one.name)
            if name and given and value.start >= absence.start:
                made.append(Made(name, given, code.place(site.call)))
    return msgspec.structs.replace(absence, made=tuple(made)) if made else absence
