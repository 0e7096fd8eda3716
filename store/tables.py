"""The tables, portable between SQLite and PostgreSQL.

Domain objects stand as JSON text beside the columns that queries need.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
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


def _reference(name: str, key: str) -> Table:
    return Table(name, metadata, Column(key, KEY, primary_key=True), Column("body", Text, nullable=False))


def _of_ticket() -> Column[str]:
    return Column("ticket_id", KEY, ForeignKey("tickets.ticket_id"), nullable=False, index=True)


units = _reference("units", "unit_id")
territories = _reference("territories", "territory_id")
rules = _reference("rules", "rule_id")
accounts = _reference("accounts", "account_id")
addresses = _reference("addresses", "address")

tickets = Table(
    "tickets",
    metadata,
    Column("ticket_id", KEY, primary_key=True),
    Column("received_at", UtcTime, nullable=False, index=True),
    Column("status", String, nullable=False),
    Column("unit_id", KEY),
    Column("body", Text, nullable=False),
    Index("ix_tickets_status_received_at", "status", "received_at"),
)

# Append-only: decisions, reviews, dispatch_log and events are never updated.
decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", SERIAL, primary_key=True),
    _of_ticket(),
    Column("decided_at", UtcTime, nullable=False),
    Column("verdict", String, nullable=False),
    Column("unit_id", KEY),
    Column("body", Text, nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    Column("ticket_id", KEY, ForeignKey("tickets.ticket_id"), primary_key=True),
    Column("unit_id", KEY, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("comment", Text, nullable=False),
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
    Column("event_id", SERIAL, primary_key=True),
    _of_ticket(),
    Column("kind", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("by", String, nullable=False),
    Column("unit_id", KEY),
    Column("detail", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", SERIAL, primary_key=True),
    _of_ticket(),
    Column("unit_id", KEY, nullable=False),
    Column("queued_at", UtcTime, nullable=False),
    Column("state", String, nullable=False, index=True),
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

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
