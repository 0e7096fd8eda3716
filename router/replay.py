"""A stored decision, made again from the log: the same ticket, time, bundle, history and suspensions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import islice, takewhile

from domain.decisions import Decision, Policy, Reason
from domain.errors import NotFound
from models.bundle import Bundle
from router.atlas import Atlas
from router.derived import Derived
from router.event_ports import EventKind
from router.folding import fold_order
from router.live import Foundation, LoadBundle, Standing, load_champion, world_of
from router.ports import ReadSession
from router.refusals import reconsider
from router.rerouting import looked_at_again
from router.route import route

ATLASES_TRIED = 20  # without a bundle nothing says when the addresses were taken from the log


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The decision as it was stored and as it is made again; `changed`: what of the world is another one now.

    It is the ticket's `number`th, from 1, of so many.
    """

    stored: Decision
    again: Decision
    decided_at: datetime
    changed: tuple[str, ...]
    number: int
    of: int

    @property
    def differences(self) -> tuple[str, ...]:
        """The names of the fields that differ."""
        unknown = {"grounds"} if self.stored.grounds is None else set()  # decided before they were noted
        names = (part.name for part in fields(Decision) if part.name not in unknown)
        return tuple(name for name in names if getattr(self.stored, name) != getattr(self.again, name))


def replay(
    ticket_id: str,
    session: ReadSession,
    load_bundle: LoadBundle,
    policy: Policy,
    derived: Derived,
    number: int | None = None,
) -> Replayed:
    """Make a decision of the ticket again, from 1 the `number`th, by default the latest.

    Raises NotFound without such a ticket, decision or bundle, BundleDamaged or BundleIncompatible for one that cannot
    be loaded.
    """
    stored = session.ticket(ticket_id)
    if stored is None:
        raise NotFound(kind="ticket", key=ticket_id)
    made = session.decisions(ticket_id)
    number = len(made) if number is None else number
    if not 1 <= number <= len(made):
        which = f"decision {number} of ticket" if made else "decision of ticket"
        raise NotFound(kind=which, key=ticket_id)
    decided_at, decision = made[number - 1]
    bundle = _bundle_of(decision, session, load_bundle)
    standing = Standing(
        world=world_of(session, bundle, _atlas_of(decision, bundle, session, derived), policy),
        foundation=Foundation.of(session),
        champion=None,
    )
    standing.suspend(session.suspensions_at(decided_at))
    log = takewhile(lambda one: one.sequence <= decision.history_sequence, session.dispatches())
    standing.fold(sorted(log, key=fold_order), derived)
    world = replace(standing.world, audit_salt=session.audit_salt())
    again = route(stored.ticket, world, decided_at)
    if len(again.ranking.candidates) < len(decision.ranking.candidates):  # it was made when all were named
        every = replace(policy, told_candidates=policy.max_candidates)
        again = route(stored.ticket, replace(world, policy=every), decided_at)
    if Reason.REFUSED in decision.reasons:
        refusals = [one for one in session.refusals(ticket_id) if one.at <= decided_at]
        again = reconsider(again, refusals, policy)
    elif Reason.REROUTED in decision.reasons:
        again = looked_at_again(again)
    return Replayed(
        stored=decision,
        again=again,
        decided_at=decided_at,
        changed=tuple(_changed(ticket_id, number, session)),
        number=number,
        of=len(made),
    )


def _bundle_of(decision: Decision, session: ReadSession, load_bundle: LoadBundle) -> Bundle | None:
    digest = decision.bundle_digest
    if digest is None:
        return None
    record = next((one for one in session.bundles() if one.digest == digest), None)
    if record is None:
        raise NotFound(kind="model bundle", key=digest)
    champion = load_champion(record, load_bundle)
    if champion.problem is not None:
        raise champion.problem
    return champion.bundle


def _atlas_of(decision: Decision, bundle: Bundle | None, session: ReadSession, derived: Derived) -> Atlas:
    if bundle is not None:
        return derived.atlas(session, bundle.history_sequence)
    first = derived.atlas(session, decision.history_sequence)
    if first.version == decision.atlas_version:
        return first
    for until in islice(_earlier(decision, session), ATLASES_TRIED):
        atlas = derived.atlas(session, until)
        if atlas.version == decision.atlas_version:
            return atlas
    return first


def _earlier(decision: Decision, session: ReadSession) -> Iterator[int]:
    """Where the log stood before each outcome that tells of an address, latest first."""
    told = [one for one in session.dispatches() if one.ticket.address and one.ticket.point]
    return (one.sequence - 1 for one in reversed(told) if one.sequence <= decision.history_sequence)


def _changed(ticket_id: str, number: int, session: ReadSession) -> Iterator[str]:
    """Kinds of things that changed after the ticket's `number`th decision."""
    made = [one.sequence for one in session.events(ticket_id) if one.kind is EventKind.DECIDED]
    decided = made[number - 1] if number <= len(made) else 0
    seen: set[str] = set()
    while events := session.event_log(decided, 1000):
        for event in events:
            what = event.detail.partition(" ")[0]
            if event.kind is EventKind.CHANGED and what not in seen:
                seen.add(what)
                yield f"{what} (event {event.sequence}, {event.at:%Y-%m-%d %H:%M})"
        decided = events[-1].sequence
