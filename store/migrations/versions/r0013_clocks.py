"""By when a person has to have seen a ticket."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)
UNFLAGGED = sa.text("status IN ('in_review', 'on_hold') AND overdue_at IS NULL")


def upgrade() -> None:
    """What waits already has no due time: to flag all of it at once would tell nobody anything."""
    op.add_column("tickets", sa.Column("due_at", MOMENT))
    op.add_column("tickets", sa.Column("overdue_at", MOMENT))
    op.add_column("tickets", sa.Column("duty_unit", KEY))
    op.create_index(
        "ix_tickets_due",
        "tickets",
        ["due_at", "ticket_id"],
        sqlite_where=UNFLAGGED,
        postgresql_where=UNFLAGGED,
    )
