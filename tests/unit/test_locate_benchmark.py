"""The measurement of places: towns by places, operating points, figures."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.locate import main
from benchmarks.town_confidence import CONFIDENT, FAR_M, Answer, TownConfidence, operating_point
from benchmarks.towns import Towns
from domain.places import Place, Point, Precision
from models.place_support import Support
from tests.unit.test_place_model import city

WEST, EAST = 0, 1


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Towns:
    """Two towns, west and east of 121.1."""
    return Towns(_towns(tmp_path_factory.mktemp("towns") / "towns.geojson"))


def _towns(path: Path) -> Path:
    def box(west: float, east: float) -> list[list[list[float]]]:
        return [[[west, 30.0], [east, 30.0], [east, 32.0], [west, 32.0], [west, 30.0]]]

    features = [
        {"properties": {"name": name}, "geometry": {"type": "Polygon", "coordinates": box(*ends)}}
        for name, ends in (("west", (120.0, 121.1)), ("east", (121.1, 122.0)))
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def place(longitude: float, probability: float, radius_m: float) -> Place:
    return Place(
        point=Point(latitude=31.0, longitude=longitude),
        probability=probability,
        radius_m=radius_m,
        precision=Precision.NEAREST,
    )


def test_a_place_well_inside_a_town_is_all_of_it(halves: Towns) -> None:
    assert dict(halves.shares([place(121.0, 0.9, 500.0)])) == pytest.approx({WEST: 0.9})


def test_a_place_on_the_border_is_half_of_each(halves: Towns) -> None:
    shares = dict(halves.shares([place(121.1, 0.8, 500.0)]))
    assert shares[WEST] == pytest.approx(0.4, abs=0.05) == shares[EAST]


def test_places_of_one_town_add_up(halves: Towns) -> None:
    shares = halves.shares([place(121.0, 0.4, 100.0), place(121.3, 0.35, 100.0), place(121.5, 0.25, 100.0)])
    assert [town for town, _ in shares] == [EAST, WEST]
    assert dict(shares) == pytest.approx({EAST: 0.6, WEST: 0.4})


def test_no_place_no_town(halves: Towns) -> None:
    assert halves.shares([]) == []
    assert halves.at(np.array([10.0, 121.0]), np.array([31.0, 31.0])).tolist() == [-1, 0]


def test_confidence_is_in_places_that_known_points_bear_out() -> None:
    """One in five is off with a single known point beside it, one in two with one elsewhere, none with four beside."""
    kinds = ((Support(beside=4), 1000), (Support(beside=1), 5), (Support(beside=1, elsewhere=1), 2))
    held = [answer(support, far=i % every == 0 and i > 0) for support, every in kinds for i in range(200)]
    judge = TownConfidence.fit(held)
    borne_out, alone, contradicted = judge.confidence([answer(support, far=False) for support, _ in kinds])
    assert borne_out > alone > contradicted
    assert borne_out >= CONFIDENT > alone


def answer(support: Support, *, far: bool) -> Answer:
    return Answer(
        towns=[("west", 0.9)],
        places=(place(121.0, 0.95, 400.0),),
        support=support,
        road_known=True,
        town_right=not far,
        error_m=FAR_M * 2 if far else 100.0,
    )


def test_the_operating_point_answers_as_much_as_its_target_allows() -> None:
    chances = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    right = np.array([True, True, False, True, False])
    assert operating_point(chances, right, 0.75) == 0.6
    assert operating_point(chances, right, 1.0) == 0.8
    assert operating_point(chances, ~right, 1.0) == 1.0


def test_the_command_writes_every_figure(tmp_path: Path) -> None:
    book = tmp_path / "estates.csv"
    with book.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(["name", "addr", "board", "district", "town", "town_osm", "lon", "lat"])
        for address in city(roads=60):
            point = address.point
            assert point is not None
            town = "west" if point.longitude < 121.1 else "east"
            writer.writerow(("", address.address, "", "", town, town, point.longitude, point.latitude))
    out = tmp_path / "figures.json"
    towns = _towns(tmp_path / "towns.geojson")
    main(["--gazetteer", str(book), "--split", "1", "--towns", str(towns), "--json", str(out)])
    found = json.loads(out.read_text())
    asked = "queries answered town_accuracy_answered town_accuracy_all median_error_m p90_error_m confident"
    for group in (found, found["road_known"]):
        assert {*asked.split(), "confident_wrong", "radius_90_contains"} <= group.keys()
    assert found["queries"] == 108
    assert found["road_known"]["town_accuracy_all"] > 0.9
    assert found["road_known"]["median_error_m"] < 200
