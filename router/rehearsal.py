"""What a promotion would change: the last tickets, routed again under the bundle that serves and under another."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.decisions import Decision, Policy, Verdict
from domain.dispatches import Dispatch, unretracted
from domain.errors import NotFound
from models.bundle import Bundle
from router.derived import Derived
from router.finding import TicketQuery
from router.live import Foundation, LoadBundle, Standing, fold_order, load_champion, world_of
from router.ports import BundleRecord, ReadSession, Store
from router.route import route
from router.stored import StoredTicket

MOST_TICKETS = 2_000
MOST_EXAMPLES = 50


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
) -> Rehearsal:
    """Route the last tickets under both, each with what was known when it came. The world that serves is not touched.

    Units, territories and rules are those of now, and so are the certificates' dates; what is suspended and which
    tickets are drawn for blind reviews is left out of account. Raises NotFound, BundleDamaged or BundleIncompatible.
    """
    with store.read() as session:
        material = _read(version, last, session, load_bundle, policy, derived)
    candidate = material.after.world.bundle
    before, after = (
        _routed(material.tickets, material.log, standing, derived, now)
        for standing in (material.before, material.after)
    )
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

    return _Material(
        tickets=session.find_tickets(TicketQuery(limit=last))[::-1],
        log=sorted(unretracted(session.dispatches()), key=fold_order),
        before=standing(serving, needed=False),
        after=standing(records[version], needed=True),
    )


def _routed(
    tickets: Sequence[StoredTicket], log: list[Dispatch], standing: Standing, derived: Derived, now: datetime
) -> list[Decision]:
    """Each ticket's decision, with the history as far as it was known before the ticket came."""
    found, folded = [], 0
    for stored in tickets:
        known = bisect_left(log, stored.ticket.received_at, key=lambda one: one.known_at)
        if known > folded:
            standing.fold(log[folded:known], derived)
            folded = known
        found.append(route(stored.ticket, standing.world, now))
    return found


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
