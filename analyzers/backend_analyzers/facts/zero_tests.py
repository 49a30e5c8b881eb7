"""Where code only asks whether something is zero: comparisons with 0, and tests of truth.

`if (await pool.query(…)).rows[0].count > 0`, `if not orders.count():`, or the same by way of a name that
is used for nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File, Place

_COMPARES = frozenset({">", "<", ">=", "<=", "==", "!=", "===", "!=="})
_NUMBERS = frozenset(
    {"int", "bool", "Number", "parseInt", "Boolean", "BigInt", "parseFloat", "float", "len"}
)
_TURNED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
_FIRST = {
    (">", 0): True,
    ("!=", 0): True,
    ("!==", 0): True,
    (">=", 1): True,
    ("==", 0): False,
    ("===", 0): False,
    ("<", 1): False,
    ("<=", 0): False,
}


class ZeroTest(msgspec.Struct, frozen=True, gc=False):
    """One test: where it is, the calls in what is tested, from the outside in, and whether rows are hoped for.

    `cursor` are the names through which the innermost call is made, such as `self.cursor`, and `fetched`
    where that call begins: what it gives depends on what was asked through them before.
    """

    at: Place
    calls: tuple[Place, ...]
    wants_some: bool
    cursor: str = ""
    fetched: int = 0


@file_fact
def zero_tests(file: File) -> tuple[ZeroTest, ...]:
    """The tests of a file that are about what a call answers, where something is counted."""
    return tuple(test for found in _of_unit.each(file) for test in found)


@unit_fact
def _of_unit(code: Code) -> tuple[ZeroTest, ...]:
    if not _may_count(code):
        return ()
    node = code.unit.node
    names = _Names(node)
    found: list[ZeroTest] = []
    for at, value, wants_some in _tests(node):
        calls = list(_calls(value, names, 0))
        if calls:
            last = calls[-1]
            places = tuple(code.place(call) for call in calls)
            found.append(ZeroTest(code.place(at), places, wants_some, _cursor(last), last.start))
    return tuple(found)


def _cursor(call: ir.Call) -> str:
    function = call.function
    if isinstance(function, ir.Attribute) and function.name in _FETCHES:
        return dotted(function.value) or ""
    return ""


_FETCHES = frozenset({"fetchone", "fetchval", "fetchall", "fetch_one"})


def _may_count(code: Code) -> bool:
    """A cheap look before: something in the unit says `count`."""
    for text, _ in code.outline.texts:
        if any(isinstance(part, ir.Chunk) and "count" in part.text.lower() for part in text.parts):
            return True
    return any(
        isinstance(site.call.function, ir.Attribute) and "count" in site.call.function.name.lower()
        for site in code.outline.calls
    )


class _Names:
    """The names that are given one value, and used once."""

    def __init__(self, node: ir.Node) -> None:
        self.values: dict[str, ir.Expr] = {}
        given: Counter[str] = Counter()
        used: Counter[str] = Counter()
        targets: set[int] = set()
        for one in ir.walk(node):
            if isinstance(one, ir.Assign):
                for target in one.targets:
                    for name in _given(target):
                        targets.add(id(name))
                        given[name.id] += 1
                        if one.value is not None and not one.operator:
                            self.values[name.id] = one.value
            elif isinstance(one, ir.Parameter):
                given[one.name] += 2
        for one in ir.walk(node):
            if isinstance(one, ir.Name) and id(one) not in targets:
                used[one.id] += 1
        self.values = {
            name: value for name, value in self.values.items() if given[name] == used[name] == 1
        }


def _given(target: ir.Expr) -> Iterator[ir.Name]:
    if isinstance(target, ir.Name):
        yield target
    elif isinstance(target, ir.Collection):
        for entry in target.entries:
            yield from _given(entry.value)


def _tests(node: ir.Node) -> Iterator[tuple[ir.Node, ir.Expr, bool]]:
    """Every test of a unit: its node, what is tested, and whether it holds for more than zero."""
    for one in ir.walk(node):
        if isinstance(one, ir.Operator) and one.operator in _COMPARES and len(one.operands) == 2:  # noqa: PLR2004
            yield from _comparison(one)
        elif isinstance(one, ir.Operator) and one.operator in {"not", "!"}:
            yield from ((one, part, False) for part in _plain(one.operands[0]))
        elif isinstance(one, ir.Operator) and one.operator == "?:":
            yield from ((one.operands[0], part, True) for part in _plain(one.operands[0]))
        elif isinstance(one, ir.Call) and isinstance(one.function, ir.Name):
            if one.function.id in {"bool", "Boolean"} and len(one.arguments) == 1:
                yield from ((one, part, True) for part in _plain(one.arguments[0].value))
        elif isinstance(one, ir.Branch):
            for part in _parts(one.test):
                yield from ((part, inner, True) for inner in _plain(part))


def _comparison(node: ir.Operator) -> Iterator[tuple[ir.Node, ir.Expr, bool]]:
    left, right = node.operands
    for value, other, operator in (
        (left, right, node.operator),
        (right, left, _TURNED.get(node.operator, node.operator)),
    ):
        if isinstance(other, ir.Constant) and type(other.value) is int:
            wanted = _FIRST.get((operator, other.value))
            if wanted is not None:
                yield node, value, wanted


def _parts(test: ir.Expr) -> Iterator[ir.Expr]:
    """The operands of `and` and `or` of a test."""
    if isinstance(test, ir.Operator) and test.operator in {"and", "or", "&&", "||"}:
        for operand in test.operands:
            yield from _parts(operand)
    else:
        yield test


def _plain(value: ir.Expr) -> Iterator[ir.Expr]:
    """What may be a count: a call, or a name or a part of one."""
    if isinstance(value, ir.Call | ir.Name | ir.Attribute | ir.Index | ir.Await):
        yield value


def _calls(value: ir.Expr, names: _Names, depth: int) -> Iterator[ir.Call]:
    """The calls whose answer a value is a part of, from the outside in."""
    while depth < _DEEPEST:
        depth += 1
        match value:
            case ir.Await() | ir.Attribute() | ir.Index():
                value = value.value
            case ir.Call(function=ir.Name(id=name), arguments=arguments) if (
                name in _NUMBERS and arguments
            ):
                value = arguments[0].value
            case ir.Call():
                yield value
                if not isinstance(value.function, ir.Attribute):
                    return
                value = value.function.value
            case ir.Operator(operator="+", operands=(only,)):
                value = only
            case ir.Name() if value.id in names.values:
                value = names.values[value.id]
            case _:
                return


_DEEPEST = 24
