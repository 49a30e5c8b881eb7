"""Dependencies that names give away: a table repeats columns of the table that its key leads to.

`orders.customer_id` leads to `customers`, which has `name` and `email`; then `orders.customer_name` and
`orders.customer_email` most likely depend on `customer_id`.  It is a guess, and said to be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers.sql.dependencies import Dependency
from backend_analyzers.sql.schema import ForeignKey, Schema, SchemaColumn, Table, find_column

_KEY = re.compile(r"(?:_?id|_?uuid|_?pk|_?fk)\Z|(?<=[a-z])(?:Id|Uuid|ID)\Z")

_KEPT = re.compile(
    r"log|audit|histor|event|snapshot|archiv|backup|version|revision|journal|trail|activit|statistic"
    r"|report|summar|cache|queue|job|session|invoice|receipt|notification|message|mail|token|import"
    r"|export|staging|temp|tmp|legacy|denorm|materiali|index|dim_|fact_|ledger",
    re.IGNORECASE,
)
"""Tables that keep what was true at some time, or what can be made again: they repeat on purpose."""

_VARIES = re.compile(
    r"(?:price|amount|cost|rate|tax|total|balance|address|street|city|zip|postal|state|status|type"
    r"|kind|at|date|time|on|by|count|order|position|rank|version|id|ids|uuid|key|token|hash|secret"
    r"|url|uri|path|slug|currency|salary|quantity|role|level|score|data|json|meta|metadata|settings"
    r"|enabled|active|deleted|visible|ip)\Z",
    re.IGNORECASE,
)
"""Last words of columns that have a meaning of their own here, or that keep the value of a moment."""


class NamedDependency(msgspec.Struct, frozen=True, gc=False):
    """A dependency that the names of columns suggest, and the table that they are repeated from."""

    dependency: Dependency
    target: str
    """The key of that table."""
    sources: tuple[tuple[str, str], ...]
    """The repeated columns: (here, there)."""


def rows_of(schema: Schema) -> dict[str, list[Table]]:
    """The tables with a key of one column, by what one of their rows may be called."""
    found: dict[str, list[Table]] = {}
    for table in schema.tables.values():
        if table.known and table.primary_key and len(table.primary_key) == 1:
            for name in singulars(table.name):
                found.setdefault(name, []).append(table)
    return found


def named_dependencies(
    table: Table, schema: Schema, rows: Mapping[str, list[Table]]
) -> Iterator[NamedDependency]:
    """What the names of a table's columns say that its declared keys do not.

    `rows` is `rows_of` the schema.
    """
    if table.kind != "table" or not table.known or _KEPT.search(table.name):
        return
    own = {name for key in table.foreign_keys for name in key.columns} | set(
        table.primary_key or ()
    )
    for column in table.columns:
        base = _KEY.sub("", column.name)
        key = next((k for k in table.foreign_keys if k.columns == (column.name,)), None)
        target = _target(table, column, base, key, schema, rows)
        if target is None or (key is not None and key.on_delete.lower() == "set null"):
            continue
        repeated = tuple(_repeated(table, base, target, own))
        if repeated:
            here = [name for name, _ in repeated]
            yield NamedDependency(Dependency.of((column.name,), here), target.key, repeated)


def singulars(name: str) -> tuple[str, ...]:
    """What one row of a table of that name may be called."""
    lowered = name.lower()
    found = [lowered]
    if lowered.endswith("ies"):
        found.append(lowered[:-3] + "y")
    if lowered.endswith("es"):
        found.append(lowered[:-2])
    if lowered.endswith("s") and not lowered.endswith("ss"):
        found.append(lowered[:-1])
    if lowered.endswith("people"):
        found.append(lowered[:-6] + "person")
    return tuple(found)


def _target(
    table: Table,
    column: SchemaColumn,
    base: str,
    key: ForeignKey | None,
    schema: Schema,
    rows: Mapping[str, list[Table]],
) -> Table | None:
    """The table that a column leads to: as declared, or the only one whose rows are called like it."""
    if not base or base == column.name:
        return None
    if key is not None:
        found = schema.tables.get(key.target)
        if found is None or not found.known or found.key == table.key:
            return None
        whole = key.target_columns in {(), found.primary_key}
        return found if whole and found.primary_key and len(found.primary_key) == 1 else None
    called = [one for one in rows.get(base.lower(), ()) if one.schema == table.schema]
    if len(called) != 1 or called[0].key == table.key:
        return None
    primary = find_column(called[0], (called[0].primary_key or ("",))[0])
    return called[0] if primary is not None and primary.type == column.type else None


def _repeated(table: Table, base: str, target: Table, own: set[str]) -> Iterator[tuple[str, str]]:
    """The columns that carry the name of a column of the target behind the name of its row."""
    for column in table.columns:
        rest = _rest(column.name, base)
        if not rest or column.name in own or _VARIES.search(rest) or column.generated:
            continue
        there = find_column(target, rest) or find_column(target, rest[0].lower() + rest[1:])
        if there is None or there.name in (target.primary_key or ()):
            continue
        if any(there.name in key.columns for key in target.foreign_keys):
            continue
        if _kind(there.type) == _kind(column.type) and not (there.nullable and not column.nullable):
            yield column.name, there.name


def _rest(name: str, base: str) -> str:
    if name.startswith(f"{base}_"):
        return name[len(base) + 1 :]
    if name.startswith(base) and name[len(base) : len(base) + 1].isupper():
        return name[len(base) :]
    return ""


def _kind(written: str) -> str:
    """A type without its size; all types of text are one."""
    plain = written.partition("(")[0]
    return "text" if plain in {"text", "character varying", "character", "citext"} else plain
