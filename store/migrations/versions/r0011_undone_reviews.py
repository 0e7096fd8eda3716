"""Reviews that were taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "undone_reviews",
        sa.Column("undone_id", SERIAL, primary_key=True),
        sa.Column("ticket_id", KEY, sa.ForeignKey("tickets.ticket_id"), nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
    )
    op.create_index("ix_undone_reviews_ticket_id", "undone_reviews", ["ticket_id"])
