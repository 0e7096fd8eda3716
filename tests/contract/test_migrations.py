"""Stores of earlier versions, with data in them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from threading import Barrier

from sqlalchemy import Connection, Engine, text

from domain.tickets import Ticket
from router.delivery_ports import Endpoint
from router.finding import Remembered, TicketQuery
from router.ports import ChannelQuery, TicketEvent
from store.codec import encode
from store.engines import parse_url, writer_engine
from store.schema import migrate
from store.sql import open_store
from tests.contract.samples import NOW, ticket

OF_A_TICKET = (
    "INSERT INTO tickets (ticket_id, received_at, status, body) VALUES (:id, :at, 'received', :body)"
)
OF_AN_EVENT = (
    "INSERT INTO events (ticket_id, kind, at, by, detail) VALUES (:id, 'received', :at, 'phone', '')"
)


def test_of_several_that_open_an_empty_store_at_once_one_makes_the_tables_and_all_use_them(url: str) -> None:
    together = Barrier(4)

    def start(number: int) -> None:
        together.wait()
        with closing(open_store(url)) as store:
            store.write(lambda session: session.add_ticket(ticket(f"t-{number}")))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(4)))
    with closing(open_store(url)) as store, store.read() as session:
        assert all(session.ticket(f"t-{number}") for number in range(4))


def test_the_first_version_knew_no_channels_of_tickets(url: str) -> None:
    phoned, older = ticket("a"), replace(ticket("b"), channel="api")
    with made_by(url, "0001") as connection:
        add(connection, phoned, encode(phoned))
        add(connection, older, encode(older).replace(',"channel":"api"', ""))  # before there were channels
    with closing(open_store(url)) as store, store.read() as session:
        assert [one.ticket for one in session.channel_tickets(ChannelQuery(channel="phone"))] == [phoned]
        assert [one.ticket for one in session.channel_tickets(ChannelQuery(channel="api"))] == [older]
        kept: list[TicketEvent] = list(session.events("a"))
        assert [(event.at, event.by) for event in kept] == [(NOW, "phone")]


def test_tickets_of_a_store_without_keys_are_found(url: str) -> None:
    with made_by(url, "0006") as connection:
        for number in range(3):
            one = ticket(f"t{number}")
            add(connection, one, encode(one))
    with closing(open_store(url)) as store, store.read() as session:
        for typed in ("3101", "冲之路2号"):
            found = session.find_tickets(TicketQuery(remembered=Remembered.of(typed)))
            assert [one.ticket.ticket_id for one in found] == ["t2", "t1", "t0"]


@contextmanager
def made_by(url: str, revision: str) -> Iterator[Connection]:
    engine: Engine = writer_engine(parse_url(url))
    with engine.begin() as connection:
        migrate(connection, "the store", revision)
        yield connection
    engine.dispose()


def moment(connection: Connection) -> object:
    """NOW, as the driver takes it."""
    return NOW if connection.dialect.name == "postgresql" else "2024-05-01 09:00:00.123456"


def add(connection: Connection, stored: Ticket, body: str) -> None:
    assert stored.received_at == NOW
    at = moment(connection)
    connection.execute(text(OF_A_TICKET), {"id": stored.ticket_id, "at": at, "body": body})
    connection.execute(text(OF_AN_EVENT), {"id": stored.ticket_id, "at": at})


def test_what_waited_to_be_delivered_goes_on_waiting(url: str) -> None:
    queued = (
        "INSERT INTO deliveries (ticket_id, unit_id, queued_at, state) VALUES (:id, 'roads', :at, 'pending')"
    )
    with made_by(url, "0007") as connection:
        add(connection, ticket("a"), encode(ticket("a")))
        connection.execute(text("UPDATE tickets SET priority = 0"))
        for _ in range(2):
            connection.execute(text(queued), {"id": "a", "at": moment(connection)})
    with closing(open_store(url)) as store:
        store.write(lambda session: session.put_endpoint(Endpoint(unit_id="roads", url="", secrets=())))
        with store.read() as session:
            first, second = session.pending_deliveries()
        assert (first.queued_at, first.ready_at, first.due_at, first.attempts) == (NOW, NOW, NOW, 0)
        assert first.webhook_id.startswith("msg_")
        assert len({first.webhook_id, second.webhook_id}) == 2
        claimed = store.write(lambda session: session.claim_deliveries("me", NOW, NOW, 9))
        assert list(claimed) == [first]
