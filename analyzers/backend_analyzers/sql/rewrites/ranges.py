"""Days, months and years as ranges of timestamps: `date(x) < d` is `x < d`, `date(x) = d` a range."""

from __future__ import annotations

import re
from datetime import date

_DAY = re.compile(r"(?:date\s*)?'(\d{4})-(\d{2})-(\d{2})'(?:::date)?\Z", re.IGNORECASE)
_NAMED = re.compile("(\\$\\d+|:[A-Za-z_]\\w*|%\\([A-Za-z_]\\w*\\)s|\ue000\\d+\ue001)(?:::date)?\\Z")
_YEAR = re.compile(r"'?([12]\d{3})'?\Z")


def on_days(column: str, operator: str, value: str, upper: str | None) -> str | None:
    """`date(column) operator value` as comparisons of the column, a timestamp without time zone."""
    first, last = _bounds(value), _bounds(upper or value)
    if first is None or last is None:
        return None
    return _compared(column, operator, first, last)


def truncated(column: str, unit: str, operator: str, value: str) -> str | None:
    """`date_trunc(unit, column) operator value`, where the value begins such a unit."""
    day = _date(value)
    if day is None or unit not in {"day", "month", "year"}:
        return None
    if (unit != "day" and day.day != 1) or (unit == "year" and day.month != 1):
        return None
    bounds = f"'{day}'", f"'{_after(day, unit)}'"
    return _compared(column, operator, bounds, bounds)


def in_years(column: str, operator: str, value: str, upper: str | None) -> str | None:
    """`extract(year FROM column) operator value`, for timestamps without time zone and dates."""
    years = [_YEAR.match(text) for text in (value, upper or value)]
    if years[0] is None or years[1] is None:
        return None
    first, last = (
        (f"'{y}-01-01'", f"'{y + 1}-01-01'") for y in (int(years[0][1]), int(years[1][1]))
    )
    return _compared(column, operator, first, last)


def _compared(
    column: str, operator: str, first: tuple[str, str], last: tuple[str, str]
) -> str | None:
    """Ranges from the first of `first` up to the second of `last`, which it leaves out."""
    match operator:
        case "=" | "between":
            return f"{column} >= {first[0]} AND {column} < {last[1]}"
        case "<" | ">=":
            return f"{column} {operator} {first[0]}"
        case "<=":
            return f"{column} < {first[1]}"
        case ">":
            return f"{column} >= {first[1]}"
        case _:
            return None


def _bounds(value: str) -> tuple[str, str] | None:
    """The text of a day and of the one after it."""
    day = _date(value)
    if day is not None:
        return f"'{day}'", f"'{_after(day, 'day')}'"
    given = _NAMED.match(value)
    if given is None:
        return None
    first = f"CAST({given[1]} AS date)"
    return first, f"{first} + 1"


def _after(day: date, unit: str) -> date:
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
