"""invoices"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "order_id", sa.BigInteger, sa.ForeignKey("orders.id"), nullable=False, unique=True
        ),
        sa.Column("number", sa.Text, nullable=False, unique=True),
        sa.Column(
            "issued_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
        ),
    )
    op.create_table(
        "invoice_lines",
        sa.Column(
            "invoice_id",
            sa.BigInteger,
            sa.ForeignKey("invoices.id"),
            nullable=False,
            primary_key=True,
        ),
        sa.Column("line_number", sa.Integer, nullable=False, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("price", sa.Numeric(12, 2), nullable=False),
    )
    op.create_table(
        "invoice_deliveries",
        # defect: narrow-integer-key
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("invoice_id", sa.BigInteger, sa.ForeignKey("invoices.id"), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("invoice_deliveries_invoice_idx", "invoice_deliveries", ["invoice_id"])


def downgrade() -> None:
    op.drop_table("invoice_deliveries")
    op.drop_table("invoice_lines")
    op.drop_table("invoices")
