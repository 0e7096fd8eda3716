"""The registry of model bundles: which one serves, which one waits, which way leads back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.errors import BundleOlder, NotFound
from router.ports import BundleRecord, Pointers, ReadSession, Store, WriteSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who moves a pointer, and why; both stand in the event log."""

    by: str
    reason: str = ""


GRIDROUTE = Word(by="gridroute")
"""The program itself, as when a first model is trained."""


def champion(store: Store) -> BundleRecord | None:
    """The bundle that serves."""
    with store.read() as session:
        return _record(session, session.pointers().champion)


def challenger(store: Store) -> BundleRecord | None:
    """The bundle that waits."""
    with store.read() as session:
        return _record(session, session.pointers().challenger)


def promote(
    store: Store, version: int, at: datetime, word: Word = GRIDROUTE, *, older: bool = True
) -> Pointers:
    """Make `version` the champion and the old champion the way back.

    Raises NotFound for an unknown version, and BundleOlder unless `older` ones than the champion are wanted.
    """
    return store.write(lambda session: _promote(session, version, at, word, older=older))


def rollback(
    store: Store, at: datetime | None = None, word: Word = GRIDROUTE, *, to: int | None = None
) -> Pointers:
    """Make the previous champion the champion again.

    Raises NotFound when there is none, or (`to`: the one that is meant) another one than that meanwhile. There is then
    no further way back: a second rollback would bring the bundle back that was just taken out.
    """
    return store.write(lambda session: _rollback(session, at, word, to))


def require_newer(version: int, champion: int | None) -> None:
    """Raises BundleOlder for a version that was registered before the champion."""
    if champion is not None and version < champion:
        raise BundleOlder(version=version, champion=champion)


def set_challenger(store: Store, version: int | None, word: Word = GRIDROUTE) -> Pointers:
    """Let `version` (None: nothing) wait for its promotion. Raises NotFound for an unknown version."""

    def work(session: WriteSession) -> Pointers:
        return _move(session, replace(session.pointers(), challenger=version), word)

    return store.write(work)


def _promote(session: WriteSession, version: int, at: datetime, word: Word, *, older: bool) -> Pointers:
    now = session.pointers()
    if not older:
        require_newer(version, now.champion)
    if version == now.champion:
        return now
    waiting = None if now.challenger == version else now.challenger
    after = Pointers(champion=version, challenger=waiting, previous=now.champion, since=at)
    return _move(session, after, word)


def _rollback(session: WriteSession, at: datetime | None, word: Word, to: int | None) -> Pointers:
    now = session.pointers()
    if now.previous is None:
        raise NotFound(kind="bundle", key="previous champion")
    if to is not None and now.previous != to:
        raise NotFound(kind="bundle", key=f"previous champion {to}")
    return _move(session, replace(now, champion=now.previous, previous=None, since=at), word)


def _move(session: WriteSession, pointers: Pointers, word: Word) -> Pointers:
    session.set_pointers(pointers, by=word.by, reason=word.reason)
    return pointers


def _record(session: ReadSession, version: int | None) -> BundleRecord | None:
    return next((bundle for bundle in session.bundles() if bundle.version == version), None)
