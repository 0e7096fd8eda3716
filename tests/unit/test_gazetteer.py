"""Accounts and addresses, looked up exactly."""

from __future__ import annotations

import pytest

from domain.places import Account, Address, Point
from features.gazetteer import Gazetteer, normalise_account
from tests.estimators import place

HERE, NEAR_BY, ELSEWHERE = place(0), place(100), place(2_000)


@pytest.mark.parametrize(
    ("account", "key"),
    [
        (None, None),
        ("", None),
        (" - ", None),
        ("3100-42 17", "31004217"),
        ("３１００４２", "310042"),
        ("ab-1", "ab1"),
    ],
)
def test_account_numbers_are_compared_without_their_dress(account: str | None, key: str | None) -> None:
    assert normalise_account(account) == key


def test_an_account_is_found_however_it_is_written() -> None:
    known = Account(account_id="31-0042", address="1 North Road", point=HERE)
    gazetteer = Gazetteer([known])
    assert gazetteer.account("３１ 0042") == known
    assert gazetteer.account("310043") is None
    assert gazetteer.account(None) is None
    assert gazetteer.point("1 NORTH ROAD.") == HERE


@pytest.mark.parametrize(
    ("points", "answer"),
    [
        ([HERE], HERE),
        ([HERE, NEAR_BY], HERE),
        ([HERE, ELSEWHERE], None),
        ([HERE, ELSEWHERE, HERE], None),
        ([None, HERE], HERE),
        ([HERE, None], HERE),
        ([None], None),
        ([], None),
    ],
)
def test_an_address_with_several_places_answers_none(
    points: list[Point | None], answer: Point | None
) -> None:
    gazetteer = Gazetteer(addresses=[Address(address="1 North Road", point=point) for point in points])
    assert gazetteer.point("1 north road") == answer


def test_an_empty_address_is_no_place() -> None:
    gazetteer = Gazetteer(addresses=[Address(address=" - ", point=HERE)])
    assert len(gazetteer) == 0
    assert gazetteer.point(" - ") is None
    assert gazetteer.point(None) is None
