"""The worker that delivers: claims, sends, settles; several of them may work on one store.

At least once: whoever is killed between sending and settling is taken up by another, which sends the same again under
the same `webhook-id`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from random import SystemRandom
from threading import Thread
from typing import Self, TypeVar
from uuid import uuid4

import httpx

from api.webhooks.courier import TIMEOUT, Courier
from api.webhooks.messages import MessageOut
from api.webhooks.targets import Targets
from domain.errors import StoreUnavailable
from router.delivery import LEASE, Outcome, Patience, settle
from router.delivery_ports import Delivery, DeliveryState, Endpoint, Settled
from router.ports import Store, StoredTicket, WriteSession
from router.tracing import CURRENT, trace_of

T = TypeVar("T")
log = logging.getLogger("gridroute.deliver")
RUN = 20  # messages for one unit that are leased at once


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """`concurrency`: attempts at once; `poll_seconds`: how often the outbox is looked at while nothing is due."""

    targets: Targets = field(default_factory=Targets)
    patience: Patience = field(default_factory=Patience)
    concurrency: int = 16
    poll_seconds: float = 0.2
    timeout: float = TIMEOUT


class DeliveryWorker:
    """Delivers on a thread of its own while the context is open; on leaving it finishes what it has begun."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], settings: DeliverySettings | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings or DeliverySettings()
        self._owner = uuid4().hex
        self._random = SystemRandom()
        self._running: dict[asyncio.Task[None], deque[Delivery]] = {}
        self._tls = httpx.create_ssl_context()  # SSL_CERT_FILE names an authority of one's own
        self._loop = asyncio.new_event_loop()
        self._awake = asyncio.Event()
        self._stopping = self._away = False
        self._thread = Thread(target=self._work, name="gridroute-deliver", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        """Claim nothing more; from any thread."""
        self._stopping = True
        self._loop.call_soon_threadsafe(self._awake.set)

    def _work(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._deliver_all())

    async def _deliver_all(self) -> None:
        heart = asyncio.create_task(self._keep_leases())
        while not self._stopping:
            self._awake.clear()
            claimed = await self._claimed()
            for _, run in groupby(claimed, key=lambda delivery: delivery.unit_id):
                task = asyncio.create_task(self._deliver_run(queue := deque(run)))
                self._running[task] = queue
                task.add_done_callback(self._done)
            if not claimed:
                await self._rest()
        while self._running:
            await asyncio.wait(self._running)
        heart.cancel()

    async def _rest(self) -> None:
        """Until something is delivered, or it is time to look again."""
        try:
            async with asyncio.timeout(self._settings.poll_seconds):
                await self._awake.wait()
        except TimeoutError:
            pass

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._awake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # leases end, and what was not settled is sent again
            log.error("deliveries could not be settled", exc_info=error)

    async def _claimed(self) -> Sequence[Delivery]:
        free = self._settings.concurrency - len(self._running)
        if free <= 0:
            return ()

        def claim(session: WriteSession) -> Sequence[Delivery]:
            now = self._clock()  # the store may have let us wait: a lease counts from here on
            return session.claim_deliveries(self._owner, now, now + LEASE, free, RUN)

        try:
            if not await asyncio.to_thread(self._are_due, self._clock()):
                claimed: Sequence[Delivery] = ()
            else:
                claimed = await self._write(claim)
        except StoreUnavailable as error:
            if not self._away:  # said once, not five times a second
                log.warning("could not claim deliveries: %s", error)
            self._away = True
            return ()
        except Exception:  # the worker outlives any one failure; the next look may do better
            log.exception("could not claim deliveries")
            return ()
        else:
            self._away = False
            return claimed

    def _are_due(self, now: datetime) -> bool:
        with self._store.read() as session:
            return session.are_deliveries_due(now)

    async def _deliver_run(self, queue: deque[Delivery]) -> None:
        """One after another; where one fails, those behind it wait for it again."""
        settling: list[asyncio.Task[None]] = []
        async with Courier(self._settings.targets, self._tls, self._settings.timeout) as courier:
            while queue and not (self._stopping and settling):
                CURRENT.set(
                    trace_of(queue[0].trace)
                )  # of this task; what is logged of it is found in the same trace
                settled = await self._attempt(queue[0], courier, is_first=not settling)
                delivery = queue.popleft()
                settling.append(asyncio.create_task(self._settle(delivery, settled)))
                if settled.state is not DeliveryState.DELIVERED:
                    break
        if left := [one.delivery_id for one in queue]:
            queue.clear()
            await self._write(lambda session: session.release_deliveries(self._owner, left))
        await asyncio.gather(*settling)

    async def _attempt(self, delivery: Delivery, courier: Courier, *, is_first: bool) -> Settled:
        stored, endpoint = await asyncio.to_thread(self._read, delivery)
        if stored is None or endpoint is None:
            endpoint = endpoint or Endpoint(unit_id=delivery.unit_id, url="", secrets=())
            outcome = Outcome(error="the endpoint was removed")
        else:
            body = MessageOut.of(delivery, stored).model_dump_json().encode()
            outcome = await courier.send(endpoint, delivery.webhook_id, body, self._clock())
        if not is_first:
            endpoint = replace(endpoint, failures=0)  # the one before arrived
        return settle(delivery, endpoint, outcome, self._clock(), self._settings.patience, self._random)

    async def _settle(self, delivery: Delivery, settled: Settled) -> None:
        done = await self._write(lambda session: session.settle_delivery(delivery, self._owner, settled))
        if not done:
            log.warning("delivery %d took too long: another worker has it", delivery.delivery_id)
            return
        told = {
            "unit": delivery.unit_id,
            "webhook_id": delivery.webhook_id,
            "state": settled.state.value,
            "attempt": delivery.attempts + 1,
            "failure": settled.error or None,
        }
        level = logging.WARNING if settled.state is DeliveryState.DEAD else logging.INFO
        extra = {"ticket_id": delivery.ticket_id, "told": told}
        log.log(level, "delivery %d: %s", delivery.delivery_id, settled.state.value, extra=extra)

    def _read(self, delivery: Delivery) -> tuple[StoredTicket | None, Endpoint | None]:
        with self._store.read() as session:
            return session.ticket(delivery.ticket_id), session.endpoint(delivery.unit_id)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            if mine := [one.delivery_id for queue in self._running.values() for one in queue]:
                try:
                    await self._write(
                        lambda session: session.extend_leases(self._owner, mine, self._clock() + LEASE)
                    )
                except Exception:  # without it every other worker would take what this one is sending
                    log.exception("could not keep the leases")

    async def _write(self, work: Callable[[WriteSession], T]) -> T:
        return await asyncio.wrap_future(self._store.submit(work))
