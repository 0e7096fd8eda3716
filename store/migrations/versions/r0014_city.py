"""Where tickets are and whether anybody had to decide them: what a map of the city counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from domain.decisions import Decision
from store.city import seen_on_the_map
from store.codec import decode

revision = "0014"
down_revision = "0013"

TICKETS = sa.table("tickets", *(sa.column(name) for name in ("ticket_id", "cell", "automatic")))
DECISIONS = sa.table("decisions", *(sa.column(name) for name in ("decision_id", "ticket_id", "body")))
BATCH = 1_000


def upgrade() -> None:
    """Each ticket stands where its latest decision believed it to be."""
    op.add_column("tickets", sa.Column("cell", sa.BigInteger))
    op.add_column("tickets", sa.Column("automatic", sa.Boolean, nullable=False, server_default=sa.false()))
    last = 0
    while rows := _decisions(last):
        last = rows[-1].decision_id
        latest = {row.ticket_id: seen_on_the_map(decode(Decision, row.body)) for row in rows}
        changes = [{"of": key, "its_cell": cell, "by_itself": alone} for key, (cell, alone) in latest.items()]
        change = sa.update(TICKETS).where(TICKETS.c.ticket_id == sa.bindparam("of"))
        values: dict[str, Any] = {"cell": sa.bindparam("its_cell"), "automatic": sa.bindparam("by_itself")}
        op.get_bind().execute(change.values(values), changes)
    op.drop_index("ix_tickets_received_at", "tickets")
    op.create_index(
        "ix_tickets_city",
        "tickets",
        ["received_at", "status", "unit_id", "priority", "automatic", "overdue_at", "cell", "ticket_id"],
    )


def _decisions(after: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    number = DECISIONS.c.decision_id
    query = sa.select(DECISIONS).where(number > after).order_by(number).limit(BATCH)
    return op.get_bind().execute(query).all()
