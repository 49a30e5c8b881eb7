"""gift cards and the newsletter"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gift_cards",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("balance_cents", sa.BigInteger, nullable=False),
        # defect: naive-timestamp
        sa.Column("issued_at", sa.DateTime, nullable=False, server_default=sa.text("now()")),
        sa.CheckConstraint("balance_cents >= 0", name="gift_cards_balance_cents_check"),
    )
    op.create_table(
        "subscribers",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column(
            "subscribed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
        ),
    )


def downgrade() -> None:
    op.drop_table("subscribers")
    op.drop_table("gift_cards")
