"""What a promotion would change: the last tickets, routed again under the bundle that serves and under another."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.decisions import Decision, Policy, Verdict
from domain.dispatches import Dispatch, unretracted
from domain.errors import NotFound
from models.bundle import Bundle
from router.derived import Derived
from router.finding import TicketQuery
from router.folding import fold_order
from router.live import Foundation, LoadBundle, Standing, load_champion, world_of
from router.ports import BundleRecord, ReadSession, Store
from router.route import route
from router.stored import StoredTicket
from router.uncollected import uncollected

MOST_TICKETS = 2_000
MOST_EXAMPLES = 50
TICKET_STEPS = 40  # a ticket that is routed twice takes as long as so many entries that are folded

Report = Callable[[float], None]


def unreported(_share: float) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A ticket that would be decided otherwise; `outcome`: the unit that was confirmed since, where one was."""

    ticket_id: str
    received_at: datetime
    before: Decision
    after: Decision
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """`tickets` came from `since` to `until`. `champion` None: without a model.

    `other_unit`: another one is proposed or gets it. Of the `confirmed` ones so many were right before and would be
    after. `seen`: tickets whose outcome the candidate learnt from, on which it flatters itself.
    """

    version: int
    champion: int | None
    tickets: int
    since: datetime | None
    until: datetime | None
    automatic_before: int
    automatic_after: int
    newly_automatic: int
    no_longer_automatic: int
    other_unit: int
    confirmed: int
    right_before: int
    right_after: int
    seen: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """What is read of the store in one go: the tickets in their order, the log in its own."""

    tickets: Sequence[StoredTicket]
    log: list[Dispatch]
    before: Standing
    after: Standing

    @property
    def is_one_history(self) -> bool:
        """Whether both count in the same history: then it is folded once."""
        return self.before.world.history is self.after.world.history

    @property
    def outcomes(self) -> dict[str, Dispatch]:
        """The latest confirmed dispatch of each ticket."""
        return {one.ticket.ticket_id: one for one in self.log}


def rehearse(
    version: int,
    last: int,
    now: datetime,
    *,
    store: Store,
    load_bundle: LoadBundle,
    policy: Policy,
    derived: Derived,
    report: Report = unreported,
) -> Rehearsal:
    """Route the last tickets under both, each with what was known when it came. The world that serves is not touched.

    Units, territories and rules are those of now, and so are the certificates' dates; what is suspended and which
    tickets are drawn for blind reviews is left out of account. `report` hears what share is done, from 0 once all is
    read; what it raises ends the work. Raises NotFound, BundleDamaged or BundleIncompatible.
    """
    with store.read() as session:
        material = _read(version, last, session, load_bundle, policy, derived)
    candidate = material.after.world.bundle
    before, after = _routed(material, derived, now, report)
    champion = material.before.champion
    return _compared(
        version, champion.record.version if champion else None, material, before, after, candidate
    )


def _read(
    version: int, last: int, session: ReadSession, load_bundle: LoadBundle, policy: Policy, derived: Derived
) -> _Material:
    records = {record.version: record for record in session.bundles()}
    if version not in records:
        raise NotFound(kind="model version", key=str(version))
    serving = records.get(session.pointers().champion or 0)

    def standing(record: BundleRecord | None, *, needed: bool) -> Standing:
        found = load_champion(record, load_bundle) if record else None
        if found is not None and found.problem is not None:
            if needed:
                raise found.problem
            found = None
        bundle = found.bundle if found else None
        atlas = derived.atlas(session, bundle.history_sequence if bundle else session.last_sequence())
        world = world_of(session, bundle, atlas, policy)
        return Standing(world=world, foundation=Foundation.of(session), champion=found)

    before, after = standing(serving, needed=False), standing(records[version], needed=True)
    return _Material(
        tickets=session.find_tickets(TicketQuery(limit=last))[::-1],
        log=sorted(unretracted(session.dispatches()), key=fold_order),
        before=before,
        after=_sharing(before, after),
    )


def _sharing(before: Standing, after: Standing) -> Standing:
    """The second with the history of the first, where both would be the same: by one schema, located by one atlas.

    By another atlas it is another history: to take it for the same was seen to hide half of what would change.
    """
    one, other = before.world, after.world
    if one.history.schema != other.history.schema or one.atlas.version != other.atlas.version:
        return after
    return replace(after, world=replace(other, history=one.history, atlas=one.atlas))


