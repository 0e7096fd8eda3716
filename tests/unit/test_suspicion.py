"""Given coordinates: what they may be, and what is wrong with them as given."""

from __future__ import annotations

from dataclasses import replace
from math import cos, nan, radians

import numpy as np
import pytest

from domain.places import Place, Point, Precision
from features.coordinates import LatLon, wgs84_to_bd09, wgs84_to_gcj02
from features.place import distance_m
from features.placeholders import learn_placeholders, spot
from features.suspicion import Extent, Suspicion, examine

HERE = (31.2304, 121.4737)
SHANGHAI = Extent(south=30.7, west=120.9, north=31.9, east=122.0)
BOSTON = Extent(south=42.2, west=-71.2, north=42.4, east=-70.9)
LONDON = Extent(south=51.3, west=-0.5, north=51.7, east=0.3)
CITY_HALL = frozenset({spot(42.3594, -71.0587)})


def point(pair: LatLon) -> Point:
    return Point(latitude=pair[0], longitude=pair[1])


def place(pair: LatLon, radius_m: float = 50.0) -> Place:
    return Place(point=point(pair), probability=0.95, radius_m=radius_m, precision=Precision.EXACT)


def moved(pair: LatLon, north_m: float = 0.0, east_m: float = 0.0) -> LatLon:
    return pair[0] + north_m / 111_195, pair[1] + east_m / (111_195 * cos(radians(pair[0])))


@pytest.mark.parametrize(
    ("given", "extent", "read", "reasons"),
    [
        (HERE, SHANGHAI, HERE, []),
        (HERE, None, HERE, []),
        ((0.0, 0.0), SHANGHAI, None, [Suspicion.ZERO]),
        ((0.0, 0.0), None, None, [Suspicion.ZERO]),
        ((0.00004, -0.00002), None, None, [Suspicion.ZERO]),
        ((0.0, 121.4737), SHANGHAI, None, [Suspicion.ZERO]),
        ((31.2304, 0.0), SHANGHAI, None, [Suspicion.ZERO]),
        ((31.2304, 0.0), None, None, [Suspicion.ZERO]),
        ((51.4779, 0.0), LONDON, (51.4779, 0.0), []),
        (HERE[::-1], SHANGHAI, HERE, [Suspicion.SWAPPED]),
        (HERE[::-1], None, HERE, [Suspicion.SWAPPED]),
        ((-71.0611, 42.3412), BOSTON, (42.3412, -71.0611), [Suspicion.SWAPPED]),
        ((42.3594, -71.0587), BOSTON, None, [Suspicion.PLACEHOLDER]),
        ((42.3593871, -71.0587342), BOSTON, None, [Suspicion.PLACEHOLDER]),
        ((42.3596, -71.0587), BOSTON, (42.3596, -71.0587), []),
        ((33.1234, 121.4737), SHANGHAI, None, [Suspicion.OUTSIDE]),  # a bad projection, 200 km away
        ((3456789.0, 543210.0), SHANGHAI, None, [Suspicion.OUTSIDE]),
        ((nan, 121.4737), SHANGHAI, None, [Suspicion.OUTSIDE]),
        ((31.2, 121.5), SHANGHAI, (31.2, 121.5), [Suspicion.ROUNDED]),
        ((121.5, 31.2), SHANGHAI, (31.2, 121.5), [Suspicion.SWAPPED, Suspicion.ROUNDED]),
    ],
)
def test_what_is_wrong_with_given_coordinates(
    given: LatLon, extent: Extent | None, read: LatLon | None, reasons: list[Suspicion]
) -> None:
    found = examine(*given, extent=extent, placeholders=CITY_HALL)
    assert list(found.reasons) == reasons
    assert [reading.point for reading in found.readings] == ([point(read)] if read else [])
    for reading in found.readings:
        assert (list(reading.reasons), reading.weight) == (reasons, 1.0)


def test_a_placeholder_is_known_in_wgs84_or_as_given() -> None:
    given = wgs84_to_gcj02(*HERE)
    for known in (spot(*HERE), spot(*given)):
        found = examine(*given, extent=SHANGHAI, declared="gcj02", placeholders={known})
        assert (found.readings, found.reasons) == ((), (Suspicion.PLACEHOLDER,))


def test_a_point_outside_is_used_only_where_another_witness_is_there_too() -> None:
    far = (33.1234, 121.4737)
    found = examine(*far, extent=SHANGHAI, expected=[place(moved(far, 300))])
    assert [(reading.point, reading.reasons) for reading in found.readings] == [
        (point(far), (Suspicion.OUTSIDE,))
    ]
    assert examine(*far, extent=SHANGHAI, expected=[place(moved(far, 600))]).readings == ()


@pytest.mark.parametrize(
    ("given", "radius_m"),
    [
        ((31.0, 121.0), 123_982),
        ((31.2, 121.5), 12_398),
        ((31.2, 121.47), 1240),
        ((31.231, 121.473), 124),
        (HERE, 100),
    ],
)
def test_the_radius_grows_as_decimals_are_missing(given: LatLon, radius_m: float) -> None:
    [reading] = examine(*given, extent=SHANGHAI).readings
    assert reading.radius_m == pytest.approx(radius_m, abs=1)


