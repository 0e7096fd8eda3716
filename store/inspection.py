"""A store looked at from outside, changing nothing: which form its tables have, what time its server has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select

from store.engines import parse_url, reader_engine
from store.faults import faults_named
from store.schema import migrations


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """`revision` None: nothing was made there yet; `known`: this version can read it; `clock` None: it has no own."""

    revision: str | None
    head: str | None
    known: bool
    foreign: bool
    clock: datetime | None


def inspect_store(url: str) -> Inspected:
    """Look. Raises StoreUnavailable where it cannot be reached."""
    parsed = parse_url(url)
    place = parsed.render_as_string(hide_password=True)
    engine = reader_engine(parsed)
    try:
        with faults_named(place), engine.connect() as connection:
            scripts: ScriptDirectory = migrations()
            current = MigrationContext.configure(connection).get_current_revision()
            has_clock = connection.dialect.name != "sqlite"
            return Inspected(
                revision=current,
                head=scripts.get_current_head(),
                known=current is None or current in {script.revision for script in scripts.walk_revisions()},
                foreign=current is None and bool(inspect(connection).get_table_names()),
                clock=connection.scalar(select(func.clock_timestamp())) if has_clock else None,
            )
    finally:
        engine.dispose()
