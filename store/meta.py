"""The table of single values, and the lock by which numbers are given."""

from __future__ import annotations

from sqlalchemy import Connection, select

from store import tables


def meta_value(connection: Connection, name: str) -> str:
    """The value of that name, which every store has."""
    found = select(tables.meta.c.value).where(tables.meta.c.name == name)
    value: str = connection.execute(found).scalar_one()
    return value


def lock_counters(connection: Connection) -> None:
    """Where several processes may write (not SQLite), numbers are given by one at a time.

    Taken before anything else, so that no two transactions wait for each other.
    """
    if connection.dialect.name == "sqlite":
        return  # BEGIN IMMEDIATE has seen to it
    connection.execute(select(tables.meta.c.name).with_for_update())
