"""A reviewer at work: which ticket is theirs now, what they decided last, what may be taken back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from console.client import Json, Query, at
from console.problems import Refused, ServiceError
from console.view import View

UNDO_S = 10.0  # as the service has it
QUEUE_SHOWN = 25
NEAR_M, NEAR_MOST = 500, 60
NOT_FOUND = 404
SHOWN = ("status", "claimed_by", "unit", "candidates", "priority", "signals", "location")  # of a ticket


LYING: Counter[tuple[str, str]] = Counter()  # on how many pages of that person that ticket lies


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A decision; for some seconds it may be taken back."""

    ticket: Json
    unit: str
    reassigned: bool
    at: float

    @property
    def may_be_undone(self) -> bool:
        """Whether the seconds are not over."""
        return time.monotonic() - self.at < UNDO_S


class ReviewDesk:
    """One page's claims and decisions; nobody else gets a ticket while it lies here."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._current: Json | None = None
        self.last: Done | None = None
        self.skipped: list[str] = []
        self.names: dict[str, str] = {}
        self.open_units: list[str] = []

    @property
    def current(self) -> Json | None:
        """The ticket that lies here."""
        return self._current

    @current.setter
    def current(self, ticket: Json | None) -> None:
        for one, more in ((self._current, -1), (ticket, 1)):
            if one is not None:
                LYING[self._lies(one)] += more
        self._current = ticket

    async def load_units(self) -> None:
        """What units are called, and which may have a ticket now."""
        units = (await self.view.service.get("/v1/units"))["units"]
        self.names = {one["unit"]: one["name"] or one["unit"] for one in units}
        self.open_units = [one["unit"] for one in units if one["open"]]

    async def queue(self, most: int = QUEUE_SHOWN) -> Json:
        """What waits, most pressing first, and how much of each priority."""
        found: Json = await self.view.service.get("/v1/reviews", {"limit": most})
        return found

    async def next(self, also: Sequence[str] = ()) -> Json | None:
        """Claim the most pressing ticket that nobody holds, and that was not skipped."""
        body = {"by": self.view.name, "skip": [*self.skipped, *also]}
        try:
            found: Json | None = await self.view.service.post("/v1/reviews/claim", body)
        except Refused as refused:
            if not refused.is_missing_endpoint:
                raise
            found = await self._first(set(body["skip"]))
        if found is None and self.skipped:
            self.skipped.clear()  # round again
            return await self.next(also)
        return found

    async def take(self, ticket_id: str) -> None:
        """Claim that ticket and lay the present one back. Raises Refused where somebody else holds it."""
        before, self.current = self.current, await self._claim(ticket_id)
        await self._release(before)

    async def skip(self) -> None:
        """Lay the present ticket back and take the next."""
        before = self.current
        if before is not None:
            self.skipped.append(before["ticket_id"])
        self.current = await self.next()
        await self._release(before)

    async def lay_back(self) -> None:
        """Let others have the present ticket."""
        before, self.current = self.current, None
        await self._release(before)

    async def renew(self) -> None:
        """Hold the present ticket for some minutes more."""
        if self.current is not None:
            await self._claim(self.current["ticket_id"])

    async def has_changed(self) -> bool:
        """Whether the present ticket is no longer what is shown of it: routed anew, decided, joined, in other hands."""
        seen = self.current
        if seen is None:
            return False
        try:
            now = await self.view.service.get(at("v1", "tickets", seen["ticket_id"]))
        except Refused as refused:
            if refused.status != NOT_FOUND:
                raise
            now = dict.fromkeys(SHOWN)  # out of one's area
        return seen is self.current and any(now[name] != seen[name] for name in SHOWN)

    async def take_again(self) -> None:
        """Have the present ticket as it stands now, or the next one where it is no longer to be had."""
        before = self._present()
        try:
            self.current = await self._claim(before["ticket_id"])
        except Refused:
            self.current = await self.next([before["ticket_id"]])

    async def decide(self, unit: str, reason: str = "") -> Done:
        """Send the ticket to the unit, and have the next one here at once. Raises Refused; then all is as before."""
        ticket = self._present()
        body = {"unit": unit, "by": self.view.name} | ({"reason": reason} if reason else {})
        await self._send(ticket, "review", body)
        reassigned = bool(ticket["unit"]) and ticket["unit"] != unit
        self.last = Done(ticket=ticket, unit=unit, reassigned=reassigned, at=time.monotonic())
        return self.last

    async def hold(self, reason: str) -> None:
        """Put the ticket on hold, with a fresh time to see it by."""
        await self._send(self._present(), "hold", {"by": self.view.name, "reason": reason})

    async def undo(self) -> Json:
        """Take the last decision back; its ticket lies here again."""
        assert self.last is not None
        ticket_id = self.last.ticket["ticket_id"]
        body = {"by": self.view.name, "reason": self.view.words("review.undone_reason")}
        await self.view.service.post(at("v1", "tickets", ticket_id, "undo"), body)
        self.last = None
        await self.take(ticket_id)
        assert self.current is not None
        return self.current

    async def affected(self, done: Done) -> int:
        """How many waiting tickets the decision would change, were they routed again."""
        try:
            found = await self.view.service.get(at("v1", "tickets", done.ticket["ticket_id"], "affected"))
        except Refused:
            return 0
        return int(found["count"])

    async def reroute(self, done: Done) -> Json:
        """Route those again."""
        path = at("v1", "tickets", done.ticket["ticket_id"], "affected", "reroute")
        found: Json = await self.view.service.post(path, {"by": self.view.name})
        return found

    async def receipt(self, ticket: Json) -> Json | None:
        """Why it is proposed, in sentences."""
        query = {"lang": self.view.language}
        found: Json | None = await self._or_none(at("v1", "tickets", ticket["ticket_id"], "receipt"), query)
        return found

    async def nearby(self, ticket: Json) -> list[Json]:
        """Past dispatches near by."""
        path = at("v1", "tickets", ticket["ticket_id"], "nearby")
        found = await self._or_none(path, {"radius_m": NEAR_M, "limit": NEAR_MOST})
        return found if isinstance(found, list) else []

    async def _send(self, ticket: Json, what: str, body: Json) -> None:
        """Do that with the ticket while the next one is fetched."""
        ticket_id = ticket["ticket_id"]
        coming = asyncio.ensure_future(self.next([ticket_id]))
        try:
            await self.view.service.post(at("v1", "tickets", ticket_id, what), body)
        except ServiceError:
            await self._release(await coming)
            raise
        self.current = None
        self.current = await coming

    async def _first(self, skipped: set[str]) -> Json | None:
        """The first of the queue: for a service without claims."""
        lines = (await self.queue())["reviews"]
        wanted = next((one["ticket_id"] for one in lines if one["ticket_id"] not in skipped), None)
        found: Json | None = await self.view.service.get(at("v1", "tickets", wanted)) if wanted else None
        return found

    async def _claim(self, ticket_id: str) -> Json:
        try:
            path = at("v1", "tickets", ticket_id, "claim")
            found: Json = await self.view.service.post(path, {"by": self.view.name})
        except Refused as refused:
            if not refused.is_missing_endpoint:
                raise
            found = await self.view.service.get(at("v1", "tickets", ticket_id))
        return found

    async def _release(self, ticket: Json | None) -> None:
        if ticket is None or LYING[self._lies(ticket)] > 0:
            return  # a page that was closed or loaded anew lets go late: the person's next page may have it by then
        del LYING[self._lies(ticket)]
        try:
            path = at("v1", "tickets", ticket["ticket_id"], "claim")
            await self.view.service.ask("DELETE", path, query={"by": self.view.name})
        except ServiceError:
            return  # the claim runs out by itself

    async def _or_none(self, path: str, query: Query) -> Any:
        try:
            return await self.view.service.get(path, query)
        except Refused:
            return None

    def _lies(self, ticket: Json) -> tuple[str, str]:
        return self.view.name, str(ticket["ticket_id"])

    def _present(self) -> Json:
        if self.current is None:
            raise Refused(status=409, detail=self.view.words("review.nothing_open"))
        return self.current
