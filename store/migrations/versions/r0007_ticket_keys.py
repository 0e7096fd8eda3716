"""What tickets are found by: accounts, phone numbers, addresses, categories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from domain.tickets import Ticket
from store.codec import decode
from store.finding import key_rows

revision = "0007"
down_revision = "0006"

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TICKETS = sa.table("tickets", sa.column("ticket_id", sa.String), sa.column("body", sa.Text))
BATCH = 1_000


def upgrade() -> None:
    """Add the table, with a row for each key of the tickets that are there."""
    keys = op.create_table(
        "ticket_keys",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("key", KEY, primary_key=True),
        sa.Column("ticket_id", KEY, sa.ForeignKey("tickets.ticket_id"), primary_key=True),
    )
    connection, last = op.get_bind(), ""
    while True:
        some = (
            sa.select(TICKETS.c.ticket_id, TICKETS.c.body)
            .where(TICKETS.c.ticket_id > last)
            .order_by(TICKETS.c.ticket_id)
            .limit(BATCH)
        )
        found = connection.execute(some).all()
        if not found:
            return
        last = found[-1].ticket_id
        if rows := [row for one in found for row in key_rows(decode(Ticket, one.body))]:
            connection.execute(sa.insert(keys), rows)
