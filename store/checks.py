"""What both adapters refuse, in one place."""

from __future__ import annotations

from collections.abc import Iterable

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


def closed(place: str) -> StoreUnavailable:
    """The store was closed."""
    return StoreUnavailable(problem=f"{place} is closed", mend="Open the store again")
