"""How soon a person has to see a ticket, and what waits in that order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

WAITING = sa.text("status IN ('in_review', 'on_hold')")


def upgrade() -> None:
    """Earlier tickets were not read for dangers: they wait as they did."""
    op.add_column("tickets", sa.Column("priority", sa.Integer, nullable=False, server_default="2"))
    op.create_index(
        "ix_tickets_waiting",
        "tickets",
        ["priority", "received_at", "ticket_id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
