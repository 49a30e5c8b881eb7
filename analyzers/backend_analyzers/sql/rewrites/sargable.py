"""Comparisons rewritten so that the column stands alone and an index on it can be used.

Only rewrites that give the same rows for every value, NULL included.  A `timestamp with time zone` is left
alone where days count, since the day it falls on depends on the session and, when clocks are set back,
is no single range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from backend_analyzers.sql.rewrites.ranges import in_years, on_days, truncated
from backend_analyzers.sql.rewrites.view import (
    TURNED,
    Column,
    Edit,
    Rewrite,
    View,
    declared_required,
)
from backend_analyzers.sql.statement import Operand, Predicate
from backend_analyzers.sql.types import normalised_type

_WHOLE = re.compile(r"-?\d{1,18}\Z")
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?\Z")
_INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_COMPARES = frozenset({"=", "<", "<=", ">", ">="})
_STRING = re.compile(r"'((?:[^'\\]|'')*)'\Z")
_UUID = re.compile(r"'[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}'\Z")
_CLOCK = re.compile(
    r"(?:interval\s*)?'\s*\d+\s*(?:hours?|h|minutes?|mins?|seconds?|secs?|s)\s*'(?:\s*::\s*interval)?\Z",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"(?:interval\s*)?'\s*\d+\s*(?:weeks?|days?|hours?|h|minutes?|mins?|seconds?|secs?|s)\s*'"
    r"(?:\s*::\s*interval)?\Z",
    re.IGNORECASE,
)
_TEXTS = ("text", "character varying")
_NO_ZONE, _ZONE = "timestamp without time zone", "timestamp with time zone"


class _Asked(NamedTuple):
    """A comparison of an expression over one column with a fixed value."""

    left: Operand
    operator: str
    column: str
    type: str
    value: str
    upper: str | None
    required: bool
    conjunct: bool
    labels: tuple[str, ...]


def rewrite(view: View) -> Iterator[Rewrite]:
    for predicate in view.statement.predicates:
        text = alone(view, predicate)
        if text is not None:
            yield from view.rewrite(
                "Compare the column itself", Edit(predicate.start, predicate.end, text)
            )


def alone(view: View, predicate: Predicate) -> str | None:
    """The text of an equivalent comparison; None when none is exactly the same."""
    for asked in _asked(view, predicate):
        text = _undone(asked)
        if text is not None:
            return text if predicate.conjunct or " " not in text else f"({text})"
    return None


def _asked(view: View, predicate: Predicate) -> Iterator[_Asked]:
    right = predicate.right
    if right is None or predicate.operator not in {*_COMPARES, "between"}:
        return
    sides = [(predicate.left, right, predicate.operator)]
    if predicate.operator in TURNED:
        sides.append((right, predicate.left, TURNED[predicate.operator]))
    for left, other, operator in sides:
        if len(left.columns) != 1 or left.column is not None or not other.fixed:
            continue
        column: Column | None = view.stored(left.columns[0])
        upper = predicate.upper
        if column is None or (upper is not None and not upper.fixed):
            continue
        ref = left.columns[0]
        yield _Asked(
            left=left,
            operator=operator,
            column=view.source(ref.start, ref.end),
            type=without_size(column.stored.type),
            value=view.source(other.start, other.end),
            upper=view.source(upper.start, upper.end) if upper is not None else None,
            required=declared_required(column) and not view.ref(column.source).join,
            conjunct=predicate.conjunct and predicate.clause in {"where", "having"},
            labels=view.schema.types.get(column.stored.type, ()),
        )


def without_size(type_: str) -> str:
    """A type without the size of its values."""
    return re.sub(r"\(\d+(?:,\s*\d+)?\)", "", type_)


def _undone(asked: _Asked) -> str | None:
    left = asked.left
    match left.kind, left.name:
        case "arithmetic", _:
            return _moved(asked)
        case "cast", kind:
            return _on_day(asked) if kind == "date" else _cast(asked, normalised_type(kind))
        case "function", "date":
            return _on_day(asked)
        case "function", "extract" | "date_part":
            if _is_plain(left, 1) and _field(left.arguments[0]) == "year" and _has_days(asked):
                return in_years(asked.column, asked.operator, asked.value, asked.upper)
        case "function", "date_trunc":
            if _is_plain(left, 1) and asked.type == _NO_ZONE and asked.upper is None:
                unit = _field(left.arguments[0])
                return truncated(asked.column, unit, asked.operator, asked.value)
        case "function", "coalesce":
            return _defaulted(asked)
        case "function", "left" | "substr" | "substring":
            return _prefix(asked)
        case _:
            return None
    return None


def _is_plain(left: Operand, place: int) -> bool:
    """Whether one argument is the column itself and the others are constants."""
    arguments = left.arguments
    return (
        len(arguments) > place
        and arguments[place].column is not None
        and all(a.kind == "constant" for n, a in enumerate(arguments) if n != place)
    )


def _field(operand: Operand) -> str:
    return operand.text.strip("'\"").lower()


def _has_days(asked: _Asked) -> bool:
    return asked.type in {_NO_ZONE, "date"}


def _on_day(asked: _Asked) -> str | None:
    arguments = asked.left.arguments
    if asked.type != _NO_ZONE or len(arguments) != 1 or arguments[0].column is None:
        return None
    return on_days(asked.column, asked.operator, asked.value, asked.upper)


def _cast(asked: _Asked, target: str) -> str | None:
    """`x::text = '5'` for an integer, an uuid or an enum: the texts are the same if the values are."""
    arguments = asked.left.arguments
    if asked.operator != "=" or len(arguments) != 1 or arguments[0].column is None:
        return None
    if target not in _TEXTS:
        return None
    text = _STRING.match(asked.value)
    if text is None:
        return None
    inner = text[1]
    if asked.type in _INTEGERS and _WHOLE.match(inner) and str(int(inner)) == inner:
        size = _INTEGERS[asked.type]
        return f"{asked.column} = {inner}" if -size <= int(inner) < size else None
    if asked.type == "uuid" and _UUID.match(asked.value):
        return f"{asked.column} = {asked.value}"
    return f"{asked.column} = {asked.value}" if inner in asked.labels else None


def _defaulted(asked: _Asked) -> str | None:
    """`coalesce(x, 0) = 5` only holds where x is 5, unless it is the default that is asked for."""
    arguments = asked.left.arguments
    if len(arguments) != 2 or arguments[0].column is None or asked.upper is not None:  # noqa: PLR2004
        return None
    plain = f"{asked.column} {asked.operator} {asked.value}"
    if asked.required:
        return plain
    holds = _compare(asked.operator, arguments[1].text, asked.value, asked.type)
    if holds is None or not asked.conjunct:
        return None
    return f"({plain} OR {asked.column} IS NULL)" if holds else plain


def _compare(operator: str, one: str, other: str, type_: str) -> bool | None:
    """What a comparison of two literals gives; texts are only equal or not."""
    if type_ in _INTEGERS and _WHOLE.match(one) and _WHOLE.match(other):
        first, second = int(one), int(other)
        return {
            "=": first == second,
            "<": first < second,
            "<=": first <= second,
            ">": first > second,
            ">=": first >= second,
        }.get(operator)
    if type_ in _TEXTS and operator == "=" and _STRING.match(one) and _STRING.match(other):
        return one == other
    return None


def _prefix(asked: _Asked) -> str | None:
    """`left(x, 3) = 'abc'` is `x LIKE 'abc%'`."""
    arguments, text = asked.left.arguments, _STRING.match(asked.value)
    if asked.operator != "=" or text is None or asked.type not in _TEXTS:
        return None
    if not arguments or arguments[0].column is None:
        return None
    sizes = [argument.text for argument in arguments[1:]]
    if asked.left.name != "left" and (len(sizes) != 2 or sizes[0] != "1"):  # noqa: PLR2004
        return None
    value = text[1]
    if not sizes or sizes[-1] != str(len(value.replace("''", "'"))) or set(value) & set("%_"):
        return None
    return f"{asked.column} LIKE '{value}%'" if value else None


def _moved(asked: _Asked) -> str | None:
    """`x + 1 = 5` is `x = 4`, unless that number is too large for the column."""
    left = asked.left
    if len(left.arguments) != 2 or asked.upper is not None:  # noqa: PLR2004
        return None
    one, other = left.arguments
    operator = asked.operator
    if one.column is None:
        # `5 - x` and `5 + x`: only a sum may be turned round.
        if left.name not in {"+", "*"} or other.column is None:
            return None
        one, other = other, one
    if asked.type in {_NO_ZONE, _ZONE}:
        return _earlier(asked, other)
    if asked.type in _INTEGERS:
        return _whole(asked, left.name, operator, other.text)
    if asked.type == "numeric" and left.name in {"+", "-"}:
        return _decimal(asked, left.name, operator, other.text)
    return None


def _whole(asked: _Asked, sign: str, operator: str, step: str) -> str | None:
    if not _WHOLE.match(step) or not _WHOLE.match(asked.value):
        return None
    size, value, by = _INTEGERS[asked.type], int(asked.value), int(step)
    match sign:
        case "+":
            result = value - by
        case "-":
            result = value + by
        case "*" if by > 0 and value % by == 0:
            result = value // by
        case _:
            return None
    return f"{asked.column} {operator} {result}" if -size <= result < size else None


def _decimal(asked: _Asked, sign: str, operator: str, step: str) -> str | None:
    if not _NUMBER.match(step) or not _NUMBER.match(asked.value):
        return None
    try:
        value, by = Decimal(asked.value), Decimal(step)
    except InvalidOperation:
        return None
    return f"{asked.column} {operator} {value - by if sign == '+' else value + by}"


_NOW = re.compile(r"(?:now\(\)|current_timestamp)\Z", re.IGNORECASE)
_LOCAL = re.compile(r"localtimestamp\Z", re.IGNORECASE)


def _earlier(asked: _Asked, step: Operand) -> str | None:
    """`x + interval '1 hour' > now()` is `x > now() - interval '1 hour'`: exact for hours and shorter."""
    sign = asked.left.name
    if sign not in {"+", "-"}:
        return None
    exact, moments = (_CLOCK, _NOW) if asked.type == _ZONE else (_SPAN, _LOCAL)
    if not exact.match(step.text) or not moments.match(asked.value):
        return None
    turned = "-" if sign == "+" else "+"
    return f"{asked.column} {asked.operator} {asked.value} {turned} {step.text}"
