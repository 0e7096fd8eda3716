"""What an installation still lacks before it can dispatch by itself, told with a mend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from domain.automation import Scope
from domain.errors import BundleDamaged, BundleIncompatible, StoreUnavailable
from router.automation import Automation, automation_of
from router.live import Champion
from router.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcoming:
    """One thing that is missing: a stable `code`, the problem, the mend."""

    code: str
    problem: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Tickets are accepted in any case; with problems fewer of them, or none, are dispatched automatically."""

    problems: tuple[Shortcoming, ...]
    units: int
    history_sequence: int

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.problems


def assess(world: World, champion: Champion | None, now: datetime) -> Readiness:
    """Judge a world and the champion it was built with."""
    return Readiness(
        problems=(*_shortcomings(world, champion), *_not_automatic(automation_of(world, now))),
        units=len(world.units),
        history_sequence=world.history.sequence,
    )


def unavailable(found: Readiness, error: StoreUnavailable) -> Readiness:
    """The same, with the store out of reach."""
    gone = Shortcoming(code="store_unavailable", problem=error.problem, mend=error.mend)
    return replace(found, problems=(gone, *found.problems))


def _shortcomings(world: World, champion: Champion | None) -> Iterator[Shortcoming]:
    if not world.units:
        yield Shortcoming(code="no_units", problem="no units are known", mend="gridroute import units FILE")
    if world.history.sequence == 0:
        yield Shortcoming(
            code="no_history", problem="the dispatch log is empty", mend="gridroute import history FILE"
        )
    if champion is None:
        yield Shortcoming(
            code="no_model",
            problem="no model bundle is promoted",
            mend="gridroute train, then gridroute models promote",
        )
    elif champion.bundle is None:
        yield Shortcoming(
            code=_code(champion),
            problem=f"version {champion.record.version} cannot be used: {champion.problem}{_meanwhile(world)}",
            mend="gridroute models rollback, or train and promote another version",
        )


def _not_automatic(state: Automation) -> Iterator[Shortcoming]:
    """What keeps a certificate from being used. That nothing could be certified is an outcome, and no fault."""
    stop = next((one for one in state.suspensions if one.scope is Scope.ALL), None)
    if stop is not None:
        yield Shortcoming(
            code="automation_suspended",
            problem=f"{stop.by} stopped all automatic dispatch: {stop.reason}",
            mend=f"gridroute automation resume {stop.suspension_id}, once the reason is gone",
        )
    promised = state.guarantee.whole if state.guarantee else None
    if promised is not None and promised.threshold is not None and state.at >= promised.expires_at:
        yield Shortcoming(
            code="certificate_expired",
            problem=f"the certificate expired on {promised.expires_at:%Y-%m-%d}",
            mend="gridroute train, then gridroute models promote",
        )


def _meanwhile(world: World) -> str:
    """Who ranks in its place."""
    return f"; {world.bundle.digest[:12]}, the last good one, goes on" if world.bundle else ""


def _code(champion: Champion) -> str:
    if isinstance(champion.problem, BundleDamaged):
        return "bundle_damaged"
    return "bundle_incompatible" if isinstance(champion.problem, BundleIncompatible) else "bundle_missing"
