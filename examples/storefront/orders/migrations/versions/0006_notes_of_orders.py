"""what a customer writes below an order"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # defect: missing-lock-timeout
    op.add_column("orders", sa.Column("note", sa.Text, nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "note")
