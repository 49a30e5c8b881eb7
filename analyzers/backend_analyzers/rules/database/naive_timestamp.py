"""A moment without a time zone, where something else says which moments are meant.

`timestamp` keeps what the clock on the wall showed, not when that was.  With `DEFAULT now()` it keeps the
wall clock of whichever session inserted the row; beside columns with a time zone, each comparison between
the two depends on the session's zone.  Both go wrong twice a year, and at once when a server moves.

## Example

```sql
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  created_at timestamp NOT NULL DEFAULT now(),
--^^^^^^^^^^ `orders.created_at` keeps `now()` without its time zone
  shipped_at timestamptz
);
```

Use instead:

```sql
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  shipped_at timestamptz
);
```

## Not reported

Schemas that keep UTC without a zone everywhere: that is a way to do it.  So a column is reported when
another one of its table has a time zone, or when the database fills it with the time of the session while
other tables have columns with a time zone.  Local times by name (`local`, `wall`, `opens_at`); MySQL and
SQLite, whose types mean something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.designed import Designed, designed
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.sql.schema import SchemaColumn
from backend_analyzers.workspace import Workspace

_NAIVE = re.compile(r"timestamp(?:\(\d\))? without time zone\Z")
_AWARE = re.compile(r"timestamp(?:\(\d\))? with time zone\Z")
_NOW = re.compile(
    r"\s*\(*(now\(\)|current_timestamp|clock_timestamp\(\)|transaction_timestamp\(\)"
    r"|statement_timestamp\(\))\)*\s*(?:::timestamp(?: without time zone)?)?\s*\Z",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"local|wall|utc|naive|opens|closes|birth", re.IGNORECASE)
_MOMENT = re.compile(
    r"(?:_at|_on|_time|_ts|timestamp|date|created|updated|modified|deleted)\Z|(?<=[a-z])At\Z",
    re.IGNORECASE,
)


@workspace_rule(severity=Severity.HINT, confidence=Confidence.MEDIUM)
def naive_timestamp(workspace: Workspace) -> Iterator[Finding]:
    tables = [one for one in workspace.fact(designed) if one.table.dialect == "postgresql"]
    zoned = {one.home.key for one in tables if any(_AWARE.match(c.type) for c in one.table.columns)}
    for one in tables:
        if one.home.key not in zoned:
            continue
        naive = [
            column
            for column in one.table.columns
            if _NAIVE.match(column.type) and not _LOCAL.search(column.name)
        ]
        aware = next((c for c in one.table.columns if _AWARE.match(c.type)), None)
        for column in naive:
            now = _NOW.match(column.default or "")
            if now is not None:
                yield _finding(one, column, f"keeps `{now[1].lower()}` without its time zone", None)
            elif aware is not None and _MOMENT.search(column.name):
                yield _finding(one, column, f"has no time zone, but `{aware.name}` has one", aware)


def _finding(one: Designed, column: SchemaColumn, what: str, aware: SchemaColumn | None) -> Finding:
    related = (Related(one.column_at(aware.name), "with a time zone"),) if aware else ()
    return Finding(
        at=one.column_at(column.name),
        message=f"`{one.table.label}.{column.name}` {what}",
        help="Use `timestamptz`: it keeps the moment, in eight bytes like `timestamp`.",
        related=related,
        evidence={"type": column.type, "default": column.default or ""},
    )
