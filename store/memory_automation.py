"""What the store keeps of automatic dispatch, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from domain.automation import Resumption, Suspension
from domain.decisions import Decision, Review
from router.automation_ports import Audits, Detector, Sent, Watched
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

    def audits(self, bundle_digest: str) -> Sequence[Audits]:
        """Blind reviews under the bundle's certificates, by group."""
        found: dict[str, Audits] = {}
        for _, decision in self.state.decisions:
            if decision.group is None or automatic(decision) != "audited":
                continue
            if decision.bundle_digest != bundle_digest:
                continue
            sum_, review = found.get(decision.group), self.state.tickets[decision.ticket_id].review
            found[decision.group] = _counted(sum_ or Audits(group=decision.group), decision, review)
        return [found[group] for group in sorted(found)]

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


def _counted(audits: Audits, decision: Decision, review: Review | None) -> Audits:
    if review is None:
        return replace(audits, waiting=audits.waiting + 1)
    wrong = review.unit_id != decision.unit_id
    return replace(audits, rows=audits.rows + 1, errors=audits.errors + wrong)
