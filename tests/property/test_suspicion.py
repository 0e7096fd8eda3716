"""Whatever is given as coordinates: an answer, and nothing changed in silence."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from domain.places import Place, Point, Precision
from features.coordinates import LatLon, in_china, wgs84_to_bd09, wgs84_to_gcj02
from features.place import distance_m
from features.suspicion import SUSPICIONS, Extent, Suspicion, examine

ANY = st.floats() | st.floats(-180, 180) | st.integers(-180, 180).map(float)
DECLARED = st.sampled_from(list(SUSPICIONS))
PLACES = st.builds(
    Place,
    point=st.builds(Point, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180)),
    probability=st.floats(0, 1),
    radius_m=st.floats(1, 5000),
    precision=st.just(Precision.EXACT),
)
EXTENTS = st.none() | st.just(Extent(south=30.7, west=120.9, north=31.9, east=122.0))
UNUSABLE = {Suspicion.ZERO, Suspicion.PLACEHOLDER, Suspicion.OUTSIDE}
INSIDE = st.tuples(st.floats(18.0, 53.0), st.floats(74.0, 134.0))


@given(ANY, ANY, EXTENTS, st.lists(PLACES, max_size=3), DECLARED)
def test_every_number_has_an_answer(
    latitude: float, longitude: float, extent: Extent | None, expected: list[Place], declared: str
) -> None:
    found = examine(latitude, longitude, extent=extent, expected=expected, declared=declared)
    assert {reason for reading in found.readings for reason in reading.reasons} <= set(found.reasons)
    if not found.readings:
        assert set(found.reasons) <= UNUSABLE
        assert found.reasons
        return
    assert abs(sum(reading.weight for reading in found.readings) - 1) < 1e-9
    for reading in found.readings:
        as_given = (reading.point.latitude, reading.point.longitude) == (latitude, longitude)
        assert reading.reasons or declared != "wgs84" or as_given


@given(INSIDE, DECLARED, st.sampled_from(["gcj02", "bd09"]))
def test_another_datum_is_recognised_wherever_it_matters(pair: LatLon, declared: str, true: str) -> None:
    shifted = wgs84_to_gcj02(*pair) if true == "gcj02" else wgs84_to_bd09(*pair)
    here = Point(latitude=pair[0], longitude=pair[1])
    as_declared = examine(*shifted, declared=declared).readings[0].point
    assume(declared != true and distance_m(as_declared, here) > 300)
    expected = Place(point=here, probability=0.9, radius_m=50, precision=Precision.EXACT)
    found = examine(*shifted, declared=declared, expected=[expected])
    assert found.reasons[-1:] == (SUSPICIONS[true],)
    assert distance_m(found.readings[0].point, here) < 1


@given(ANY, ANY, st.lists(PLACES, min_size=1, max_size=3))
def test_no_datum_is_suspected_outside_china(
    latitude: float, longitude: float, expected: list[Place]
) -> None:
    assume(not in_china(latitude, longitude) and not in_china(longitude, latitude))
    found = examine(latitude, longitude, expected=expected)
    assert not set(found.reasons) & set(SUSPICIONS.values())
