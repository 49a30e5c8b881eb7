"""Operators, and the methods and functions of plain values and collections."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    Alternative,
    Expression,
    Given,
    Items,
    Made,
    Pairs,
    Thing,
    comparable,
    plain,
)

LONGEST = 100_000
"""Characters of a text that is put together."""

MOST = 2_000


def operated(node: ir.Operator, values: list[Thing]) -> Thing:
    """An operator applied to values."""
    match node.operator, values:
        case "+", [str() as left, str() as right]:
            return left + right if len(left) + len(right) < LONGEST else UNKNOWN
        case "+", [Items() as left, Items() as right]:
            both = (*left.values, *right.values)
            return Items(left.kind, both[:MOST], left.complete and right.complete)
        case "%", [str() as template, value]:
            return _percent(template, value)
        case "|", [Pairs() as left, Pairs() as right]:
            return Pairs({**left.values, **right.values}, left.complete and right.complete)
        case "not" | "!", [value] if plain(value):
            return not value
        case "-", [int() | float() as value]:
            return -value
        case ":=", [_, value]:
            return value
        case "-" | "&" | "|", [Items(kind="set") as left, Items() as right]:
            return _sets(node.operator, left, right)
        case "|", [left, right]:
            options: list[Thing] = []
            for one in (left, right):
                options += one.options if isinstance(one, Alternative) else (one,)
            return Alternative(tuple(options))
        case "in" | "not in", [value, Items() as items] if comparable(value):
            return _contains(value, items, node.operator == "in")
        case "in" | "not in", [value, Pairs(values=pairs, complete=True)] if plain(value):
            return (value in pairs) is (node.operator == "in")
        case operator, [left, right] if comparable(left) and comparable(right):
            return _compared(operator, left, right)
        case operator, _:
            if all(value is UNKNOWN for value in values):
                return UNKNOWN
            return Expression(operator, tuple(values), node)


_COMPARISONS: Mapping[str, Callable[[Thing, Thing], Thing]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "is": lambda a, b: a is b or (a == b and type(a) is type(b)),
    "is not": lambda a, b: not (a is b or (a == b and type(a) is type(b))),
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b if abs(a) < MOST and abs(b) < MOST else UNKNOWN,
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
}


def _compared(operator: str, left: Thing, right: Thing) -> Thing:
    if operator not in _COMPARISONS:
        return UNKNOWN
    try:
        return _COMPARISONS[operator](left, right)
    except TypeError:
        return UNKNOWN


def _contains(value: Thing, items: Items, wanted: bool) -> Thing:
    if any(comparable(one) and one == value for one in items):
        return wanted
    return (not wanted) if items.complete and all(comparable(one) for one in items) else UNKNOWN


def _sets(operator: str, left: Items, right: Items) -> Thing:
    if not all(comparable(one) for one in (*left, *right)) or not right.complete:
        return UNKNOWN
    other = set(right)
    if operator == "|":
        more = (one for one in right.values if one.value not in set(left))
        return Items("set", (*left.values, *more), left.complete)
    kept = (one for one in left.values if (one.value in other) is (operator == "&"))
    return Items("set", tuple(kept), left.complete)


_PERCENT = re.compile(r"%(?:\((\w+)\))?([sdr%])")


def _percent(template: str, value: Thing) -> Thing:
    rest = list(value) if isinstance(value, Items) else [value]
    pairs = value.values if isinstance(value, Pairs) else {}
    pieces: list[str] = []
    last = 0
    for found in _PERCENT.finditer(template):
        pieces.append(template[last : found.start()])
        last = found.end()
        if found[2] == "%":
            pieces.append("%")
            continue
        if found[1] is not None:
            one = pairs[found[1]].value if found[1] in pairs else UNKNOWN
        else:
            one = rest.pop(0) if rest else UNKNOWN
        if not isinstance(one, str | int | float):
            return UNKNOWN
        pieces.append(str(one))
    return "".join((*pieces, template[last:]))


_FIELD = re.compile(r"\{\{|\}\}|\{(\w*)\}")


def _format(template: str, made: Made) -> Thing:
    rest = [one.value for one in made.arguments]
    count = 0
    pieces: list[str] = []
    last = 0
    for found in _FIELD.finditer(template):
        pieces.append(template[last : found.start()])
        last = found.end()
        field = found[1]
        if field is None:
            pieces.append(found[0][0])
            continue
        if field and not field.isdigit():
            value = made.get(field, default=UNKNOWN)
        else:
            place = int(field) if field else count
            count += 1
            value = rest[place] if place < len(rest) else UNKNOWN
        if not isinstance(value, str | int | float):
            return UNKNOWN
        pieces.append(str(value))
    text = "".join((*pieces, template[last:]))
    return UNKNOWN if "{" in template and not pieces else text


_TEXT_METHODS = frozenset(
    {
        *("lower", "upper", "strip", "lstrip", "rstrip", "title", "capitalize", "replace"),
        *("startswith", "endswith", "removeprefix", "removesuffix", "split"),
    }
)


def method(owner: Thing, name: str, made: Made) -> Thing:
    """A method of a plain value or a collection."""
    given = [one.value for one in made.arguments]
    if isinstance(owner, str):
        if name == "format":
            return _format(owner, made)
        if name == "join" and len(given) == 1 and isinstance(given[0], Items):
            parts = list(given[0])
            known = given[0].complete and all(isinstance(one, str) for one in parts)
            return owner.join(parts) if known else UNKNOWN
        if name in _TEXT_METHODS and all(isinstance(one, str) for one in given):
            return _of_text(owner, name, given)
        return UNKNOWN
    if isinstance(owner, Pairs):
        return _of_pairs(owner, name, given)
    return UNKNOWN


def _of_text(owner: str, name: str, given: list[str]) -> Thing:
    try:
        found = getattr(owner, name)(*given)
    except (TypeError, ValueError):
        return UNKNOWN
    if isinstance(found, list):
        return Items("list", tuple(Given(one) for one in found))
    return found if len(str(found)) < LONGEST else UNKNOWN


def _of_pairs(owner: Pairs, name: str, given: list[Thing]) -> Thing:
    match name, given:
        case "items", []:
            pairs = (Items("tuple", (Given(k), v)) for k, v in owner.values.items())
            return Items("list", tuple(Given(one) for one in pairs), owner.complete)
        case "keys", []:
            return Items("list", tuple(Given(one) for one in owner.values), owner.complete)
        case "values", []:
            return Items("list", tuple(owner.values.values()), owner.complete)
        case "get", [key, *rest] if plain(key):
            if key in owner.values:
                return owner.values[key].value
            return (rest[0] if rest else None) if owner.complete else UNKNOWN
        case _:
            return UNKNOWN


BUILTINS = frozenset(
    """
    range dict list tuple set frozenset sorted reversed len str int float bool bytes enumerate zip
    object type print getattr hasattr isinstance max min any all property classmethod staticmethod
    map filter next iter super Exception ValueError RuntimeError
    """.split()  # noqa: SIM905
)


def table_of(name: str, made: Made) -> Thing:
    """A call of one of Python's own functions."""
    given = [one.value for one in made.arguments]
    match name, given:
        case "range", [*bounds] if bounds and all(isinstance(one, int) for one in bounds):
            return _range(bounds)
        case "dict", [*pairs]:
            return _dict(pairs, made)
        case "list" | "tuple" | "set" | "frozenset" | "reversed" | "sorted", [Items() as items]:
            values = items.values[::-1] if name == "reversed" else items.values
            return Items("set" if name.endswith("set") else "list", values, items.complete)
        case "list" | "tuple" | "set" | "frozenset" | "sorted", [Pairs(values=keys) as pairs]:
            return Items("list", tuple(Given(one) for one in keys), pairs.complete)
        case "list" | "tuple" | "set" | "frozenset", []:
            return Items("set" if name.endswith("set") else "list", ())
        case "len", [Items(complete=True) as items]:
            return len(items.values)
        case "str", [value] if plain(value):
            return str(value)
        case "enumerate", [Items(complete=True) as items]:
            numbered = enumerate(items.values)
            return Items("list", tuple(Given(Items("tuple", (Given(n), v))) for n, v in numbered))
        case "zip", [Items(complete=True), *_] if all(isinstance(one, Items) for one in given):
            rows = zip(*(one.values for one in given), strict=False)
            return Items("list", tuple(Given(Items("tuple", row)) for row in rows))
        case _:
            return UNKNOWN


def _range(bounds: list[int]) -> Thing:
    try:
        numbers = range(*bounds[:3])
    except ValueError:
        return UNKNOWN
    if len(numbers) > MOST:
        return UNKNOWN
    return Items("list", tuple(Given(number) for number in numbers))


def _dict(positional: list[Thing], made: Made) -> Thing:
    values: dict[object, Given] = {}
    complete = made.complete
    for one in positional:
        complete = complete and isinstance(one, Pairs) and one.complete
        values.update(one.values if isinstance(one, Pairs) else {})
    return Pairs({**values, **made.named}, complete)
