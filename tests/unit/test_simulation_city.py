"""The whole simulated city: its size, its ground, its units over time, and what is missing from its tickets."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
import pytest
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from domain.places import Territory
from domain.tickets import Ticket
from simulation.cases import draw_cases
from simulation.city import City, build_city
from simulation.desk import PLACEHOLDER
from simulation.reorganisation import Change, merge, move_border, rename, split
from simulation.seasons import forecast
from simulation.troubles import KINDS


@pytest.fixture(scope="module")
def city() -> City:
    return build_city()


@pytest.fixture(scope="module")
def small() -> City:
    return build_city(seed=3, accounts=1_000, dispatches=1_500, days=120)


def tickets_of(city: City) -> list[Ticket]:
    return [dispatch.ticket for dispatch in city.dispatches]


def polygon(territory: Territory) -> BaseGeometry:
    return shape(dict(territory.geometry))


def share(holds: list[bool]) -> float:
    return sum(holds) / len(holds)


def valid_at(territories: tuple[Territory, ...], kind: str, at: datetime) -> list[Territory]:
    return [t for t in territories if t.territory_id.startswith(f"{kind}-") and t.validity.holds(at)]


def test_counts(city: City) -> None:
    assert (len(city.accounts), len(city.addresses), len(city.dispatches)) == (20_000, 20_000, 30_000)
    assert len({account.account_id for account in city.accounts}) == 20_000
    assert len({entry.address for entry in city.addresses}) == 20_000
    assert len({ticket.ticket_id for ticket in tickets_of(city)}) == 30_000
    for at in (city.starts, city.ends):
        assert 55 <= sum(unit.is_open(at) for unit in city.units) <= 65


def test_it_lies_near_shanghai(city: City) -> None:
    spots = [entry.point for entry in city.addresses if entry.point]
    assert all(31.0 < p.latitude < 31.4 and 121.2 < p.longitude < 121.75 for p in spots)


def test_towns_make_up_districts_and_districts_the_city(city: City) -> None:
    whole = shapely.union_all([area.polygon for area in city.districts])
    for areas in (city.districts, city.towns):
        assert all(area.polygon.is_valid for area in areas)
        assert sum(area.polygon.area for area in areas) == pytest.approx(whole.area, rel=1e-9)


def test_every_territory_is_a_valid_polygon_of_a_known_unit(city: City) -> None:
    units = {unit.unit_id: unit for unit in city.units}
    for territory in city.territories:
        assert polygon(territory).is_valid
        unit = units[territory.unit_id]
        assert territory.kinds == unit.kinds
        assert territory.validity.valid_to == unit.validity.valid_to or unit.validity.valid_to is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("days", [0, 136, 228, 330, 380, 465, 540])
def test_territories_of_one_kind_tile_the_city_at_any_date(city: City, kind: str, days: int) -> None:
    whole = shapely.union_all([area.polygon for area in city.districts])
    held = valid_at(city.territories, kind, city.starts + timedelta(days=days))
    polygons = [polygon(territory) for territory in held]
    assert sum(polygon.area for polygon in polygons) == pytest.approx(whole.area, rel=1e-6)
    assert shapely.union_all(polygons).symmetric_difference(whole).area < 1e-6 * whole.area


def test_no_kind_follows_the_districts_or_another_kind(city: City) -> None:
    drawn = {kind: [polygon(t) for t in valid_at(city.territories, kind, city.starts)] for kind in KINDS}
    drawn["district"] = [area.polygon for area in city.districts]
    for kind in KINDS:
        others = [polygon for other in drawn if other != kind for polygon in drawn[other]]
        overlap = [(a.intersection(b).area / a.union(b).area) for a in drawn[kind] for b in others]
        assert max(overlap) < 0.9, kind


def test_every_unit_has_work_and_none_gets_any_while_closed(city: City) -> None:
    units = {unit.unit_id: unit for unit in city.units}
    assert {dispatch.unit_id for dispatch in city.dispatches} == set(units)
    assert all(units[d.unit_id].is_open(d.ticket.received_at) for d in city.dispatches)


def test_closed_units_name_successors_that_open_when_they_close(city: City) -> None:
    units = {unit.unit_id: unit for unit in city.units}
    closed = [unit for unit in city.units if unit.validity.valid_to]
    assert sorted(len(unit.successors) for unit in closed) == [1, 1, 1, 2, 2]
    for unit in closed:
        for heir in unit.successors:
            assert units[heir].validity.valid_from == unit.validity.valid_to


def test_a_split_units_ground_and_tickets_go_to_its_successors(city: City) -> None:
    closed = next(unit for unit in city.units if len(unit.successors) == 2)
    [old] = [polygon(t) for t in city.territories if t.unit_id == closed.unit_id]
    heirs = shapely.union_all([polygon(t) for t in city.territories if t.unit_id in closed.successors])
    assert heirs.symmetric_difference(old).area < 1e-6 * old.area
    spots = [d.ticket.point for d in city.dispatches if d.unit_id in closed.successors]
    found = [p for p in spots if p is not None and p != PLACEHOLDER]
    assert share([old.contains(shapely.Point(p.longitude, p.latitude)) for p in found]) > 0.85


def test_the_log_is_in_order_of_what_was_known(city: City) -> None:
    known = [dispatch.known_at for dispatch in city.dispatches]
    assert known == sorted(known)
    lags = sorted(d.known_at - d.ticket.received_at for d in city.dispatches)
    assert timedelta(minutes=20) < lags[0]
    assert timedelta(hours=2) < lags[len(lags) // 2] < timedelta(hours=12)
    assert timedelta(days=2) < lags[-1] < timedelta(days=7)
    assert min(d.ticket.received_at for d in city.dispatches) >= city.starts
    assert max(d.ticket.received_at for d in city.dispatches) < city.ends


@pytest.mark.parametrize(
    ("what", "holds", "low", "high"),
    [
        ("no account", lambda t: t.account is None, 0.45, 0.60),
        ("no address", lambda t: t.address is None, 0.08, 0.13),
        ("no coordinates", lambda t: t.point is None, 0.23, 0.30),
        ("placeholder", lambda t: t.point == PLACEHOLDER, 0.03, 0.05),
        ("no category", lambda t: t.category is None, 0.05, 0.08),
        ("no phone", lambda t: t.phone is None, 0.22, 0.28),
        ("English", lambda t: t.text.isascii(), 0.11, 0.19),
        ("a title line", lambda t: "\n" in t.text, 0.22, 0.30),
    ],
)
def test_tickets_are_as_incomplete_as_designed(
    city: City, what: str, holds: Callable[[Ticket], bool], low: float, high: float
) -> None:
    assert low < share([holds(ticket) for ticket in tickets_of(city)]) < high, what


def test_texts_are_no_single_template(city: City) -> None:
    texts = [ticket.text for ticket in tickets_of(city)]
    assert len(set(texts)) > 0.9 * len(texts)
    assert len({text[:4] for text in texts}) > 1_000
    lengths = sorted(map(len, texts))
    assert lengths[len(texts) // 10] < 20
    assert lengths[-len(texts) // 10] > 60
    assert all(text == text.strip() and "{" not in text for text in texts)


def test_summer_is_for_power_and_storms_for_drainage(city: City) -> None:
    months = Counter((d.ticket.received_at.month, d.unit_id.split("-")[0]) for d in city.dispatches)
    volume = Counter(d.ticket.received_at.month for d in city.dispatches)
    rate = {key: count / volume[key[0]] for key, count in months.items()}
    assert rate[7, "power"] > 1.4 * rate[11, "power"]
    assert rate[1, "gas"] > 1.3 * rate[7, "gas"]
    days = Counter(d.ticket.received_at.date() for d in city.dispatches if d.unit_id.startswith("drainage"))
    assert max(days.values()) > 4 * sorted(days.values())[len(days) // 2]


def test_the_log_errs_now_and_then(small: City) -> None:
    day = forecast(small.seed, small.starts.date(), small.scene.troubles)
    cases = draw_cases(small.scene, day, 20_000, 0, np.random.default_rng(0))
    assert 0.94 < float(np.mean(cases.owner == cases.logged)) < 0.98


def test_categories_alone_do_not_tell_the_kind_of_unit(city: City) -> None:
    kinds = Counter((d.ticket.category, d.unit_id.split("-")[0]) for d in city.dispatches)
    for category, rarer, commoner in (
        ("窨井问题", "roads", "drainage"),
        ("路灯不亮", "property", "streetlights"),
        ("停水", "property", "water"),
    ):
        assert kinds[category, rarer] > 0.15 * kinds[category, commoner]


def test_stream_goes_on_where_the_past_ends_in_order_and_by_seed(small: City) -> None:
    first, again, other = (list(islice(small.stream(seed), 300)) for seed in (1, 1, 2))
    assert first == again
    assert [t.text for t, _ in first] != [t.text for t, _ in other]
    times = [ticket.received_at for ticket, _ in first]
    assert times == sorted(times)
    assert times[0] >= small.ends
    units = {unit.unit_id: unit for unit in small.units}
    assert all(units[unit_id].is_open(ticket.received_at) for ticket, unit_id in first)
    past = {ticket.ticket_id for ticket in tickets_of(small)}
    assert not past & {ticket.ticket_id for ticket, _ in (*first, *other)}
    assert not {t.ticket_id for t, _ in first} & {t.ticket_id for t, _ in other}


def test_stream_starts_in_the_middle_of_a_day(small: City) -> None:
    start = datetime(2026, 1, 5, 4, 30, tzinfo=UTC)
    ticket, _ = next(small.stream(1, start))
    assert start <= ticket.received_at < start + timedelta(days=1)


def test_a_storm_brings_water(small: City) -> None:
    start = datetime(2026, 11, 3, 0, 0, tzinfo=UTC)
    busy = replace(small, scene=replace(small.scene, rate=10 * small.scene.rate))

    def drainage(storm_from: datetime | None) -> int:
        stream = islice(busy.stream(1, start, storm_from), 400)
        during = [unit for ticket, unit in stream if ticket.received_at < start + timedelta(hours=7)]
        return sum(unit.startswith("drainage") for unit in during)

    assert drainage(start) > 3 * drainage(None)


@pytest.mark.parametrize(
    ("change", "closed", "opened"), [(split, 1, 2), (merge, 2, 1), (rename, 1, 1), (move_border, 0, 0)]
)
def test_one_more_reorganisation(small: City, change: Change, closed: int, opened: int) -> None:
    at = small.ends + timedelta(days=2)
    changed = small.reorganised(at, change, "gas")
    gone = {u.unit_id for u in changed.units if u.validity.valid_to == at}
    new = {u.unit_id for u in changed.units if u.validity.valid_from == at}
    assert (len(gone), len(new)) == (closed, opened)
    assert changed.territories != small.territories
    assert changed.dispatches == small.dispatches
    later = [(t, unit) for t, unit in islice(changed.stream(1), 1_000) if t.received_at >= at]
    assert not gone & {unit for _, unit in later}
    assert not new or new & {unit for _, unit in later}
    whole = shapely.union_all([area.polygon for area in small.districts])
    held = valid_at(changed.territories, "gas", at)
    assert sum(polygon(t).area for t in held) == pytest.approx(whole.area, rel=1e-6)


def test_naive_times_are_refused(small: City) -> None:
    with pytest.raises(ValueError, match="aware"):
        build_city(start=datetime(2025, 3, 1))
    with pytest.raises(ValueError, match="aware"):
        small.stream(start=datetime(2025, 3, 1))


def test_a_larger_city_has_as_many_offices_as_are_asked_for(small: City) -> None:
    owning = {t.unit_id for t in small.territories if t.validity.holds(small.starts)}
    grown = build_city(seed=3, accounts=1_000, dispatches=300, days=20, offices=520)
    assert len({t.unit_id for t in grown.territories if t.validity.holds(grown.starts)}) == 520
    assert len(grown.units) - 520 == len(small.units) - len(owning)
    assert len({unit.name for unit in grown.units}) == len({unit.unit_id for unit in grown.units})
