"""The outbox and the units' endpoints, on a SQL connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    FromClause,
    Row,
    ScalarSelect,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    text,
    update,
)

from domain.errors import NotFound
from router.delivery_ports import Delivery, DeliveryKind, DeliveryState, Endpoint, Outbox, Reply, Settled
from router.event_ports import EventKind
from store import tables
from store.checks import endpoint_set
from store.codec import decode, encode
from store.current import IS_CURRENT
from store.events import SqlEventReads, SqlEventWrites
from store.inserting import insert_all

_delivery, _endpoint = tables.deliveries.c, tables.endpoints.c
_PENDING = text(tables.PENDING)
_IS_AWAITED = or_(
    _delivery.unit_id.in_(select(_endpoint.unit_id)),
    exists()
    .where(tables.tickets.c.ticket_id == _delivery.ticket_id, IS_CURRENT)
    .correlate(tables.deliveries),
)
COLUMNS = tuple(getattr(_delivery, name) for name in Delivery.__dataclass_fields__)


class SqlDeliveryReads(SqlEventReads):
    """Reads inside one transaction."""

    def outbox(self) -> Outbox:
        """How it stands."""
        pending = select(func.count(), func.min(_delivery.queued_at)).where(_PENDING, _IS_AWAITED)
        count, since = self._connection.execute(pending).one()
        dead = select(func.count()).where(_delivery.state == DeliveryState.DEAD.value)
        return Outbox(pending=count, since=since, dead=self._connection.scalar(dead) or 0)

    def pending_deliveries(self, limit: int = 100) -> Sequence[Delivery]:
        """The outbox: most pressing tickets first, then oldest."""
        query = select(*COLUMNS).where(_PENDING).order_by(_delivery.priority, _delivery.delivery_id)
        return [read_delivery(row) for row in self._connection.execute(query.limit(limit))]

    def deliveries(
        self,
        *,
        state: DeliveryState | None = None,
        unit_id: str | None = None,
        ticket_id: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        """By number, those beyond `after`."""
        wanted = {
            _delivery.state: None if state is None else state.value,
            _delivery.unit_id: unit_id,
            _delivery.ticket_id: ticket_id,
        }
        conditions = [column == value for column, value in wanted.items() if value is not None]
        query = select(*COLUMNS).where(_delivery.delivery_id > after, *conditions)
        rows = self._connection.execute(query.order_by(_delivery.delivery_id).limit(limit))
        return [read_delivery(row) for row in rows]

    def are_deliveries_due(self, now: datetime) -> bool:
        """Whether `claim_deliveries` would find any."""
        return self._connection.scalar(_due(now).limit(1)) is not None

    def endpoint(self, unit_id: str) -> Endpoint | None:
        """The unit's."""
        row = self._connection.execute(
            select(tables.endpoints).where(_endpoint.unit_id == unit_id)
        ).one_or_none()
        return None if row is None else _endpoint_of(row)

    def endpoints(self) -> Sequence[Endpoint]:
        """By unit."""
        rows = self._connection.execute(select(tables.endpoints).order_by(_endpoint.unit_id))
        return [_endpoint_of(row) for row in rows]


