"""What a person's correction changes for tickets that wait already, and letting it change them.

A certificate speaks for a ticket's first decision, under a threshold that was chosen on first decisions. A second look
that is taken because something near by was wrong is another experiment, so nothing is dispatched under it: who waits
gets a better proposal, and goes on waiting for a person. An operator's rule is no estimate, and may dispatch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from domain.decisions import Decision, Policy, Reason, Verdict
from domain.dispatches import Refusal
from domain.errors import NotReviewed
from domain.places import UNKNOWN_LOCATION
from domain.tickets import WAITING
from features.facts import Facts, facts
from features.schema import HistorySchema
from router.claiming import require_ticket
from router.event_ports import EventKind
from router.live import LiveWorld
from router.ports import Store, WriteSession
from router.refusals import reconsider
from router.route import route
from router.sight import Sight
from router.stored import StoredTicket
from router.submission import STATUS_OF

CONSIDERED = 1_000  # of what waits, the most pressing
ROUTED = 100  # of those that have to do with the correction, the closest
LEAST_LIKE = 0.3  # of two tickets' words, where they share no place
SHARED = (
    "h3_8",
    "h3_9",
    "h3_10",
    "street",
    "address",
    "account",
)  # keys of history that make two tickets kin
OF_CERTIFICATES = frozenset({Reason.CERTIFIED, Reason.AUDITED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """A waiting ticket, and the other decision that it would get now."""

    stored: StoredTicket
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerouted:
    """How many tickets were routed again, and how many of them went out by a rule."""

    rerouted: int
    dispatched: int


def affected(
    ticket_id: str, by: str, at: datetime, store: Store, live: LiveWorld, sight: Sight | None = None
) -> list[Affected]:
    """Waiting tickets (in sight) that the ticket's review gives another proposal, the closest to it first.

    Left out: those that somebody else than `by` is deciding, and those that are reviewed blind: the first decision is
    what is examined there. Raises NotFound or NotReviewed.
    """
    if not live.catch_up():
        live.refresh()
    with store.read() as session:
        corrected = require_ticket(ticket_id, session)
        if corrected.review is None:
            raise NotReviewed(ticket_id=ticket_id)
        waiting = [one for one in session.waiting(CONSIDERED, sight) if _may_change(one, corrected, by, at)]
    kin = _kin(corrected, waiting, live)[:ROUTED]
    with store.read() as session:
        refused = {one.ticket.ticket_id: session.refusals(one.ticket.ticket_id) for one in kin}
    found = []
    for one in kin:
        with live.routing(bulk=True) as world:  # one at a time: tickets that are submitted go in between
            decision = again(route(one.ticket, world, at), refused[one.ticket.ticket_id], world.policy)
        if _is_changed(one, decision, corrected):
            found.append(Affected(stored=one, decision=decision))
    return found


def reroute(
    ticket_id: str, by: str, at: datetime, store: Store, live: LiveWorld, sight: Sight | None = None
) -> Rerouted:
    """Give them that decision, in the name of `by`. Raises as `affected` does."""
    found = affected(ticket_id, by, at, store, live, sight)
    done = [store.write(partial(_apply, one, ticket_id, by, at)) for one in found]
    return Rerouted(
        rerouted=sum(verdict is not None for verdict in done),
        dispatched=sum(verdict is Verdict.DISPATCH for verdict in done),
    )


def again(decision: Decision, refusals: Sequence[Refusal], policy: Policy) -> Decision:
    """What a second decision of a ticket is. Pure: a replay of it finds the same."""
    return reconsider(decision, refusals, policy) if refusals else looked_at_again(decision)


def looked_at_again(decision: Decision) -> Decision:
    """The decision without what only a certificate says of it; dispatched it is by rules alone."""
    if Reason.RULE in decision.reasons:
        return decision
    left = (reason for reason in decision.reasons if reason not in OF_CERTIFICATES)
    return replace(
        decision,
        verdict=Verdict.REVIEW if decision.verdict is Verdict.DISPATCH else decision.verdict,
        reasons=(Reason.REROUTED, *left),
        group=None,
        blind=False,
    )


def _may_change(one: StoredTicket, corrected: StoredTicket, by: str, at: datetime) -> bool:
    if one.decision is None or one.blind or one.ticket.ticket_id == corrected.ticket.ticket_id:
        return False
    held = one.claimed_until is not None and at < one.claimed_until and one.claimed_by != by
    assert corrected.review is not None
    # where the unit is proposed already, its having one more makes no difference
    return not held and one.decision.unit_id != corrected.review.unit_id


def _kin(corrected: StoredTicket, others: Sequence[StoredTicket], live: LiveWorld) -> list[StoredTicket]:
    """Those that are like it in words or lie where it does, the closest first."""
    if not others:
        return []
    schema = live.world.history.schema
    asked = _facts(corrected, schema)
    known = [_facts(one, schema) for one in others]  # the most of the work, and nobody waits for it
    with live.routing(bulk=True) as world:
        likes = world.history.likeness(asked, known).tolist()
    places = [n for n, key in enumerate(schema.keys) if any(name in key for name in SHARED)]
    shares = [_shared(asked, other, places) for other in known]
    kin = [
        (like + shared, one)
        for one, like, shared in zip(others, likes, shares, strict=True)
        if like >= LEAST_LIKE or shared > 0
    ]
    return [one for _, one in sorted(kin, key=lambda pair: -pair[0])]


def _facts(stored: StoredTicket, schema: HistorySchema) -> Facts:
    location = stored.decision.location if stored.decision else UNKNOWN_LOCATION
    return facts(stored.ticket, location, schema)


def _shared(asked: Facts, other: Facts, places: Iterable[int]) -> float:
    """The share of the keys that both have and that are the same."""
    both = [
        asked.keys[n] == other.keys[n]
        for n in places
        if asked.keys[n] is not None and other.keys[n] is not None
    ]
    return sum(both) / len(both) if both else 0.0


def _is_changed(one: StoredTicket, decision: Decision, corrected: StoredTicket) -> bool:
    """Whether it goes to the corrected ticket's unit, or no longer where that one was thought to go, or by a rule."""
    before = one.decision
    assert before is not None
    assert corrected.review is not None
    if decision.unit_id == before.unit_id:
        return decision.verdict is not before.verdict and not _is_kept(one, decision)
    mistaken = corrected.decision.unit_id if corrected.decision else None
    by_it = decision.unit_id == corrected.review.unit_id or before.unit_id == mistaken
    return by_it and not _is_kept(one, decision)


