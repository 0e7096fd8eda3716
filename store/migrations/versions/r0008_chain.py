"""Events become a chain of hashes, and may tell of the installation as well as of tickets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from router.chain import link
from router.event_ports import ChainHead, EventKind, TicketEvent
from store.codec import encode

revision = "0008"
down_revision = "0007"

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)
META = sa.table("meta", sa.column("name", sa.String), sa.column("value", sa.String))
EVENTS = sa.table(
    "events",
    *(sa.column(name) for name in ("event_id", "ticket_id", "kind", "by", "unit_id", "detail", "hash")),
    sa.column("at", MOMENT),
)
BATCH = 1000


def upgrade() -> None:
    """Chain what is there, in its order; what those events tell of was not yet taken into account."""
    with op.batch_alter_table("events") as events:
        events.alter_column("ticket_id", existing_type=KEY, nullable=True)
        events.add_column(sa.Column("covers", sa.String))
        events.add_column(sa.Column("hash", sa.String, nullable=False, server_default=""))
    head = ChainHead()
    while rows := _rows(head.sequence):
        links = []
        for row in rows:
            head = ChainHead(sequence=row.event_id, hash=link(head.hash, _event(row)))
            links.append({"number": head.sequence, "chained": head.hash})
        one = sa.update(EVENTS).where(EVENTS.c.event_id == sa.bindparam("number"))
        op.get_bind().execute(one.values(hash=sa.bindparam("chained")), links)
    op.bulk_insert(META, [{"name": "chain_head", "value": encode(head)}])


def _rows(after: int) -> list[sa.Row[*tuple[Any, ...]]]:
    number = EVENTS.c.event_id
    query = sa.select(EVENTS).where(number > after).order_by(number).limit(BATCH)
    return list(op.get_bind().execute(query).all())


def _event(row: sa.Row[*tuple[Any, ...]]) -> TicketEvent:
    at: datetime = row.at
    return TicketEvent(
        ticket_id=row.ticket_id,
        kind=EventKind(row.kind),
        at=at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC),
        by=row.by,
        unit_id=row.unit_id,
        detail=row.detail,
        sequence=row.event_id,
    )