def _routed(
    material: _Material, derived: Derived, now: datetime, report: Report
) -> tuple[list[Decision], list[Decision]]:
    """Each ticket's decisions before and after, in one pass over the log: both with what was known when it came."""
    tickets, log, standings = material.tickets, material.log, (material.before, material.after)
    ends = [_known(log, stored.ticket.received_at) for stored in tickets]
    folding = standings[:1] if material.is_one_history else standings
    steps = _Steps(len(folding) * max(ends, default=0) + TICKET_STEPS * len(tickets), report)
    found: tuple[list[Decision], list[Decision]] = ([], [])
    folded = 0
    with uncollected():
        for stored, end in zip(tickets, ends, strict=True):
            if end > folded:
                for standing in folding:
                    steps.begin(end - folded)
                    standing.fold(log[folded:end], derived, steps.add)
                    steps.end()
                folded = end
            steps.begin(TICKET_STEPS)
            for standing, decisions in zip(standings, found, strict=True):
                decisions.append(route(stored.ticket, standing.world, now))
            steps.end()
    return found


def _known(log: list[Dispatch], at: datetime) -> int:
    """How many of the log's entries were known then."""
    return bisect_left(log, at, key=lambda one: one.known_at)


class _Steps:
    """Counts what is done of so many steps, and reports each whole percent once."""

    def __init__(self, steps: int, report: Report) -> None:
        self._steps, self._report = max(steps, 1), report
        self._done = self._within = self._part = 0
        self._told = -1
        self._tell()

    def begin(self, part: int) -> None:
        """A part of so many steps begins."""
        self._part, self._within = part, 0

    def add(self, steps: int) -> None:
        """So many more of it are done."""
        self._within = min(self._within + steps, self._part)
        self._tell()

    def end(self) -> None:
        """It is done."""
        self._done += self._part
        self._part = self._within = 0
        self._tell()

    def _tell(self) -> None:
        percent = 100 * (self._done + self._within) // self._steps
        if percent != self._told:
            self._told = percent
            self._report(percent / 100)


def _compared(
    version: int,
    champion: int | None,
    material: _Material,
    before: Sequence[Decision],
    after: Sequence[Decision],
    candidate: Bundle | None,
) -> Rehearsal:
    outcomes = material.outcomes
    pairs = list(zip(material.tickets, before, after, strict=True))

    def count(holds: Callable[[Decision, Decision], bool]) -> int:
        return sum(holds(one, other) for _, one, other in pairs)

    def right(decisions: Sequence[Decision]) -> int:
        found = ((outcomes.get(one.ticket_id), one.unit_id) for one in decisions)
        return sum(known is not None and known.unit_id == unit_id for known, unit_id in found)

    known = [outcomes[one.ticket.ticket_id] for one in material.tickets if one.ticket.ticket_id in outcomes]
    learnt_until = candidate.history_sequence if candidate else 0
    times = [stored.ticket.received_at for stored in material.tickets]
    return Rehearsal(
        version=version,
        champion=champion,
        tickets=len(pairs),
        since=times[0] if times else None,
        until=times[-1] if times else None,
        automatic_before=sum(map(_automatic, before)),
        automatic_after=sum(map(_automatic, after)),
        newly_automatic=count(lambda one, other: _automatic(other) and not _automatic(one)),
        no_longer_automatic=count(lambda one, other: _automatic(one) and not _automatic(other)),
        other_unit=count(lambda one, other: one.unit_id != other.unit_id),
        confirmed=len(known),
        right_before=right(before),
        right_after=right(after),
        seen=sum(one.sequence <= learnt_until for one in known),
        examples=_examples(pairs, outcomes),
    )


def _examples(
    pairs: Sequence[tuple[StoredTicket, Decision, Decision]], outcomes: dict[str, Dispatch]
) -> tuple[Example, ...]:
    """Where automatic dispatch and the unit change at once, one of the two, newest first.

    Nothing of tickets that wait for a blind review: it would tell what is proposed.
    """
    found = [
        Example(
            ticket_id=stored.ticket.ticket_id,
            received_at=stored.ticket.received_at,
            before=before,
            after=after,
            outcome=outcomes[before.ticket_id].unit_id if before.ticket_id in outcomes else None,
        )
        for stored, before, after in reversed(pairs)
        if not stored.blind and _weight(before, after)
    ]
    found.sort(key=lambda one: -_weight(one.before, one.after))
    return tuple(found[:MOST_EXAMPLES])


def _weight(before: Decision, after: Decision) -> int:
    return (before.unit_id != after.unit_id) + (_automatic(before) != _automatic(after))


def _automatic(decision: Decision) -> bool:
    return decision.verdict is Verdict.DISPATCH
