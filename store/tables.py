"""The tables, portable between SQLite and PostgreSQL.

Domain objects stand as JSON text beside the columns that queries need.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)


class UtcTime(TypeDecorator[datetime]):
    """A moment to the microsecond: takes any aware datetime, gives back UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuses a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """SQLite gives naive datetimes back, PostgreSQL those of the session's zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# one order of keys everywhere: by code point, not by the server's language
KEY = String().with_variant(String(collation="C"), "postgresql")
SERIAL = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys by itself


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# conditions of partial indexes, written out: a bound parameter would hide from SQLite that they apply
SENT, AUDITED = "automatic = 'sent'", "automatic = 'audited'"
WAITING = "status IN ('in_review', 'on_hold')"
FOLLOWS = "joined_into IS NOT NULL"
UNFLAGGED = f"{WAITING} AND overdue_at IS NULL"
PENDING = "deliveries.state = 'pending'"
IN_QUEUE = "state = 'pending'"
DONE = "reply = 'done'"
# what tickets are counted by; an index that has it all spares reading fifty thousand of them
COUNTED = ("status", "unit_id", "priority", "automatic", "overdue_at", "cell")


def _reference(name: str, key: str) -> Table:
    return Table(name, metadata, Column(key, KEY, primary_key=True), Column("body", Text, nullable=False))


def _of_ticket(*, nullable: bool = False) -> Column[str]:
    return Column("ticket_id", KEY, ForeignKey("tickets.ticket_id"), nullable=nullable, index=True)


def _index_where(name: str, column: str, condition: str) -> Index:
    where = text(condition)
    return Index(name, column, "decision_id", sqlite_where=where, postgresql_where=where)


units = _reference("units", "unit_id")
territories = _reference("territories", "territory_id")
rules = _reference("rules", "rule_id")
accounts = _reference("accounts", "account_id")
addresses = _reference("addresses", "address")

tickets = Table(
    "tickets",
    metadata,
    Column("ticket_id", KEY, primary_key=True),
    Column("received_at", UtcTime, nullable=False),
    Column("status", String, nullable=False),
    Column("unit_id", KEY),
    Column("channel", KEY, nullable=False, server_default="api"),
    Column("priority", Integer, nullable=False, server_default="2"),  # its rank: 0 is urgent
    Column("body", Text, nullable=False),
    Column("due_at", UtcTime),
    Column("overdue_at", UtcTime),
    Column("duty_unit", KEY),
    Column("claimed_by", String),
    Column("claimed_until", UtcTime),
    Column("joined_into", KEY),
    Column("cell", BigInteger),  # the finest, where the latest decision believes it to be
    Column("automatic", Boolean, nullable=False, server_default=false()),  # it dispatched the ticket
    Index("ix_tickets_city", "received_at", *COUNTED, "ticket_id"),
    Index(
        "ix_tickets_due",
        "due_at",
        "ticket_id",
        sqlite_where=text(UNFLAGGED),
        postgresql_where=text(UNFLAGGED),
    ),
    Index(
        "ix_tickets_joined_into",
        "joined_into",
        "ticket_id",
        sqlite_where=text(FOLLOWS),
        postgresql_where=text(FOLLOWS),
    ),
    Index("ix_tickets_status_received_at", "status", "received_at"),
    Index("ix_tickets_channel_received_at", "channel", "received_at"),
    Index(
        "ix_tickets_waiting",
        "priority",
        "received_at",
        "ticket_id",
        sqlite_where=text(WAITING),
        postgresql_where=text(WAITING),
    ),
)

# what tickets are found by, in the forms that are looked for
ticket_keys = Table(
    "ticket_keys",
    metadata,
    Column("kind", String, primary_key=True),
    Column("key", KEY, primary_key=True),
    Column("ticket_id", KEY, ForeignKey("tickets.ticket_id"), primary_key=True),
)

# Append-only: decisions, reviews, dispatch_log and events are never updated. Events are chained by their hashes.
decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", SERIAL, primary_key=True),
    _of_ticket(),
    Column("decided_at", UtcTime, nullable=False),
    Column("verdict", String, nullable=False),
    Column("unit_id", KEY),
    Column("body", Text, nullable=False),
    Column("bundle_digest", String),
    Column("certificate_group", String),
    Column("automatic", String),  # "sent" under a certificate, "audited" in place of that, or neither
    _index_where("ix_decisions_sent", "unit_id", SENT),
    _index_where("ix_decisions_audited", "bundle_digest", AUDITED),
)

reviews = Table(
    "reviews",
    metadata,
    Column("ticket_id", KEY, ForeignKey("tickets.ticket_id"), primary_key=True),
    Column("unit_id", KEY, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("comment", Text, nullable=False),
    Column("reason", String),
)

undone_reviews = Table(
    "undone_reviews",
    metadata,
    Column("undone_id", SERIAL, primary_key=True),
    _of_ticket(),
    Column("unit_id", KEY, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("comment", Text, nullable=False),
    Column("reason", String),
)

dispatch_log = Table(
    "dispatch_log",
    metadata,
    Column("sequence", SERIAL, primary_key=True, autoincrement=False),
    Column("ticket_id", KEY, nullable=False, index=True),
    Column("unit_id", KEY, nullable=False),
    Column("known_at", UtcTime, nullable=False),
    Column("source", String, nullable=False),
    Column("by", String),
    Column("ticket", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("event_id", SERIAL, primary_key=True, autoincrement=False),
    _of_ticket(nullable=True),  # none: of the installation
    Column("kind", String, nullable=False),
    Column("at", UtcTime, nullable=False, index=True),
    Column("by", String, nullable=False),
    Column("unit_id", KEY),
    Column("detail", Text, nullable=False),
    Column("covers", String),
    Column("hash", String, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", SERIAL, primary_key=True),
    Column("webhook_id", String, nullable=False),
    _of_ticket(),
    Column("unit_id", KEY, nullable=False),
    Column("kind", String, nullable=False, server_default="dispatch"),
    Column("priority", Integer, nullable=False, server_default="2"),  # its ticket's rank
    Column("queued_at", UtcTime, nullable=False),
    Column("ready_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    Column("settled_at", UtcTime),
    Column("lease_owner", String),
    Column("lease_until", UtcTime),
    Column("reply", String),
    Column("replied_by", String, nullable=False, server_default=""),
    Column("replied_at", UtcTime),
    Column("reason", Text, nullable=False, server_default=""),
    Column("trace", String),
    Index("ix_deliveries_unit_id", "unit_id", "delivery_id"),
    Index(
        "ix_deliveries_done",
        "queued_at",
        "unit_id",
        "ticket_id",
        sqlite_where=text(DONE),
        postgresql_where=text(DONE),
    ),
    Index(
        "ix_deliveries_queue",
        "unit_id",
        "priority",
        "ready_at",
        "delivery_id",
        sqlite_where=text(IN_QUEUE),
        postgresql_where=text(IN_QUEUE),
    ),
)

# where a unit takes its deliveries, with the secrets that sign them
endpoints = Table(
    "endpoints",
    metadata,
    Column("unit_id", KEY, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("paused_until", UtcTime),
    Column("body", Text, nullable=False),
)

bundles = Table(
    "bundles",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", String, nullable=False, unique=True),
    Column("body", Text, nullable=False),
)

# one row: what a promotion changes is one UPDATE
pointers = Table(
    "pointers",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("champion", Integer, ForeignKey("bundles.version")),
    Column("challenger", Integer, ForeignKey("bundles.version")),
    Column("previous", Integer, ForeignKey("bundles.version")),
    Column("since", UtcTime),
)

# append-only; a suspension without a resumption is active
suspensions = Table(
    "suspensions",
    metadata,
    Column("suspension_id", SERIAL, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
)

resumptions = Table(
    "resumptions",
    metadata,
    Column(
        "suspension_id",
        SERIAL,
        ForeignKey("suspensions.suspension_id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("at", UtcTime, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
)

# what the monitor's detectors have seen; derived from decisions and reviews
watched = Table(
    "watched",
    metadata,
    Column("bundle_digest", String, primary_key=True),
    Column("detector", String, primary_key=True),
    Column("key", KEY, primary_key=True),
    Column("upto", BigInteger, nullable=False),
    Column("seen", Text, nullable=False),
)

# what requests with an idempotency key were answered, compressed; cleared as they outlive their time
answers = Table(
    "answers",
    metadata,
    Column("number", SERIAL, primary_key=True),
    Column("scope", KEY, nullable=False),
    Column("key", KEY, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("at", UtcTime, nullable=False, index=True),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("scope", "key"),
)

# by which people and programs are let in; of a secret its SHA-256 alone
api_keys = Table(
    "api_keys",
    metadata,
    Column("number", SERIAL, primary_key=True),
    Column("key_id", KEY, nullable=False, unique=True),
    Column("digest", KEY, nullable=False, unique=True),
    Column("body", Text, nullable=False),
    Column("revoked_at", UtcTime),
)

# consoles at which a key's bearer is; of a token its SHA-256 alone. Those that are over or ended are not kept
sessions = Table(
    "sessions",
    metadata,
    Column("number", SERIAL, primary_key=True),
    Column("session_id", KEY, nullable=False, unique=True),
    Column("digest", KEY, nullable=False, unique=True),
    Column("key_id", KEY, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
