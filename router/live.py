"""The world that serving routes in: built from the store, folded forward, replaced when what it stands on changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from domain.automation import Suspension
from domain.decisions import Policy
from domain.dispatches import Dispatch, LabelSource, Outcome, unretracted
from domain.errors import BundleDamaged, BundleIncompatible, GridrouteError, NotFound
from features.history import History
from features.schema import HistorySchema
from features.territories import Territories
from models.bundle import Bundle
from router.atlas import Atlas
from router.beside import Standpoint
from router.derived import Derived, DerivedAnew
from router.folding import LONG_TAIL, FoldKey, begin, fold_order, fold_remembered, keep
from router.lanes import Lanes
from router.ports import BundleRecord, Pointers, ReadSession, Store
from router.route import learn
from router.rules import RuleBook
from router.suspensions import Suspensions
from router.uncollected import uncollected
from router.world import World

LoadBundle = Callable[[Path], Bundle]


def _unheard(_done: int) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What of the store a world stands on besides the log; another foundation needs another world."""

    world_version: str
    pointers: Pointers

    @classmethod
    def of(cls, session: ReadSession) -> Foundation:
        """The store's present one; cheap to ask."""
        return cls(world_version=session.world_version(), pointers=session.pointers())


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """The bundle that the store names for serving; `bundle` is None where it could not be loaded, `problem` why.

    The world then goes on with the last one that could be, where this process has one.
    """

    record: BundleRecord
    bundle: Bundle | None
    problem: GridrouteError | None = None


@dataclass(slots=True, kw_only=True)
class Standing:
    """A world, what it stands on, how far its history is folded, and how many entries of that are kept for a start."""

    world: World
    foundation: Foundation
    champion: Champion | None
    folded: FoldKey | None = None
    kept: int = 0

    def suspend(self, active: Sequence[Suspension]) -> None:
        """Take these for the ones that are active now."""
        now = Suspensions.under(self.world.bundle, active)
        if now.active != self.world.suspensions.active:
            self.world = replace(self.world, suspensions=now)

    def accepts(self, tail: list[Dispatch]) -> bool:
        """Whether the entries belong after all that is folded."""
        if any(one.source is LabelSource.RETRACTION for one in tail):
            return False  # what was folded cannot be taken out again
        return not tail or self.folded is None or self.folded < fold_order(tail[0])

    def fold(
        self,
        tail: Sequence[Dispatch],
        derived: Derived | None = None,
        heard: Callable[[int], None] = _unheard,
    ) -> None:
        """Fold in entries that are in fold order and that this standing accepts.

        Of a long tail `heard` is told each time how many more are done.
        """
        counted = unretracted(tail)
        if derived is None or len(tail) <= LONG_TAIL:
            for dispatch in counted:
                learn(dispatch, self.world)
        else:
            fold_remembered(counted, self.world, derived, heard)
        self.reach(tail)

    def reach(self, log: Sequence[Outcome | Dispatch]) -> None:
        """Take it that the entries, in fold order, are folded as far as they count."""
        if log:
            history, self.folded = self.world.history, fold_order(log[-1])
            history.sequence = max(history.sequence, *(one.sequence for one in log))


