"""Inserting where another process may be first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless a unique key of it is taken; waits for another's transaction that is taking it."""
    # the row goes as parameters: to build the statement takes longer than to execute it
    return connection.execute(_statement(table, connection.dialect.name), row).first() is not None


@cache
def _statement(table: Table, dialect: str) -> Executable:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key)
