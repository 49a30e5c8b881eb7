"""an order without a note has an empty one"""

import sqlalchemy as sa
from alembic import op

# defect: irreversible-migration
revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("UPDATE orders SET note = '' WHERE note IS NULL")
    # defect: not-null-scan
    op.alter_column("orders", "note", nullable=False, server_default="")


def downgrade() -> None:
    pass
