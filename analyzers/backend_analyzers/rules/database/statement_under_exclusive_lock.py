"""A slow statement in the transaction that holds a table for itself.

A lock is held until the transaction ends. `ALTER TABLE` takes a millisecond, but when an UPDATE of all
rows, or a VALIDATE, follows in the same transaction, then even readers of the altered table wait for
that too. Put it into a migration, and so a transaction, of its own.

A private PostgreSQL runs the migration and sees which locks it takes and which tables it reads through.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
```

In `migrations/0002_remarks.sql`:

```sql
BEGIN;
ALTER TABLE orders ADD COLUMN remark text;
-- <~ locked here until the end of the transaction
UPDATE orders SET remark = note;
-- <- `orders` is read through while nobody else can read or write `orders`
COMMIT;
```

Use instead two migrations, the second of which is:

```text
UPDATE orders SET remark = note;
```

## Not reported

Statements that find their rows by an index, and those that are slow under their own lock (those have
rules of their own); migrations that run outside of a transaction; tables that the same migration
creates, databases other than PostgreSQL, and migrations that are shipped (see `recent_migrations` in
the settings).
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations.verdicts import evidence_of, listed, verdict_of
from backend_analyzers.facts.migrations.watched import Act, Watched, watched
from backend_analyzers.oracle import Effect
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def statement_under_exclusive_lock(workspace: Workspace) -> Iterator[Finding]:
    for one in workspace.fact(watched):
        if one.migration.transaction:
            yield from _findings(one)


def _findings(one: Watched) -> Iterator[Finding]:
    held: dict[str, Act] = {}
    for act in one.acts:
        if act.observed is None:
            continue
        read = [e.table for e in act.observed.effects if e.scans and not _is_own(act, e)]
        if held and read and not verdict_of(act).fault:
            yield _finding(act, read, held)
        for effect in act.observed.effects:
            if effect.lock == "AccessExclusiveLock":
                held.setdefault(effect.table, act)


def _is_own(act: Act, effect: Effect) -> bool:
    """Whether its own lock is the matter, or the table is made up, so that it may have an index for it."""
    made_up = act.observed is not None and any(
        text == f"table {effect.table} exists, with rows" for text in act.observed.assumed
    )
    return effect.lock == "AccessExclusiveLock" or (made_up and " where " in act.sql.lower())


def _finding(act: Act, read: list[str], held: dict[str, Act]) -> Finding:
    places = dict.fromkeys(before.operation.at for before in held.values())
    return Finding(
        at=act.operation.at,
        message=f"{listed(read)} {'is' if len(set(read)) == 1 else 'are'} read through while nobody else "
        f"can read or write {listed(held)}",
        help="Move it to a migration of its own, so that it runs in another transaction.",
        related=tuple(
            Related(at, "locked here until the end of the transaction")
            for at in places
            if at != act.operation.at
        ),
        evidence=evidence_of(act),
    )
