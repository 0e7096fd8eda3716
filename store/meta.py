"""The table of single values, and the lock by which numbers are given."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, update

from store import tables

LOCKED = "meta"  # of a connection: the values that its transaction has locked, as it found them
_OF_NAME = tables.meta.c.name == bindparam("the_name")
_VALUE = select(tables.meta.c.value).where(_OF_NAME)
_LOCKED = select(tables.meta.c.name, tables.meta.c.value).with_for_update()
_REPLACE = update(tables.meta).where(_OF_NAME).values(value=bindparam("the_value"))


def meta_value(connection: Connection, name: str) -> str:
    """The value of that name, which every store has."""
    locked: dict[str, str] = connection.info.get(LOCKED, {})
    if name not in locked:
        value: str = connection.execute(_VALUE, {"the_name": name}).scalar_one()
        return value
    return locked[name]


def set_meta_value(connection: Connection, name: str, value: str) -> None:
    """Replace the value of that name."""
    connection.execute(_REPLACE, {"the_name": name, "the_value": value})
    connection.info.get(LOCKED, {}).pop(name, None)  # the work that sets it may be rolled back


def lock_counters(connection: Connection) -> None:
    """Where several processes may write (not SQLite), numbers are given by one at a time.

    Taken before anything else, so that no two transactions wait for each other.
    """
    if connection.dialect.name == "sqlite":
        return  # BEGIN IMMEDIATE has seen to it
    connection.info[LOCKED] = {row.name: row.value for row in connection.execute(_LOCKED)}


def forget_locked(connection: Connection) -> None:
    """Values that were found under the lock may have been rolled back: they are read again."""
    connection.info.pop(LOCKED, None)
