"""Which area an address lies in, by the evidence of a gazetteer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from features.addresses.parse import parse_address
from features.gazetteer import Gazetteer
from models.place import PlaceModel
from models.place_areas import AreaEvidence, AreaRanker, Candidates
from tests.unit.test_place_model import along, city

WEST, EAST, EMPTY = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A gazetteer with its model, the area of each row and the evidence."""

    gazetteer: Gazetteer
    model: PlaceModel
    area: np.ndarray[tuple[int], np.dtype[np.int64]]
    evidence: AreaEvidence

    def candidates(self, text: str, without: frozenset[int] = frozenset()) -> Candidates:
        parts = parse_address(text)
        guesses = self.model.guesses(self.model.places(parts, self.gazetteer, without))
        return self.evidence.candidates(parts, guesses, [], without)


@pytest.fixture(scope="module")
def town() -> City:
    gazetteer = Gazetteer(addresses=city(roads=30))
    model = PlaceModel.fit(gazetteer)
    area = np.where(gazetteer.points[:, 1] < 121.1, WEST, EAST)
    return City(gazetteer=gazetteer, model=model, area=area, evidence=model.evidence(gazetteer, area, 3))


def test_the_ranker_finds_the_area_of_addresses_it_has_not_seen(town: City) -> None:
    rows = range(len(town.gazetteer))
    queries = [town.candidates(town.gazetteer.entry(row).address, frozenset([row])) for row in rows]
    ranker, apart = AreaRanker.fit(queries, town.area)
    best = np.array([query.areas[chances.argmax()] for query, chances in zip(queries, apart, strict=True)])
    assert np.mean(best == town.area) > 0.9
    assert max(float(chances.sum()) for chances in apart) <= 1.0 + 1e-9
    assert any(
        (ranker.predict(query) != chances).any() for query, chances in zip(queries, apart, strict=True)
    )


def test_asking_without_rows_leaves_no_trace(town: City) -> None:
    address = town.gazetteer.entry(0).address
    before = town.candidates(address)
    held_back = town.candidates(address, frozenset([0]))
    after = town.candidates(address)
    assert (before.rows == after.rows).all()
    assert held_back.rows.shape != before.rows.shape or (held_back.rows != before.rows).any()


@pytest.mark.parametrize("text", ["", "\u0000", "无人知晓", "Main Street 5"])
def test_an_address_that_nobody_knows_still_has_candidates(town: City, text: str) -> None:
    found = town.candidates(text)
    assert set(found.areas.tolist()) == {WEST, EAST, EMPTY}
    assert np.isfinite(found.rows).all()


def test_a_road_may_be_the_border_of_areas() -> None:
    book = along("大沽路", range(80, 120), 0, 0)
    gazetteer = Gazetteer(addresses=book)
    model = PlaceModel.fit(gazetteer)
    numbers = [parse_address(gazetteer.entry(row).address).roads[0].main for row in range(len(book))]
    area = np.array([EAST if number and number.low % 2 else WEST for number in numbers])
    border = City(gazetteer=gazetteer, model=model, area=area, evidence=model.evidence(gazetteer, area, 3))

    def east_over_west(text: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        found = border.candidates(text)
        difference = found.rows[found.areas == EAST] - found.rows[found.areas == WEST]
        return np.asarray(difference[0], float)

    odd, even = east_over_west("大沽路79弄"), east_over_west("大沽路120弄")
    assert ((odd > 2.0) & (even < -2.0)).any()  # the log odds of the side; votes are 1 at most
