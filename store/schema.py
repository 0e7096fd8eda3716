"""Bringing a store's tables to the form this version knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATING = 0x67726964  # any number: by it those who migrate one database wait for each other


def migrate(connection: Connection, place: str, revision: str = "head") -> None:
    """Upgrade to `revision` inside the caller's transaction.

    Raises StoreUnavailable for a store of a newer version and for somebody else's database.
    """
    _wait_for_others(connection)
    current = _current(connection)
    if current == _latest():
        return
    from alembic import command  # slow to import, and most starts find all as it should be

    if current is None and inspect(connection).get_table_names():
        raise StoreUnavailable(
            problem=f"{place} is another program's database", mend="Name another file or schema"
        )
    config = _config(connection)
    if current is not None and current not in {script.revision for script in migrations().walk_revisions()}:
        raise StoreUnavailable(
            problem=f"{place} was made by a newer gridroute (its form {current} is unknown here)",
            mend="Upgrade gridroute, or open a backup made before the upgrade",
        )
    command.upgrade(config, revision)


def _wait_for_others(connection: Connection) -> None:
    """Processes that start at once find the tables as the first of them leaves them."""
    if connection.dialect.name == "postgresql":  # in SQLite BEGIN IMMEDIATE has seen to it
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATING})


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _latest() -> str:
    """The last revision, by the names of the files."""
    return max(path.name[1:5] for path in (_MIGRATIONS / "versions").glob("r[0-9]*.py"))


def migrations() -> ScriptDirectory:
    """All forms that the tables ever had."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
