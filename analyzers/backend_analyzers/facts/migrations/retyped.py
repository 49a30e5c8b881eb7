"""A migration in another dialect than the one that it was read in: the types of its columns differ."""

from __future__ import annotations

from typing import Any

import msgspec

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.sql.statement import Dialect
from backend_analyzers.sql.types import normalised_type

_TYPES: dict[Dialect, dict[str, str]] = {
    "postgresql": {},
    "mysql": {
        "serial": "int unsigned",
        "bigserial": "bigint unsigned",
        "timestamptz": "timestamp",
        "uuid": "char(36)",
        "bytea": "blob",
        "jsonb": "json",
        "real": "float",
        "double precision": "double",
    },
    "sqlite": {
        "serial": "integer",
        "bigserial": "integer",
        "timestamptz": "datetime",
        "timestamp": "datetime",
        "uuid": "char(36)",
        "bytea": "blob",
        "jsonb": "json",
        "real": "float",
        "double precision": "float",
    },
}
"""The types of PostgreSQL in the words of others."""


def retyped(migration: Migration, dialect: Dialect) -> Migration:
    """A migration that was read as PostgreSQL's, as the same tool runs it on another database."""
    if dialect == "postgresql":
        return migration
    words = _TYPES[dialect]
    operations = tuple(
        operation if operation.sql else _changed(operation, dialect, words)
        for operation in migration.operations
    )
    return msgspec.structs.replace(migration, operations=operations)


def _changed(value: Any, dialect: Dialect, words: dict[str, str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_changed(one, dialect, words) for one in value)
    if not isinstance(value, msgspec.Struct):
        return value
    changes: dict[str, Any] = {}
    for name in value.__struct_fields__:
        old = getattr(value, name)
        if name == "dialect":
            changes[name] = dialect
        elif name == "type_text" and old:
            base, bracket, size = old.partition("(")
            plain = base.strip().lower()
            if plain in words:
                text = words[plain] + (bracket + size if "(" not in words[plain] else "")
                changes.update(type_text=text, type=normalised_type(text))
                if plain in {"serial", "bigserial"}:
                    changes.update(default=None, generated="identity")
        elif isinstance(old, tuple | msgspec.Struct):
            changes[name] = _changed(old, dialect, words)
    return msgspec.structs.replace(value, **changes) if changes else value
