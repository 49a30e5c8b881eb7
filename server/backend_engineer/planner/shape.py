"""What of a query decides how its rows may be compared: order, limit, parameters, literals, tables."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

import msgspec
import sqlglot
from msgspec.structs import replace
from sqlglot import exp

_RANDOM = re.compile(
    r"\b(?:random|clock_timestamp|gen_random_uuid|uuid_generate_v\w+|nextval|timeofday|statement_timestamp"
    r"|pg_sleep|txid_current|pg_backend_pid)\s*\(|\btablesample\b",
    re.IGNORECASE,
)
_TIMELY = re.compile(
    r"\bnow\s*\(|\b(?:current_date|current_timestamp|localtimestamp|transaction_timestamp)\b",
    re.IGNORECASE,
)
_GATHERING = re.compile(
    r"\b(?:array_agg|string_agg|jsonb?_agg|jsonb?_object_agg|xmlagg)\s*\((?![^()]*\border\s+by\b)",
    re.IGNORECASE,
)
"""Aggregates whose value depends on the order of the rows, which is nobody's to say."""
_PARAMETER = re.compile(r"\$(\d+)")


class Shape(msgspec.Struct, frozen=True):
    """A query; `order` and `limit` are the texts of its outermost ORDER BY, and LIMIT with OFFSET.

    `order` is without aliases and numbers, and without qualifiers where there is one table.  `is_loose`:
    a value in its rows depends on the order in which rows are read.  `is_timely`: it asks what time it is.

    `literals` are the constants that each column is compared with, and under "" all of them;
    `sizes` the numbers that groups are counted against.
    """

    text: str
    order: str = ""
    limit: str = ""
    unlimited: str = ""
    parameters: int = 0
    tables: frozenset[str] = frozenset()
    literals: dict[str, frozenset[str]] = {}
    sizes: tuple[int, ...] = ()
    is_random: bool = False
    is_loose: bool = False
    is_timely: bool = False

    def without_limit(self) -> Shape:
        """The query with all its rows."""
        return replace(self, text=self.unlimited, limit="") if self.limit else self


def shape_of(text: str) -> Shape | None:
    """The shape of one query; None for what is none, or cannot be read."""
    try:
        parsed = [one for one in sqlglot.parse(text, read="postgres") if one is not None]
    except sqlglot.errors.SqlglotError:
        return None
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        return None
    query = parsed[0]
    order, limit, offset = (query.args.get(name) for name in ("order", "limit", "offset"))
    cut = [part.sql("postgres") for part in (limit, offset) if part is not None]
    unlimited = query.copy()
    for name in ("limit", "offset"):
        unlimited.set(name, None)
    literals, sizes = _literals(query)
    return Shape(
        text=text,
        order=_order(query, order) if order is not None else "",
        limit=" ".join(cut),
        unlimited=unlimited.sql("postgres") if cut else text,
        parameters=max((int(number) for number in _PARAMETER.findall(text)), default=0),
        tables=frozenset(table.name.lower() for table in query.find_all(exp.Table)),
        literals={name: frozenset(values) for name, values in literals.items()},
        sizes=tuple(sizes),
        is_random=_RANDOM.search(text) is not None,
        is_loose=_GATHERING.search(text) is not None,
        is_timely=_TIMELY.search(text) is not None,
    )


def _order(query: exp.Query, order: exp.Expression) -> str:
    """What the rows are sorted by, said in one way."""
    order = order.copy()
    outputs = query.selects
    named = {output.alias: output.this for output in outputs if isinstance(output, exp.Alias)}
    single = len(list(query.find_all(exp.Table))) == 1
    found = []
    for item in order.expressions:
        key = item.this if isinstance(item, exp.Ordered) else item
        if isinstance(key, exp.Literal) and key.is_int and 0 < int(key.this) <= len(outputs):
            output = outputs[int(key.this) - 1]
            key = output.this if isinstance(output, exp.Alias) else output
        elif isinstance(key, exp.Column) and not key.table and key.name in named:
            key = named[key.name]
        key = key.copy()
        for column in key.find_all(exp.Column) if single else ():
            column.set("table", None)
        if isinstance(item, exp.Ordered):
            item.set("this", key)
            found.append(item.sql("postgres"))
        else:
            found.append(key.sql("postgres"))
    return ", ".join(found)


_COMPARES = (
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between),
    *(exp.Like, exp.ILike),
)


def _literals(query: exp.Query) -> tuple[dict[str, set[str]], list[int]]:
    found: dict[str, set[str]] = {"": set()}
    sizes = []
    for literal in query.find_all(exp.Literal):
        value = str(literal.this)
        if literal.find_ancestor(exp.DataType) is not None:
            continue
        if literal.find_ancestor(exp.Having, exp.Limit, exp.Offset) is not None:
            if value.isdigit() and int(value) < 20:  # noqa: PLR2004 - more rows take too long
                sizes.append(int(value))
            continue
        if isinstance(literal.parent, exp.Neg):
            value = f"-{value}"
        found[""].add(value)
        compared = literal.find_ancestor(*_COMPARES)
        for column in compared.find_all(exp.Column) if compared is not None else ():
            found.setdefault(column.name.lower(), set()).add(value)
    return found, sizes


def number(text: str) -> Decimal | None:
    """The number that a literal is."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
