"""Bringing a store's tables to the form this version knows."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from domain.errors import StoreUnavailable

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATING = 0x67726964  # any number: by it those who migrate one database wait for each other


def migrate(connection: Connection, place: str, revision: str = "head") -> None:
    """Upgrade to `revision` inside the caller's transaction.

    Raises StoreUnavailable for a store of a newer version and for somebody else's database.
    """
    # _wait_for_others(connection)
    config = _config(connection)
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None and inspect(connection).get_table_names():
        raise StoreUnavailable(
            problem=f"{place} is another program's database", mend="Name another file or schema"
        )
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreUnavailable(
            problem=f"{place} was made by a newer gridroute (its form {current} is unknown here)",
            mend="Upgrade gridroute, or open a backup made before the upgrade",
        )
    if current != scripts.get_current_head():
        command.upgrade(config, revision)


def _wait_for_others(connection: Connection) -> None:
    """Processes that start at once find the tables as the first of them leaves them."""
    if connection.dialect.name == "postgresql":  # in SQLite BEGIN IMMEDIATE has seen to it
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATING})


def migrations() -> ScriptDirectory:
    """All forms that the tables ever had."""
    return ScriptDirectory.from_config(_config())


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
