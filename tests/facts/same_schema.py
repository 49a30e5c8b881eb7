"""Whether the migrations that were read make the schema that their tool makes."""

from __future__ import annotations

from collections.abc import Iterable

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.schema import Schema
from backend_analyzers.sql.statement import Dialect

Shown = dict[str, dict[str, object]]


def schema_of(migrations: Iterable[Migration]) -> Schema:
    """The schema after some migrations."""
    schema = Schema()
    for migration in migrations:
        for operation in migration.operations:
            schema = apply(schema, operation.ddl, migration.at.path)
    return schema


def schema_of_sql(text: str, dialect: Dialect = "postgresql") -> Schema:
    """The schema that some SQL makes."""
    return apply(Schema(), parse_ddl(text, dialect=dialect), "sql")


def shown(schema: Schema) -> Shown:
    """The tables of a schema, without where they come from."""
    return {
        table.name: {
            "columns": {c.name: (c.type, c.nullable, _default(c.default)) for c in table.columns},
            "primary key": table.primary_key,
            "indexes": sorted(
                (i.name, i.columns, i.unique, i.method, i.where or "") for i in table.indexes
            ),
            "foreign keys": sorted(
                (k.name, k.columns, k.target, k.target_columns, k.on_delete, k.on_update)
                for k in table.foreign_keys
            ),
        }
        for table in schema.tables.values()
    }


def _default(text: str | None) -> str | None:
    """Tools write `'0'` where others write `0` or `false`."""
    if text is None or text.lower() == "null":
        return None
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    bare = text.strip("'")
    return {"0": "false", "1": "true"}.get(bare, bare.lower())
