"""A numbered key that will run out of numbers.

`smallint` ends at 32,767 and `integer` at 2,147,483,647, and numbers are used up by rows that were
deleted or never committed, too.  When they run out every insert fails, and widening the key of a table of
that size rewrites it under an exclusive lock, with everything that points at it.

## Example

```sql
CREATE TABLE page_views (
  id serial PRIMARY KEY,
--^^ `page_views` numbers its rows with integer, which ends at 2,147,483,647
  url text NOT NULL
);
```

Use instead:

```sql
CREATE TABLE page_views (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  url text NOT NULL
);
```

## Not reported

`integer` keys of tables that do not grow with every request: only page views, logs of requests, messages and
the like by name, and tables that something points at with a `bigint`; keys that somebody else numbers; SQLite, whose
integers have 64 bits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.designed import Designed, designed
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.source import Place
from backend_analyzers.sql.schema import SchemaColumn, find_column
from backend_analyzers.workspace import Workspace

_ENDS = {"smallint": 2**15 - 1, "integer": 2**31 - 1}
_GROWS = re.compile(
    r"(?:^|_)(?:page_?views?|clicks?|impressions?|hits?|readings?|measurements?|samples?|telemetry"
    r"|heartbeats?|(?:access|request|audit|activity|event)_?logs?|log_(?:entries|lines|events?)"
    r"|(?:user|tracking|audit|click|analytics|usage|login|security|log)_events?|event_log|messages?"
    r"|notifications?|deliveries|ledger_entries|data_?points?|pings?)\Z",
    re.IGNORECASE,
)


@workspace_rule(severity=Severity.HINT, confidence=Confidence.MEDIUM)
def narrow_integer_key(workspace: Workspace) -> Iterator[Finding]:
    tables = workspace.fact(designed)
    wide = dict(_pointed_at(tables))
    for one in tables:
        column = _numbered(one)
        if column is None:
            continue
        pointing = wide.get((one.home.key, one.table.key))
        if column.type == "smallint" or pointing is not None or _GROWS.search(one.table.name):
            related = (Related(pointing, "points at it with more"),) if pointing else ()
            yield Finding(
                at=one.column_at(column.name),
                message=f"`{one.table.label}` numbers its rows with {column.type}, which ends at "
                f"{_ENDS[column.type]:,}",
                help="Number the rows with `bigint`.",
                related=related,
                evidence={"type": column.type},
            )


def _numbered(one: Designed) -> SchemaColumn | None:
    """The key that the database numbers with fewer than 64 bits."""
    table = one.table
    if table.dialect == "sqlite" or table.primary_key is None or len(table.primary_key) != 1:
        return None
    column = find_column(table, table.primary_key[0])
    if column is None or column.type not in _ENDS:
        return None
    if any(column.name in key.columns for key in table.foreign_keys):
        return None
    is_numbered = column.generated == "identity" or "nextval" in (column.default or "").lower()
    return column if is_numbered else None


def _pointed_at(
    tables: tuple[Designed, ...],
) -> Iterator[tuple[tuple[str, str], Place]]:
    """The tables that a foreign key of 64 bits points at."""
    for one in tables:
        for key in one.table.foreign_keys:
            column = find_column(one.table, key.columns[0]) if len(key.columns) == 1 else None
            if column is not None and column.type == "bigint":
                yield (one.home.key, key.target), one.column_at(column.name)
