"""The training path and the serving path give the same feature rows and decisions, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from domain.decisions import Decision, Policy
from domain.dispatches import Dispatch
from domain.rules import Rule
from models.bundle import Bundle, load_bundle, write_bundle
from models.guarantee import Guarantee
from models.ranker import Floats, Floats32, Ranker
from router.atlas_building import atlas_of
from router.folding import fold_order
from router.live import LiveWorld
from router.ports import BundleRecord, Pointers, Store, WriteSession
from router.route import route
from router.world import World
from simulation.city import City
from store.memory import MemoryStore
from tests.estimators import QUICK, surroundings_of, world_of
from training.fitting import fit
from training.pairs import Ground, pairs
from training.replay import Case, Replay, prepare
from training.training import read_material

TICKETS = 1_000
RESTART = TICKETS // 2


class Recorder(Ranker):
    """A ranker that keeps the rows it was asked to score."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.rows: list[Floats32] = []

    def scores(self, rows: Floats32) -> Floats:
        """As the ranker's."""
        self.rows.append(rows.copy())
        return super().scores(rows)


@dataclass(kw_only=True)
class Served:
    """What serving scored and decided, ticket by ticket."""

    rows: list[Floats32] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


def rules_of(city: City) -> list[Rule]:
    """One that names a unit that no ticket was ever sent to, one that names a usual one, one that names none."""
    usual = city.dispatches[0].unit_id
    return [
        Rule(rule_id="new", unit_id="a new crew", words=("停电", "power cut", "outage")),
        Rule(rule_id="usual", unit_id=usual, words=("水", "water")),
        Rule(rule_id="never", never_automatic=True, categories=frozenset({"垃圾"})),
    ]


def furnish(city: City, record: BundleRecord) -> Callable[[WriteSession], None]:
    """All of the city but its past."""

    def work(session: WriteSession) -> None:
        session.put_units(city.units)
        session.put_territories(city.territories)
        session.put_accounts(city.accounts)
        session.put_addresses(city.addresses)
        session.put_rules(rules_of(city))
        session.set_pointers(Pointers(champion=session.add_bundle(record).version))

    return work


