"""Inserting where another process may be first, and many rows by one statement."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, Table, insert, text
from sqlalchemy.dialects import postgresql, sqlite

Rows = Sequence[Mapping[str, Any]]


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless a unique key of it is taken; waits for another's transaction that is taking it."""
    # the row goes as parameters: to build the statement takes longer than to execute it
    return connection.execute(_statement(table, connection.dialect.name), row).first() is not None


def insert_all_new(connection: Connection, table: Table, rows: Rows) -> set[Any]:
    """As `insert_new` each; answers the keys of those that were inserted, of a table whose key is one column."""
    if len(rows) > 1 and connection.dialect.name == "postgresql":
        (key,) = table.primary_key
        tail = f"ON CONFLICT DO NOTHING RETURNING {key.name}"
        return set(connection.execute(_of_json(table, tuple(rows[0]), tail), _json_of(rows)).scalars())
    many = rows if len(rows) > 1 else rows[0]
    return set(connection.execute(_statement(table, connection.dialect.name), many).scalars())


def insert_all(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows, which all have the same columns."""
    if len(rows) > 1 and connection.dialect.name == "postgresql":
        connection.execute(_of_json(table, tuple(rows[0]), ""), _json_of(rows))
    elif len(rows) > 1:
        statement, binds = _of_driver(table, tuple(rows[0]), connection.dialect)
        columns = ([row[name] if bind is None else bind(row[name]) for row in rows] for name, bind in binds)
        connection.exec_driver_sql(statement, [*zip(*columns, strict=True)])
    elif rows:
        connection.execute(_plain(table), rows)


@cache
def _statement(table: Table, dialect: str) -> Executable:
    insert_here = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert_here(table).on_conflict_do_nothing().returning(*table.primary_key)


@cache
def _plain(table: Table) -> Executable:
    return insert(
        table
    ).inline()  # made once, to build it takes longer than to execute it; nobody asks for the rows' numbers


@cache
def _of_driver(
    table: Table, columns: tuple[str, ...], dialect: Dialect
) -> tuple[str, list[tuple[str, Callable[[Any], Any] | None]]]:
    """A statement for the driver itself, and its columns, each with what makes of a value what the driver takes.

    To have SQLAlchemy look at each row takes as long as to insert it. The database fills in the other columns.
    """
    statement = insert(table).inline().compile(dialect=dialect, column_keys=columns)
    names = statement.positiontup or ()
    return str(statement), [
        (name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
    ]


@cache
def _of_json(table: Table, columns: tuple[str, ...], tail: str) -> Executable:
    """One statement and one parameter for any number of rows: a message for each would be parsed and answered alone."""
    quote = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]
    name, listed = quote(table.name), ", ".join(map(quote, columns))
    return text(
        f"INSERT INTO {name} ({listed}) SELECT {listed}"  # noqa: S608 - names of our own tables
        f" FROM json_populate_recordset(NULL::{name}, CAST(:rows AS json)) {tail}"
    )


def _json_of(rows: Rows) -> dict[str, str]:
    return {"rows": json.dumps(rows, ensure_ascii=False, allow_nan=False, default=_moment)}


def _moment(value: object) -> str:
    """As tables.UtcTime takes it."""
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is of no kind that a column has")
    if value.tzinfo is None:
        raise ValueError(f"naive datetime {value!r} cannot be stored")
    return value.astimezone(UTC).isoformat()
