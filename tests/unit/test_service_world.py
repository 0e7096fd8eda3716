"""The live world: however the log grew, it is the world that a restart would build."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.errors import BundleDamaged, BundleIncompatible, GridrouteError, NotFound
from router.live import LONG_TAIL, LiveWorld
from router.ports import BundleRecord, Pointers, Store
from tests.serving import NOW, a_dispatch, furnished, no_bundle


def append(store: Store, *hours: float) -> None:
    """Outcomes known so many hours after NOW."""
    entries = [a_dispatch(f"d{h}", "north", NOW + timedelta(hours=h)) for h in hours]
    store.write(lambda session: session.append_dispatches(entries))


def folded(live: LiveWorld) -> tuple[Any, ...]:
    """What the history has counted, to the bit."""
    history = live.world.history
    return history.sequence, len(history), history.overall.total, history.overall.by_unit


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