class SqlDeliveryWrites(SqlDeliveryReads, SqlEventWrites):
    """Writes inside one transaction. `trace`: of the request that they are done for, if of one."""

    trace: str | None = None

    def add_delivery(
        self,
        ticket_id: str,
        unit_id: str,
        at: datetime,
        *,
        kind: DeliveryKind = DeliveryKind.DISPATCH,
        delay: timedelta = timedelta(),
    ) -> None:
        """A row of the outbox. Raises NotFound without such a ticket."""
        ticket = tables.tickets.c
        rank = self._connection.scalar(select(ticket.priority).where(ticket.ticket_id == ticket_id))
        if rank is None:
            raise NotFound(kind="ticket", key=ticket_id)
        row = self._queued(ticket_id, unit_id, at, rank=rank, kind=kind, delay=delay, trace=self.trace)
        insert_all(self._connection, tables.deliveries, [row])

    def _queued(
        self,
        ticket_id: str,
        unit_id: str,
        at: datetime,
        *,
        rank: int,
        trace: str | None,
        kind: DeliveryKind = DeliveryKind.DISPATCH,
        delay: timedelta = timedelta(),
    ) -> dict[str, Any]:
        """A row for the outbox, of a ticket of that rank; that it is queued is recorded."""
        row = {
            "webhook_id": new_webhook_id(),
            "ticket_id": ticket_id,
            "unit_id": unit_id,
            "kind": kind.value,
            "priority": rank,
            "queued_at": at,
            "ready_at": at + delay,
            "due_at": at + delay,
            "state": DeliveryState.PENDING.value,
            "attempts": 0,
            "error": "",
            "trace": trace,
        }
        self._record(ticket_id, EventKind.QUEUED, unit_id=unit_id, detail=told(kind))
        return row

    def claim_deliveries(
        self, owner: str, now: datetime, lease_until: datetime, limit: int, run: int = 1
    ) -> Sequence[Delivery]:
        """Lease what is due to `owner`: of up to `limit` units with an endpoint up to `run` each."""
        # of two processes that look at once, the later waits for nothing: it leaves the rows to the other
        claimable = _due(now).limit(limit).with_for_update(of=tables.deliveries, skip_locked=True)
        heads = [read_delivery(row) for row in self._connection.execute(claimable)]
        claimed = [one for head in heads for one in (self._run(head, now, run) if run > 1 else (head,))]
        if claimed:
            theirs = _delivery.delivery_id.in_([one.delivery_id for one in claimed])
            lease = update(tables.deliveries).where(theirs)
            self._connection.execute(lease.values(lease_owner=owner, lease_until=lease_until))
        return claimed

    def release_deliveries(self, owner: str, delivery_ids: Collection[int]) -> None:
        """Give back what was claimed and not tried."""
        mine = _PENDING, _delivery.lease_owner == owner, _delivery.delivery_id.in_(delivery_ids)
        free = update(tables.deliveries).where(*mine)
        self._connection.execute(free.values(lease_owner=None, lease_until=None))

    def extend_leases(self, owner: str, delivery_ids: Collection[int], lease_until: datetime) -> None:
        """Of those that `owner` has claimed and not settled."""
        mine = _PENDING, _delivery.lease_owner == owner, _delivery.delivery_id.in_(delivery_ids)
        self._connection.execute(update(tables.deliveries).where(*mine).values(lease_until=lease_until))

    def settle_delivery(self, delivery: Delivery, owner: str, settled: Settled) -> bool:
        """The end of an attempt. False, and nothing is changed, where the owner's lease was lost."""
        is_mine = (_delivery.delivery_id == delivery.delivery_id) & (_delivery.lease_owner == owner)
        ended = settled.state is not DeliveryState.PENDING
        changed = self._connection.execute(
            update(tables.deliveries)
            .where(is_mine, _PENDING)
            .values(
                state=settled.state.value,
                due_at=settled.due_at,
                attempts=_delivery.attempts + 1,
                error=settled.error,
                settled_at=settled.at if ended else None,
                lease_owner=None,
                lease_until=None,
            )
        )
        if changed.rowcount != 1:
            return False
        self._connection.execute(
            update(tables.endpoints)
            .where(_endpoint.unit_id == delivery.unit_id)
            .values(failures=settled.failures, paused_until=settled.paused_until)
        )
        if ended:
            kind = EventKind.DELIVERED if settled.state is DeliveryState.DELIVERED else EventKind.UNDELIVERED
            detail = settled.error or told(delivery.kind)
            self._record(delivery.ticket_id, kind, unit_id=delivery.unit_id, detail=detail)
        return True

    def cancel_deliveries(self, ticket_id: str, now: datetime) -> Sequence[Delivery]:
        """Cancel the ticket's deliveries that were not tried and are not ready; answers them as they were.

        What a worker has in hand, by whatever clock, may be on its way.
        """
        of_ticket = _delivery.ticket_id == ticket_id
        in_hand = and_(_delivery.lease_until.is_not(None), _delivery.lease_until > now)
        waiting = and_(of_ticket, _PENDING, _delivery.attempts == 0, _delivery.ready_at > now, not_(in_hand))
        rows = self._connection.execute(
            select(*COLUMNS).where(waiting).order_by(_delivery.delivery_id).with_for_update()
        ).all()
        self._connection.execute(
            update(tables.deliveries)
            .where(waiting)
            .values(state=DeliveryState.CANCELLED.value, settled_at=now)
        )
        return [read_delivery(row) for row in rows]

    def retry_delivery(self, delivery_id: int, at: datetime, by: str) -> Delivery:
        """Bring a dead letter back. Raises NotFound where there is no dead one of that number."""
        ticket = tables.tickets.c
        rank = select(ticket.priority).where(ticket.ticket_id == _delivery.ticket_id).scalar_subquery()
        row = self._connection.execute(
            update(tables.deliveries)
            .where(_delivery.delivery_id == delivery_id, _delivery.state == DeliveryState.DEAD.value)
            .values(state=DeliveryState.PENDING.value, attempts=0, due_at=at, settled_at=None, priority=rank)
            .returning(*COLUMNS)
        ).one_or_none()
        if row is None:
            raise NotFound(kind="dead letter", key=str(delivery_id))
        self._connection.execute(
            update(tables.endpoints).where(_endpoint.unit_id == row.unit_id).values(paused_until=None)
        )
        self._record(row.ticket_id, EventKind.QUEUED, by=by, unit_id=row.unit_id, detail="retry")
        return read_delivery(row)

    def _run(self, head: Delivery, now: datetime, limit: int) -> Iterator[Delivery]:
        """The head and what follows it in its unit's queue, up to one that may not be sent yet."""
        behind = (
            select(*COLUMNS)
            .where(_PENDING, _delivery.unit_id == head.unit_id, _delivery.ready_at <= now)
            .where(_delivery.delivery_id != head.delivery_id)
            .order_by(_delivery.priority, _delivery.ready_at, _delivery.delivery_id)
            .limit(limit - 1)
            .add_columns(_delivery.lease_until, _earlier(tables.deliveries).label("earlier"))
            .with_for_update(skip_locked=True)
        )
        yield head
        ahead = Counter([head.ticket_id])
        for row in self._connection.execute(behind):
            if row.earlier > ahead[row.ticket_id]:
                continue
            if row.due_at > now or (row.lease_until is not None and row.lease_until > now):
                return
            ahead[row.ticket_id] += 1
            yield read_delivery(row)

    def put_endpoint(self, endpoint: Endpoint, by: str = "gridroute") -> None:
        """Insert or replace by unit."""
        self._connection.execute(delete(tables.endpoints).where(_endpoint.unit_id == endpoint.unit_id))
        self._connection.execute(
            insert(tables.endpoints).values(
                unit_id=endpoint.unit_id,
                failures=endpoint.failures,
                paused_until=endpoint.paused_until,
                body=encode(replace(endpoint, failures=0, paused_until=None)),
            )
        )
        detail = endpoint_set(endpoint.url)
        self._record("", EventKind.CHANGED, by=by, unit_id=endpoint.unit_id, detail=detail)

    def remove_endpoint(self, unit_id: str, by: str = "gridroute") -> None:
        """Raises NotFound where there is none."""
        found = self._connection.execute(delete(tables.endpoints).where(_endpoint.unit_id == unit_id))
        if found.rowcount != 1:
            raise NotFound(kind="endpoint of unit", key=unit_id)
        self._record("", EventKind.CHANGED, by=by, unit_id=unit_id, detail="endpoint removed")

    def note_trial(self, unit_id: str, outcome: str, by: str) -> None:
        """An event."""
        self._record("", EventKind.TRIED, by=by, unit_id=unit_id, detail=f"endpoint {outcome}")


