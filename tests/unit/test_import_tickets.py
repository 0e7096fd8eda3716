"""A file of tickets that nobody has dispatched yet."""

from datetime import UTC, datetime
from pathlib import Path

from domain.places import Point
from domain.tickets import GIVEN_COORDINATES, Ticket
from store.importing.faults import BadRow, Fault
from store.importing.mapping import Mapping, parse_mapping
from store.importing.tickets import read_tickets

NOW = datetime(2024, 6, 1, tzinfo=UTC)
HISTORY = '[history]\nticket_id = "nr"\nreceived_at = "at"\nknown_at = "done"\nunit = "who"\ntext = "words"'


def test_a_historys_mapping_serves_without_its_outcome(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("nr,at,words\n1,2024-01-01,leak\n2,soon,leak\n,,\n")
    rows = list(read_tickets(path, parse_mapping(HISTORY), now=NOW))
    assert [(row.line, row.ticket_id, type(row.ticket)) for row in rows] == [
        (2, "1", Ticket),
        (3, "2", BadRow),
        (4, "", BadRow),
    ]


def test_a_ticket_without_a_time_came_now(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("ticket_id,text\n1,leak\n")
    [row] = read_tickets(path, Mapping(), now=NOW)
    assert isinstance(row.ticket, Ticket)
    assert (row.ticket.received_at, row.ticket.text) == (NOW, "leak")


def test_coordinates_that_are_a_point_only_the_other_way_round_are_kept_as_given_beside_the_point(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("ticket_id,latitude,longitude\n1,121.45,31.25\n2,31.25,121.45\n3,121.45,131.25\n")
    exchanged, sound, nowhere = [row.ticket for row in read_tickets(path, Mapping(), now=NOW)]
    assert isinstance(exchanged, Ticket)
    assert isinstance(sound, Ticket)
    assert exchanged.point == sound.point == Point(latitude=31.25, longitude=121.45)
    assert (exchanged.attributes, sound.attributes) == ({GIVEN_COORDINATES: "121.45, 31.25"}, {})
    assert isinstance(nowhere, BadRow)
    assert nowhere.reason is Fault.BAD_COORDINATE
