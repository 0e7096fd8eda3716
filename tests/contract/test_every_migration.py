"""From every earlier form of the tables, with a row in each of them, to the present one: nothing is lost."""

from __future__ import annotations

from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, insert, inspect, select

from domain.dispatches import Dispatch
from domain.safety import Priority
from domain.tickets import TicketStatus
from router.audit import verify
from router.delivery_ports import Endpoint
from router.ports import ReadSession, WriteSession
from store import tables
from store.engines import parse_url, writer_engine
from store.schema import migrate, migrations
from store.sql import open_store
from tests.contract.samples import (
    ACCOUNT,
    ADDRESS,
    NOW,
    ROADS,
    RULE,
    TERRITORY,
    WATER,
    decision,
    review,
    ticket,
)

REVISIONS = [one.revision for one in migrations().walk_revisions()][::-1]
TICKETS = ("a", "b", "c")


def furnish(session: WriteSession) -> None:
    """A row in most tables, as the present version writes them."""
    session.put_units([WATER, ROADS])
    session.put_territories([TERRITORY])
    session.put_rules([RULE])
    session.put_accounts([ACCOUNT])
    session.put_addresses([ADDRESS])
    for number, name in enumerate(TICKETS):
        session.add_ticket(ticket(name, minutes=number))
        session.add_decision(decision(name, priority=Priority.NORMAL), NOW)
        session.set_status(name, TicketStatus.IN_REVIEW, None)
    session.add_review(review("a"))
    session.set_status("a", TicketStatus.DISPATCHED, "roads")
    session.add_delivery("a", "roads", NOW)
    session.put_endpoint(Endpoint(unit_id="roads", url="https://roads.example", secrets=()))
    session.append_dispatches(
        [Dispatch(ticket=ticket(f"past-{n}"), unit_id="roads", known_at=NOW) for n in range(3)]
    )


def told(session: ReadSession) -> list[object]:
    """What must not be lost."""
    return [
        [session.ticket(name) for name in TICKETS],
        [(one.sequence, one.unit_id, one.ticket) for one in session.dispatches()],
        [(one.ticket_id, one.unit_id, one.state) for one in session.deliveries()],
        [(one.kind, one.ticket_id, one.at) for name in TICKETS for one in session.events(name)],
        [list(session.units()), list(session.territories()), list(session.rules())],
        [list(session.accounts()), list(session.addresses())],
        session.queues(),
    ]


@pytest.fixture(scope="module")
def present(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A furnished store of the present form."""
    url = f"sqlite:///{tmp_path_factory.mktemp('present') / 'store.db'}"
    with closing(open_store(url, lambda: NOW)) as store:
        store.write(furnish)
    return url


@pytest.fixture
def earlier(request: pytest.FixtureRequest, present: str, url: str) -> str:
    """The same rows in a store of an earlier form: the columns that it had."""
    source, target = create_engine(present), writer_engine(parse_url(url))
    with target.begin() as connection:
        migrate(connection, "the store", request.param)
    old, new = MetaData(), MetaData()
    with source.connect() as reading, target.begin() as connection:
        old.reflect(connection)
        new.reflect(reading)
        for table in old.sorted_tables:
            if table.name == "alembic_version" or table.name not in new.tables:
                continue
            whole = tables.metadata.tables[table.name]
            common = [column for column in whole.columns if column.name in table.columns]
            needed = [column.name for column in table.columns if not column.nullable]
            rows = [dict(row._mapping) for row in reading.execute(select(*common))]
            # there were no such rows then, as events of the installation
            rows = [row for row in rows if all(row.get(name, "") is not None for name in needed)]
            if table.name == "meta":  # single values that came later have no row yet
                had = set(connection.scalars(select(table.c.name)))
                rows = [row for row in rows if row["name"] in had]
            connection.execute(table.delete())
            if rows:
                mine = MetaData()
                typed = whole.to_metadata(mine)
                connection.execute(insert(typed).values({c.name: None for c in common}), rows)
    source.dispose()
    target.dispose()
    return url


@pytest.mark.parametrize("earlier", REVISIONS, indirect=True)
def test_nothing_is_lost_on_the_way_from(earlier: str, present: str) -> None:
    with closing(open_store(present)) as store, store.read() as session:
        expected = told(session)
    with closing(open_store(earlier)) as store, store.read() as session:
        assert told(session) == expected
        assert not verify(session).findings


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_way_from_leads_to_the_present_tables(url: str, revision: str) -> None:
    engine = writer_engine(parse_url(url))
    with engine.begin() as connection:
        migrate(connection, "the store", revision)
    with engine.begin() as connection:
        migrate(connection, "the store")
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, tables.metadata) == []
        assert inspect(connection).has_table("sessions")
    engine.dispose()
