"""The registry of bundles."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import BundleOlder, NotFound
from router.ports import BundleRecord, Pointers
from store import bundles, promoting
from store.memory import MemoryStore

MONDAY = datetime(2024, 5, 6, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def store() -> MemoryStore:
    """A store with three bundles and no champion."""
    store = MemoryStore()
    for digest in ("aa", "bb", "cc"):
        record = BundleRecord(version=0, digest=digest, path=digest, registered_at=MONDAY)
        store.write(lambda session, record=record: session.add_bundle(record))  # type: ignore[misc]
    return store


def champion_version(store: MemoryStore) -> int | None:
    found = bundles.champion(store)
    return found.version if found else None


def test_there_is_no_champion_before_the_first_promotion(store: MemoryStore) -> None:
    assert bundles.champion(store) is None
    assert bundles.challenger(store) is None


def test_a_promotion_remembers_the_way_back(store: MemoryStore) -> None:
    bundles.promote(store, 1, MONDAY)
    assert bundles.promote(store, 3, TUESDAY) == Pointers(champion=3, previous=1, since=TUESDAY)
    found = bundles.champion(store)
    assert found is not None
    assert (found.version, found.digest) == (3, "cc")


def test_promoting_the_champion_changes_nothing(store: MemoryStore) -> None:
    bundles.promote(store, 1, MONDAY)
    moved = bundles.promote(store, 2, MONDAY)
    assert bundles.promote(store, 2, TUESDAY) == moved


def test_a_promoted_challenger_no_longer_waits(store: MemoryStore) -> None:
    bundles.promote(store, 1, MONDAY)
    bundles.set_challenger(store, 2)
    found = bundles.challenger(store)
    assert found is not None
    assert found.version == 2
    assert bundles.promote(store, 2, TUESDAY).challenger is None


def test_another_promotion_leaves_the_challenger_waiting(store: MemoryStore) -> None:
    bundles.set_challenger(store, 2)
    assert bundles.promote(store, 3, MONDAY).challenger == 2
    assert bundles.set_challenger(store, None).challenger is None


def test_a_rollback_goes_back_once(store: MemoryStore) -> None:
    bundles.promote(store, 1, MONDAY)
    bundles.promote(store, 2, MONDAY)
    assert bundles.rollback(store, TUESDAY) == Pointers(champion=1, since=TUESDAY)
    assert champion_version(store) == 1
    with pytest.raises(NotFound, match="previous champion"):
        bundles.rollback(store)
    assert champion_version(store) == 1


def promoted_meanwhile(store: MemoryStore, version: int) -> Callable[[BundleRecord], None]:
    """A check of a bundle that takes so long that somebody else promotes that version."""

    def check(_: BundleRecord) -> None:
        bundles.promote(store, version, TUESDAY)

    return check


def test_one_that_became_older_while_it_was_checked_is_not_promoted(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles.promote(store, 1, MONDAY)
    monkeypatch.setattr(promoting, "fault", promoted_meanwhile(store, 3))
    with pytest.raises(BundleOlder, match="older than version 3"):
        promoting.promote(store, 2, TUESDAY)
    assert champion_version(store) == 3
    assert promoting.promote(store, 2, TUESDAY, older=True).champion == 2


def test_no_other_one_than_was_checked_is_rolled_back_to(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles.promote(store, 1, MONDAY)
    bundles.promote(store, 2, MONDAY)
    monkeypatch.setattr(promoting, "fault", promoted_meanwhile(store, 3))
    with pytest.raises(NotFound, match="previous champion 1"):
        promoting.rollback(store, TUESDAY)
    assert champion_version(store) == 3


def test_unknown_versions_are_refused(store: MemoryStore) -> None:
    bundles.promote(store, 1, MONDAY)
    with pytest.raises(NotFound, match="9"):
        bundles.promote(store, 9, TUESDAY)
    with pytest.raises(NotFound, match="9"):
        bundles.set_challenger(store, 9)
    assert champion_version(store) == 1


def test_reading_the_champion_never_imports_mlflow() -> None:
    script = "import sys, store.bundles, store.sql, store.memory; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
