"""What a decision stands on, for the people who have to answer for it: a pure function of what was stored of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from domain.decisions import Decision, Evidence, RankedCandidate, Reason, Review, Verdict
from domain.dispatches import Dispatch, Refusal
from domain.places import Location, Point
from domain.safety import SafetySignal
from domain.tickets import Ticket
from features.addresses.parse import parse_address
from features.groups import by_group
from features.packing import unpack
from features.place import distance_m
from features.table import feature_names
from models.bundle import Bundle
from router.event_ports import TicketEvent

Terms = tuple[tuple[str, float], ...]

CLOSE = 1e-6  # of a score: contributions and score are summed in another order
TITLE_LENGTH = 40
_NUMBER = re.compile(r"\+?[A-Za-z]*\d(?:[\s\-./()（）]{0,3}\d|[A-Za-z])*")
START = "start"
FIELDS = ("account", "address", "house_number", "coordinates", "category", "text")  # that a ticket may lack


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTicket:
    """A past dispatch that is like the ticket. `metres`: how far away, where both places are known."""

    ticket: Ticket
    unit_id: str
    similarity: float
    metres: float | None = None

    @property
    def ticket_id(self) -> str:
        """The ticket's id."""
        return self.ticket.ticket_id

    @property
    def day(self) -> date:
        """When it was received."""
        return self.ticket.received_at.date()

    @property
    def title(self) -> str:
        """The beginning of its text."""
        return _title(self.ticket.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """The nearest other candidate; `ahead`: the ranking has it before the unit, which a rule named.

    `behind`: by how much in log odds; `decisive`: what would have to speak for both alike for it to be first, with how
    much more each speaks for the one that was chosen, most first.
    """

    unit_id: str
    probability: float | None
    ahead: bool = False
    behind: float | None = None
    decisive: Terms = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Where, what found the unit, past tickets like it, what carried it, what would have changed it.

    `contributions` of each feature of the unit's score (log odds) and of "start", where it begins, sum to `score`;
    `carried` is the same by group of features, strongest first. All empty, and `score` None, where no model weighed the
    unit; `explained` False, where one did and is not at hand. `needed`: the probability that an automatic dispatch
    missed, where nothing else keeps the ticket back. `missing`: fields that were not told and might change the answer.
    `refusals`: who sent it back and why, oldest first; `held`: who keeps it on hold, and why. `blind`: what is proposed
    is not told.
    """

    ticket_id: str
    verdict: Verdict
    unit_id: str | None
    probability: float | None
    reasons: tuple[Reason, ...]
    location: Location
    rules: tuple[str, ...] = ()
    signals: tuple[SafetySignal, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    nearest: tuple[PastTicket, ...] = ()
    score: float | None = None
    contributions: Terms = ()
    carried: Terms = ()
    rival: Rival | None = None
    needed: float | None = None
    missing: tuple[str, ...] = ()
    review: Review | None = None
    refusals: tuple[Refusal, ...] = ()
    held: TicketEvent | None = None
    explained: bool = True
    blind: bool = False


def blind_receipt(ticket: Ticket, decision: Decision) -> Receipt:
    """The receipt while the ticket waits for a blind review: the same of every such ticket, but for its own records."""
    return Receipt(
        ticket_id=decision.ticket_id,
        verdict=decision.verdict,
        unit_id=None,
        probability=None,
        reasons=(),
        location=decision.location,
        signals=decision.signals,
        missing=_missing(ticket, decision.location),
        blind=True,
    )


def receipt(
    ticket: Ticket,
    decision: Decision,
    *,
    bundle: Bundle | None = None,
    past: Mapping[int, Dispatch] | None = None,
    review: Review | None = None,
    refusals: Sequence[Refusal] = (),
    held: TicketEvent | None = None,
) -> Receipt:
    """The receipt of a decision. `bundle`: the one it names; `past`: the dispatches its basis names, by number.

    What is not at hand is left out: nothing of the decision makes it fail.
    """
    own = _candidate(decision, decision.unit_id)
    if bundle is not None and bundle.digest != decision.bundle_digest:
        bundle = None
    terms = _terms(decision, bundle)
    weighed = terms.get(decision.unit_id or "", ())
    return Receipt(
        ticket_id=decision.ticket_id,
        verdict=decision.verdict,
        unit_id=decision.unit_id,
        probability=decision.probability,
        reasons=decision.reasons,
        location=decision.location,
        rules=decision.rule_ids,
        signals=decision.signals,
        evidence=own.evidence if own else (),
        nearest=_nearest(ticket, decision, past or {}),
        score=sum(value for _, value in weighed) if weighed else None,
        contributions=weighed,
        carried=tuple(sorted(_grouped(weighed), key=lambda part: -abs(part[1]))),
        rival=_rival(decision, terms),
        needed=_needed(decision, bundle),
        missing=_missing(ticket, decision.location),
        review=review,
        refusals=tuple(refusals),
        held=held,
        explained=bool(terms) or decision.probability is None,
    )


def _candidate(decision: Decision, unit_id: str | None) -> RankedCandidate | None:
    return next((one for one in decision.ranking.candidates if one.unit_id == unit_id), None)


def _needed(decision: Decision, bundle: Bundle | None) -> float | None:
    """What would have been sure enough; None where the ticket would have gone to a person all the same."""
    missed = decision.reasons == (Reason.BELOW_THRESHOLD,) and not decision.blind
    if bundle is None or decision.group is None or not missed:
        return None
    certificate = bundle.guarantee.certificates.get(decision.group)
    return certificate.threshold if certificate else None


def _terms(decision: Decision, bundle: Bundle | None) -> dict[str, Terms]:
    """What adds up to the scores of the first candidates, by unit; nothing without the bundle that scored them."""
    if bundle is None or not decision.ranking.basis.rows:
        return {}
    names = (*feature_names(bundle.schema), START)
    try:
        rows = unpack(decision.ranking.basis.rows, len(names) - 1)
    except ValueError:
        return {}
    found = bundle.ranker.contributions(rows)
    first = decision.ranking.candidates[: len(found)]
    if not np.allclose(found.sum(axis=1), [one.score for one in first], rtol=CLOSE, atol=CLOSE):
        return {}
    return {
        candidate.unit_id: tuple(zip(names, terms.tolist(), strict=True))
        for candidate, terms in zip(first, found, strict=True)
    }


def _grouped(terms: Terms) -> list[tuple[str, float]]:
    """By group; the start stands for itself."""
    features = by_group(term for term in terms if term[0] != START)
    return [*features.items(), *(term for term in terms if term[0] == START)]


def _rival(decision: Decision, terms: Mapping[str, Terms]) -> Rival | None:
    """The best candidate that is not the unit."""
    others = (one for one in decision.ranking.candidates if one.unit_id != decision.unit_id)
    rival, top = next(others, None), decision.ranking.top
    if rival is None:
        return None
    own, its = terms.get(decision.unit_id or "", ()), terms.get(rival.unit_id, ())
    behind = sum(value for _, value in own) - sum(value for _, value in its)
    compared = bool(own and its)
    return Rival(
        unit_id=rival.unit_id,
        probability=rival.probability,
        ahead=rival is top,
        behind=behind if compared else None,
        decisive=_decisive(dict(_grouped(own)), dict(_grouped(its)), behind) if compared else (),
    )


def _decisive(own: Mapping[str, float], its: Mapping[str, float], behind: float) -> Terms:
    """The fewest groups without whose lead the rival would be first; none where it is, or no more than level."""
    leads = sorted(((group, own[group] - its.get(group, 0.0)) for group in own), key=lambda part: -part[1])
    total, found = 0.0, []
    for group, lead in leads:
        if total > behind + CLOSE or lead <= 0:
            break
        total += lead
        found.append((group, lead))
    return tuple(found) if total > behind + CLOSE else ()


def _nearest(ticket: Ticket, decision: Decision, past: Mapping[int, Dispatch]) -> tuple[PastTicket, ...]:
    """Those that are at hand, most like it first."""
    here = decision.location.point or ticket.point
    found = []
    for resemblance in decision.ranking.basis.nearest:
        dispatch = past.get(resemblance.sequence)
        if dispatch is not None:
            found.append(
                PastTicket(
                    ticket=dispatch.ticket,
                    unit_id=dispatch.unit_id,
                    similarity=resemblance.similarity,
                    metres=_apart(here, dispatch.ticket.point),
                )
            )
    return tuple(found)


def _apart(here: Point | None, there: Point | None) -> float | None:
    return distance_m(here, there) if here and there else None


def _title(text: str) -> str:
    """The first line, cut where it is long, but within no number: a part of one is not recognised as one."""
    first = " ".join(text.strip().partition("\n")[0].split())
    if len(first) <= TITLE_LENGTH:
        return first
    end = TITLE_LENGTH - 1
    return f"{first[: next((s for s, e in _numbers(first) if s < end < e), end)]}…"


def _numbers(text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _NUMBER.finditer(text))


def _missing(ticket: Ticket, location: Location) -> tuple[str, ...]:
    """Fields that neither the ticket tells nor other records."""
    address = location.completed("address", ticket.address)
    gaps = (
        not location.completed("account", ticket.account),
        not address,
        bool(address) and not _has_number(address or ""),
        ticket.point is None,
        not ticket.category,
        not ticket.text.strip(),
    )
    return tuple(field for field, gap in zip(FIELDS, gaps, strict=True) if gap)


def _has_number(address: str) -> bool:
    parts = parse_address(address)
    return bool(parts.numbers) or any(road.numbers for road in parts.roads)


def names_of(receipt: Receipt, name: Callable[[str], str | None]) -> dict[str, str]:
    """What the units of a receipt are called; an id where it has no name."""
    ids = {
        receipt.unit_id,
        receipt.review.unit_id if receipt.review else None,
        receipt.rival.unit_id if receipt.rival else None,
        *(one.unit_id for one in receipt.nearest),
        *(one.unit_id for one in receipt.refusals),
    }
    return {unit_id: name(unit_id) or unit_id for unit_id in ids if unit_id}
