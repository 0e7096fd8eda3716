"""The use cases of serving: submit, review, look up, readiness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock

from domain.automation import Scope, Suspension
from domain.decisions import Policy, Review
from domain.errors import (
    DuplicateTicket,
    GridrouteError,
    IdempotencyConflict,
    NotFound,
    StoreUnavailable,
    UnitClosed,
)
from domain.places import Location
from domain.tickets import Ticket
from domain.units import Unit
from features.gazetteer.entries import Entry
from features.territories import Territories
from features.text import normalise
from router.automation import Automation, audits_of, automation_of, live_error_of, resume, suspend
from router.clocks import raise_alarm
from router.deciding import Decider
from router.delivery_ports import Delivery, Reply
from router.derived import Derived, DerivedAnew
from router.explain_place import Stage, explain_place
from router.finding import TicketQuery
from router.ground import grounds
from router.idempotency import LIFETIME, KeptAnswer, RequestKey
from router.live import Champion, LiveWorld, LoadBundle
from router.locate import locate
from router.observing import Observer, StopWatch, Unobserved
from router.owners import CELLS_AT_ONCE, CellOwner, owner_of
from router.ports import Addition, Queue, Store, StoredTicket, WriteSession
from router.previewing import Preview, preview
from router.pulling import Answer, handed, refusal_of, refuse, reply_to
from router.readiness import Readiness, assess, unavailable
from router.refusals import reconsider
from router.rehearsal import Rehearsal, Report, rehearse, unreported
from router.reviewing import count_ahead, record
from router.route import route
from router.same_trouble import Alike, alike, near_in_time, undone
from router.sight import Sight
from router.submission import Draft, Keep, Routed, Submission
from router.undoing import Undo, undo
from router.vitals import Vitals

LISTENS_EVERY = timedelta(seconds=10)


class RoutingService:
    """Accepts, routes and stores tickets, and learns from reviews. Safe to call from many threads."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        load_bundle: LoadBundle,
        policy: Policy | None = None,
        derived: Derived | None = None,
        built: Callable[[], object] = lambda: None,
    ) -> None:
        """`built`: told each time a world was made, before anything is collected."""
        self._store = store
        self._clock = clock
        self._live = LiveWorld(store, load_bundle, policy, derived, built)
        self._rehearse = partial(
            rehearse,
            store=store,
            load_bundle=load_bundle,
            policy=policy or Policy(),
            derived=derived or DerivedAnew(),
        )
        self._versions: dict[str, int] = {}
        self._listened = datetime.min.replace(tzinfo=UTC)
        self._batch_turn = Lock()  # one batch is decided at a time; others are read and answered meanwhile
        self.observer: Observer = Unobserved()
        self.decider = Decider(self._live, clock)

    @property
    def clock(self) -> Callable[[], datetime]:
        """What the service takes for now."""
        return self._clock

    @property
    def live(self) -> LiveWorld:
        """What the service routes with."""
        return self._live

    @property
    def store(self) -> Store:
        """Where the service keeps what it knows."""
        return self._store

    def refresh(self) -> None:
        """Pick up promotions, imports and changed units or rules; cheap where nothing changed."""
        self._live.refresh()

    def submit(self, ticket: Ticket, *, stamped: bool = False, keep: Keep | None = None) -> Submission:
        """Route the ticket and store it with its decision; answers only when that is durable.

        Where another channel has a ticket of this id, it is stored under another id. Raises DuplicateTicket when the
        id has another content, AlreadyAnswered where what is to be kept is there, StoreUnavailable when nothing was
        stored.
        """
        routed = self.decider.decide(Draft(ticket=ticket, stamped=stamped), keep)
        return self.finish(routed, self.hand_over(routed))

    def hand_over(self, routed: Routed, *, bulk: bool = False) -> Future[StoredTicket]:
        """The second third, after the decider's: have the store write it, which is not waited for."""
        stored, keep = routed.stored, routed.keep
        answer = keep(Submission(stored=stored, created=True)) if keep else None
        future = self._store.submit(Addition(stored, answer, routed.written), bulk=bulk)
        future.add_done_callback(partial(self._tell, routed.watch))
        return future

    def finish(self, routed: Routed, written: Future[StoredTicket]) -> Submission:
        """The last third, raising as `submit` does; waits for the store."""
        return self._settle(routed, written)

    def keep_answer(self, answer: KeptAnswer) -> None:
        """Keep what a request was answered. Raises AlreadyAnswered."""
        self._store.write(lambda session: session.keep_answer(answer))

    def kept_answer(self, request: RequestKey) -> KeptAnswer | None:
        """What the request was answered before. Raises IdempotencyConflict where its key stands for another one."""
        with self._store.read() as session:
            kept = session.answer(request.scope, request.key, since=self._clock() - LIFETIME)
        if kept is not None and kept.request != request:
            raise IdempotencyConflict(key=request.key)
        return kept

    def submit_batch(self, drafts: Sequence[Draft]) -> list[Submission | GridrouteError]:
        """Submit each by itself; answers in their order, an error in the place of a ticket that was not stored."""
        with self._batch_turn:
            begun = self._begin_batch(drafts)
        answers: list[Submission | GridrouteError] = []
        for one in begun:
            try:
                if isinstance(one, Exception):
                    raise one
                answers.append(self.finish(*one))
            except GridrouteError as error:
                answers.append(error)
        return answers

    def _begin_batch(self, drafts: Sequence[Draft]) -> list[tuple[Routed, Future[StoredTicket]] | Exception]:
        """Decide each, and hand it to the store."""
        begun: list[tuple[Routed, Future[StoredTicket]] | Exception] = []
        for made in self.decider.in_parts(drafts):
            part = [
                one if isinstance(one, Exception) else (one, self.hand_over(one, bulk=True)) for one in made
            ]
            begun += part
            if not self.decider.beside.places:
                # threads share one interpreter: to route while the store writes takes longer than one after the other
                wait([one[1] for one in part if not isinstance(one, Exception)])
        return begun

    def ticket(self, ticket_id: str) -> StoredTicket:
        """The ticket with its state. Raises NotFound."""
        with self._store.read() as session:
            stored = session.ticket(ticket_id)
        if stored is None:
            raise NotFound(kind="ticket", key=ticket_id)
        return stored

    def find(self, query: TicketQuery) -> Sequence[StoredTicket]:
        """The tickets that are asked for, newest received first."""
        with self._store.read() as session:
            return session.find_tickets(query)

    def similar(self, ticket_id: str, limit: int, sight: Sight | None = None) -> list[Alike]:
        """Open tickets (in sight) of the same day that may tell of the same trouble, the likeliest first.

        Raises NotFound.
        """
        with self._store.read() as session:
            stored = session.ticket(ticket_id)
            if stored is None:
                raise NotFound(kind="ticket", key=ticket_id)
            others = [one for one in near_in_time(stored, session) if sight is None or sight.covers(one)]
        found = alike(stored, others, self._live)
        with self._store.read() as session:
            return undone(found, session, limit)

    def preview(self, ticket: Ticket) -> Preview:
        """Where such a ticket would go now, what it misses, and who may have called about it. Stores nothing."""
        return preview(ticket, self._store, self._live, self._clock())

    def waiting(
        self, limit: int, sight: Sight | None = None
    ) -> tuple[Sequence[Queue], Sequence[StoredTicket]]:
        """All that waits for a person (in sight), counted by priority; and the first of it, most pressing first."""
        with self._store.read() as session:
            return session.queues(sight), session.waiting(limit, sight)

    def review(self, review: Review) -> StoredTicket:
        """Confirm or reassign; the next ticket feels it.

        Raises NotFound (ticket, unit), UnitClosed, IsJoined, ClaimedByAnother or AlreadyDecided.
        """
        self._require_open(review.unit_id)
        bundle, units = self._live.world.bundle, self._live.world.units
        count_ahead(review, bundle, units, self._store)
        stored = self._store.write(lambda session: record(review, bundle, units, self._known_at, session))
        self._catch_up()
        return stored

    def undo(self, ticket_id: str, *, by: str, reason: str) -> StoredTicket:
        """Take a review back before it is delivered; the ticket stands as before.

        Raises NotFound, IsJoined, NothingToUndo or UndoTooLate.
        """
        wanted = Undo(ticket_id=ticket_id, by=by, reason=reason, at=self._clock())
        policy = self._live.world.policy
        return self._store.write(lambda session: undo(wanted, self._known_at, policy, session))

    def answer(self, answer: Answer) -> Delivery:
        """Note what a unit says of a dispatch; one that it refuses is decided anew, and seen by a person.

        Raises NotFound, or NoLongerTheirs where the ticket has gone on.
        """
        if answer.reply is not Reply.REFUSED:
            delivery = self._store.write(lambda session: reply_to(answer, self._known_at, session))
            if answer.reply is Reply.DONE:
                self._catch_up()
            return delivery
        with self._store.read() as session:
            stored = handed(answer.unit_id, answer.delivery_id, answer.at, session).stored
            earlier = session.refusals(stored.ticket.ticket_id)
        refusals = (*earlier, refusal_of(answer, stored.ticket.ticket_id))
        with self._live.routing() as world:
            decision = reconsider(route(stored.ticket, world, answer.at), refusals, world.policy)

        delivery = self._store.write(lambda session: refuse(answer, decision, self._known_at, world, session))
        self._catch_up()
        return delivery

    def watch_clocks(self) -> int:
        """Flag tickets that nobody has seen in time and tell who has to know; answers how many there were.

        So with urgent ones that a unit has and has not heard of: they are looked for less often, among all that waits
        to be delivered or fetched.
        """
        now = self._clock()
        with self._store.read() as session:
            late = [*session.overdue(now)]
            if now - self._listened >= LISTENS_EVERY:
                late += session.unheard(now - self._live.world.policy.due_urgent)
                self._listened = now
        if not late:
            return 0
        ground = self._live.world.territories
        return self._store.write(lambda session: sum(raise_alarm(one, ground, now, session) for one in late))

    def automation(self) -> Automation:
        """What is promised and what is suspended, as this process routes by it now, and what blind reviews found."""
        world = self._live.world
        with self._store.read() as session:
            audits = audits_of(world.bundle, session)
        return automation_of(world, self._clock(), audits)

    def suspend(self, scope: Scope, key: str, *, by: str, reason: str, new: bool = False) -> Suspension:
        """Stop automatic dispatch of everything, a kind or a unit. Effective at once here, soon in other processes.

        `new`: a kind that no ticket was of yet. Raises InvalidInput, or NotFound for a unit that the store has not.
        """
        seen = scope is Scope.KIND and self._has_been(key)
        made = suspend(self._store, scope, key, by=by, reason=reason, at=self._clock(), new=new or seen)
        self._catch_up()
        return made

    def _has_been(self, category: str) -> bool:
        """Whether any past ticket was of the category."""
        with self._live.routing() as world:
            return bool(world.history.counts("category", normalise(category)))

    def resume(self, suspension_id: int, *, by: str, reason: str) -> Suspension:
        """Lift a suspension and forget what led to it. Raises InvalidInput, or NotFound where it is not active."""
        lifted = resume(self._store, suspension_id, by=by, reason=reason, at=self._clock())
        self._catch_up()
        return lifted

    def locate(self, ticket: Ticket) -> Location:
        """Where such a ticket would be believed to be. Stores nothing."""
        with self._live.routing() as world:
            return locate(ticket, world.atlas, world.history.callers)

    def explain_place(self, ticket: Ticket, location: Location) -> tuple[Stage, ...]:
        """How `locate` found that."""
        world = self._live.world
        owned = grounds(location, world.territories, ticket.category, ticket.received_at)
        return explain_place(ticket, location, world.atlas, owned)

    def known_places(self, typed: str, limit: int) -> list[Entry]:
        """Known places for what was typed so far; nothing waits for it and it waits for nothing."""
        return self._live.world.atlas.complete(typed, limit)

    @property
    def territories(self) -> Territories:
        """The ground that is routed by now."""
        return self._live.world.territories

    def cell_owners(self, cells: Sequence[int], kind: str | None) -> list[CellOwner]:
        """Who owns each of these cells of the map, those that nobody is known to own left out."""
        now, found = self._clock(), list[CellOwner | None]()
        for start in range(0, len(cells), CELLS_AT_ONCE):
            with self._live.routing() as world:
                found += (owner_of(cell, kind, world, now) for cell in cells[start : start + CELLS_AT_ONCE])
        return [one for one in found if one is not None]

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

    def rehearse(self, version: int, last: int, report: Report = unreported) -> Rehearsal:
        """What promoting that bundle would change on the last tickets; takes seconds, and nobody waits for it.

        `report` hears what share is done; what it raises ends the work. Raises NotFound, BundleDamaged or
        BundleIncompatible.
        """
        return self._rehearse(version, last, self._clock(), report=report)

    def bundle_version(self, digest: str) -> int | None:
        """The store's version number of a bundle; None for one it does not know."""
        if digest not in self._versions:
            with self._store.read() as session:
                self._versions = {record.digest: record.version for record in session.bundles()}
        return self._versions.get(digest)

    def vitals(self) -> Vitals:
        """What waits, and how far behind this process is. Raises StoreUnavailable."""
        world, now = self._live.world, self._clock()
        with self._store.read() as session:
            audits = audits_of(world.bundle, session)
            queues, outbox, last = session.queues(), session.outbox(), session.last_sequence()
        return Vitals(
            at=now,
            ready=self.readiness().ready,
            queues=queues,
            outbox=outbox,
            sequence=world.history.sequence,
            lag=last - world.history.sequence,
            suspended=len(world.suspensions.active),
            live_error=live_error_of(audits),
        )

    def readiness(self) -> Readiness:
        """What stands between this installation and automatic dispatch."""
        found = assess(self._live.world, self._live.champion, self._clock())
        try:
            with self._store.read() as session:
                session.last_sequence()
        except StoreUnavailable as error:
            return unavailable(found, error)
        return found

    def _tell(self, watch: StopWatch, future: Future[StoredTicket]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        decision = future.result().decision
        assert decision is not None
        watch("store")
        self.observer.routed(decision, watch.seconds)

    def _settle(self, routed: Routed, written: Future[StoredTicket], *, apart: bool = False) -> Submission:
        draft, keep = routed.draft, routed.keep
        try:
            return Submission(stored=written.result(), created=True)
        except DuplicateTicket:
            known = self.ticket(draft.ticket.ticket_id)
            if known.ticket.channel != draft.ticket.channel and not apart:
                told_apart = self.decider.decide(draft.told_apart(), keep)
                return self._settle(told_apart, self.hand_over(told_apart), apart=True)
            if not draft.repeats(known.ticket):
                raise
        again = Submission(stored=known, created=False)
        if keep is not None:
            self.keep_answer(keep(again))
        return again

    def _require_open(self, unit_id: str) -> None:
        with self._store.read() as session:  # the store's word, not the world's: that may be a second old
            unit = next((u for u in session.units() if u.unit_id == unit_id), None)
        if unit is None:
            raise NotFound(kind="unit", key=unit_id)
        if not unit.is_open(self._clock()):
            raise UnitClosed(unit_id=unit_id, successors=unit.successors)

    def _catch_up(self) -> None:
        # what led here is committed: where the store fails only now, the next refresh finds it
        with suppress(StoreUnavailable):
            if not self._live.catch_up():
                self._live.refresh()

    def _known_at(self, received_at: datetime, session: WriteSession) -> datetime:
        """When a confirmation is known: never before the log's last one, whichever process wrote that."""
        times = (self._clock(), received_at, session.lock_log(), self._live.known_until)
        return max(time for time in times if time is not None)
