"""Letting a bundle serve, wait, or step back: only one that is sound, and never without a trace of who decided it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from domain.errors import BundleDamaged, BundleIncompatible, GridrouteError, NotFound
from models.bundle import load_bundle
from router.ports import BundleRecord, Pointers, Store
from store import bundles
from store.bundles import GRIDROUTE, Word


def find(store: Store, version: int) -> BundleRecord:
    """The record of a version. Raises NotFound."""
    with store.read() as session:
        found = [record for record in session.bundles() if record.version == version]
    if not found:
        raise NotFound(kind="model version", key=str(version))
    return found[0]


def fault(record: BundleRecord) -> GridrouteError | None:
    """Why the bundle must not serve: missing, damaged, or made by another version; None where it may."""
    try:
        loaded = load_bundle(Path(record.path))
    except (NotFound, BundleDamaged, BundleIncompatible) as error:
        return error
    departure = record.departure(loaded.digest, loaded.issue)
    return BundleDamaged(path=record.path, problem=departure) if departure is not None else None


def promote(
    store: Store, version: int, at: datetime, word: Word = GRIDROUTE, *, older: bool = False
) -> Pointers:
    """Let `version` serve, after it was checked. Raises what `fault` finds, and NotFound.

    Raises BundleOlder for one that was registered before the champion, unless `older` ones are wanted.
    """
    with store.read() as session:
        champion = session.pointers().champion
    if not older:
        bundles.require_newer(version, champion)
    _require_sound(find(store, version))
    # another process may have promoted while the digests were read
    return bundles.promote(store, version, at, word, older=older)


def challenge(store: Store, version: int, word: Word = GRIDROUTE) -> Pointers:
    """Let `version` wait as the challenger, after its digests were checked."""
    _require_sound(find(store, version))
    return bundles.set_challenger(store, version, word)


def rollback(store: Store, at: datetime, word: Word = GRIDROUTE) -> Pointers:
    """Let the previous champion serve again, after its digests were checked.

    Raises NotFound where there is none, or another one by then.
    """
    with store.read() as session:
        previous = session.pointers().previous
    if previous is not None:
        _require_sound(find(store, previous))
    return bundles.rollback(store, at, word, to=previous)


def _require_sound(record: BundleRecord) -> None:
    found = fault(record)
    if found is not None:
        raise found
