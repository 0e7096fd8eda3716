"""Real addresses, where the folder of real data is named."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from features.addresses.keys import address_key
from features.addresses.parse import parse_address

pytestmark = pytest.mark.real_data


@pytest.fixture
def estates() -> list[dict[str, str]]:
    if "GRIDROUTE_DATA" not in os.environ:
        pytest.skip("GRIDROUTE_DATA is not set")
    with (Path(os.environ["GRIDROUTE_DATA"]) / "shanghai" / "estates.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_nearly_every_estate_has_a_number_along_a_road_or_of_its_own(estates: list[dict[str, str]]) -> None:
    parts = [parse_address(row["addr"]) for row in estates]
    numbered = sum(bool(p.numbers) or any(road.main for road in p.roads) for p in parts)

    assert numbered / len(parts) > 0.98


def test_city_district_and_town_before_an_address_do_not_change_its_key(
    estates: list[dict[str, str]],
) -> None:
    same = sum(
        address_key(parse_address(f"上海市{row['district']}{row['town']}{row['addr']}"))
        == address_key(parse_address(row["addr"]))
        for row in estates
    )

    assert same / len(estates) > 0.99
