"""The active suspensions, by what they keep from automatic dispatch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from domain.automation import Cause, Scope, Suspension
from domain.decisions import Reason

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
    def under(cls, bundle_digest: str | None, active: Iterable[Suspension]) -> Suspensions:
        """Those that hold while that bundle serves: people's, and what the monitor found of its certificates."""
        return cls(one for one in active if one.bundle_digest in (None, bundle_digest))

    def stopping(self, *, unit_id: str, group: str | None, kinds: Iterable[str]) -> tuple[Suspension, ...]:
        """Those that keep a ticket of this unit, group and kinds from automatic dispatch, in order of their ids."""
        if not self._by:
            return ()
        keys = [(Scope.ALL, ""), (Scope.UNIT, unit_id), *((Scope.KIND, kind) for kind in kinds)]
        if group is not None:
            keys.append((Scope.GROUP, group))
        found = [one for key in keys for one in self._by.get(key, ())]
        return tuple(sorted(found, key=lambda one: one.suspension_id))

    @property
    def of_everything(self) -> Suspension | None:
        """One that stops all automatic dispatch, if there is one."""
        return next(iter(self._by.get((Scope.ALL, ""), ())), None)
