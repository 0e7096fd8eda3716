"""What was promised, found out and said of a unit holds for those that stand in for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.automation import Cause, Scope, Suspension
from domain.decisions import Decision, Reason, Verdict
from domain.dispatches import Dispatch
from domain.places import LocationSource
from domain.tickets import Ticket
from domain.time import Validity
from domain.units import Unit
from models.bundle import load_bundle, write_bundle
from models.guarantee import Guarantee
from models.strata import Strata, Traits
from router.automation import Audits, counted
from router.automation_ports import Audited
from router.ports import BundleRecord, Pointers, Store, WriteSession
from router.service import RoutingService
from store.memory import MemoryStore
from tests.bundles import START, WORDS, ticket, tiny_bundle
from tests.evaluations import certificate
from tests.serving import Clock

NOW = START + timedelta(days=100)
ISSUED = replace(certificate(threshold=0.4), issued_at=START, expires_at=NOW + timedelta(days=100))


def bundle_with(
    parent: Path, thresholds: dict[str, float | None], seed: int = 0, issued_at: datetime = START
) -> Path:
    """A bundle whose groups are `pooled` and those of the units that `thresholds` names."""
    made = load_bundle(tiny_bundle(parent / "tiny", issued=ISSUED, seed=seed))
    strata = Strata(alpha=0.01, units=tuple(unit for unit in thresholds if unit != "pooled"))
    of_groups = {f"unit:{unit}" if unit != "pooled" else unit: found for unit, found in thresholds.items()}
    guarantee = Guarantee(
        strata=strata,
        certificates={
            group: replace(ISSUED, threshold=found, issued_at=issued_at) for group, found in of_groups.items()
        },
        confidence=0.95,
        terms=replace(made.guarantee.terms, alphas=strata.alphas, audited=0.0),
    )
    return write_bundle(replace(made, guarantee=guarantee), parent / "bundles")


def serve(clock: Clock, *paths: Path) -> tuple[RoutingService, Store]:
    """A service of two units, of which the last bundle is the champion."""
    store = MemoryStore()

    def furnish(session: WriteSession) -> None:
        session.put_units([Unit(unit_id=unit, name=unit) for unit in WORDS])
        past = [ticket(n, unit) for n in range(30) for unit in WORDS]
        session.append_dispatches(
            Dispatch(ticket=one, unit_id=one.ticket_id.split("-")[0], known_at=one.received_at)
            for one in past
        )
        for path in paths:
            record = BundleRecord(version=0, digest=path.name, path=str(path), registered_at=NOW)
            session.set_pointers(Pointers(champion=session.add_bundle(record).version))

    store.write(furnish)
    return RoutingService(store, clock, load_bundle), store


def close(clock: Clock, *units: str, successors: tuple[str, ...]) -> Callable[[WriteSession], object]:
    """Those units end now, and the others begin, where they are not there yet."""

    def work(session: WriteSession) -> None:
        known = {unit.unit_id for unit in session.units()}
        ended = Validity(valid_to=clock())
        session.put_units([Unit(unit_id=one, name=one) for one in successors if one not in known])
        session.put_units(
            [Unit(unit_id=one, name=one, validity=ended, successors=successors) for one in units]
        )

    return work


def decided(service: RoutingService, clock: Clock, words: str = "pipes") -> Decision:
    service.refresh()
    clock.move(minutes=1)
    asked = Ticket(ticket_id=f"t{clock():%H%M}", received_at=clock(), text=WORDS[words])
    found = service.submit(asked).stored.decision
    assert found is not None
    return found


FAILED: dict[str, float | None] = {"pipes": None, "pooled": 0.4}


def test_who_renames_a_unit_does_not_give_it_another_certificate(tmp_path: Path) -> None:
    clock = Clock(NOW)
    service, store = serve(clock, bundle_with(tmp_path, FAILED))
    assert decided(service, clock).reasons == (Reason.NOT_CERTIFIED,)
    store.write(close(clock, "pipes", successors=("pipes-2",)))
    found = decided(service, clock)
    assert (found.unit_id, found.group, found.reasons) == ("pipes-2", "unit:pipes", (Reason.NOT_CERTIFIED,))


def test_a_renamed_unit_keeps_its_own_certificate(tmp_path: Path) -> None:
    clock = Clock(NOW)
    service, store = serve(clock, bundle_with(tmp_path, {"pipes": 0.4, "pooled": None}))
    store.write(close(clock, "pipes", successors=("pipes-2",)))
    found = decided(service, clock)
    assert (found.verdict, found.unit_id, found.group) == (Verdict.DISPATCH, "pipes-2", "unit:pipes")


def test_a_unit_that_takes_over_another_stands_under_the_stricter_certificate(tmp_path: Path) -> None:
    clock = Clock(NOW)
    service, store = serve(clock, bundle_with(tmp_path, FAILED))
    assert decided(service, clock, "lamps").verdict is Verdict.DISPATCH
    store.write(close(clock, "pipes", successors=("lamps",)))
    for words in WORDS:
        found = decided(service, clock, words)
        assert (found.unit_id, found.group) == ("lamps", "unit:pipes")


def test_the_strictest_group() -> None:
    groups = {"pooled": 0.4, "unit:a": 0.6, "unit:b": None}
    guarantee = Guarantee(
        strata=Strata(alpha=0.01, units=("a", "b")),
        certificates={name: replace(ISSUED, threshold=found) for name, found in groups.items()},
        confidence=0.95,
    )

    def strictest(*units: str) -> str:
        return guarantee.strictest([Traits(source=LocationSource.NONE, unit=one) for one in units])

    assert [strictest(*units) for units in ("c", "ca", "ac", "cab")] == [
        "pooled",
        "unit:a",
        "unit:a",
        "unit:b",
    ]


@pytest.mark.parametrize("successors", [("pipes-2",), ("lamps",), ("pipes-2", "pipes-3")])
def test_a_stop_holds_for_who_stands_in(tmp_path: Path, successors: tuple[str, ...]) -> None:
    clock = Clock(NOW)
    service, store = serve(clock, bundle_with(tmp_path, {"pooled": 0.4}))
    made = service.suspend(Scope.UNIT, "pipes", by="Li Wei", reason="the wrong crew")
    store.write(close(clock, "pipes", successors=successors))
    found = decided(service, clock)
    assert found.unit_id in successors
    assert (found.reasons, found.suspension_ids) == (
        (Reason.SUSPENDED_BY_PERSON,),
        (made.suspension_id,),
    )


def test_what_was_found_of_one_certificate_stops_older_ones_too(tmp_path: Path) -> None:
    clock = Clock(NOW)
    first = bundle_with(tmp_path / "1", {"pooled": 0.4})
    second = bundle_with(tmp_path / "2", {"pooled": 0.4}, seed=1)
    service, store = serve(clock, first, second)
    found = Suspension(
        scope=Scope.UNIT, key="pipes", cause=Cause.RETURNS, at=clock(), bundle_digest=second.name
    )
    store.write(lambda session: session.add_suspension(found))
    assert decided(service, clock).reasons == (Reason.SUSPENDED_BY_RETURNS,)
    store.write(lambda session: session.set_pointers(Pointers(champion=1)))
    assert decided(service, clock).reasons == (Reason.SUSPENDED_BY_RETURNS,)
    newer = bundle_with(tmp_path / "3", {"pooled": 0.4}, seed=2, issued_at=clock() + timedelta(minutes=1))
    record = BundleRecord(version=0, digest=newer.name, path=str(newer), registered_at=NOW)
    store.write(lambda session: session.set_pointers(Pointers(champion=session.add_bundle(record).version)))
    assert decided(service, clock).reasons == (Reason.CERTIFIED,)


def test_blind_reviews_are_counted_by_the_worst_that_was_said_of_each() -> None:
    units = [
        Unit(unit_id="pipes", name="Pipes", successors=("pipes-2",)),
        Unit(unit_id="pipes-2", name="Pipes", successors=("pipes-3",)),
    ]
    drawn = [
        said("pipes"),
        said("pipes-3", count=2),  # what it became
        said("lamps"),
        said("lamps", "pipes"),  # the first was undone, or the second
        replace(said("pipes"), refused=True),
        said(count=4),
        replace(said(), joined=True),
    ]
    assert counted(drawn, units) == (Audits(group="pooled", rows=6, errors=3, waiting=4),)


def said(*words: str, count: int = 1) -> Audited:
    return Audited(group="pooled", unit_id="pipes", words=frozenset(words), count=count)
