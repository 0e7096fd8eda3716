"""The active suspensions, by what they keep from automatic dispatch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from domain.automation import Cause, Scope, Suspension
from domain.decisions import Reason
from models.bundle import Bundle

REASON_OF: Mapping[Cause, Reason] = MappingProxyType(
    {
        Cause.AUDITS: Reason.SUSPENDED_BY_AUDITS,
        Cause.RETURNS: Reason.SUSPENDED_BY_RETURNS,
        Cause.PERSON: Reason.SUSPENDED_BY_PERSON,
    }
)


class Suspensions:
    """Immutable. What is looked up for a ticket costs no more with many suspensions than with one."""

    __slots__ = ("_by", "active")

    def __init__(self, active: Iterable[Suspension] = ()) -> None:
        self.active = tuple(active)
        self._by: dict[tuple[Scope, str], list[Suspension]] = {}
        for one in self.active:
            self._by.setdefault((one.scope, one.key), []).append(one)

    @classmethod
    def under(cls, bundle: Bundle | None, active: Iterable[Suspension]) -> Suspensions:
        """Those that hold while that bundle serves: people's, and what the monitor found of its certificates.

        What it found of another bundle's holds until there is a newer certificate: one from before, that a rollback
        leads to, has not been tested on what was found.
        """
        return cls(one for one in active if _holds(one, bundle))

    def stopping(
        self, *, units: Iterable[str], group: str | None, kinds: Iterable[str]
    ) -> tuple[Suspension, ...]:
        """Those that keep a ticket of a unit from automatic dispatch, by their ids.

        `units`: it and those that it stands in for; `group` and `kinds`: of the ticket.
        """
        if not self._by:
            return ()
        keys = [
            (Scope.ALL, ""),
            *((Scope.UNIT, one) for one in units),
            *((Scope.KIND, kind) for kind in kinds),
        ]
        if group is not None:
            keys.append((Scope.GROUP, group))
        found = [one for key in keys for one in self._by.get(key, ())]
        return tuple(sorted(found, key=lambda one: one.suspension_id))

    @property
    def of_everything(self) -> Suspension | None:
        """One that stops all automatic dispatch, if there is one."""
        return next(iter(self._by.get((Scope.ALL, ""), ())), None)


def _holds(one: Suspension, bundle: Bundle | None) -> bool:
    if one.bundle_digest is None or bundle is None:
        return one.bundle_digest is None
    return one.bundle_digest == bundle.digest or bundle.certificate.issued_at <= one.at
