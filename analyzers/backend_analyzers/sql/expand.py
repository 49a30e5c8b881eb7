"""Text for rewrites: what a star stands for, how a name is written, what an index is called."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backend_analyzers.sql.building import RESERVED
from backend_analyzers.sql.resolve import Resolver
from backend_analyzers.sql.schema import Schema
from backend_analyzers.sql.statement import Dialect, Star, Statement

_SIMPLE = re.compile(r"[a-z_][a-z0-9_$]*\Z")
_NAME_SIZE = 63


def star_expansion(statement: Statement, star: Star, schema: Schema) -> str | None:
    """The columns that a star stands for, as text to stand in its place.

    None unless every table it covers is a stored table whose columns are all known. Columns are
    qualified when there is more than one table to choose from.
    """
    scope = statement.scopes[star.scope]
    if scope.natural or scope.merged or scope.open:
        return None
    resolver = Resolver(statement, schema)
    covered = resolver.expand(star)
    if not covered or any(source.table is None for source, _ in covered):
        return None
    qualified = len(resolver.sources(star.scope)) > 1 or bool(star.qualifier)
    found: list[str] = []
    for source, columns in covered:
        prefix = f"{written(source.label or '', statement.dialect)}." if qualified else ""
        found.extend(f"{prefix}{written(name or '', statement.dialect)}" for name in columns)
    return ", ".join(found) if found else None


def written(name: str, dialect: Dialect = "postgresql") -> str:
    """A folded name as it must be written, in quotes only where needed."""
    if _SIMPLE.match(name) and name.upper() not in RESERVED:
        return name
    if dialect == "mysql":
        return "`" + name.replace("`", "``") + "`"
    return '"' + name.replace('"', '""') + '"'


def index_name(table: str, columns: Sequence[str], suffix: str = "idx") -> str:
    """The name PostgreSQL itself would choose: ``orders_customer_id_idx``."""
    name = "_".join((table, *columns, suffix))
    if len(name.encode()) <= _NAME_SIZE:
        return name
    kept = "_".join((table, *columns)).encode()[: _NAME_SIZE - len(suffix) - 1]
    return f"{kept.decode('utf-8', 'ignore')}_{suffix}"
