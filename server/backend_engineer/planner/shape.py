"""What of a query decides how its rows may be compared: order, limit, parameters, literals, tables."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

import msgspec
import sqlglot
from msgspec.structs import replace
from sqlglot import exp

_RANDOM = re.compile(
    r"\b(?:random|clock_timestamp|gen_random_uuid|nextval|timeofday)\s*\(", re.IGNORECASE
)
_PARAMETER = re.compile(r"\$(\d+)")


class Shape(msgspec.Struct, frozen=True):
    """A query; `order` and `limit` are the texts of its outermost ORDER BY, and LIMIT with OFFSET.

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
        order=order.sql("postgres") if order is not None else "",
        limit=" ".join(cut),
        unlimited=unlimited.sql("postgres") if cut else text,
        parameters=max((int(number) for number in _PARAMETER.findall(text)), default=0),
        tables=frozenset(table.name.lower() for table in query.find_all(exp.Table)),
        literals={name: frozenset(values) for name, values in literals.items()},
        sizes=tuple(sizes),
        is_random=_RANDOM.search(text) is not None,
    )


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
