"""Tickets by channel, events by time: what a channel asks for of its own tickets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
CHANNEL_OF_BODY = {
    "sqlite": "json_extract(body, '$.channel')",
    "postgresql": "body::json ->> 'channel'",
}


def upgrade() -> None:
    """Take the channel out of each ticket's body."""
    op.add_column("tickets", sa.Column("channel", KEY, nullable=False, server_default="api"))
    found = CHANNEL_OF_BODY[op.get_bind().dialect.name]
    op.execute(f"UPDATE tickets SET channel = {found} WHERE {found} IS NOT NULL")  # noqa: S608 - no input in it
    op.create_index("ix_tickets_channel_received_at", "tickets", ["channel", "received_at"])
    op.create_index("ix_events_at", "events", ["at"])
