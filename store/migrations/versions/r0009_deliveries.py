"""Deliveries that are attempted, and the endpoints they go to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)
IN_QUEUE = sa.text("state = 'pending'")
RANK = "(SELECT priority FROM tickets WHERE tickets.ticket_id = deliveries.ticket_id)"


def upgrade() -> None:
    """What waits goes on waiting, as ready since it was queued."""
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("webhook_id", sa.String))
        table.add_column(sa.Column("kind", sa.String, nullable=False, server_default="dispatch"))
        table.add_column(sa.Column("priority", sa.Integer, nullable=False, server_default="2"))
        table.add_column(sa.Column("ready_at", MOMENT))
        table.add_column(sa.Column("due_at", MOMENT))
        table.add_column(sa.Column("attempts", sa.Integer, nullable=False, server_default="0"))
        table.add_column(sa.Column("error", sa.Text, nullable=False, server_default=""))
        table.add_column(sa.Column("settled_at", MOMENT))
        table.add_column(sa.Column("lease_owner", sa.String))
        table.add_column(sa.Column("lease_until", MOMENT))
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    name = "lower(hex(randomblob(16)))" if on_sqlite else "md5(random()::text || delivery_id::text)"
    op.execute(
        f"UPDATE deliveries SET webhook_id = 'msg_' || {name}, priority = {RANK},"  # noqa: S608
        " ready_at = queued_at, due_at = queued_at"
    )
    with op.batch_alter_table("deliveries") as table:
        for column in ("webhook_id", "ready_at", "due_at"):
            table.alter_column(column, nullable=False)
    op.create_index(
        "ix_deliveries_queue",
        "deliveries",
        ["unit_id", "priority", "ready_at", "delivery_id"],
        sqlite_where=IN_QUEUE,
        postgresql_where=IN_QUEUE,
    )
    op.create_table(
        "endpoints",
        sa.Column("unit_id", KEY, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("paused_until", MOMENT),
        sa.Column("body", sa.Text, nullable=False),
    )
