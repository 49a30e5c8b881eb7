"""Columns that depend on another column than the key.

The table is not in third normal form: the same fact stands in many rows.  Changing it means changing
all of them, and once one was missed nobody knows which is right; it cannot be written down before there
is a row, and goes when the last one goes.

What depends on what follows from declared keys, from comments (`fd: zip -> city`), from names (a table
that repeats columns of the table its foreign key leads to; said to be a guess), and from a look at the
data when there is one.

## Example

```sql
-- fd: zip -> city, state
CREATE TABLE addresses (
  id bigint PRIMARY KEY,
  street text NOT NULL,
  zip text NOT NULL,
--~~~ determines
  city text NOT NULL,
--^^^^ `city`, `state` of `addresses` depend on `zip`, which is no key
  state text NOT NULL
);
```

Use instead:

```sql
CREATE TABLE places (
  zip text PRIMARY KEY,
  city text NOT NULL,
  state text NOT NULL
);
CREATE TABLE addresses (
  id bigint PRIMARY KEY,
  street text NOT NULL,
  zip text NOT NULL REFERENCES places
);
```

## Not reported

Tables with a comment, in the declaration or above it, that the repetition is meant (`denormalised`, `on
purpose`, `copy of`, `snapshot`, `cached`, …); of what only names suggest, logs, histories, invoices and
other tables that keep what was true at some time, columns that do too (prices, addresses, states), and
copies that outlive the row they come from (`ON DELETE SET NULL`).
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.misplaced import misplaced
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def transitive_dependency(workspace: Workspace) -> Iterator[Finding]:
    for one in workspace.fact(misplaced):
        if one.kind == "transitive":
            determinant = one.designed.column_at(one.dependency.left[0])
            yield Finding(
                at=one.at,
                message=f"{one.columns} of `{one.designed.table.label}` {one.verb} on "
                f"{one.determinant}, which is no key",
                help=one.help,
                related=(Related(determinant, "determines"),),
                evidence=one.evidence,
                confidence=None if one.known.source == "comment" else Confidence.MEDIUM,
            )
