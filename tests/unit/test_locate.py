"""Where a ticket is, by what it says of its place: account, address, coordinates, agreeing or not."""

from __future__ import annotations

import pytest

from domain.places import UNKNOWN_LOCATION, Account, Address, LocationSource, Point
from features.gazetteer import Gazetteer
from router.locate import AGREE_M, RADIUS_M, locate
from tests.estimators import a_ticket, place

HOME, NEXT_DOOR, AWAY = place(0), place(AGREE_M - 50), place(AGREE_M + 50)
BOOK = Gazetteer(
    accounts=[
        Account(account_id="7", address="1 Main St", point=HOME),
        Account(account_id="8", address="9 Far Rd"),
        Account(account_id="9", address="5 Lost Ln"),
        Account(account_id="10"),
        Account(account_id="11", point=AWAY),
    ],
    addresses=[Address(address="2 Main St", point=NEXT_DOOR), Address(address="9 Far Rd", point=AWAY)],
)
ACCOUNT, ADDRESS, COORDINATES, NONE = (
    LocationSource.ACCOUNT,
    LocationSource.ADDRESS,
    LocationSource.COORDINATES,
    LocationSource.NONE,
)


@pytest.mark.parametrize(
    ("account", "address", "point", "source", "found", "reasons"),
    [
        (None, None, None, NONE, None, []),
        ("7", None, None, ACCOUNT, HOME, []),
        (None, "1 main st.", None, ADDRESS, HOME, []),
        (None, None, HOME, COORDINATES, HOME, []),
        ("7", "2 Main St", None, ACCOUNT, HOME, ["account_address_agree"]),
        ("7", "9 Far Rd", None, ACCOUNT, HOME, ["account_address_disagree"]),
        ("7", None, NEXT_DOOR, ACCOUNT, HOME, ["account_coordinates_agree"]),
        ("7", None, AWAY, ACCOUNT, HOME, ["account_coordinates_disagree"]),
        (None, "9 Far Rd", HOME, ADDRESS, AWAY, ["address_coordinates_disagree"]),
        (None, "2 Main St", HOME, ADDRESS, NEXT_DOOR, ["address_coordinates_agree"]),
        (
            "7",
            "2 Main St",
            AWAY,
            ACCOUNT,
            HOME,
            ["account_address_agree", "account_coordinates_disagree", "address_coordinates_agree"],
        ),
        ("8", None, None, ACCOUNT, AWAY, []),
        ("9", None, None, NONE, None, []),
        ("9", None, HOME, COORDINATES, HOME, []),
        ("10", "1 Main St", None, ADDRESS, HOME, []),
        ("nobody", None, None, NONE, None, ["account_unknown"]),
        ("nobody", "1 Main St", None, ADDRESS, HOME, ["account_unknown"]),
        (None, "somewhere", None, NONE, None, []),
        (None, "somewhere", HOME, COORDINATES, HOME, []),
        ("", "", None, NONE, None, []),
    ],
)
def test_place(
    account: str | None,
    address: str | None,
    point: Point | None,
    source: LocationSource,
    found: Point | None,
    reasons: list[str],
) -> None:
    location = locate(a_ticket(1, account=account, address=address, point=point), BOOK)
    assert (location.source, location.point) == (source, found)
    assert list(location.reasons) == reasons
    assert location.radius_m == (None if source is NONE else RADIUS_M[source])
    assert [w.point for w in location.witnesses][:1] == ([] if found is None else [found])


@pytest.mark.parametrize(
    ("account", "address", "expected"),
    [
        ("7", None, "1 Main St"),
        ("7", "Main Street one", "1 Main St"),
        ("9", None, "5 Lost Ln"),
        ("9", "6 Lost Ln", "6 Lost Ln"),
        ("11", "6 Lost Ln", "6 Lost Ln"),
        ("nobody", "6 Lost Ln", "6 Lost Ln"),
        (None, "6 Lost Ln", "6 Lost Ln"),
        ("11", None, None),
    ],
)
def test_the_address_it_goes_by(account: str | None, address: str | None, expected: str | None) -> None:
    assert locate(a_ticket(1, account=account, address=address), BOOK).address == expected


def test_nothing_said_is_nothing_known() -> None:
    assert locate(a_ticket(1), BOOK) == UNKNOWN_LOCATION
