"""A model and the migrations that disagree about its table.

The code believes the model, the database is what the migrations made. A column that only the model has
fails in the first query; one that the model lacks and that must not be NULL fails in the first INSERT.
Mostly a migration was forgotten.

## Example

In `app/models.py`:

```python
from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    note: Mapped[str | None] = mapped_column(Text)
  # ^^^^ no migration makes `orders.note`, which this model maps
```

In `migrations/versions/a1_orders.py`:

```python
from alembic import op
import sqlalchemy as sa

revision = "a1"
down_revision = None


def upgrade() -> None:
    op.create_table("orders", sa.Column("id", sa.BigInteger(), primary_key=True))
```

In `migrations/versions/b2_customers.py`:

```python
from alembic import op
import sqlalchemy as sa

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.create_index("orders_id", "orders", ["id"])
```

## Not reported

Tables and columns of which not everything was read, on either side; migrations that could do anything,
as functions of Python can; models whose tables something else makes; columns that the database has and
the model does not need; types, defaults and indexes; and models that share no migrations with others.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.drift import Drift, drifts
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def model_migration_drift(workspace: Workspace) -> Iterator[Finding]:
    for drift in workspace.fact(drifts):
        message, help_ = _said(drift)
        yield Finding(
            at=drift.at,
            message=message,
            help=help_,
            related=(Related(drift.made_at, "made here"),) if drift.made_at is not None else (),
        )


def _said(drift: Drift) -> tuple[str, str]:
    name = f"`{drift.table}.{drift.column}`" if drift.column else f"`{drift.table}`"
    match drift.kind:
        case "table" | "column":
            return f"no migration makes {name}, which this model maps", "Add the migration."
        case "unmapped":
            return (
                f"{name} must not be NULL, and this model does not map it",
                "Map the column, give it a default, or drop it.",
            )
        case "nullable":
            here = "may" if drift.nullable else "must not"
            there = "must not" if drift.nullable else "may"
            return (
                f"{name} {here} be NULL in this model, and {there} in the database",
                "Add the migration, or say in the model what the database says.",
            )
