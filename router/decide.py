"""Ranking -> decision, under the operator's rules, the bundle's certificate and the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.automation import Suspension
from domain.decisions import Certificate, Policy, Ranking, Reason, Verdict
from domain.places import Location, LocationSource, Territory
from domain.rules import Rule
from domain.units import Unit, open_heirs
from router.suspensions import REASON_OF
from router.warrant import Warrant


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What happens to the ticket, where to, and why."""

    verdict: Verdict
    unit_id: str | None
    reasons: tuple[Reason, ...]
    suspension_ids: tuple[int, ...] = ()
    blind: bool = False


def may_automate(rules: tuple[Rule, ...], *, contested: bool) -> bool:
    """Whether the certificate speaks for such a ticket at all; training leaves the others out as well."""
    return not rules and not contested


def overruled(unit_id: str, precedent: str | None, units: Mapping[str, Unit], at: datetime) -> bool:
    """Whether a person gave the same trouble to another unit, of which the one that comes out first is no heir."""
    return precedent is not None and unit_id not in open_heirs(precedent, units, at)


def decide(
    *,
    at: datetime,
    location: Location,
    ranking: Ranking,
    rules: tuple[Rule, ...],
    territories: tuple[Territory, ...],
    contested: bool,
    precedent: str | None = None,
    units: Mapping[str, Unit],
    warrant: Warrant,
    policy: Policy,
) -> Outcome:
    """Dispatch within the error budget, else review; hold where nothing speaks for any unit.

    `at`: when it is decided, for nobody is sent a ticket that was closed meanwhile. `contested`: the ticket may be in
    several places that are not known to have one owner. `precedent`: the unit that a person gave the same trouble to
    when another was proposed.
    """
    if rules:
        return _by_rules(at, ranking, rules, units, warrant, policy)
    if ranking.top is None:
        reasons = (Reason.NO_CANDIDATE, *_place(location, contested), *_closed_owner(at, territories, units))
        return Outcome(verdict=Verdict.HOLD, unit_id=None, reasons=reasons)
    if precedent is not None and overruled(ranking.top.unit_id, precedent, units, at):
        reasons = (Reason.CORRECTED_BEFORE, *_place(location, contested), *_policy(policy))
        heirs = open_heirs(precedent, units, at)
        likeliest = (one.unit_id for one in ranking.candidates if one.unit_id in heirs or not heirs)
        return Outcome(
            verdict=Verdict.REVIEW, unit_id=next(likeliest, heirs[0] if heirs else None), reasons=reasons
        )
    certificate = warrant.certificate
    if certificate is None or ranking.confidence is None:
        return _without_model(_place(location, contested), ranking, territories, policy)
    unit_id, stopped = ranking.top.unit_id, warrant.stopped(ranking.top.unit_id)
    doubts = _doubts(warrant.now, ranking.confidence, certificate, policy, contested=contested)
    reasons = (*doubts, *_suspended(stopped))
    if reasons or warrant.sampled:
        return Outcome(
            verdict=Verdict.REVIEW,
            unit_id=unit_id,
            reasons=reasons or (Reason.AUDITED,),
            suspension_ids=_ids(stopped),
            blind=warrant.sampled,
        )
    return Outcome(verdict=Verdict.DISPATCH, unit_id=unit_id, reasons=(Reason.CERTIFIED,))


def _by_rules(
    at: datetime,
    ranking: Ranking,
    rules: tuple[Rule, ...],
    units: Mapping[str, Unit],
    warrant: Warrant,
    policy: Policy,
) -> Outcome:
    proposed = ranking.top.unit_id if ranking.top else None
    highest = [rule for rule in rules if rule.priority == max(r.priority for r in rules)]
    named = sorted({rule.unit_id for rule in highest if rule.unit_id})
    closed = [unit_id for unit_id in named if _is_closed(unit_id, units, at)]
    unit_id = named[0] if len(named) == 1 and not closed else proposed
    stopped = warrant.stopped_by_people(unit_id) if unit_id is not None else ()
    reasons = (
        *([Reason.RULE_NEVER_AUTOMATIC] if any(rule.never_automatic for rule in rules) else []),
        *([Reason.RULES_DISAGREE] if len(named) > 1 else []),
        *([Reason.RULE_UNIT_CLOSED] if closed else []),
        *_policy(policy),
        *_suspended(stopped),
    )
    if not reasons and unit_id is not None:
        return Outcome(verdict=Verdict.DISPATCH, unit_id=unit_id, reasons=(Reason.RULE,))
    verdict = Verdict.REVIEW if unit_id is not None else Verdict.HOLD
    return Outcome(verdict=verdict, unit_id=unit_id, reasons=reasons, suspension_ids=_ids(stopped))


def _without_model(
    place: Sequence[Reason], ranking: Ranking, territories: tuple[Territory, ...], policy: Policy
) -> Outcome:
    """No certificate, so no automatic dispatch: the ground's owner, or who has most behind it, is proposed."""
    owners = sorted({t.unit_id for t in territories})
    found = [Reason.TERRITORY] if len(owners) == 1 else [Reason.TERRITORIES_OVERLAP] if owners else []
    reasons = (Reason.NO_MODEL, *found, *place, *_policy(policy))
    assert ranking.top is not None
    return Outcome(verdict=Verdict.REVIEW, unit_id=ranking.top.unit_id, reasons=reasons)


def _doubts(
    now: datetime, confidence: float, certificate: Certificate, policy: Policy, *, contested: bool
) -> tuple[Reason, ...]:
    if certificate.threshold is None:
        doubts = [Reason.NOT_CERTIFIED]
    elif confidence < certificate.threshold:
        doubts = [Reason.BELOW_THRESHOLD]
    else:
        doubts = []
    if now >= certificate.expires_at:
        doubts.append(Reason.CERTIFICATE_EXPIRED)
    if contested:
        doubts.append(Reason.PLACE_CONFLICT)
    return (*doubts, *_policy(policy))


def _closed_owner(
    at: datetime, territories: tuple[Territory, ...], units: Mapping[str, Unit]
) -> list[Reason]:
    closed = any(_is_closed(territory.unit_id, units, at) for territory in territories)
    return [Reason.UNIT_CLOSED] if closed else []


def _is_closed(unit_id: str, units: Mapping[str, Unit], at: datetime) -> bool:
    return unit_id in units and not units[unit_id].is_open(at)


def _suspended(stopped: Sequence[Suspension]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(REASON_OF[one.cause] for one in stopped))


def _ids(stopped: Sequence[Suspension]) -> tuple[int, ...]:
    return tuple(one.suspension_id for one in stopped)


def _policy(policy: Policy) -> list[Reason]:
    return [] if policy.automation else [Reason.AUTOMATION_OFF]


def _place(location: Location, contested: bool) -> list[Reason]:
    found = [Reason.PLACE_UNKNOWN] if location.source is LocationSource.NONE else []
    return [*found, *([Reason.PLACE_CONFLICT] if contested else [])]
