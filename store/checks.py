"""What both adapters refuse, and how both take a decision, in one place."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from domain.automation import Suspension
from domain.decisions import Decision, Reason, Verdict
from domain.errors import NotFound, StoreUnavailable, TransitionRefused
from domain.tickets import ALLOWED_TRANSITIONS, TicketStatus
from router.ports import BundleRecord, Pointers


def require_transition(ticket_id: str, current: TicketStatus, wanted: TicketStatus) -> None:
    """Raises TransitionRefused where the table has no such change."""
    if wanted not in ALLOWED_TRANSITIONS[current]:
        raise TransitionRefused(ticket_id=ticket_id, current=current.value, wanted=wanted.value)


def require_versions(pointers: Pointers, bundles: Iterable[BundleRecord]) -> None:
    """Raises NotFound when a pointer names a version that is not among the bundles."""
    known = {bundle.version for bundle in bundles}
    for version in (pointers.champion, pointers.challenger, pointers.previous):
        if version is not None and version not in known:
            raise NotFound(kind="bundle version", key=str(version))


def require_active(suspension_id: int, active: Iterable[Suspension]) -> Suspension:
    """The suspension of that id. Raises NotFound where there is none, or it is lifted."""
    found = next((one for one in active if one.suspension_id == suspension_id), None)
    if found is None:
        raise NotFound(kind="active suspension", key=str(suspension_id))
    return found


def automatic(decision: Decision) -> str | None:
    """What a decision under a certificate counts as: sent to its unit, audited in place of that, or neither."""
    if decision.group is None:
        return None
    if decision.verdict is Verdict.DISPATCH:
        return "sent"
    return "audited" if Reason.AUDITED in decision.reasons else None


def endpoint_set(url: str) -> str:
    """What the log says of a new endpoint: scheme and host alone, for the rest may hold what lets one in there."""
    parts = urlsplit(url)
    return f"endpoint {parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def closed(place: str) -> StoreUnavailable:
    """The store was closed."""
    return StoreUnavailable(problem=f"{place} is closed", mend="Open the store again")
