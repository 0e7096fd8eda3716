"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# written out, not taken from store.tables: a revision stays as it is when the tables move on
KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make all tables."""
    _reference_tables()
    _ticket_tables()
    _log_tables()
    _registry_tables()


def _reference_tables() -> None:
    for table, key in (
        ("units", "unit_id"),
        ("territories", "territory_id"),
        ("rules", "rule_id"),
        ("accounts", "account_id"),
        ("addresses", "address"),
    ):
        op.create_table(
            table, sa.Column(key, KEY, primary_key=True), sa.Column("body", sa.Text, nullable=False)
        )


def _of_ticket() -> sa.Column[str]:
    return sa.Column("ticket_id", KEY, sa.ForeignKey("tickets.ticket_id"), nullable=False, index=True)


def _ticket_tables() -> None:
    op.create_table(
        "tickets",
        sa.Column("ticket_id", KEY, primary_key=True),
        sa.Column("received_at", MOMENT, nullable=False, index=True),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("unit_id", KEY),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_tickets_status_received_at", "tickets", ["status", "received_at"])
    op.create_table(
        "decisions",
        sa.Column("decision_id", SERIAL, primary_key=True),
        _of_ticket(),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("unit_id", KEY),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "reviews",
        sa.Column("ticket_id", KEY, sa.ForeignKey("tickets.ticket_id"), primary_key=True),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
    )


def _log_tables() -> None:
    op.create_table(
        "dispatch_log",
        sa.Column("sequence", SERIAL, primary_key=True, autoincrement=False),
        sa.Column("ticket_id", KEY, nullable=False, index=True),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("known_at", MOMENT, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("by", sa.String),
        sa.Column("ticket", sa.Text, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("event_id", SERIAL, primary_key=True),
        _of_ticket(),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("unit_id", KEY),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", SERIAL, primary_key=True),
        _of_ticket(),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("state", sa.String, nullable=False, index=True),
    )


def _registry_tables() -> None:
    op.create_table(
        "bundles",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String, nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    pointers = op.create_table(
        "pointers",
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("champion", sa.Integer, sa.ForeignKey("bundles.version")),
        sa.Column("challenger", sa.Integer, sa.ForeignKey("bundles.version")),
        sa.Column("previous", sa.Integer, sa.ForeignKey("bundles.version")),
        sa.Column("since", MOMENT),
    )
    meta = op.create_table(
        "meta",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )
    op.bulk_insert(pointers, [{"row": 1}])
    op.bulk_insert(meta, [{"name": "world_version", "value": "0"}])
