"""Addresses as keys, in the manner of several countries."""

from __future__ import annotations

import pytest

from features.address import normalise_address, street


@pytest.mark.parametrize(
    ("address", "key"),
    [
        (None, None),
        ("", None),
        (" - , ", None),
        ("12 Main St.", "12 main st"),
        ("12  MAIN ST", "12 main st"),
        ("1132 Budapest, Váci út 45/A.", "1132 budapest vaci ut 45 a"),
        ("南京西路１２６６号", "南京西路1266号"),
        ("静安区，南京西路 1266号", "静安区 南京西路 1266号"),
    ],
)
def test_key(address: str | None, key: str | None) -> None:
    assert normalise_address(address) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 Main St, Boston", "14 main st. boston"),
        ("12-14 Main St", "3a Main St"),
        ("Váci út 45.", "VÁCI ÚT 7"),
        ("上海市静安区南京西路1266号", "上海市静安区南京西路８号"),
        ("#5 Elm", "Elm #12b"),
    ],
)
def test_neighbours_share_a_street(one: str, other: str) -> None:
    first = street(normalise_address(one))
    assert first is not None
    assert first == street(normalise_address(other))


def test_streets_of_different_names_stay_apart() -> None:
    names = ["12 Main St", "12 Maine St", "Váci út 1", "Váci utca 1", "南京西路1号", "南京东路1号"]
    names += ["12 5th Ave", "12 6th Ave", "12 22nd Ave"]
    assert len({street(normalise_address(name)) for name in names}) == len(names)


@pytest.mark.parametrize("address", [None, "", "123", "12-14"])
def test_no_name_is_no_street(address: str | None) -> None:
    assert street(normalise_address(address)) is None
