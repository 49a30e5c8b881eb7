"""index payments: reconciliation looks them up by their order"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "payments_order_idx", "payments", ["order_id"], postgresql_concurrently=True
        )


def downgrade() -> None:
    op.drop_index("payments_order_idx", "payments")
