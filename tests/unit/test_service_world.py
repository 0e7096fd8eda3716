"""The live world: however the log grew, it is the world that a restart would build."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.decisions import Review
from domain.errors import BundleDamaged, BundleIncompatible, GridrouteError, NotFound
from router.folding import LONG_TAIL
from router.live import LiveWorld
from router.ports import BundleRecord, Pointers, Store
from router.service import RoutingService
from tests.serving import NOW, Clock, a_dispatch, a_ticket, furnished, no_bundle


def append(store: Store, *hours: float) -> None:
    """Outcomes known so many hours after NOW."""
    entries = [a_dispatch(f"d{h}", "north", NOW + timedelta(hours=h)) for h in hours]
    store.write(lambda session: session.append_dispatches(entries))


def folded(live: LiveWorld) -> tuple[Any, ...]:
    """What the history has counted, to the bit."""
    history = live.world.history
    overall = history.overall
    by_unit = zip(overall.unit.tolist(), overall.numbers.tolist(), strict=True)
    return history.sequence, len(history), overall.totals.tolist(), sorted(by_unit)


@pytest.mark.parametrize("second", [(3.0, 4.0), (0.5, 1.5), (3.0, 0.25)], ids=["later", "earlier", "both"])
def test_a_log_that_grew_is_folded_as_a_restart_would(second: tuple[float, ...]) -> None:
    store = furnished()
    append(store, 1, 2)
    live = LiveWorld(store, no_bundle)
    append(store, *second)
    live.refresh()
    live.refresh()
    assert folded(live) == folded(LiveWorld(store, no_bundle))
    assert live.world.history.sequence == 4


def test_a_restart_folds_by_when_outcomes_were_known_then_by_place_in_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = furnished()
    append(store, 2, 3)
    append(store, 1)
    entries = [a_dispatch(name, "north", NOW + timedelta(hours=3)) for name in ("z", "a")]
    store.write(lambda session: session.append_dispatches(entries))
    with store.read() as session:
        sequences = {entry.ticket.ticket_id: entry.sequence for entry in session.dispatches()}
    seen: list[str] = []
    monkeypatch.setattr("router.live.learn", lambda dispatch, world: seen.append(dispatch.ticket.ticket_id))
    LiveWorld(store, no_bundle)
    assert seen == ["d1", "d2", "d3", *sorted("az", key=sequences.__getitem__)]


def test_catching_up_in_order_keeps_the_world_and_an_earlier_outcome_asks_for_a_new_one() -> None:
    store = furnished()
    append(store, 2)
    live = LiveWorld(store, no_bundle)
    before = live.world
    append(store, 3)
    assert live.catch_up()
    assert live.world is before
    append(store, 1)
    assert not live.catch_up()
    live.refresh()
    assert live.world is not before


def test_a_long_import_is_folded_beside_the_world_that_goes_on_routing() -> None:
    store = furnished()
    live = LiveWorld(store, no_bundle)
    before = live.world
    append(store, *(float(h) for h in range(LONG_TAIL + 1)))
    live.refresh()
    assert live.world is not before
    assert before.history.sequence == 0
    assert live.world.history.sequence == LONG_TAIL + 1


def test_what_arrives_while_a_world_is_built_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    store = furnished()
    append(store, 1)
    live = LiveWorld(store, no_bundle)
    build = live._build
    meanwhile = [2.0, 0.5]  # the second one belongs before what was folded by then

    def interrupted() -> Any:
        standing = build()
        if meanwhile:
            append(store, meanwhile.pop(0))
        return standing

    monkeypatch.setattr(live, "_build", interrupted)
    append(store, 0.75)
    live.refresh()
    assert folded(live) == folded(LiveWorld(store, no_bundle))


def test_reviews_imports_and_refreshes_at_once_lead_to_the_world_of_a_restart() -> None:
    store = furnished()
    service = RoutingService(store, Clock(NOW + timedelta(days=9)), no_bundle)
    start = threading.Barrier(4)

    def work(number: int) -> None:
        start.wait()
        for step in range(8):
            name = f"{number}-{step}"
            service.submit(a_ticket(name, received_at=NOW))
            service.review(Review(ticket_id=name, unit_id="north", by="Li Wei", at=NOW))

    def bring_old_news() -> None:
        start.wait()
        for hours in range(8):
            append(store, -hours - 0.5)
            service.refresh()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(bring_old_news), *(pool.submit(work, n) for n in range(3))]:
            done.result()
    service.refresh()
    assert folded(service._live) == folded(LiveWorld(store, no_bundle))
    assert service.readiness().history_sequence == 32


@pytest.mark.parametrize(
    "error",
    [
        BundleDamaged(path="b", problem="differs"),
        BundleIncompatible(path="b", problem="old"),
        NotFound(kind="model bundle", key="b"),
    ],
)
def test_a_bundle_that_cannot_be_loaded_leaves_a_world_without_a_model(error: GridrouteError) -> None:
    def load(_: Path) -> Any:
        raise error

    store = furnished()
    record = BundleRecord(version=0, digest="d", path="b", registered_at=NOW)

    def register(session: Any) -> None:
        session.set_pointers(Pointers(champion=session.add_bundle(record).version))

    store.write(register)
    live = LiveWorld(store, load)
    assert live.world.bundle is None
    assert live.champion is not None
    assert live.champion.problem is error
    live.refresh()
    assert live.champion.problem is error
