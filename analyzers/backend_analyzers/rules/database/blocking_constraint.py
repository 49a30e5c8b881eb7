"""A constraint that is checked for all rows while others cannot write, or not even read.

Adding a foreign key, a CHECK, a unique or primary key reads the whole table under a lock that everybody
else waits for; a foreign key locks the other table as well. The safe way takes two steps: add a foreign
key or CHECK as `NOT VALID`, which is done at once and holds for new rows, and then `VALIDATE` it in
another transaction, which keeps nobody waiting; build the index of a unique key `CONCURRENTLY` first.

A private PostgreSQL runs the migration and sees what it locks and reads.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
```

In `migrations/0002_customers_of_orders.sql`:

```sql
ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id);
-- <- writes of `customers` and `orders` wait while `orders_customer_fk` is checked for every row
```

Fixed, `migrations/0002_customers_of_orders.sql`:

```sql
ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_fk;
```

## Not reported

Constraints of tables that the same migration creates, foreign keys of new columns that are NULL in all
rows, keys that use an index which is there (`USING INDEX`), databases other than PostgreSQL, and
migrations that are shipped (see `recent_migrations` in the settings).
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations.safe import constraint_in_steps
from backend_analyzers.facts.migrations.verdicts import Verdict, evidence_of, verdicts
from backend_analyzers.facts.migrations.watched import Watched, watched
from backend_analyzers.facts.migrations.writing.fixes import in_steps
from backend_analyzers.rule import Confidence, Finding, Severity, fixing, workspace_rule
from backend_analyzers.sql.ddl import AddConstraint
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def blocking_constraint(workspace: Workspace) -> Iterator[Finding]:
    for one, verdict in verdicts(workspace.fact(watched), "constraint"):
        yield _finding(workspace, one, verdict)


def _finding(workspace: Workspace, one: Watched, verdict: Verdict) -> Finding:
    added = [a.constraint for a in verdict.actions if isinstance(a, AddConstraint)]
    is_key = any(constraint.kind in {"unique", "primary key", "exclude"} for constraint in added)
    named = f"`{added[0].name}`" if added and added[0].name else "the constraint"
    checked = f"{named} is" if verdict.alone else "constraints are"
    return Finding(
        at=verdict.act.operation.at,
        message=f"{verdict.what_waits} wait while {checked} checked for every row",
        help="Build its index CONCURRENTLY first, and add the key with USING INDEX."
        if is_key
        else "Add it as NOT VALID, and VALIDATE it in another transaction.",
        fixes=fixing(
            "Add the constraint in steps that block nobody",
            in_steps(
                workspace,
                one.migration,
                verdict.act.operation,
                constraint_in_steps(verdict.act.sql, verdict.actions),
            ),
        ),
        evidence=evidence_of(verdict.act),
    )
