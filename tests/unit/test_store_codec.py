"""What is stored comes back exactly."""

from __future__ import annotations

import math
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decisions import (
    Basis,
    Certificate,
    Decision,
    Evidence,
    RankedCandidate,
    Ranking,
    Reason,
    Resemblance,
    Review,
)
from domain.dispatches import Dispatch
from domain.places import Account, Address, Location, Place, PlaceWitness, Point, Territory
from domain.rules import Rule
from domain.tickets import Ticket
from domain.time import Validity
from domain.units import Unit
from router.ports import BundleRecord
from store.codec import decode, encode

FLOATS = st.floats(allow_nan=False)
TEXTS = st.text()
OPTIONAL_TEXTS = st.none() | TEXTS
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC) | OFFSETS)
POINTS = st.builds(Point, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180))
VALIDITIES = st.builds(Validity, valid_from=st.none() | TIMES, valid_to=st.none() | TIMES)
GEOMETRIES = st.fixed_dictionaries(
    {"type": st.just("Polygon"), "coordinates": st.lists(st.lists(st.lists(FLOATS | st.integers())))}
)


def whole(kind: type[Any], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects with every field drawn: from `parts`, or from the field's type."""
    return st.builds(kind, **{part.name: parts.get(part.name, ...) for part in fields(kind)})


EVIDENCE = st.lists(whole(Evidence, hits=FLOATS, total=FLOATS), max_size=3).map(tuple)
CONTRIBUTIONS = st.lists(st.tuples(TEXTS, FLOATS), max_size=3).map(tuple)
RANKED = whole(
    RankedCandidate, probability=FLOATS, score=FLOATS, evidence=EVIDENCE, contributions=CONTRIBUTIONS
)
BASES = whole(Basis, nearest=st.lists(whole(Resemblance, similarity=FLOATS), max_size=3).map(tuple))
RANKINGS = whole(
    Ranking,
    candidates=st.lists(RANKED, max_size=3).map(tuple),
    confidence=st.none() | FLOATS,
    basis=BASES,
)
PLACES = st.lists(whole(Place, point=POINTS, probability=FLOATS, radius_m=FLOATS), max_size=3).map(tuple)
WITNESSES = st.lists(whole(PlaceWitness, point=POINTS, places=PLACES), max_size=3).map(tuple)
LOCATIONS = whole(
    Location,
    point=st.none() | POINTS,
    radius_m=st.none() | FLOATS,
    witnesses=WITNESSES,
    places=PLACES,
    unknown=FLOATS,
)
TICKETS = whole(
    Ticket,
    ticket_id=st.text(min_size=1),
    received_at=TIMES,
    point=st.none() | POINTS,
    attributes=st.dictionaries(TEXTS, TEXTS),
)
DISPATCHES = st.builds(
    lambda ticket, unit_id, delay: Dispatch(
        ticket=ticket, unit_id=unit_id, known_at=ticket.received_at + delay
    ),
    TICKETS,
    TEXTS,
    st.timedeltas(timedelta(), timedelta(days=100)),
)
DECISIONS = whole(
    Decision,
    reasons=st.lists(st.sampled_from(Reason)).map(tuple),
    location=LOCATIONS,
    ranking=RANKINGS,
)
ANYTHING = st.one_of(
    whole(Unit, validity=VALIDITIES),
    whole(Territory, geometry=GEOMETRIES, validity=VALIDITIES),
    whole(Rule, validity=VALIDITIES),
    whole(Account, point=st.none() | POINTS),
    whole(Address, point=st.none() | POINTS),
    TICKETS,
    DISPATCHES,
    DECISIONS,
    whole(Review, at=TIMES),
    whole(BundleRecord, registered_at=TIMES, metrics=CONTRIBUTIONS),
    whole(
        Certificate,
        alpha=FLOATS,
        confidence=FLOATS,
        threshold=st.none() | FLOATS,
        coverage=FLOATS,
        issued_at=TIMES,
        expires_at=TIMES,
    ),
)


@given(ANYTHING)
def test_what_is_decoded_is_what_was_encoded(thing: Any) -> None:
    again = decode(type(thing), encode(thing))
    assert again == thing
    assert encode(again) == encode(thing)  # tells -0.0 from 0.0, and one offset from another


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1 + 0.2])
def test_every_float_comes_back_bit_for_bit(value: float) -> None:
    assert decode(Ranking, encode(Ranking(confidence=value))).confidence.hex() == value.hex()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("received_at", "read_back"),
    [
        pytest.param(
            datetime(2024, 5, 1, 9, 0, 0, 1, tzinfo=ZoneInfo("Asia/Shanghai")),
            "2024-05-01T09:00:00.000001+08:00",
            id="a zone becomes its offset",
        ),
        pytest.param(
            datetime(2024, 11, 3, 1, 30, tzinfo=ZoneInfo("America/New_York"), fold=1),
            "2024-11-03T01:30:00-05:00",
            id="the second of a repeated hour",
        ),
        pytest.param(
            datetime(1899, 1, 1, 8, 5, 43, tzinfo=ZoneInfo("Asia/Shanghai")),
            "1899-01-01T00:00:00+00:00",
            id="local mean time has seconds in its offset",
        ),
    ],
)
def test_times_keep_their_offset(received_at: datetime, read_back: str) -> None:
    ticket = Ticket(ticket_id="1", received_at=received_at)
    assert decode(Ticket, encode(ticket)).received_at.isoformat() == read_back


def test_equal_sets_give_equal_text() -> None:
    kinds = [str(number) for number in range(50)]
    texts = {encode(Unit(unit_id="1", name="", kinds=frozenset(order))) for order in (kinds, kinds[::-1])}
    assert len(texts) == 1


def test_a_field_that_was_not_written_takes_its_default() -> None:
    old = '{"ticket_id":"1","received_at":"2024-05-01T09:00:00Z"}'
    assert decode(Ticket, old) == Ticket(ticket_id="1", received_at=datetime(2024, 5, 1, 9, tzinfo=UTC))


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        encode(Ranking(confidence=object()))  # type: ignore[arg-type]