def new_webhook_id() -> str:
    """The name of a message, which nobody can guess."""
    return f"msg_{uuid4().hex}"


def _due(now: datetime) -> Select[*tuple[Any, ...]]:
    """What may be claimed: of each unit with an endpoint the first that is ready, where it is due and free."""
    return (
        select(*COLUMNS)
        .where(
            _delivery.delivery_id.in_(_heads(now)),
            _delivery.state == DeliveryState.PENDING.value,
            _delivery.due_at <= now,
            or_(_delivery.lease_until.is_(None), _delivery.lease_until <= now),
        )
        .order_by(_delivery.priority, _delivery.ready_at, _delivery.delivery_id)
    )


def _heads(now: datetime) -> Select[*tuple[Any, ...]]:
    """One search of the index for each endpoint, however long the queues are."""
    queue = tables.deliveries.alias("queue")
    first = (
        select(queue.c.delivery_id)
        .where(
            queue.c.unit_id == _endpoint.unit_id, literal_column("queue.state") == literal_column("'pending'")
        )
        .where(queue.c.ready_at <= now, _earlier(queue) == 0)
        .order_by(queue.c.priority, queue.c.ready_at, queue.c.delivery_id)
        .limit(1)
        .correlate(tables.endpoints)
        .scalar_subquery()
    )
    awake = or_(_endpoint.paused_until.is_(None), _endpoint.paused_until <= now)
    return select(first).select_from(tables.endpoints).where(awake)


def _earlier(queue: FromClause) -> ScalarSelect[int]:
    """How much was queued earlier of the same ticket for the same unit, and waits.

    Counted, not asked whether there is any: of that PostgreSQL may make a join with all deliveries.
    """
    earlier = tables.deliveries.alias("earlier")
    # only the ticket is left to an index: by others either database would read all that a unit, or anybody, ever got
    same_unit = func.coalesce(earlier.c.unit_id, "") == queue.c.unit_id
    waits = func.coalesce(earlier.c.state, "") == DeliveryState.PENDING.value
    before = and_(earlier.c.ticket_id == queue.c.ticket_id, earlier.c.delivery_id - queue.c.delivery_id < 0)
    found = select(func.count()).select_from(earlier).where(before, same_unit, waits)
    return found.correlate(queue).scalar_subquery()


def read_delivery(row: Row[*tuple[Any, ...]]) -> Delivery:
    """The delivery that the row holds."""
    found = {name: getattr(row, name) for name in Delivery.__dataclass_fields__}
    enums = {
        "kind": DeliveryKind(row.kind),
        "state": DeliveryState(row.state),
        "reply": None if row.reply is None else Reply(row.reply),
    }
    return Delivery(**{**found, **enums})


def _endpoint_of(row: Row[*tuple[Any, ...]]) -> Endpoint:
    return replace(decode(Endpoint, row.body), failures=row.failures, paused_until=row.paused_until)


def told(kind: DeliveryKind) -> str:
    """What the events say of it."""
    return "" if kind is DeliveryKind.DISPATCH else kind.value
