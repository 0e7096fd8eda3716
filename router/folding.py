"""The log folded into a world's history, at a start from where a kept history ends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.dispatches import Dispatch, Outcome, unretracted
from features.history import History
from router.derived import Derived
from router.ports import ReadSession
from router.route import facts_alone
from router.world import World

FoldKey = tuple[datetime, int]

LONG_TAIL = (
    1_000  # more new log entries than this are folded into a fresh world, while the old one goes on routing
)
SPOT_CHECKS = 24  # of what is remembered, before it is believed
HEARD_EVERY = 500  # entries of a long tail
LEAST_KEPT = 200  # entries: to work out and fold fewer is no matter
WORTH_KEEPING = 200  # to write a history takes as long as to work out and fold such a part of it


def fold_order(entry: Outcome | Dispatch) -> FoldKey:
    """The law of the history fold: by when the outcome was known, then by place in the log."""
    return entry.known_at, entry.sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A history in which the first `done` of the log's entries that count are folded, and the dispatches of the others.

    `log` is the whole one, `counted` what counts of it, both in fold order.
    """

    history: History
    done: int
    rest: Sequence[Dispatch]
    log: Sequence[Outcome | Dispatch]
    counted: Sequence[Outcome | Dispatch]


def begin(session: ReadSession, world: World, derived: Derived) -> Beginning:
    """With the longest kept history that is the beginning of the present log, else with the world's empty one."""
    kept = derived.histories(world.atlas, world.history.schema)
    if kept:
        log = sorted(session.outcomes(), key=fold_order)
        counted = unretracted(log)
        for one in kept:
            done = counted[: one.count]
            if len(done) == one.count and one.log == log_digest(done):
                history = one.open()
                if history is not None and _agrees(history, done, session, world):
                    rest = _dispatches(session, counted[one.count :])
                    return Beginning(history=history, done=one.count, rest=rest, log=log, counted=counted)
    whole = sorted(session.dispatches(), key=fold_order)
    rest = unretracted(whole)
    return Beginning(history=world.history, done=0, rest=rest, log=whole, counted=rest)


def worth_keeping(rest: int, done: int) -> bool:
    """Whether a start is the quicker where a history is kept with the rest of the entries, after those done."""
    return rest > max(LEAST_KEPT, done // WORTH_KEEPING)


def keep(begun: Beginning, world: World, derived: Derived) -> int:
    """Have the history kept, now that all is folded, where the next start is the quicker for it.

    Answers how many of its entries are kept.
    """
    if not worth_keeping(len(begun.rest), begun.done):
        return begun.done
    derived.keep(world.atlas, begun.history, log_digest(begun.counted))
    return len(begun.history)


def log_digest(entries: Sequence[Outcome | Dispatch]) -> str:
    """Which entries they are, in which order."""
    told = json.dumps([(one.sequence, one.unit_id) for one in entries])
    return hashlib.sha256(told.encode()).hexdigest()


def fold_remembered(
    log: Sequence[Dispatch], world: World, derived: Derived, heard: Callable[[int], None]
) -> None:
    """Fold entries, working out only what is not remembered of them, and have that remembered.

    `heard` is told each time how many more are done.
    """
    atlas, schema = world.atlas, world.history.schema
    remembered = derived.facts(atlas, schema)
    for dispatch in log[:: max(1, len(log) // SPOT_CHECKS)]:
        known = remembered.get(dispatch.sequence)
        if known and not known.agrees(facts_alone(dispatch.ticket, atlas, schema)):
            remembered = {}  # of another version of this program
            break
    fresh = {}
    for number, dispatch in enumerate(log, 1):
        if not number % HEARD_EVERY:
            heard(HEARD_EVERY)
        sequence = dispatch.sequence
        known = remembered.get(sequence)
        if known is None:
            known = fresh[sequence] = facts_alone(dispatch.ticket, atlas, schema)
        world.history.fold(known, dispatch.unit_id, sequence, dispatch.source)
    if len(fresh) > LONG_TAIL:
        derived.remember(atlas, schema, fresh)


def _agrees(history: History, done: Sequence[Outcome | Dispatch], session: ReadSession, world: World) -> bool:
    """Whether some of the entries, worked out anew, are what the history holds: else it is another version's."""
    places = range(0, len(done), max(1, len(done) // SPOT_CHECKS))
    found = session.dispatches_at(done[place].sequence for place in places)
    return len(history) == len(done) and all(
        history.holds(
            place,
            facts_alone(found[entry.sequence].ticket, world.atlas, history.schema),
            entry.unit_id,
            entry.sequence,
        )
        for place in places
        for entry in (done[place],)
    )


def _dispatches(session: ReadSession, entries: Sequence[Outcome | Dispatch]) -> list[Dispatch]:
    """What the log has of these, in their order."""
    wanted = {one.sequence for one in entries}
    if not wanted:
        return []
    found = {one.sequence: one for one in session.dispatches(after=min(wanted) - 1) if one.sequence in wanted}
    return [found[one.sequence] for one in entries]
