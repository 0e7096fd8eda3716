"""Where a ticket is, by what it says of its place: account, address, coordinates, agreeing or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.places import UNKNOWN_LOCATION, Account, Address, LocationSource, Point, Precision
from domain.tickets import GIVEN_COORDINATES
from features.addresses.parse import parse_address
from features.callers import Call, Callers
from features.place import distance_m
from router.atlas_building import build_atlas
from router.locate import locate
from router.witnesses import TOLD_IN_TEXT, text_witness
from tests.estimators import a_ticket, place

HOME, NEXT_DOOR, AWAY = place(3), place(450), place(9_000)
ATLAS = build_atlas(
    accounts=[
        Account(account_id="700007", address="1 Main St", point=HOME, phone="13812345678"),
        Account(account_id="800008", address="9 Far Rd"),
        Account(account_id="900009", address="5 Lost Ln"),
        Account(account_id="100010"),
        Account(account_id="110011", point=AWAY),
    ],
    addresses=[
        Address(address="2 Main St", point=NEXT_DOOR),
        Address(address="9 Far Rd", point=AWAY),
        # enough of a city for its extent to be known
        *(Address(address=f"{n} Grid Ave", point=place(200.0 * n, -100.0 * n)) for n in range(3, 60, 2)),
    ],
)
ACCOUNT, ADDRESS, COORDINATES, CALLER, TEXT, NONE = LocationSource


@pytest.mark.parametrize(
    ("account", "address", "point", "source", "found", "reasons"),
    [
        ("700007", None, None, ACCOUNT, HOME, ["address_filled", "phone_filled"]),
        (None, "1 main st.", None, ADDRESS, HOME, ["account_filled", "phone_filled"]),
        (None, None, HOME, COORDINATES, HOME, ["address_filled", "account_filled", "phone_filled"]),
        ("700007", "2 Main St", None, ACCOUNT, HOME, ["account_address_agree", "phone_filled"]),
        (
            "700007",
            "9 Far Rd",
            None,
            ACCOUNT,
            HOME,
            ["account_address_disagree", "phone_filled", "place_ambiguous"],
        ),
        ("700007", "1 Main St", NEXT_DOOR, ACCOUNT, HOME, None),
        (
            "700007",
            "1 Main St",
            AWAY,
            ACCOUNT,
            HOME,
            [
                "account_address_agree",
                "account_coordinates_disagree",
                "address_coordinates_disagree",
                "phone_filled",
            ],
        ),
        (None, "2 Main St", HOME, ADDRESS, NEXT_DOOR, ["address_coordinates_agree"]),
        ("800008", None, None, ACCOUNT, AWAY, ["address_filled"]),
        ("900009", None, None, NONE, None, ["address_filled"]),
        ("100010", "2 Main St", None, ADDRESS, NEXT_DOOR, []),
        ("nobody", None, None, NONE, None, ["account_unknown"]),
        ("nobody", "2 Main St", None, ADDRESS, NEXT_DOOR, ["account_unknown"]),
        (None, "somewhere", place(777), COORDINATES, place(777), []),
        (None, "somewhere", None, NONE, None, []),
        (None, None, Point(latitude=0.0, longitude=0.0), NONE, None, ["coordinates_zero"]),
        (None, None, Point(latitude=33.0, longitude=121.4), NONE, None, ["coordinates_outside"]),
    ],
)
def test_place(
    account: str | None,
    address: str | None,
    point: Point | None,
    source: LocationSource,
    found: Point | None,
    reasons: list[str] | None,
) -> None:
    location = locate(a_ticket(1, account=account, address=address, point=point), ATLAS)
    assert (location.source, location.point) == (source, found)
    if reasons is not None:
        assert list(location.reasons) == reasons
    assert (location.radius_m is None) == (found is None)
    assert location.unknown == pytest.approx(1 - sum(p.probability for p in location.places))


@pytest.mark.parametrize(
    ("account", "address", "expected"),
    [
        ("700007", None, "1 Main St"),
        ("700007", "Main Street 1", "1 Main St"),
        ("900009", None, "5 Lost Ln"),
        ("900009", "6 Lost Ln", "6 Lost Ln"),
        ("nobody", "6 Lost Ln", "6 Lost Ln"),
        (None, "6 Lost Ln", "6 Lost Ln"),
        (None, "2 MAIN STREET", "2 Main St"),
        ("110011", None, "9 Far Rd"),
    ],
)
def test_the_address_it_goes_by(account: str | None, address: str | None, expected: str | None) -> None:
    assert locate(a_ticket(1, account=account, address=address), ATLAS).address == expected


def test_nothing_said_is_nothing_known() -> None:
    assert locate(a_ticket(1), ATLAS) == UNKNOWN_LOCATION
    assert locate(a_ticket(1, account="", address=""), ATLAS) == UNKNOWN_LOCATION


def test_a_disagreement_is_told_in_words_of_the_records() -> None:
    location = locate(a_ticket(1, account="700007", address="9 Far Rd"), ATLAS)
    assert location.details == ("account is at 1 Main St", "address is at 9 Far Rd")
    assert [p.sources for p in location.places] == [(ACCOUNT,), (ADDRESS,)]
    assert [p.precision for p in location.places] == [Precision.EXACT, Precision.EXACT]


def test_a_disagreement_names_the_districts_where_they_are_known() -> None:
    shanghai = build_atlas(
        accounts=[Account(account_id="1", address="漕溪北路18号", point=HOME)],
        addresses=[
            Address(address="漕溪北路20号", point=place(30), district="徐汇区"),
            Address(address="上海市闵行区沪闵路100号", point=AWAY),
        ],
    )
    location = locate(a_ticket(1, account="1", address="沪闵路100号"), shanghai)
    assert location.details == ("account is in 徐汇区 (漕溪北路18号)", "address is in 闵行区 (沪闵路100号)")


def test_the_caller_is_where_the_last_tickets_were_while_nothing_else_is_said() -> None:
    callers = Callers(
        [
            Call(phone="13911112222", received=1.0, point=AWAY),
            Call(phone="13911112222", received=2.0, point=HOME),
        ]
    )
    location = locate(a_ticket(1, phone="139 1111 2222"), ATLAS, callers)
    assert (location.source, location.point) == (CALLER, HOME)
    assert 0.2 < location.unknown < 0.7
    said = locate(a_ticket(1, phone="139 1111 2222", address="9 Far Rd"), ATLAS, callers)
    assert said.point == AWAY
    assert said.places[0].sources == (ADDRESS, CALLER)


def test_an_address_told_in_the_text_places_the_ticket_that_says_nothing_else() -> None:
    location = locate(a_ticket(1, "2 Main St, street lamp is out"), ATLAS)
    assert (location.source, location.point) == (TEXT, NEXT_DOOR)
    assert locate(a_ticket(1, "street lamp is out"), ATLAS).source is NONE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a lamp is out",
        "5 lamps are out",
        "Main St is dark",
        "2 Main St",
        "8 Grid Ave",
        "Main St & Far Rd",
    ],
)
def test_a_text_is_read_as_if_all_that_it_may_mean_were_looked_up(text: str) -> None:
    told = [one.point for one in ATLAS.places(parse_address(text)) if one.precision in TOLD_IN_TEXT]
    witness = text_witness(text, ATLAS)
    assert told == [one.point for one in (witness.places if witness else ())]


def test_swapped_coordinates_are_read_the_other_way_and_said_so() -> None:
    budapest = build_atlas(
        addresses=[
            Address(
                address=f"Fő utca {n}",
                point=Point(latitude=47.45 + n / 1000, longitude=19.0 + n / 1000),
            )
            for n in range(1, 60)
        ]
    )
    location = locate(a_ticket(1, point=Point(latitude=19.03, longitude=47.48)), budapest)
    assert location.point == Point(latitude=47.48, longitude=19.03)
    assert "coordinates_swapped" in location.reasons


def test_coordinates_given_as_no_point_on_earth_are_used_and_flagged_but_repair_nothing() -> None:
    point = place(200.0 * 31, -100.0 * 31)
    given = {GIVEN_COORDINATES: f"{point.longitude}, {point.latitude}"}
    ticket = a_ticket(1, point=point)
    assert locate(ticket, ATLAS).reasons == ("address_filled",)
    location = locate(replace(ticket, attributes=given), ATLAS)
    assert location.point == ticket.point
    assert (location.reasons, location.address) == (("coordinates_swapped",), None)


def test_nothing_is_concluded_from_rounded_coordinates() -> None:
    location = locate(a_ticket(1, point=Point(latitude=31.2, longitude=121.4)), ATLAS)
    assert location.radius_m is not None
    assert location.radius_m > 10_000
    assert (location.address, location.reasons) == (None, ("coordinates_rounded",))


def test_every_place_is_one_that_a_witness_named() -> None:
    location = locate(a_ticket(1, account="700007", address="30 Grid Ave", point=place(3_000)), ATLAS)
    said = [p.point for w in location.witnesses for p in w.places]
    assert all(min(distance_m(p.point, one) for one in said) == 0 for p in location.places)
