"""What the store keeps of automatic dispatch, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from domain.automation import Resumption, Suspension
from domain.decisions import Decision
from domain.tickets import TicketStatus
from router.automation_ports import Audited, Detector, Sent, Watched
from router.delivery_ports import Reply
from router.event_ports import EventKind
from store.checks import automatic, require_active
from store.codec import encode
from store.memory_keys import MemoryKeyReads, MemoryKeyWrites


class MemoryAutomationReads(MemoryKeyReads):
    """Reads of one state."""

    def suspensions(self) -> Sequence[Suspension]:
        """Those that nobody has lifted, oldest first."""
        return [one for one in self.state.suspensions if one.suspension_id not in self.state.lifted]

    def suspensions_at(self, at: datetime) -> Sequence[Suspension]:
        """Those that had been made and not lifted by then, oldest first."""
        lifted = {number for number, over in self.state.lifted.items() if over.at <= at}
        return [one for one in self.state.suspensions if one.at <= at and one.suspension_id not in lifted]

    def watched(self, bundle_digest: str, detector: Detector, key: str) -> Watched | None:
        """What the detector has seen."""
        return self.state.watched.get((bundle_digest, detector, key))

    def sent(self, bundle_digest: str, unit_id: str, after: int = 0, limit: int = 1000) -> Sequence[Sent]:
        """Automatic dispatches to the unit under a certificate of the bundle, by number."""
        found = (
            Sent(number=number, at=at)
            for number, (at, decision) in enumerate(self.state.decisions[after:], after + 1)
            if (decision.bundle_digest, decision.unit_id) == (bundle_digest, unit_id)
            and automatic(decision) == "sent"
        )
        return list(islice(found, limit))

    def audited(self, bundle_digest: str) -> Sequence[Audited]:
        """Tickets that were drawn for a blind review under the bundle's certificates."""
        found = Counter(
            self._audited(decision)
            for _, decision in self.state.decisions
            if decision.bundle_digest == bundle_digest and automatic(decision) == "audited"
        )
        return [replace(one, count=count) for one, count in found.items()]

    def _audited(self, decision: Decision) -> Audited:
        assert decision.group is not None
        review, ticket_id = self.state.tickets[decision.ticket_id].review, decision.ticket_id
        undone = sorted(one.unit_id for one in self.state.undone_reviews if one.ticket_id == ticket_id)
        of_ticket = (one for one in self.state.deliveries if one.ticket_id == ticket_id)
        return Audited(
            group=decision.group,
            unit_id=decision.unit_id,
            words=frozenset([*undone[:1], *undone[-1:], *([review.unit_id] if review else [])]),
            refused=any(one.reply is Reply.REFUSED for one in of_ticket),
            joined=self.state.tickets[ticket_id].status is TicketStatus.JOINED,
        )

    def decision_number(self, ticket_id: str) -> int:
        """Of the ticket's latest decision; 0 where there is none."""
        numbered = enumerate(self.state.decisions, 1)
        return max((number for number, (_, one) in numbered if one.ticket_id == ticket_id), default=0)

    def audit_salt(self) -> str:
        """The secret of this store."""
        return self.state.audit_salt

    def last_sent(self) -> int:
        """A number that no decision so far is beyond."""
        return len(self.state.decisions)


class MemoryAutomationWrites(MemoryAutomationReads, MemoryKeyWrites):
    """Writes to a copy."""

    def add_suspension(self, suspension: Suspension) -> Suspension:
        """Gives it the next id."""
        numbered = replace(suspension, suspension_id=len(self.state.suspensions) + 1)
        self.state.suspensions.append(numbered)
        self._record("", EventKind.SUSPENDED, by=numbered.by, unit_id=numbered.unit, detail=encode(numbered))
        return numbered

    def add_resumption(self, resumption: Resumption) -> Suspension:
        """Lifts a suspension and answers it. Raises NotFound where there is none of that id, or it is lifted."""
        lifted = require_active(resumption.suspension_id, self.suspensions())
        self.state.lifted[resumption.suspension_id] = resumption
        self._record("", EventKind.RESUMED, by=resumption.by, unit_id=lifted.unit, detail=encode(resumption))
        return lifted

    def put_watched(self, watched: Watched) -> None:
        """In the place of what is stored of the same bundle, detector and key."""
        self.state.watched[watched.bundle_digest, watched.detector, watched.key] = watched
