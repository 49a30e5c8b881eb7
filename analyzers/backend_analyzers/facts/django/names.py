"""The names that Django gives to indexes, constraints and join tables.

After `BaseDatabaseSchemaEditor._create_index_name` and `Index.set_name_with_model`, for PostgreSQL,
where names have 63 characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import md5

LONGEST = 63


def digest(*parts: str, length: int) -> str:
    """The hash that ends a name."""
    found = md5(usedforsecurity=False)
    for part in parts:
        found.update(part.encode(errors="replace"))
    return found.hexdigest()[:length]


def index_name(table: str, columns: Sequence[str], suffix: str = "") -> str:
    """The name of an index or constraint that the models do not name."""
    end = f"{digest(table, *columns, length=8)}{suffix}"
    whole = f"{table}_{'_'.join(columns)}_{end}"
    if len(whole) <= LONGEST:
        return whole
    if len(end) > LONGEST / 3:
        end = end[: LONGEST // 3]
    other = (LONGEST - len(end)) // 2 - 1
    return _begun(f"{table[:other]}_{'_'.join(columns)[:other]}_{end}")


def foreign_key_name(table: str, column: str, target: str, target_column: str) -> str:
    """The name of a foreign key."""
    return index_name(table, (column,), f"_fk_{target}_{target_column}")


def meta_index_name(table: str, columns: Sequence[tuple[str, bool]], suffix: str) -> str:
    """The name of an index in `Meta.indexes` that has none; columns with whether they descend."""
    written = [f"-{name}" if descending else name for name, descending in columns]
    end = f"{digest(table, *written, suffix, length=6)}_{suffix}"
    return _begun(f"{table[:11]}_{columns[0][0][:7]}_{end}")


def short(name: str, length: int = LONGEST) -> str:
    """A name of a table that may be too long (`truncate_name`)."""
    if len(name) <= length:
        return name
    return f"{name[: length - 4]}{digest(name, length=4)}"


def _begun(name: str) -> str:
    """Names begin with a letter."""
    return f"D{name[1:]}" if name[0] == "_" or name[0].isdigit() else name
