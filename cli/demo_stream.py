"""New tickets over HTTP, and a simulated reviewer who answers what comes to a person."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.demo_city import CHANNEL

if TYPE_CHECKING:
    import httpx

    from domain.tickets import Ticket

REVIEWER = "simulated reviewer"
CONFLICT = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What became of a ticket. `unit` is the one dispatched to or proposed; `truth` the rightful one, by name too."""

    ticket: Ticket
    answer: Mapping[str, Any]
    truth: str
    truth_name: str

    @property
    def automatic(self) -> bool:
        """Whether it went out without a person."""
        return bool(self.answer["verdict"] == "dispatch")

    @property
    def proposed(self) -> bool:
        """Whether a person saw a proposal; a few tickets are reviewed blind."""
        return not self.automatic and self.answer["unit"] is not None

    @property
    def right(self) -> bool:
        """Whether the unit is the rightful one."""
        return bool(self.answer["unit"] == self.truth)


@dataclass(slots=True, kw_only=True)
class Figures:
    """Running figures of the stream."""

    tickets: int = 0
    automatic: int = 0
    wrong: int = 0
    proposals: int = 0
    proposals_right: int = 0

    def add(self, routed: Routed) -> None:
        """Count one more."""
        self.tickets += 1
        self.automatic += routed.automatic
        self.wrong += routed.automatic and not routed.right
        self.proposals += routed.proposed
        self.proposals_right += routed.right and not routed.automatic

    def __str__(self) -> str:
        reviewed = self.tickets - self.automatic
        return (
            f"{self.tickets:,} tickets: {self.automatic:,} automatic ({_share(self.automatic, self.tickets)}), "
            f"{self.wrong:,} wrong ({_share(self.wrong, self.automatic)}); "
            f"{reviewed:,} reviewed, proposal right {_share(self.proposals_right, self.proposals)}"
        )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def route_all(
    client: httpx.Client,
    coming: Iterator[tuple[Ticket, str]],
    names: Mapping[str, str],
    *,
    now: bool = False,
    left: int = 0,
) -> Iterator[Routed]:
    """Post each ticket as it is asked for; the reviewer gives those that wait to their rightful unit, oldest first.

    `now`: they are received when they are posted, whatever the simulation says. `left`: so many the reviewer leaves for
    others.
    """
    waiting: deque[Routed] = deque()
    for ticket, truth in coming:
        told = body(ticket)
        if now:
            del told["received_at"]
        answered = client.post("/v1/tickets", json=told)
        answered.raise_for_status()
        routed = Routed(
            ticket=ticket, answer=answered.json(), truth=truth, truth_name=names.get(truth, truth)
        )
        if not routed.automatic:
            waiting.append(routed)
        while len(waiting) > left:
            _review(client, waiting.popleft())
        yield routed


def _review(client: httpx.Client, routed: Routed) -> None:
    review = {"unit": routed.truth, "by": REVIEWER}
    answered = client.post(f"/v1/tickets/{routed.ticket.ticket_id}/review", json=review)
    if answered.status_code != CONFLICT:  # somebody else has decided it, or is about to
        answered.raise_for_status()


def body(ticket: Ticket) -> dict[str, Any]:
    """The ticket as a desk's system sends it: the coordinates it writes for "unknown" are left out."""
    from simulation.desk import PLACEHOLDER

    point = None if ticket.point == PLACEHOLDER else ticket.point
    return {
        "ticket_id": ticket.ticket_id,
        "received_at": ticket.received_at.isoformat(),
        "text": ticket.text,
        "category": ticket.category,
        "account": ticket.account,
        "phone": ticket.phone,
        "address": ticket.address,
        "latitude": point.latitude if point else None,
        "longitude": point.longitude if point else None,
        "attributes": dict(ticket.attributes),
        "channel": CHANNEL,
    }
