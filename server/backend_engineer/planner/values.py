"""Values for made-up rows: a few of each type, and those around the constants of the queries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice, permutations
from typing import Any

from backend_engineer.planner.shape import number

_TEXTS = ("a", "b", "", "A", "a ", "ab")
_UUIDS = tuple(f"{n // 3}0000000-0000-0000-0000-00000000000{n % 3}" for n in range(5))
_FIXED = {
    "boolean": ("true", "false"),
    "inet": ("127.0.0.1", "10.0.0.1"),
    "cidr": ("10.0.0.0/8", "127.0.0.0/8"),
    "bytea": ("\\x", "\\x61"),
    "interval": ("1 day", "0", "25 hours", "1 month"),
    "time without time zone": ("00:00:00", "12:30:00", "23:59:59"),
    "int4range": ("empty", "[1,3)", "[2,)"),
    "daterange": ("empty", "[2000-01-01,2000-02-01)"),
    "tsvector": ("", "a:1 b:2"),
}
_INTEGERS = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**62}
_DECIMALS = frozenset({"numeric", "real", "double precision", "money"})
_LETTERS = frozenset({"text", "character varying", "character", "citext", '"char"', "name"})
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - a value for columns of every kind of time
_DAY = len("2000-01-01")
NOW = "now"
"""Stands among constants for the moment at which a query is run."""
_CHANGES = ("2024-03-10 02:30", "2024-03-09 12:00", "2024-11-03 01:30", "2024-11-02 12:00")
"""Moments around those at which New York's clocks are set."""


def is_one_of(value: str, literals: set[str]) -> bool:
    """Whether a value is what a constant says, however it is written."""
    if value in literals:
        return True
    amount = number(value)
    if amount is not None:
        return any(number(text) == amount for text in literals)
    return any(len(text) >= _DAY and value.startswith(text) for text in literals)


def pool(kind: str, near: set[str], *, labels: list[str] | None = None) -> list[str]:
    """Values of a type, as texts, that are close to some constants; none for an unknown type."""
    if labels is not None:
        return labels
    base = kind.partition("(")[0]
    if base.endswith("[]"):
        return _arrays(base[:-2], near)
    if base in _FIXED:
        return list(_FIXED[base])
    if base == "uuid":
        return [*_UUIDS, *(text for text in sorted(near) if re.fullmatch(r"[0-9a-f-]{36}", text))]
    if base in {"json", "jsonb"}:
        return list(_objects(near, bare=base == "json"))
    if base in _INTEGERS:
        return [str(n) for n in _integers(near) if abs(n) <= _INTEGERS[base]]
    if base in _DECIMALS:
        return [str(v) for v in _decimals(near) if _fits_precision(v, kind)]
    if base == "date" or base.startswith("timestamp"):
        return list(_times(near, is_date=base == "date", zone=base.endswith("with time zone")))
    return list(_texts(near, kind)) if base in _LETTERS else []


def _integers(near: Iterable[str]) -> list[int]:
    values = {-1, 0, 1, 2, 3, 10}
    for text in near:
        value = number(text)
        if value is not None and abs(value) < 2**62:
            whole = int(value)
            values |= {whole - 1, whole, whole + 1, -whole, -whole - 1, whole * 10}
    return sorted(values)


def _decimals(near: Iterable[str]) -> list[Any]:
    values: set[Any] = {-1, 0, 1, 2, Decimal("0.5"), Decimal("1.5"), Decimal("-0.5"), 10}
    for text in near:
        value = number(text)
        if value is not None:
            values |= {value - 1, value, value + 1, value / 2, -value, -value - 1}
    return sorted(values)


def _fits_precision(value: Any, kind: str) -> bool:
    limit = re.search(r"\((\d+),(\d+)\)", kind)
    return limit is None or abs(value) < 10 ** (int(limit[1]) - int(limit[2]))


def _times(near: Iterable[str], *, is_date: bool, zone: bool) -> Iterator[str]:
    bases = {_EPOCH}
    for text in near:
        if text == NOW:
            yield from _around_now(is_date=is_date)
            continue
        try:
            bases.add(datetime.fromisoformat(text.strip()).replace(tzinfo=None))
        except ValueError:
            if re.fullmatch(r"[12]\d{3}", text):
                bases.add(datetime(int(text), 1, 1))  # noqa: DTZ001
    steps = [timedelta(days=days) for days in (0, 1, -1, 31, 366)]
    more = [] if is_date else [timedelta(hours=13), timedelta(seconds=-1), timedelta(hours=23)]
    if zone:
        more += [timedelta(hours=3), timedelta(hours=-3)]
    for base in sorted(bases):
        for step in (*steps, *more):
            try:
                moved = base + step
            except OverflowError:
                continue
            yield date.isoformat(moved.date()) if is_date else moved.isoformat(" ")
    if zone:
        yield from _CHANGES


def _around_now(*, is_date: bool) -> Iterator[str]:
    now = datetime.now()  # noqa: DTZ005 - the server is on this machine
    for days in (0, -1, 1, -7, 7, -30, 30):
        day = now + timedelta(days=days)
        if is_date:
            yield date.isoformat(day.date())
            continue
        for minutes in (-1, 1, -45, 45, -200, 200, -800, 800):
            yield (day + timedelta(minutes=minutes)).isoformat(" ")


def _texts(near: Iterable[str], kind: str) -> Iterator[str]:
    limit = re.search(r"\((\d+)\)", kind)
    longest = int(limit[1]) if limit is not None else 100
    values = {*_TEXTS, "1", "0", "01"}
    for text in near:
        bare = text.replace("%", "").replace("_", "x")
        values |= {bare, bare.upper(), bare.lower(), text.strip("%"), f"{bare}x", f" {bare}"}
        if "%" in text or "_" in text:
            values |= {f"z{bare}z", bare[:1], text}
    yield from (value for value in sorted(values) if len(value) <= longest)


def _arrays(base: str, near: set[str]) -> list[str]:
    values = [text for text in pool(base, near) if text and re.fullmatch(r"[\w.:-]+", text)]
    first = sorted(values, key=lambda text: text not in near)[:5]
    pairs = [f"{{{one},{other}}}" for one, other in permutations(first[:3], 2)]
    return ["{}", "{NULL}", *(f"{{{one}}}" for one in first), *pairs]


def _objects(near: set[str], *, bare: bool) -> Iterator[str]:
    """Objects whose keys and values are constants of the queries: nobody says which are which."""
    yield from ("{}", '{"a": 1}', '{"a": "1"}', '{"a": null}')
    if not bare:
        yield from ("[]", "null")
    words = sorted(text for text in near if re.fullmatch(r"[\w .@-]+", text))
    for key, value in islice(permutations(words[:5], 2), 12):
        yield f'{{"{key}": "{value}"}}'
    for key in words[:5]:
        yield f'{{"{key}": 1}}'
        yield f'{{"{key}": true}}'