class LiveWorld:
    """Owner of the one mutable world: a thread that scores or learns holds `routing`."""

    def __init__(
        self,
        store: Store,
        load_bundle: LoadBundle,
        policy: Policy | None = None,
        derived: Derived | None = None,
        built: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._load_bundle = load_bundle
        self._built = built
        self._derived = derived or DerivedAnew()
        self._policy = policy or Policy()
        self._routing = Lanes()
        self._building = threading.Lock()
        self._last_good: Bundle | None = None
        self._standing = self._build()

    @property
    def world(self) -> World:
        """The present world, for its frozen parts; whoever scores takes `routing`."""
        return self._standing.world

    @property
    def standing(self) -> Standing:
        """The present world and what it stands on."""
        return self._standing

    @property
    def champion(self) -> Champion | None:
        """The champion of the present world."""
        return self._standing.champion

    @property
    def known_until(self) -> datetime | None:
        """When the latest folded outcome was known."""
        folded = self._standing.folded
        return folded[0] if folded else None

    @property
    def standpoint(self) -> Standpoint:
        """Where the present world stands."""
        standing = self._standing
        world, foundation = standing.world, standing.foundation
        return Standpoint(
            world_version=foundation.world_version,
            pointers=foundation.pointers,
            bundle=world.bundle.digest if world.bundle else None,
            sequence=world.history.sequence,
            suspended=tuple(one.suspension_id for one in world.suspensions.active),
        )

    def comes_to(self, standpoint: Standpoint) -> bool:
        """Whether the present world stands there, if need be after a look at the log; False: only a `refresh` helps."""
        return self.standpoint.covers(standpoint) or (self.catch_up() and self.standpoint.covers(standpoint))

    @contextmanager
    def routing(self, *, bulk: bool = False) -> Iterator[World]:
        """The present world, for one thread at a time: its history is mutable. In bulk: after everybody else."""
        with self._routing.entered(bulk=bulk):
            yield self._standing.world

    def refresh(self) -> None:
        """Pick up what changed in the store: pointers, units, territories, rules, gazetteer, log."""
        with self._building:
            with self._store.read() as session:
                foundation, last = Foundation.of(session), session.last_sequence()
            short = last - self._standing.world.history.sequence <= LONG_TAIL
            same = foundation == self._standing.foundation and not self._mended()
            fresh = same and short and self.catch_up()
            while not fresh:
                fresh = self._take(self._build())

    def catch_up(self) -> bool:
        """Fold in the log's new entries, each once, in order; False where one belongs before what is folded.

        What is suspended is looked up as well.
        """
        with self._routing.entered(bulk=False):
            return self._fold_tail(self._standing)

    def look_at_suspensions(self) -> None:
        """Take up what is suspended now, however long a new world takes to be built meanwhile."""
        with self._routing.entered(bulk=False), self._store.read() as session:
            self._standing.suspend(session.suspensions())

    def _mended(self) -> bool:
        """Whether a champion that could not be loaded can be now."""
        champion = self._standing.champion
        if champion is None or champion.problem is None:
            return False
        return load_champion(champion.record, self._load_bundle).problem is None

    def _take(self, standing: Standing) -> bool:
        with self._routing.entered(bulk=False):
            self._standing = standing
            return self._fold_tail(standing)

    def _fold_tail(self, standing: Standing) -> bool:
        with self._store.read() as session:
            tail = sorted(session.dispatches(after=standing.world.history.sequence), key=fold_order)
            active = session.suspensions()
        standing.suspend(active)
        if standing.accepts(tail):
            standing.fold(tail)
            return True
        return False

    def _build(self) -> Standing:
        with uncollected(), self._store.read() as session:
            standing = build_standing(
                session, self._load_bundle, self._policy, self._derived, self._last_good
            )
            standing.world = replace(standing.world, audit_salt=session.audit_salt())
            self._built()
        self._last_good = standing.world.bundle or self._last_good
        return standing


def build_standing(
    session: ReadSession,
    load_bundle: LoadBundle,
    policy: Policy,
    derived: Derived,
    last_good: Bundle | None = None,
) -> Standing:
    """The world as of the session, its history folded to the end of the log.

    Where the champion cannot be loaded `last_good` ranks in its place.
    """
    foundation = Foundation.of(session)
    champion = find_champion(session, load_bundle)
    bundle = champion.bundle if champion else None
    if champion is not None and champion.problem is not None:
        bundle = last_good
    # the addresses that the model learnt with: a restart must not change what it is asked
    atlas = derived.atlas(session, bundle.history_sequence if bundle else session.last_sequence())
    world = world_of(session, bundle, atlas, policy)
    begun = begin(session, world, derived)
    world = replace(world, history=begun.history)
    standing = Standing(world=world, foundation=foundation, champion=champion)
    standing.suspend(session.suspensions())
    standing.fold(begun.rest, derived)
    standing.kept = keep(begun, world, derived)
    standing.reach(begun.log)
    return standing


def world_of(session: ReadSession, bundle: Bundle | None, atlas: Atlas, policy: Policy) -> World:
    """The session's units, territories and rules; nothing folded yet, nothing suspended."""
    return World(
        history=History(bundle.schema if bundle else HistorySchema()),
        units={unit.unit_id: unit for unit in session.units()},
        territories=Territories(session.territories()),
        atlas=atlas,
        rules=RuleBook(session.rules()),
        bundle=bundle,
        policy=policy,
    )


def find_champion(session: ReadSession, load_bundle: LoadBundle) -> Champion | None:
    """The store's champion; None where none is named."""
    version = session.pointers().champion
    record = next((r for r in session.bundles() if r.version == version), None)
    return load_champion(record, load_bundle) if record else None


def load_champion(record: BundleRecord, load_bundle: LoadBundle) -> Champion:
    """The record's bundle where it is whole and the one that was registered, else what is wrong with it."""
    try:
        bundle = load_bundle(Path(record.path))
        if (departure := record.departure(bundle.digest, bundle.issue)) is not None:
            raise BundleDamaged(path=record.path, problem=departure)
    except (BundleDamaged, BundleIncompatible, NotFound) as problem:
        return Champion(record=record, bundle=None, problem=problem)
    return Champion(record=record, bundle=bundle)
