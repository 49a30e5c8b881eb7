"""How large relations are that no statistics know: tables of declared rows, and indexes.

The estimates follow how PostgreSQL lays out tuples (src/include/access/itup.h, htup_details.h).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg

from backend_engineer.planner.explain import estimated_rows
from backend_engineer.planner.inflate import BLOCK

Connection = psycopg.Connection[tuple[Any, ...]]

_PAGE = BLOCK - 24 - 16
_ALIGNMENT = {"c": 1, "s": 2, "i": 4, "d": 8}
_UNKNOWN_WIDTH = 32
_SHORT = 126
"""Values of variable length up to this are not aligned."""
_POSTING = 2704
"""The most bytes of one entry that stands for several equal keys."""
_NO_POSTING = frozenset({"numeric", "float4", "float8", "jsonb"})
"""Types whose equal values may differ in bytes: their entries are not put together."""


class Size(NamedTuple):
    """Pages, entries, and the height above the leaves; None for what is no B-tree."""

    pages: int
    tuples: float
    height: int | None


class _Column(NamedTuple):
    type: str
    width: float
    distinct: float
    nulls: float
    length: int
    alignment: str


def of_table(connection: Connection, table: int, rows: float) -> int:
    """The pages of a table with so many rows, by the widths of its columns."""
    widths = connection.execute(
        "SELECT coalesce(nullif(s.avg_width, 0), CASE WHEN t.typlen > 0 THEN t.typlen ELSE "
        "CASE WHEN a.atttypmod > 4 AND t.typname IN ('varchar', 'bpchar') "
        "THEN least(a.atttypmod - 4, 32) ELSE %s END END) FROM pg_attribute a "
        "JOIN pg_type t ON t.oid = a.atttypid "
        "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname "
        "AND s.attname = a.attname WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped",
        (_UNKNOWN_WIDTH, table),
    ).fetchall()
    tuple_size = 24 + 4 + math.ceil(sum(row[0] for row in widths) / 8) * 8
    per_page = max(1, int((BLOCK - 24) * 0.95 / tuple_size))
    return max(1, math.ceil(rows / per_page))


def of_indexes(connection: Connection, indexes: Sequence[int]) -> dict[int, Size]:
    """The sizes of indexes, by the statistics of their tables."""
    columns: dict[int, list[_Column]] = {}
    for index, *rest in connection.execute(_COLUMNS, (list(indexes),)).fetchall():
        columns.setdefault(index, []).append(_Column(*rest))
    told = connection.execute(
        "SELECT i.indexrelid::int, a.amname, h.reltuples, h.relpages, i.indnkeyatts, "
        "i.indrelid::regclass::text, pg_get_expr(i.indpred, i.indrelid) "
        "FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid "
        "JOIN pg_class h ON h.oid = i.indrelid JOIN pg_am a ON a.oid = x.relam "
        "WHERE i.indexrelid::int = ANY(%s::int[])",
        (list(indexes),),
    ).fetchall()
    rows: dict[tuple[str, str], float | None] = {}
    found: dict[int, Size] = {}
    for index, method, tuples, pages, keys, relation, predicate in told:
        count = max(0.0, tuples)
        if predicate:
            part = (relation, predicate)
            if part not in rows:
                rows[part] = estimated_rows(
                    connection,
                    f"SELECT 1 FROM {relation} WHERE {predicate}",  # noqa: S608
                )
            estimated = rows[part]
            count = count if estimated is None else estimated
        found[index] = _size(method, columns.get(index, []), keys, count, pages)
    return found


def _size(method: str, columns: list[_Column], keys: int, tuples: float, heap_pages: int) -> Size:
    size = _tuple_size(columns)
    match method:
        case "btree":
            return _btree(columns, keys, tuples, size)
        case "hash":
            return Size(max(4, int(tuples * 20 / (BLOCK * 0.75)) + 4), tuples, None)
        case "brin":
            return Size(3 + int(heap_pages / 128 * (size + 8) / BLOCK), tuples, None)
        case "gin":
            return Size(max(4, int(tuples * 6 * 8 / BLOCK) + 2), tuples, None)
        case _:
            return Size(max(1, int(tuples * (size + 4) / (BLOCK * 0.7))), tuples, None)


STATISTICS_OF_KEY = """
JOIN pg_class h ON h.oid = i.indrelid JOIN pg_namespace n ON n.oid = h.relnamespace
LEFT JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[a.attnum - 1]
LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = h.relname AND s.attname = k.attname
"""
"""What joins the key `a` of an index `i` to its column's statistics `s`, as its owner may see them."""

_COLUMNS = f"""
SELECT a.attrelid::int, t.typname::text, coalesce(nullif(s.avg_width, 0), CASE WHEN t.typlen > 0 THEN t.typlen ELSE {_UNKNOWN_WIDTH} END)::float8,
  CASE WHEN coalesce(s.n_distinct, 0) = 0 THEN -0.5 ELSE s.n_distinct END::float8,
  coalesce(s.null_frac, 0)::float8, t.typlen::int, t.typalign::text
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_index i ON i.indexrelid = a.attrelid
{STATISTICS_OF_KEY}
WHERE a.attrelid::int = ANY(%s::int[]) ORDER BY a.attrelid, a.attnum
"""  # noqa: S608 - a number of ours


def _tuple_size(columns: list[_Column]) -> int:
    offset = 0.0
    for column in columns:
        fixed = column.length > 0 or column.width > _SHORT
        aligned = _ALIGNMENT.get(column.alignment, 1) if fixed else 1
        offset = math.ceil(offset / aligned) * aligned + column.width
    header = 8 + (8 if any(column.nulls > 0 for column in columns) else 0)
    return math.ceil((header + offset) / 8) * 8


def _btree(columns: list[_Column], keys: int, tuples: float, size: int) -> Size:
    distinct = 1.0
    for column in columns[:keys]:
        distinct *= column.distinct if column.distinct > 0 else max(1.0, -column.distinct * tuples)
    equal = tuples / max(1.0, min(distinct, tuples))
    together = (
        equal > 1.3  # noqa: PLR2004 - below that there is little to put together
        and len(columns) == keys
        and not any(column.type in _NO_POSTING for column in columns)
    )
    if together:
        each = min(equal, max(1.0, (_POSTING - size) / 6))
        filled = tuples / each * (math.ceil((size + (6 * each if each > 1 else 0)) / 8) * 8 + 4)
    else:
        filled = tuples * (size + 4)
    level = math.ceil(filled / max(1.0, _PAGE * 0.9 - size))
    pages, height = level + 1, 0
    fan_out = max(2.0, (BLOCK - 40) * 0.7 / (size + 4))
    while level > 1:
        level = math.ceil(level / fan_out)
        pages += level
        height += 1
    return Size(max(1, pages), tuples, height)
