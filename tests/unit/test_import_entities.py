"""Units, territories, accounts and addresses from files."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import shape

from domain.places import Account, Address, Point, Territory
from domain.time import Validity
from domain.units import Unit
from store.importing.entities import EntityFile, read_entities
from store.importing.mapping import parse_mapping

SQUARE = [[[121.0, 31.0], [121.1, 31.0], [121.1, 31.1], [121.0, 31.1], [121.0, 31.0]]]
BOW_TIE = [[[121.0, 31.0], [121.1, 31.1], [121.1, 31.0], [121.0, 31.1], [121.0, 31.0]]]


def read(folder: Path, kind: str, text: str, mapping: str = "", *, make_valid: bool = False) -> EntityFile:
    path = folder / (f"{kind}.geojson" if text.startswith("{") else f"{kind}.csv")
    path.write_text(text, encoding="utf-8")
    return read_entities(path, replace(parse_mapping(mapping, kind), make_valid=make_valid))


def feature(coordinates: Any, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def collection(*features: dict[str, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_units(tmp_path: Path) -> None:
    text = (
        "unit,name,kinds,valid_from,valid_to,successors,parent\n"
        "g1,Gas North,gas;gas leak,2024-01-01,2025-01-01,g2|g3,gas\n"
        "g2,,,,,,\n"
    )
    found = read(tmp_path, "units", text, '[units]\ntimezone = "Asia/Shanghai"')
    assert found.entities["g1"] == Unit(
        unit_id="g1",
        name="Gas North",
        kinds=frozenset({"gas", "gas leak"}),
        validity=Validity(
            valid_from=datetime(2023, 12, 31, 16, tzinfo=UTC), valid_to=datetime(2024, 12, 31, 16, tzinfo=UTC)
        ),
        successors=("g2", "g3"),
        parent="gas",
    )
    assert found.entities["g2"] == Unit(unit_id="g2", name="g2")


def test_accounts_keep_their_leading_zeros(tmp_path: Path) -> None:
    found = read(tmp_path, "accounts", "account,address,lat,lon\n0012,1 High St,51.5,-0.1\n13,,,\n")
    point = Point(latitude=51.5, longitude=-0.1)
    assert list(found.entities.values()) == [
        Account(account_id="0012", address="1 High St", point=point),
        Account(account_id="13"),
    ]


def test_accounts_and_addresses_are_named(tmp_path: Path) -> None:
    accounts = read(tmp_path, "accounts", "account,name,phone\n1,Wang,021-555\n")
    assert accounts.entities["1"] == Account(account_id="1", name="Wang", phone="021-555")
    by_key = read(tmp_path, "addresses", "address,district,name\na,x,Elm Court\nb,x,\n")
    assert by_key.entities["a"] == Address(address="a", district="x", name="Elm Court")
    assert by_key.entities["b"] == Address(address="b", district="x")
    mapping = '[addresses]\naddress = "addr"\nname = "estate"'
    [mapped] = read(tmp_path, "addresses", "addr,estate\na,Elm Court\n", mapping).entities.values()
    assert mapped == Address(address="a", name="Elm Court")


def test_an_address_of_two_shops_keeps_the_first_name(tmp_path: Path) -> None:
    found = read(tmp_path, "addresses", "address,name\na,Bakery\na,Florist\n")
    assert (list(found.entities.values()), found.repeated) == ([Address(address="a", name="Bakery")], 1)


def test_an_address_with_two_gates_is_one_address(tmp_path: Path) -> None:
    text = "address,district,latitude,longitude\na,x,31.2,121.5\na,x,31.2003,121.5\nb,x,,\n"
    found = read(tmp_path, "addresses", text)
    assert list(found.entities.values()) == [
        Address(address="a", district="x", point=Point(latitude=31.2, longitude=121.5)),
        Address(address="b", district="x"),
    ]
    assert found.repeated == 1


@pytest.mark.parametrize("other", ["a,x,31.3,121.5", "a,y,31.2,121.5"], ids=["far away", "another district"])
def test_an_address_in_two_places_is_a_conflict_with_its_mend(tmp_path: Path, other: str) -> None:
    text = f"address,district,latitude,longitude\na,x,31.2,121.5\n{other}\n"
    [bad] = read(tmp_path, "addresses", text).bad_rows
    assert (bad.line, bad.field, bad.reason.value) == (3, "address", "duplicate_conflict")
    assert "district" in bad.mend


def test_territories_of_geojson(tmp_path: Path) -> None:
    text = collection(
        feature(SQUARE, unit="water", kinds=["leak", "no water"], valid_from="2024-01-01"),
        feature(SQUARE, unit="water"),
        feature([SQUARE], "MultiPolygon", unit="gas", id="north"),
    )
    found = read(tmp_path, "territories", text)
    assert found.bad_rows == []
    assert list(found.entities) == ["water#1", "water#2", "north"]
    first = found.entities["water#1"]
    assert isinstance(first, Territory)
    assert (first.unit_id, first.kinds) == ("water", frozenset({"leak", "no water"}))
    assert first.geometry == {"type": "Polygon", "coordinates": SQUARE}
    assert first.validity.valid_from == datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "geometry",
    ["POLYGON ((121 31, 121.1 31, 121.1 31.1, 121 31.1, 121 31))", json.dumps(feature(SQUARE)["geometry"])],
    ids=["WKT", "GeoJSON in a cell"],
)
def test_territories_of_a_table(tmp_path: Path, geometry: str) -> None:
    cell = '"' + geometry.replace('"', '""') + '"'
    found = read(tmp_path, "territories", f"unit_id,geometry\nwater,{cell}\n")
    [territory] = found.entities.values()
    assert isinstance(territory, Territory)
    assert territory.geometry == {"type": "Polygon", "coordinates": SQUARE}


def test_territories_of_another_datum_are_shifted(tmp_path: Path) -> None:
    found = read(
        tmp_path, "territories", collection(feature(SQUARE, unit="w")), '[territories]\ncrs = "gcj02"'
    )
    [territory] = found.entities.values()
    assert isinstance(territory, Territory)
    east, north = territory.geometry["coordinates"][0][0]
    assert (north, east) == pytest.approx((31.0018, 120.9955), abs=1e-3)
    assert (north, east) != (31.0, 121.0)


@pytest.mark.parametrize(
    ("kind", "text", "line", "field", "reason", "problem"),
    [
        ("units", "unit,name\na,A\n,B\n", 3, "unit", "missing_id", "empty"),
        ("units", "unit,name\na,A\na,B\n", 3, "unit", "duplicate_conflict", "line 2"),
        (
            "units",
            "unit,valid_from,valid_to\na,2024-02-01,2024-01-01\n",
            2,
            "valid_to",
            "bad_period",
            "before",
        ),
        ("units", "unit,valid_from\na,03/04/2024\n", 2, "valid_from", "ambiguous_time", "day/month"),
        ("accounts", "account,lat,lon\n1,100,500\n", 2, "lat", "bad_coordinate", "no point on earth"),
        ("addresses", "address\n \n", 2, "address", "missing_value", "empty"),
        ("territories", collection(feature(SQUARE, unit="")), 1, "unit", "missing_unit", "empty"),
        (
            "territories",
            collection(feature(BOW_TIE, unit="a")),
            1,
            "geometry",
            "bad_geometry",
            "[121.05 31.05]",
        ),
        (
            "territories",
            collection(feature([1, 2], "Point", unit="a")),
            1,
            "geometry",
            "bad_geometry",
            "Point",
        ),
        ("territories", collection(feature([], unit="a")), 1, "geometry", "bad_geometry", "an empty Polygon"),
        ("territories", collection(feature([[[1, 2]]], unit="a")), 1, "geometry", "bad_geometry", "geometry"),
        (
            "territories",
            collection(feature([[[31, 121], [32, 121], [32, 122], [31, 121]]], unit="a")),
            1,
            "geometry",
            "bad_geometry",
            "leaves the earth",
        ),
        ("territories", "unit,geometry\na,nonsense\n", 2, "geometry", "bad_geometry", "no geometry"),
    ],
)
def test_bad_rows(
    tmp_path: Path, kind: str, text: str, line: int, field: str, reason: str, problem: str
) -> None:
    [bad] = read(tmp_path, kind, text).bad_rows
    assert (bad.line, bad.field, bad.reason.value) == (line, field, reason)
    assert problem in bad.problem


FIJI = [[179.5, -18], [180.5, -18], [180.5, -17], [179.5, -18]]
ROUND_THE_EARTH = [[179.5, -18], [-179.5, -18], [-179.5, -17], [179.5, -18]]


@pytest.mark.parametrize("corners", [FIJI, ROUND_THE_EARTH])
def test_ground_across_the_antimeridian_has_to_be_cut_there(
    tmp_path: Path, corners: list[list[float]]
) -> None:
    [bad] = read(tmp_path, "territories", collection(feature([corners], unit="a"))).bad_rows
    assert (bad.field, bad.reason.value) == ("geometry", "bad_geometry")
    assert "antimeridian" in bad.mend


def test_ground_that_is_cut_at_the_antimeridian_is_read(tmp_path: Path) -> None:
    west = [[[179.5, -18], [180, -18], [180, -17], [179.5, -18]]]
    east = [[[-180, -18], [-179.5, -18], [-180, -17], [-180, -18]]]
    text = collection(feature([west, east], "MultiPolygon", unit="a"))
    assert not read(tmp_path, "territories", text).bad_rows


def ring(*corners: tuple[float, float]) -> list[tuple[float, float]]:
    """A ring in hundredths of a degree from 121 / 31."""
    return [(121 + x / 100, 31 + y / 100) for x, y in (*corners, corners[0])]


BOX = ring((0, 0), (10, 0), (10, 10), (0, 10))
HOLE = ring((2, 2), (4, 2), (4, 4), (2, 4))
INVALID = {  # coordinates, where it is invalid, hundredths of square degrees that are meant
    "bow-tie": ([ring((0, 0), (10, 10), (10, 0), (0, 10))], "Self-intersection[121.05 31.05]", 50),
    "hole outside": ([BOX, ring((20, 20), (21, 20), (21, 21))], "outside shell[121.2 31.2]", 100),
    "hole over the border": (
        [BOX, ring((8, 2), (12, 2), (12, 4), (8, 4))],
        "Self-intersection[121.1 31.0",
        96,
    ),
    "spike": ([ring((0, 0), (10, 0), (10, 10), (5, 10), (5, 30), (5, 10), (0, 10))], "[121.05 31.3]", 100),
    "outline twice": ([BOX, BOX], "Self-intersection[121", 100),
    "hole twice": ([BOX, HOLE, HOLE], "Self-intersection[121", 96),
    "twice round": ([BOX + BOX[1:]], "Self-intersection[121", 100),
}


@pytest.mark.parametrize(("coordinates", "place", "area"), INVALID.values(), ids=INVALID)
def test_an_invalid_polygon_is_told_with_its_place_and_mended_when_asked(
    tmp_path: Path, coordinates: Any, place: str, area: float
) -> None:
    text = collection(feature([HOLE], unit="good"), feature(coordinates, unit="a"))
    [bad] = read(tmp_path, "territories", text).bad_rows
    assert (bad.line, bad.field, bad.reason.value) == (2, "geometry", "bad_geometry")
    assert place in bad.problem
    assert "--make-valid" in bad.mend
    found = read(tmp_path, "territories", text, make_valid=True)
    assert (found.bad_rows, found.mended) == ([], [2])
    territory = found.entities["a#1"]
    assert isinstance(territory, Territory)
    ground = shape(dict(territory.geometry))
    assert ground.is_valid
    assert ground.geom_type in {"Polygon", "MultiPolygon"}
    assert ground.area * 1e4 == pytest.approx(area)


def test_parts_that_overlap_are_mended_to_all_their_ground(tmp_path: Path) -> None:
    other = ring((5, 0), (15, 0), (15, 10), (5, 10))
    text = collection(feature([[BOX], [other]], "MultiPolygon", unit="a"))
    [territory] = read(tmp_path, "territories", text, make_valid=True).entities.values()
    assert isinstance(territory, Territory)
    assert shape(dict(territory.geometry)).area * 1e4 == pytest.approx(150)


@pytest.mark.parametrize(
    "wkt",
    ["POLYGON ((121 31, 122 32, 123 33, 121 31))", "POLYGON ((121 31, NaN 31, 121 32, 121 31))"],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_polygon_of_which_nothing_is_left_stays_bad(tmp_path: Path, wkt: str) -> None:
    found = read(tmp_path, "territories", f'unit,geometry\na,"{wkt}"\n', make_valid=True)
    [bad] = found.bad_rows
    assert (bad.field, bad.reason.value, found.mended) == ("geometry", "bad_geometry", [])
    assert "nothing is left" in bad.problem


def test_a_mended_row_that_is_bad_otherwise_was_not_mended(tmp_path: Path) -> None:
    found = read(tmp_path, "territories", collection(feature(BOW_TIE, unit="")), make_valid=True)
    assert (len(found.bad_rows), found.mended) == (1, [])
