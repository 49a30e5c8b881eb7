"""Two migrations that follow the same one, so that nobody knows which is the last.

It happens when two branches of work each add a migration and both are merged. `alembic upgrade head` and
`manage.py migrate` then stop and say that there are several heads. A migration that follows both and does
nothing puts it right; the fix writes it.

## Example

In `migrations/versions/a1_orders.py`:

```python
from alembic import op
import sqlalchemy as sa

revision = "a1"
down_revision = None


def upgrade() -> None:
    op.create_table("orders", sa.Column("id", sa.BigInteger(), primary_key=True))
```

In `migrations/versions/b2_notes.py`:

```python
from alembic import op
import sqlalchemy as sa

revision = "b2"
#          ~~~~ the other one
down_revision = "a1"


def upgrade() -> None:
    op.add_column("orders", sa.Column("note", sa.Text()))
```

In `migrations/versions/c3_remarks.py`:

```python
from alembic import op
import sqlalchemy as sa

revision = "c3"
#          ^^^^ `c3` and `b2` are both the last migration
down_revision = "a1"


def upgrade() -> None:
    op.add_column("orders", sa.Column("remark", sa.Text()))
```

## Not reported

Histories that have no beginning in common, or that lie in a folder each, which are kept apart on
purpose, and tools that order
migrations by the names of their files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.history import Line, history
from backend_analyzers.facts.migrations.writing.merges import merge_of
from backend_analyzers.facts.paths import folder
from backend_analyzers.rule import Confidence, Finding, Related, Severity, fixing, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.ERROR, confidence=Confidence.HIGH)
def multiple_migration_heads(workspace: Workspace) -> Iterator[Finding]:
    for line in workspace.fact(history):
        for heads in line.heads.values():
            folders = {folder(head.at.path) for head in heads}
            if len(heads) > len(folders) and all(head.after is not None for head in heads):
                related = _with_common_past(line, heads)
                if len(related) > 1:
                    yield _finding(line, related)


def _with_common_past(line: Line, heads: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """The heads that share an ancestor with another one, the newest last."""
    branch = heads[0].branch
    known = {one.revision: one for one in line.migrations if one.branch == branch}
    heads = tuple(head for head in heads if head.revision not in _followed_elsewhere(line))
    pasts = {head.revision: _past(known, head) for head in heads}
    return tuple(
        head
        for head in heads
        if any(pasts[head.revision] & pasts[other.revision] for other in heads if other is not head)
    )


def _followed_elsewhere(line: Line) -> frozenset[str]:
    """What is followed under a name of its branch that nobody declares: it may well be this one."""
    branches = {one.branch for one in line.migrations}
    named = (name.rpartition(":") for one in line.migrations for name in one.after or ())
    return frozenset(name for branch, _, name in named if branch and branch not in branches)


def _past(known: Mapping[str, Migration], head: Migration) -> set[str]:
    found: set[str] = set()
    waiting = [head]
    while waiting:
        for name in waiting.pop().after or ():
            bare = name.rpartition(":")[2]
            if bare in known and bare not in found:
                found.add(bare)
                waiting.append(known[bare])
    return found


def _finding(line: Line, heads: tuple[Migration, ...]) -> Finding:
    *others, last = sorted(heads, key=lambda head: head.at.path)
    names = ", ".join(f"`{other.revision}`" for other in reversed(others))
    return Finding(
        at=last.at,
        message=f"`{last.revision}` and {names} are {'both' if len(others) == 1 else 'all'} "
        "the last migration",
        help="Add a migration that follows all of them, or let one follow the other.",
        related=tuple(Related(other.at, "the other one") for other in others),
        fixes=fixing("Merge them", merge_of(line, heads)),
    )