@pytest.mark.parametrize("decimals", [1, 2, 3])
def test_the_radius_of_a_truncated_point_holds_nine_in_ten(decimals: int) -> None:
    steps = (np.arange(40) + 0.5) / 40 / 10**decimals
    [reading] = examine(
        1.0 + 10**-decimals, 104.0, extent=None
    ).readings  # near the equator: squares are widest
    true = [point((reading.point.latitude + north, 104.0 + east)) for north in steps for east in steps]
    inside = np.mean([distance_m(reading.point, one) <= reading.radius_m for one in true])
    assert 0.9 <= inside <= 0.91


DATUMS = {"wgs84": lambda *pair: pair, "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}


@pytest.mark.parametrize("declared", DATUMS)
@pytest.mark.parametrize("true", DATUMS)
def test_a_wrongly_declared_datum_is_found_by_the_address(true: str, declared: str) -> None:
    given = DATUMS[true](*HERE)
    found = examine(*given, extent=SHANGHAI, declared=declared, expected=[place(moved(HERE, 30, -20))])
    wrong = (Suspicion(f"coordinates_{true}"),) if true != declared else ()
    assert found.reasons == wrong
    assert distance_m(found.readings[0].point, point(HERE)) < 0.01
    assert found.readings[0].reasons == wrong
    assert len(found.readings) == (2 if wrong else 1)  # as declared is never left out
    assert sum(reading.weight for reading in found.readings) == pytest.approx(1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (wgs84_to_gcj02(*HERE), []),  # nobody to disagree
        (HERE, [place(moved(HERE, 480))]),  # as far as the datum's shift, in another direction
        (HERE, [place(moved(HERE, 0, -5000))]),
        (wgs84_to_gcj02(*HERE), [place(moved(HERE, 100, 50), radius_m=3000)]),  # too vague to tell
        (wgs84_to_gcj02(*HERE), [replace(place(HERE), probability=1e-4)]),
        (wgs84_to_gcj02(51.5074, -0.1278), [place(moved((51.5074, -0.1278), 150, 450))]),
    ],
    ids=["no address", "another direction", "too far", "vague", "hardly likely", "London"],
)
def test_no_datum_is_suspected_without_ground(given: LatLon, expected: list[Place]) -> None:
    found = examine(*given, expected=expected)
    assert found.reasons == ()
    assert [reading.point for reading in found.readings] == [point(given)]


def test_two_addresses_may_leave_two_readings() -> None:
    given = wgs84_to_gcj02(*HERE)
    as_gcj02 = Place(point=point(HERE), probability=0.5, radius_m=100, precision=Precision.NEAREST)
    as_bd09 = Place(
        point=point(moved(HERE, -664, -551)), probability=0.45, radius_m=100, precision=Precision.NEAREST
    )
    found = examine(*given, extent=SHANGHAI, expected=[as_gcj02, as_bd09])
    assert found.reasons == (Suspicion.GCJ02, Suspicion.BD09)
    assert [reading.reasons for reading in found.readings][:2] == [(Suspicion.GCJ02,), (Suspicion.BD09,)]
    assert [reading.weight for reading in found.readings] == [0.05, 0.05, pytest.approx(0.9)]


def test_the_extent_keeps_a_suburb_and_not_a_bad_projection() -> None:
    rng = np.random.default_rng(5)
    town = rng.normal((31.2, 121.5), 0.05, (900, 2))
    suburb = rng.normal((31.5, 121.9), 0.01, (80, 2))
    astray = rng.normal((33.0, 121.5), 0.05, (40, 2))
    extent = Extent.of(np.vstack([town, suburb, astray, [[nan, nan], [0, 0]]]))
    assert extent is not None
    assert all(extent.contains(*known) for known in [*town, *suburb])
    assert not any(extent.contains(*known) for known in [*astray, (0.0, 0.0), HERE[::-1]])
    assert extent.north < 31.7


def test_too_few_known_points_make_no_extent() -> None:
    assert Extent.of(np.full((19, 2), 31.2)) is None
    assert Extent.of(np.full((500, 2), nan)) is None
    same = Extent.of(np.full((20, 2), 31.2))
    assert same is not None
    assert same.contains(31.21, 31.19)


STREETS = [
    f"{number} {name} Street" for number, name in enumerate(["Elm", "Oak", "Main", "High", "Bay", "Lake"])
]


@pytest.mark.parametrize(
    ("addresses", "learnt"),
    [
        (STREETS, True),
        (STREETS[:4] * 4, False),
        ([f"{number} Elm Street" for number in range(40)], False),
        (
            [*STREETS, *[f"{number} Elm Street" for number in range(12)]],
            False,
        ),  # there are people on Elm Street
        ([f"阳光花园{n}号楼{u}单元" for n in "一二三四五六" for u in "一二"], False),
        (
            [f"{road}路{n}号" for n, road in enumerate(["南京", "祖冲之", "人民", "淮海中", "世纪", "张杨"])],
            True,
        ),
        ([None, ""] * 30, False),
    ],
)
def test_a_point_of_many_streets_is_a_placeholder(addresses: list[str | None], learnt: bool) -> None:
    points = [point(moved(HERE, 0.1 * i)) for i in range(len(addresses))]
    elsewhere = [point((31.5, 121.2)), None]
    found = learn_placeholders([*points, *elsewhere], [*addresses, "9 Pine Street", "1 Ash Street"])
    assert found == ({spot(*HERE)} if learnt else frozenset())
