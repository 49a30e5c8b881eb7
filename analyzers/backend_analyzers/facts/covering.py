"""Which index does the work of another one."""

from __future__ import annotations

import re

from backend_analyzers.facts.ddl import tails
from backend_analyzers.facts.homes import Home
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import IndexKey
from backend_analyzers.sql.schema import Index, Table
from backend_analyzers.workspace import Workspace

_HASHED = re.compile(r"_[0-9a-f]{8}\Z")


def covers(other: Index, index: Index) -> bool:
    """Whether an index answers all that another one answers; it may be longer."""
    if (other.method, other.where) != (index.method, index.where):
        return False
    if index.method != "btree" and len(other.keys) != len(index.keys):
        return False
    if len(other.keys) < len(index.keys):
        return False
    if not set(index.include) <= {*other.include, *other.columns}:
        return False
    return all(_key(one) == _key(two) for one, two in zip(index.keys, other.keys, strict=False))


def made_for_key(table: Table, index: Index) -> bool:
    """Whether it is the index that Django makes for a foreign key, by the name that it gives it."""
    if not index.columns or _HASHED.search(index.name) is None:
        return False
    is_foreign = any(key.columns == index.columns for key in table.foreign_keys)
    return is_foreign or (len(index.keys) == 1 and index.columns[0].endswith("_id"))


def statement_of(workspace: Workspace, home: Home, at: Place, better: Index) -> Place | None:
    """The whole statement at `at`, if it can go: the newest file has it, and the better index too.

    Older files have run somewhere.
    """
    if not home.files or not at.path == home.files[-1] == better.origin.partition("\0")[0]:
        return None
    if not at.unit:
        return None
    size, tail = (workspace.one(at.path, tails) or {}).get(at.unit, (0, 0))
    if (at.start, at.end) != (0, size):
        return None
    return Place(at.path, at.unit, 0, size + tail)


def _key(key: IndexKey) -> tuple[str, bool, str, str, str]:
    nulls = key.nulls or ("first" if key.descending else "last")
    return (key.column or key.text, key.descending, nulls, key.opclass, key.collation)
