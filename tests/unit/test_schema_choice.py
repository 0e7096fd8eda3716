"""Which attributes are counted by, and which of them is the district."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.tickets import Ticket
from tests.estimators import a_ticket, place
from training.schema_choice import MOST_VALUES, choose_schema

TICKETS = 400


def tickets(**attributes: Callable[[int], str]) -> list[Ticket]:
    """Tickets on a line of 8 km, each attribute a function of the ticket's number."""
    return [
        a_ticket(n, point=place(n * 20), attributes={name: of(n) for name, of in attributes.items()})
        for n in range(TICKETS)
    ]


def area(n: int) -> str:
    """One of four along the line."""
    return f"area {n // 100}"


@pytest.mark.parametrize(
    ("of", "counted"),
    [
        (area, True),
        (lambda n: f"value {n % 2}", True),
        (lambda n: f"value {n % 2}" if n < 20 else "", True),
        (lambda n: f"value {n % 2}" if n < 19 else "", False),
        (lambda n: "always", False),
        (lambda n: "", False),
        (lambda n: " -  " if n % 2 else "\t", False),
        (lambda n: "Yes" if n % 2 else "YES ", False),
        (str, True),
    ],
)
def test_an_attribute_is_counted_by_if_it_tells_something(of: Callable[[int], str], counted: bool) -> None:
    assert choose_schema(tickets(attribute=of)).attributes == (("attribute",) if counted else ())


def test_an_attribute_with_a_value_for_each_ticket_is_not_counted_by() -> None:
    many = [a_ticket(n, attributes={"number": str(n)}) for n in range(MOST_VALUES + 1)]
    assert choose_schema(many).attributes == ()


def test_the_district_is_the_attribute_that_the_place_tells() -> None:
    chosen = choose_schema(
        tickets(source=lambda n: f"s{n % 5}", district=area, half=lambda n: f"half {n // 200}")
    )
    assert chosen.attributes == ("district", "half", "source")
    assert chosen.district == "district"


@pytest.mark.parametrize(
    "found",
    [
        tickets(source=lambda n: f"s{n % 5}"),
        tickets(half=lambda n: f"half {n // 200}"),
        tickets(district=lambda n: area(n) if n % 2 else ""),
        [a_ticket(n, attributes={"district": area(n)}) for n in range(TICKETS)],
        [],
        [a_ticket(1)],
    ],
    ids=["not of the place", "two values", "half empty", "no coordinates", "no tickets", "one ticket"],
)
def test_without_an_attribute_like_an_area_there_is_no_district(found: list[Ticket]) -> None:
    assert choose_schema(found).district is None


def test_the_order_of_tickets_changes_nothing() -> None:
    found = tickets(district=area, source=lambda n: f"s{n % 5}")
    assert choose_schema(found) == choose_schema(found[::-1])