@pytest.fixture(scope="module")
def bundle(city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Learnt from what was known before the tickets that are replayed."""
    ordered = by_arrival(city)
    past = [d for d in ordered[:-TICKETS] if d.known_at < ordered[-TICKETS].ticket.received_at]
    past = [replace(dispatch, sequence=i + 1) for i, dispatch in enumerate(past)]
    around = surroundings_of(city, rules_of(city))
    learnt = fit(past, "ab" * 32, around, QUICK, issued_at=city.ends).bundle
    # a threshold that some tickets reach, so that all verdicts occur
    certified = Guarantee.pooled(replace(learnt.certificate, threshold=0.9))
    return write_bundle(replace(learnt, guarantee=certified), tmp_path_factory.mktemp("bundles"))


def by_arrival(city: City) -> list[Dispatch]:
    """The city's past in the order its tickets came."""
    return sorted(city.dispatches, key=lambda d: (d.ticket.received_at, d.known_at, d.ticket.ticket_id))


def serve(store: Store, city: City, path: Path) -> Served:
    """Route the last tickets as they come, with each outcome stored once it is known; restart in the middle."""
    served = Served()

    def load(path: Path) -> Bundle:
        bundle = load_bundle(path)
        recorder = Recorder(bundle.ranker.text)
        recorder.rows = served.rows
        return replace(bundle, ranker=recorder)

    loaded = load(path)
    record = BundleRecord(version=0, digest=loaded.digest, path=str(path), registered_at=city.starts)
    store.write(furnish(city, record))
    past = next(arrivals(city))[1]  # a bundle comes after the history that it learnt from
    store.write(lambda session: session.append_dispatches(past))
    live = LiveWorld(store, load)
    for number, (dispatch, known) in enumerate(arrivals(city)):
        store.write(lambda session, known=known: session.append_dispatches(known))  # type: ignore[misc]
        if number == RESTART:
            live = LiveWorld(store, load)
        assert live.catch_up()
        with live.routing() as world:
            served.decisions.append(route(dispatch.ticket, world))
    return served


def arrivals(city: City) -> Iterator[tuple[Dispatch, Sequence[Dispatch]]]:
    """Each of the last tickets, with the outcomes that became known since the one before."""
    log = sorted(city.dispatches, key=fold_order)
    last = by_arrival(city)[-TICKETS:]
    moments = [city.starts, *(d.ticket.received_at for d in last)]
    for dispatch, (since, until) in zip(last, pairwise(moments), strict=True):
        yield dispatch, [known for known in log if since <= known.known_at < until]


@pytest.fixture(scope="module")
def store() -> Store:
    """Filled by serving, read by training."""
    return MemoryStore()


@pytest.fixture(scope="module")
def served(store: Store, city: City, bundle: Path) -> Served:
    """The serving path."""
    return serve(store, city, bundle)


@dataclass(frozen=True, kw_only=True)
class Learning:
    """The training path, standing before the first ticket that is replayed."""

    world: World
    ground: Ground
    cases: list[Case]

    def walk(self) -> Iterator[Case]:
        """The last tickets, with the history as of each."""
        replayed = self.cases[-TICKETS:]
        return Replay(self.cases, self.world.history).walk(replayed)


@pytest.fixture
def learning(store: Store, served: Served, city: City, bundle: Path) -> Learning:
    """Training material read from the store that was served, the last tickets' outcomes included."""
    remaining = sorted(city.dispatches, key=fold_order)
    store.write(lambda session: session.append_dispatches(remaining))  # those it has already are left out
    loaded = load_bundle(bundle)
    with store.read() as session:
        material = read_material(session)
        # a training now would take places from all of the past; this one goes on from where the bundle stood
        atlas = atlas_of(session, loaded.history_sequence)
        salt = session.audit_salt()
    around = replace(material.surroundings, atlas=atlas)
    world = replace(world_of(around, loaded), audit_salt=salt)  # the same tickets are reviewed blind
    return Learning(
        world=world,
        ground=Ground(
            territories=around.territories,
            units=around.units,
            rules=world.rules,
            limit=QUICK.max_candidates,
        ),
        cases=prepare(material.dispatches, around.atlas, loaded.schema),
    )


def test_training_and_serving_give_the_same_rows_and_decisions(
    learning: Learning, served: Served, bundle: Path
) -> None:
    text, scored = load_bundle(bundle).text, iter(served.rows)
    unequal = []
    for number, (case, decision) in enumerate(zip(learning.walk(), served.decisions, strict=True)):
        learnt = pairs(case, learning.world.history, text, learning.ground)
        named = {candidate.unit_id for candidate in decision.ranking.candidates}
        assert named <= set(learnt.units)
        assert len(named) >= min(len(learnt.units), Policy().told_candidates)
        if named and not np.array_equal(learnt.rows, next(scored), equal_nan=True):
            unequal.append(number)
        assert route(case.dispatch.ticket, learning.world) == decision
    assert unequal == []
    assert next(scored, None) is None
    assert number + 1 == TICKETS
    assert_worth_comparing(served)


def assert_worth_comparing(served: Served) -> None:
    """Verdicts of both kinds, rules that fire and that do not, a unit without a past, a history that moves."""
    assert {len(decision.rule_ids) > 0 for decision in served.decisions} == {True, False}
    assert {decision.verdict.value for decision in served.decisions} == {"dispatch", "review"}
    assert len({decision.history_sequence for decision in served.decisions}) > TICKETS / 3
    found = [{candidate.unit_id for candidate in d.ranking.candidates} for d in served.decisions]
    assert {"a new crew" in units for units in found} == {True, False}
