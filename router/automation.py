"""What an operator sees of automatic dispatch, and how a person stops it and lets it go on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.automation import Cause, Resumption, Scope, Suspension
from domain.errors import InvalidInput, NotFound
from domain.units import Unit, descends
from features.text import normalise
from models.audits import live_error
from models.bundle import Bundle
from models.guarantee import Guarantee
from router.automation_ports import Audited
from router.kinds import categories_in, dangers, kind_of
from router.ports import ReadSession, Store, WriteSession
from router.weighing import begin_anew
from router.world import World

IF_NEW = 'To stop a kind that no ticket was of yet say that it is new: --new, or "new": true.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Audits:
    """Blind reviews of one group's would-be automatic dispatches: `errors` of `rows` were wrong, others wait."""

    group: str
    rows: int = 0
    errors: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Automation:
    """The present state: what is promised (None: no model serves) and what is suspended."""

    at: datetime
    allowed: bool
    guarantee: Guarantee | None
    suspensions: tuple[Suspension, ...]
    audits: tuple[Audits, ...] = ()

    @property
    def live_error(self) -> LiveError:
        """What blind reviews say of all would-be automatic dispatches under these certificates, but urgent ones."""
        return live_error_of(self.audits)

    def live_error_in(self, group: str) -> LiveError:
        """What they say of one group."""
        return live_error_of([one for one in self.audits if one.group == group])

    @property
    def running(self) -> bool:
        """Whether any ticket could be dispatched automatically under a certificate now."""
        return any(map(self.runs, self.guarantee.certificates)) if self.guarantee else False

    def runs(self, group: str) -> bool:
        """Whether any ticket of the group could be."""
        certificate = self.guarantee.certificates[group] if self.guarantee else None
        if certificate is None or certificate.threshold is None or self.at >= certificate.expires_at:
            return False
        stopped = any(one.scope is Scope.ALL or one.group == group for one in self.suspensions)
        return self.allowed and not stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveError:
    """Of `rows` blind reviews `errors` were wrong: with 95 % confidence at all times together, `low` to `high` are.

    `waiting`: drawn and not yet reviewed. Where the hard ones are left lying, the rest says too little.
    """

    rows: int
    errors: int
    waiting: int
    low: float
    high: float


def live_error_of(audits: Iterable[Audits]) -> LiveError:
    """Several groups' blind reviews taken together."""
    counts = [(one.rows, one.errors, one.waiting) for one in audits]
    rows, errors, waiting = (sum(column) for column in zip((0, 0, 0), *counts, strict=True))
    low, high = live_error(errors, rows)
    return LiveError(rows=rows, errors=errors, waiting=waiting, low=low, high=high)


def audits_of(bundle: Bundle | None, session: ReadSession) -> tuple[Audits, ...]:
    """Blind reviews under the bundle's certificates, by group."""
    drawn = session.audited(bundle.digest) if bundle else ()
    return counted(drawn, session.units()) if drawn else ()


def counted(drawn: Iterable[Audited], units: Iterable[Unit]) -> tuple[Audits, ...]:
    """By group, each ticket by the worst that was said of it.

    As the monitor counts them: a mistake cannot be taken back by an undo, nor by the unit's sending the ticket back.
    """
    known = {unit.unit_id: unit for unit in units}
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in drawn:
        wrong = one.refused or not all(_is_right(word, one.unit_id, known) for word in one.words)
        if one.words:
            found[one.group].update(rows=one.count, errors=one.count if wrong else 0)
        elif not one.joined:  # nobody will be asked about that by itself
            found[one.group].update(waiting=one.count)
    return tuple(Audits(group=group, **found[group]) for group in sorted(found))


def _is_right(word: str, proposed: str | None, units: Mapping[str, Unit]) -> bool:
    return proposed is not None and descends(word, proposed, units)


def automation_of(world: World, at: datetime, audits: Iterable[Audits] = ()) -> Automation:
    """The state in which a world routes."""
    return Automation(
        at=at,
        allowed=world.policy.automation,
        guarantee=world.bundle.guarantee if world.bundle else None,
        suspensions=world.suspensions.active,
        audits=tuple(audits),
    )


def suspend(
    store: Store, scope: Scope, key: str, *, by: str, reason: str, at: datetime, new: bool = False
) -> Suspension:
    """Stop automatic dispatch of everything, a kind or a unit, by rules too. `new`: a kind that no ticket was of yet.

    Raises InvalidInput, or NotFound for a unit that the store does not have.
    """
    _require_word(by, reason)
    if scope is Scope.KIND:
        key = _kind(store, key, new=new)
    if (scope is Scope.ALL) != (key == ""):
        problem = "is left out" if not key else "is given, though everything is to stop"
        raise InvalidInput(field=scope.value, problem=problem, mend="Name a kind or a unit, or everything")
    if scope is Scope.GROUP:
        raise InvalidInput(field="scope", problem="groups are the monitor's", mend="Name a kind or a unit")
    wanted = Suspension(scope=scope, key=key, cause=Cause.PERSON, at=at, by=by, reason=reason)

    def work(session: WriteSession) -> Suspension:
        if scope is Scope.UNIT and all(unit.unit_id != key for unit in session.units()):
            raise NotFound(kind="unit", key=key)
        return session.add_suspension(wanted)

    return store.write(work)


def resume(store: Store, suspension_id: int, *, by: str, reason: str, at: datetime) -> Suspension:
    """Lift a suspension and forget what led to it. Raises InvalidInput, or NotFound where it is not active."""
    _require_word(by, reason)
    over = Resumption(suspension_id=suspension_id, at=at, by=by, reason=reason)

    def work(session: WriteSession) -> Suspension:
        lifted = session.add_resumption(over)
        begin_anew(lifted, session)
        return lifted

    return store.write(work)


def _kind(store: Store, named: str, *, new: bool) -> str:
    """The key of the kind that is named; "" where none is."""
    key = normalise(named)
    if not key or key in dangers():
        return dangers().get(key, key)
    if new:
        return key
    with store.read() as session:
        return kind_of(named, categories_in(session), field="kind", mend=IF_NEW)


def _require_word(by: str, reason: str) -> None:
    for field, given in (("by", by), ("reason", reason)):
        if not given.strip():
            raise InvalidInput(field=field, problem="is empty", mend="Say who decides this, and why")
