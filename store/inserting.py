"""Inserting where another process may be first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless a unique key of it is taken; waits for another's transaction that is taking it."""
    # the row goes as parameters: to build the statement takes longer than to execute it
    return connection.execute(_statement(table, connection.dialect.name), row).first() is not None


def insert_all_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> set[Any]:
    """As `insert_new` each; answers the keys of those that were inserted, of a table whose key is one column."""
    many = rows if len(rows) > 1 else rows[0]
    return set(connection.execute(_statement(table, connection.dialect.name), many).scalars())


@cache
def _statement(table: Table, dialect: str) -> Executable:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key)
