"""What warrants an automatic dispatch of a ticket: the certificate of its group, while it holds and nobody stops it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.automation import Cause, Suspension
from domain.decisions import Certificate, Ranking
from domain.places import Location
from domain.safety import Priority
from domain.units import Roster
from models.audits import is_audited
from models.bundle import Bundle
from models.strata import Traits
from router.parse import ParsedTicket
from router.suspensions import Suspensions
from router.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Warrant:
    """The ticket's group and its certificate (None: no model ranked it); `now` is when it is decided.

    `forebears`: by unit the closed ones that it stands in for: what was found of them is held against it. `sampled`:
    where a certificate would let it go, or doubts keep it back, it is reviewed blind.
    """

    now: datetime
    kinds: frozenset[str] = frozenset()
    group: str | None = None
    certificate: Certificate | None = None
    sampled: bool = False
    suspensions: Suspensions = field(default_factory=Suspensions)
    forebears: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def stopped(self, unit_id: str) -> tuple[Suspension, ...]:
        """What keeps the ticket from being dispatched to the unit under its certificate."""
        units = (unit_id, *self.forebears.get(unit_id, ()))
        return self.suspensions.stopping(units=units, group=self.group, kinds=self.kinds)

    def stopped_by_people(self, unit_id: str) -> tuple[Suspension, ...]:
        """What keeps it from being dispatched there by a rule: the monitor judges certificates, not rules."""
        return tuple(one for one in self.stopped(unit_id) if one.cause is Cause.PERSON)


def warrant_of(
    parsed: ParsedTicket, location: Location, ranking: Ranking, world: World, now: datetime
) -> Warrant:
    """By the first group that applies, from what is known of the ticket before its outcome; as in training."""
    kinds, group, certificate = parsed.kinds, None, None
    forebears = Roster.of(world.units).succession(now).forebears
    if world.bundle is not None and ranking.top is not None:
        units = _tested(ranking.top.unit_id, forebears, world.bundle)
        traits = [Traits(kinds=kinds, source=location.source, unit=one) for one in units]
        group = world.bundle.guarantee.strictest(traits)
        certificate = world.bundle.guarantee.certificates[group]
    return Warrant(
        now=now,
        kinds=kinds,
        group=group,
        certificate=certificate,
        sampled=certificate is not None and _is_sampled(parsed, world),
        suspensions=world.suspensions,
        forebears=forebears,
    )


def _tested(unit_id: str, forebears: Mapping[str, tuple[str, ...]], bundle: Bundle) -> tuple[str, ...]:
    """As which units the certificates were tested on such tickets: a unit that is new was tested as its forebears."""
    before = forebears.get(unit_id, ())
    if not before or unit_id in bundle.text.mixed.classes:
        return (unit_id, *before)
    return before


def _is_sampled(parsed: ParsedTicket, world: World) -> bool:
    """The slice is drawn from all tickets: a blind review does not tell whether the ticket would have gone out.

    Nobody in danger waits for statistics.
    """
    if not world.audit_salt or world.bundle is None or parsed.priority is Priority.URGENT:
        return False
    guarantee = world.bundle.guarantee
    share = guarantee.terms.audited if guarantee.certified else 0.0
    return is_audited(parsed.ticket.ticket_id, world.audit_salt, share)
