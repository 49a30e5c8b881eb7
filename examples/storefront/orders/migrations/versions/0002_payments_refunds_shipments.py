"""payments, refunds and shipments"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _now(name: str) -> sa.Column:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")
    )


def upgrade() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        _now("paid_at"),
        sa.CheckConstraint("amount_cents > 0", name="payments_amount_cents_check"),
    )
    op.create_table(
        "refunds",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        # defect: unindexed-foreign-key
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        _now("created_at"),
        sa.CheckConstraint("amount_cents > 0", name="refunds_amount_cents_check"),
    )
    op.create_table(
        "carriers",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.execute(
        "INSERT INTO carriers (code, name) VALUES ('post', 'National Post'), ('bike', 'City Bike Couriers')"
    )
    op.create_table(
        "shipments",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "order_id", sa.BigInteger, sa.ForeignKey("orders.id"), nullable=False, unique=True
        ),
        # backend: ignore[unindexed-foreign-key] a handful of carriers, never deleted and never searched by
        sa.Column("carrier_code", sa.Text, sa.ForeignKey("carriers.code"), nullable=False),
        _now("shipped_at"),
    )


def downgrade() -> None:
    op.drop_table("shipments")
    op.drop_table("carriers")
    op.drop_table("refunds")
    op.drop_table("payments")
