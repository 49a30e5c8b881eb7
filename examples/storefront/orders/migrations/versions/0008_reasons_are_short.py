"""the reason of a refund fits on a label"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # defect: blocking-constraint
    op.create_check_constraint("refunds_reason_check", "refunds", "length(reason) <= 500")


def downgrade() -> None:
    op.drop_constraint("refunds_reason_check", "refunds")