def _is_kept(one: StoredTicket, decision: Decision) -> bool:
    """Whether a person keeps it back, and the decision would send it out over that person's head."""
    return _is_kept_back(one) and decision.verdict is Verdict.DISPATCH


def _is_kept_back(one: StoredTicket) -> bool:
    """Whether a person put it on hold, not its decision."""
    assert one.decision is not None
    return one.status is not STATUS_OF[one.decision.verdict]


def _apply(one: Affected, because: str, by: str, at: datetime, session: WriteSession) -> Verdict | None:
    """None, and nothing is changed, where somebody was faster."""
    decision, ticket_id = one.decision, one.stored.ticket.ticket_id
    now = require_ticket(ticket_id, session)
    held = now.claimed_until is not None and at < now.claimed_until and now.claimed_by != by
    if held or now.status not in WAITING or now.decided_at != one.stored.decided_at:
        return None
    if now.status is not one.stored.status:
        return None
    session.add_decision(decision, at)
    session.note(ticket_id, EventKind.REROUTED, by=by, detail=because)
    status = STATUS_OF[decision.verdict]
    if status is not now.status and not _is_kept_back(now):
        unit_id = decision.unit_id if decision.verdict is Verdict.DISPATCH else None
        session.set_status(ticket_id, status, unit_id, by=by)
        if unit_id is not None:
            session.set_due(ticket_id, None)
            session.add_delivery(ticket_id, unit_id, at)
    return decision.verdict
