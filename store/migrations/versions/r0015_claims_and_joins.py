"""Who is deciding a ticket, which ticket it goes with, and why a review gave it to another unit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)
FOLLOWS = sa.text("joined_into IS NOT NULL")


def upgrade() -> None:
    """Nobody holds anything yet, nothing is joined, and nobody was asked for a reason."""
    op.add_column("tickets", sa.Column("claimed_by", sa.String))
    op.add_column("tickets", sa.Column("claimed_until", MOMENT))
    op.add_column("tickets", sa.Column("joined_into", KEY))
    op.create_index(
        "ix_tickets_joined_into",
        "tickets",
        ["joined_into", "ticket_id"],
        sqlite_where=FOLLOWS,
        postgresql_where=FOLLOWS,
    )
    op.add_column("reviews", sa.Column("reason", sa.String))
    op.add_column("undone_reviews", sa.Column("reason", sa.String))
