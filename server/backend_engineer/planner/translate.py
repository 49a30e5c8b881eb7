"""MySQL by PostgreSQL's planner: the schema and the query said in PostgreSQL's words.

The two planners differ, so what comes of it is approximate, and says so.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec.structs import replace

from backend_analyzers.oracle import Script
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.render import schema_statements
from backend_analyzers.sql.schema import Index, Schema, Table
from backend_engineer.planner.explain import NotPlanned

NOTE = "approximate: planned by PostgreSQL in place of MySQL, whose planner may choose otherwise"

_TYPES = {
    "tinyint": "smallint",
    "mediumint": "integer",
    "int": "integer",
    "datetime": "timestamp",
    "double": "double precision",
    "float": "real",
    "tinytext": "text",
    "mediumtext": "text",
    "longtext": "text",
    "tinyblob": "bytea",
    "mediumblob": "bytea",
    "longblob": "bytea",
    "blob": "bytea",
    "binary": "bytea",
    "varbinary": "bytea",
    "year": "smallint",
    "json": "jsonb",
    "enum": "varchar(20)",
    "set": "varchar(60)",
    "bit": "bigint",
    "bool": "boolean",
}
_UNSIGNED = {"smallint": "integer", "integer": "bigint", "bigint": "numeric(20)"}
_TYPE = re.compile(r"\s*([a-z_]+)\s*(\([^)]*\))?(.*)\Z", re.IGNORECASE | re.DOTALL)
_WITH_LENGTH = frozenset({"varchar", "char", "decimal", "numeric", "character varying"})
_KINDS = frozenset(
    {"smallint", "integer", "bigint", "numeric", "decimal", "varchar", "char", "text", "date"}
    | {"time", "timestamp", "boolean", "real", "bytea", "jsonb", "uuid", "double precision"}
)


@lru_cache(maxsize=8)
def schema_of(script: Script) -> Schema:
    """The schema that a script makes, as a value."""
    schema = Schema()
    for statement in script.statements:
        for one in parse_ddl(statement, dialect=script.dialect):
            schema = apply(schema, one, "")
    return schema


@lru_cache(maxsize=8)
def translated(script: Script) -> Script:
    """The same schema as PostgreSQL would have it."""
    schema = schema_of(script)
    tables = {key: _table(table) for key, table in schema.tables.items()}
    return Script(schema_statements(replace(schema, tables=tables, types={})))


def translated_query(sql: str) -> str:
    """The same query as PostgreSQL would have it.  Raises `NotPlanned`."""
    import sqlglot  # noqa: PLC0415 - takes half a second
    from sqlglot import exp  # noqa: PLC0415 - takes half a second

    try:
        (tree,) = (one for one in sqlglot.parse(sql, read="mysql") if one is not None)
    except (ValueError, sqlglot.errors.SqlglotError) as error:
        raise NotPlanned(str(error).split("\n")[0]) from None
    if isinstance(tree, exp.Command):
        raise NotPlanned("the query could not be read as MySQL")
    for ordered in tree.find_all(exp.Ordered):
        # Where NULLs go differs; said aloud it would keep PostgreSQL from using an index.
        ordered.set("nulls_first", bool(ordered.args.get("desc")))
    if isinstance(tree, exp.Update | exp.Delete):
        tree.set("limit", None)
        tree.set("order", None)
    found: str = tree.sql(dialect="postgres")
    return found


def is_possible(ddl: str) -> bool:
    """Whether MySQL has such an index, too."""
    words = (" USING ", " INCLUDE ", " WHERE ", "_ops", "((", "EXTENSION", '"')
    return bool(ddl) and not any(word in ddl for word in words)


def _table(table: Table) -> Table:
    columns = tuple(replace(column, type=_type(column.type)) for column in table.columns)
    taken: set[str] = set()
    return replace(
        table,
        columns=columns,
        indexes=tuple(i for index in table.indexes if (i := _index(table, index, taken))),
        foreign_keys=tuple(replace(key, name="") for key in table.foreign_keys),
    )


def _index(table: Table, index: Index, taken: set[str]) -> Index | None:
    """MySQL names indexes within a table, and has kinds that PostgreSQL has not."""
    if index.method not in {"btree", "hash", ""} or not index.plain or not index.keys:
        return None
    name = f"{table.name}_{index.name}"[:58]
    if name in taken:
        name = f"{name}_{len(taken)}"
    taken.add(name)
    return replace(index, name=name, method="btree")


def _type(text: str) -> str:
    match = _TYPE.match(text or "text")
    if match is None:
        return "text"
    name, size, rest = match[1].lower(), match[2] or "", match[3].lower()
    if name == "tinyint" and size == "(1)":
        return "smallint"
    kind = _TYPES.get(name, name)
    if "precision" in rest and kind == "double":
        kind = "double precision"
    if "unsigned" in rest:
        kind = _UNSIGNED.get(kind, kind)
    if kind in _WITH_LENGTH and name not in {"enum", "set"}:
        return f"{kind}{size}"
    bare = kind.partition("(")[0]
    return kind if bare in _KINDS else "text"
