"""Comparisons rewritten so that the column stands alone and an index on it can be used.

Only rewrites that give the same rows for every value, NULL included: NULL makes both forms unknown.
A `timestamp with time zone` is left alone, since the day it falls on depends on the session and, when
clocks are set back, is no single range.
"""

from __future__ import annotations

import re
from datetime import date

from backend_analyzers.sql.statement import Operand, Predicate

_DAY = re.compile(r"'(\d{4})-(\d{2})-(\d{2})'(?:::date)?\Z")
_REUSABLE = re.compile(r"(\$\d+|:[A-Za-z_]\w*|%\([A-Za-z_]\w*\)s)(?:::date)?\Z")
_WHOLE = re.compile(r"-?\d{1,9}\Z")
_INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_COMPARES = frozenset({"=", "<", "<=", ">", ">="})


def sargable(predicate: Predicate, column: str, type_: str, value: str) -> str | None:
    """The text of an equivalent comparison.

    `column` and `value` are the texts of the column and of what is compared with, `type_` is the
    column's normalised type.  None when no rewrite is exactly the same.
    """
    left = predicate.left
    if left.kind == "arithmetic":
        return _moved(predicate, column, type_, value)
    if type_ != "timestamp without time zone" or predicate.operator != "=":
        return None
    if (left.kind == "cast" and left.name == "date") or left.name == "date":
        return _on_day(column, value)
    if left.name == "extract" and left.arguments and _field(left.arguments[0]) == "year":
        return _in_year(column, value)
    if left.name == "date_trunc" and left.arguments:
        return _truncated(column, _field(left.arguments[0]), value)
    return None


def _field(operand: Operand) -> str:
    return operand.text.strip("'\"").lower()


def _on_day(column: str, value: str) -> str | None:
    day = _date(value)
    if day is not None:
        return _range(column, day, _next(day, "day"))
    given = _REUSABLE.match(value)
    if given is None:
        return None
    first = f"CAST({given[1]} AS date)"
    return f"{column} >= {first} AND {column} < {first} + 1"


def _in_year(column: str, value: str) -> str | None:
    if not re.match(r"[12]\d{3}\Z", value):
        return None
    year = int(value)
    return _range(column, date(year, 1, 1), date(year + 1, 1, 1))


def _truncated(column: str, unit: str, value: str) -> str | None:
    day = _date(value)
    if day is None or unit not in {"day", "month", "year"}:
        return None
    if (unit != "day" and day.day != 1) or (unit == "year" and day.month != 1):
        return None
    return _range(column, day, _next(day, unit))


def _next(day: date, unit: str) -> date:
    match unit:
        case "day":
            return date.fromordinal(day.toordinal() + 1)
        case "month":
            return date(day.year + day.month // 12, day.month % 12 + 1, 1)
        case _:
            return date(day.year + 1, 1, 1)


def _date(value: str) -> date | None:
    found = _DAY.match(value)
    try:
        day = date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None
    return day if day is not None and day.year < date.max.year else None


def _range(column: str, first: date, after: date) -> str:
    return f"{column} >= '{first}' AND {column} < '{after}'"


def _moved(predicate: Predicate, column: str, type_: str, value: str) -> str | None:
    """`x + 1 = 5` is `x = 4`, unless that number is too large for the column."""
    left = predicate.left
    size = _INTEGERS.get(type_)
    if size is None or left.name not in {"+", "-"} or predicate.operator not in _COMPARES:
        return None
    moved, *rest = left.arguments or (left,)
    if moved.column is None or len(rest) != 1:
        return None
    step = rest[0].text
    if not _WHOLE.match(step) or not _WHOLE.match(value):
        return None
    result = int(value) - int(step) if left.name == "+" else int(value) + int(step)
    return f"{column} {predicate.operator} {result}" if -size <= result < size else None
