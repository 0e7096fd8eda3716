"""The use cases of serving: submit, review, look up, readiness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from domain.decisions import Decision, Policy, Review, Verdict
from domain.dispatches import Dispatch, LabelSource
from domain.errors import (
    AlreadyDecided,
    DuplicateTicket,
    GridrouteError,
    NotFound,
    StoreUnavailable,
    UnitClosed,
)
from domain.places import Location
from domain.tickets import Ticket, TicketStatus
from domain.units import Unit
from features.gazetteer.entries import Entry
from router.explain_place import Stage, explain_place
from router.ground import grounds
from router.live import Champion, LiveWorld, LoadAtlas, LoadBundle
from router.locate import locate
from router.ports import Store, StoredTicket, WriteSession
from router.readiness import Readiness, assess, unavailable
from router.route import route

STATUS_OF = {
    Verdict.DISPATCH: TicketStatus.DISPATCHED,
    Verdict.REVIEW: TicketStatus.IN_REVIEW,
    Verdict.HOLD: TicketStatus.ON_HOLD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A ticket to submit. `stamped`: its received_at is our own stamp, so a repeat may differ in it."""

    ticket: Ticket
    stamped: bool = False

    def repeats(self, known: Ticket) -> bool:
        """Whether this is the known ticket, sent again."""
        received_at = known.received_at if self.stamped else self.ticket.received_at
        return replace(self.ticket, received_at=received_at) == known


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A ticket that is durably stored; `created` False: it was there already, with the same content."""

    stored: StoredTicket
    created: bool


class RoutingService:
    """Accepts, routes and stores tickets, and learns from reviews. Safe to call from many threads."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        load_bundle: LoadBundle,
        policy: Policy | None = None,
        load_atlas: LoadAtlas | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._live = LiveWorld(store, load_bundle, policy, load_atlas)
        self._stamp = self._live.known_until
        self._versions: dict[str, int] = {}

    @property
    def clock(self) -> Callable[[], datetime]:
        """What the service takes for now."""
        return self._clock

    def refresh(self) -> None:
        """Pick up promotions, imports and changed units or rules; cheap where nothing changed."""
        self._live.refresh()

    def submit(self, ticket: Ticket, *, stamped: bool = False) -> Submission:
        """Route the ticket and store it with its decision; answers only when that is durable.

        Raises DuplicateTicket when the id has another content, StoreUnavailable when nothing was stored.
        """
        draft = Draft(ticket=ticket, stamped=stamped)
        return self._settle(draft, self._begin(ticket))

    def submit_batch(self, drafts: Sequence[Draft]) -> list[Submission | GridrouteError]:
        """Submit each by itself; answers in their order, an error in the place of a ticket that was not stored."""
        begun = [(draft, self._begin(draft.ticket)) for draft in drafts]
        answers: list[Submission | GridrouteError] = []
        for draft, future in begun:
            try:
                answers.append(self._settle(draft, future))
            except GridrouteError as error:
                answers.append(error)
        return answers

    def ticket(self, ticket_id: str) -> StoredTicket:
        """The ticket with its state. Raises NotFound."""
        with self._store.read() as session:
            stored = session.ticket(ticket_id)
        if stored is None:
            raise NotFound(kind="ticket", key=ticket_id)
        return stored

    def review(self, review: Review) -> StoredTicket:
        """Confirm or reassign; the next ticket feels it.

        Raises NotFound (ticket, unit), UnitClosed or AlreadyDecided.
        """
        self._require_open(review.unit_id)
        stored = self._store.write(lambda session: self._record(review, session))
        # it is committed: where the store fails only now, the next refresh folds it
        with suppress(StoreUnavailable):
            if not self._live.catch_up():
                self._live.refresh()
        return stored

    def locate(self, ticket: Ticket) -> tuple[Location, tuple[Stage, ...]]:
        """Where such a ticket would be believed to be, and how that was found. Stores nothing."""
        with self._live.routing() as world:
            location = locate(ticket, world.atlas, world.history.callers)
            owned = grounds(location, world.territories, ticket.category, ticket.received_at)
        return location, explain_place(ticket, location, world.atlas, owned)

    def known_places(self, typed: str, limit: int) -> list[Entry]:
        """Known places for what was typed so far; nothing waits for it and it waits for nothing."""
        return self._live.world.atlas.complete(typed, limit)

    def units(self) -> list[Unit]:
        """All units, by id."""
        return sorted(self._live.world.units.values(), key=lambda unit: unit.unit_id)

    def unit_name(self, unit_id: str) -> str | None:
        """The unit's name; None for one that is not known."""
        unit = self._live.world.units.get(unit_id)
        return unit.name if unit else None

    def champion(self) -> Champion | None:
        """The bundle that serves, or should."""
        return self._live.champion

    def bundle_version(self, digest: str) -> int | None:
        """The store's version number of a bundle; None for one it does not know."""
        if digest not in self._versions:
            with self._store.read() as session:
                self._versions = {record.digest: record.version for record in session.bundles()}
        return self._versions.get(digest)

    def readiness(self) -> Readiness:
        """What stands between this installation and automatic dispatch."""
        found = assess(self._live.world, self._live.champion)
        try:
            with self._store.read() as session:
                session.last_sequence()
        except StoreUnavailable as error:
            return unavailable(found, error)
        return found

    def _begin(self, ticket: Ticket) -> Future[StoredTicket]:
        with self._live.routing() as world:
            decision = route(ticket, world)
        at = self._clock()
        return self._store.submit(lambda session: _accept(ticket, decision, at, session))

    def _settle(self, draft: Draft, future: Future[StoredTicket]) -> Submission:
        try:
            return Submission(stored=future.result(), created=True)
        except DuplicateTicket:
            known = self.ticket(draft.ticket.ticket_id)
            if draft.repeats(known.ticket):
                return Submission(stored=known, created=False)
            raise

    def _require_open(self, unit_id: str) -> None:
        with self._store.read() as session:  # the store's word, not the world's: that may be a second old
            unit = next((u for u in session.units() if u.unit_id == unit_id), None)
        if unit is None:
            raise NotFound(kind="unit", key=unit_id)
        if not unit.is_open(self._clock()):
            raise UnitClosed(unit_id=unit_id, successors=unit.successors)

    def _record(self, review: Review, session: WriteSession) -> StoredTicket:
        stored = session.ticket(review.ticket_id)
        if stored is None:
            raise NotFound(kind="ticket", key=review.ticket_id)
        if stored.review is not None:
            raise AlreadyDecided(ticket_id=review.ticket_id, unit_id=stored.review.unit_id)
        session.add_review(review)
        session.set_status(review.ticket_id, TicketStatus.DISPATCHED, review.unit_id)
        known_at = self._next_stamp(stored.ticket.received_at)
        session.append_dispatches([_label(stored, review, known_at)])
        if (stored.status, stored.unit_id) != (TicketStatus.DISPATCHED, review.unit_id):
            session.add_delivery(review.ticket_id, review.unit_id, review.at)
        return replace(stored, status=TicketStatus.DISPATCHED, unit_id=review.unit_id, review=review)

    def _next_stamp(self, received_at: datetime) -> datetime:
        """When a confirmation is known. Runs in the store's one writer, so known_at never goes back along the log."""
        times = (self._clock(), received_at, self._stamp, self._live.known_until)
        self._stamp = max(time for time in times if time is not None)
        return self._stamp


def _accept(ticket: Ticket, decision: Decision, at: datetime, session: WriteSession) -> StoredTicket:
    status = STATUS_OF[decision.verdict]
    unit_id = decision.unit_id if decision.verdict is Verdict.DISPATCH else None
    session.add_ticket(ticket)
    session.add_decision(decision, at)
    session.set_status(ticket.ticket_id, status, unit_id)
    if unit_id is not None:
        session.add_delivery(ticket.ticket_id, unit_id, at)
    return StoredTicket(ticket=ticket, status=status, unit_id=unit_id, decision=decision)


def _label(stored: StoredTicket, review: Review, known_at: datetime) -> Dispatch:
    """The log's entry; a reassignment names another unit than the one that was proposed."""
    proposed = stored.unit_id or (stored.decision.unit_id if stored.decision else None)
    reassigned = proposed is not None and proposed != review.unit_id
    return Dispatch(
        ticket=stored.ticket,
        unit_id=review.unit_id,
        known_at=known_at,
        source=LabelSource.REASSIGNMENT if reassigned else LabelSource.CONFIRMATION,
        by=review.by,
    )
