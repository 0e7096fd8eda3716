"""Wire bodies that go out.

Those that a ticket has dozens of are not frozen: that takes twice as long to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import h3.api.basic_int as h3
from pydantic import BaseModel

from api.problems import Problem
from domain.decisions import Decision, Evidence, RankedCandidate, Review
from domain.places import Location, Place, PlaceWitness, Point, Repair
from domain.safety import Priority, SafetySignal
from domain.tickets import WAITING, Ticket
from features.place import RESOLUTIONS, cells
from router.ports import StoredTicket

COARSEST_SHOWN = 7  # H3 resolution


class Names(Protocol):
    """Who knows what things are called."""

    def unit_name(self, unit_id: str) -> str | None: ...
    def bundle_version(self, digest: str) -> int | None: ...


@dataclass(slots=True, kw_only=True)
class EvidenceOut:
    """One thing that speaks for a candidate: `hits` of `total` past dispatches at `key` went to the unit."""

    kind: str
    key: str
    hits: float
    total: float

    @classmethod
    def of(cls, evidence: Evidence) -> EvidenceOut:
        """The evidence on the wire."""
        return cls(kind=evidence.kind, key=evidence.key, hits=evidence.hits, total=evidence.total)


@dataclass(slots=True, kw_only=True)
class CandidateOut:
    """A unit that may own the ticket. `probability` is calibrated; null where no model ranked."""

    unit: str
    unit_name: str | None
    probability: float | None
    evidence: list[EvidenceOut]
    contributions: dict[str, float]

    @classmethod
    def of(cls, candidate: RankedCandidate, names: Names) -> CandidateOut:
        """The candidate on the wire."""
        return cls(
            unit=candidate.unit_id,
            unit_name=names.unit_name(candidate.unit_id),
            probability=candidate.probability,
            evidence=[EvidenceOut.of(e) for e in candidate.evidence],
            contributions=dict(candidate.contributions),
        )


@dataclass(slots=True, kw_only=True)
class WitnessOut:
    """One source's word on where the ticket is."""

    source: str
    latitude: float
    longitude: float
    text: str

    @classmethod
    def of(cls, witness: PlaceWitness) -> WitnessOut:
        """The witness on the wire."""
        point = witness.point
        return cls(
            source=witness.source, latitude=point.latitude, longitude=point.longitude, text=witness.text
        )


@dataclass(slots=True, kw_only=True)
class PlaceOut:
    """One place where the ticket may be: within `radius_m` in 90 % of such cases. `cells` by H3 resolution."""

    latitude: float
    longitude: float
    probability: float
    radius_m: float
    precision: str
    address: str | None
    sources: list[str]
    cells: dict[str, str]

    @classmethod
    def of(cls, place: Place) -> PlaceOut:
        """The place on the wire."""
        return cls(
            latitude=place.point.latitude,
            longitude=place.point.longitude,
            probability=place.probability,
            radius_m=place.radius_m,
            precision=place.precision,
            address=place.address,
            sources=list(place.sources),
            cells=_cells(place.point),
        )


@dataclass(slots=True, kw_only=True)
class RepairOut:
    """A field that was missing or wrong, what it was filled with, and from which records; `step`: the round."""

    field: str
    given: str | None
    value: str
    evidence: list[str]
    step: int

    @classmethod
    def of(cls, repair: Repair) -> RepairOut:
        """The repair on the wire."""
        return cls(
            field=repair.field,
            given=repair.given,
            value=repair.value,
            evidence=list(repair.evidence),
            step=repair.step,
        )


class LocationOut(BaseModel):
    """Where the ticket is believed to be (WGS-84); `cells` are H3 indexes by resolution.

    `places` are all that are worth naming, most likely first; `unknown` is the probability that it is none of them.
    """

    source: str
    latitude: float | None
    longitude: float | None
    radius_m: float | None
    address: str | None
    cells: dict[str, str]
    witnesses: list[WitnessOut]
    reasons: list[str]
    details: list[str]
    places: list[PlaceOut]
    unknown: float
    repairs: list[RepairOut]

    @classmethod
    def of(cls, location: Location) -> LocationOut:
        """The location on the wire."""
        point = location.point
        return cls(
            source=location.source,
            latitude=point.latitude if point else None,
            longitude=point.longitude if point else None,
            radius_m=location.radius_m,
            address=location.address,
            cells=_cells(point) if point else {},
            witnesses=[WitnessOut.of(w) for w in location.witnesses],
            reasons=list(location.reasons),
            details=list(location.details),
            places=[PlaceOut.of(place) for place in location.places],
            unknown=location.unknown,
            repairs=[RepairOut.of(repair) for repair in location.repairs],
        )


class BundleOut(BaseModel):
    """The model that ranked the candidates; `version` is the store's number."""

    version: int | None
    digest: str


class ContentOut(BaseModel):
    """The ticket as it was taken in; coordinates in WGS-84."""

    text: str
    category: str | None
    account: str | None
    phone: str | None
    address: str | None
    latitude: float | None
    longitude: float | None
    attributes: Mapping[str, str]
    channel: str

    @classmethod
    def of(cls, ticket: Ticket) -> ContentOut:
        """The content on the wire."""
        return cls(
            text=ticket.text,
            category=ticket.category,
            account=ticket.account,
            phone=ticket.phone,
            address=ticket.address,
            latitude=ticket.point.latitude if ticket.point else None,
            longitude=ticket.point.longitude if ticket.point else None,
            attributes=ticket.attributes,
            channel=ticket.channel,
        )


class SignalOut(BaseModel):
    """A danger that the ticket's words tell of."""

    kind: str
    words: list[str]
    priority: str

    @classmethod
    def of(cls, signal: SafetySignal) -> SignalOut:
        """The signal on the wire."""
        return cls(kind=signal.kind, words=list(signal.words), priority=signal.priority)


class ReviewOut(BaseModel):
    """What a person decided."""

    unit: str
    by: str
    at: datetime
    comment: str
    reason: str | None = None

    @classmethod
    def of(cls, review: Review) -> ReviewOut:
        """The review on the wire."""
        return cls(
            unit=review.unit_id, by=review.by, at=review.at, comment=review.comment, reason=review.reason
        )


class TicketOut(BaseModel):
    """A ticket with its state. `unit` has it now; while none has, it is the one that gridroute proposes.

    `probability` is calibrated, that `unit` owns the ticket; null where no model ranked it. A few tickets are reviewed
    blind: until that is done `unit` is null, `reasons` say `blind_review`, and nothing tells what was proposed or
    whether the ticket would have gone out by itself. While it waits, a person has to see it by `due_at`; once that is
    over it is `overdue`, and the ground's `duty_unit` was told. `claimed_by` is deciding it, until `claimed_until` at
    most. `joined_into`: the same trouble as that ticket, which alone is dispatched; `joined`: those that go with it,
    where it is asked for by itself.
    """

    ticket_id: str
    received_at: datetime
    status: str
    priority: str = Priority.NORMAL
    signals: list[SignalOut] = []
    verdict: str | None = None
    unit: str | None = None
    unit_name: str | None = None
    probability: float | None = None
    reasons: list[str] = []
    notes: list[str] = []
    rules: list[str] = []
    certificate_group: str | None = None
    suspensions: list[int] = []
    candidates: list[CandidateOut] = []
    location: LocationOut | None = None
    bundle: BundleOut | None = None
    history_sequence: int | None = None
    territory_version: str | None = None
    atlas_version: str | None = None
    due_at: datetime | None = None
    overdue: bool = False
    duty_unit: str | None = None
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    joined_into: str | None = None
    joined: list[str] = []
    review: ReviewOut | None = None
    content: ContentOut

    @classmethod
    def of(cls, stored: StoredTicket, names: Names) -> TicketOut:
        """The ticket on the wire."""
        decision = stored.decision
        hidden, waits = stored.blind, stored.status in WAITING
        unit = stored.unit_id or (decision.unit_id if decision and not hidden else None)
        return cls(
            ticket_id=stored.ticket.ticket_id,
            received_at=stored.ticket.received_at,
            status=stored.status,
            priority=stored.priority,
            unit=unit,
            unit_name=names.unit_name(unit) if unit else None,
            due_at=stored.due_at if waits else None,
            overdue=stored.overdue_at is not None and waits,
            duty_unit=stored.duty_unit if waits and not hidden else None,
            claimed_by=stored.claimed_by,
            claimed_until=stored.claimed_until,
            joined_into=stored.joined_into,
            joined=list(stored.joined),
            review=ReviewOut.of(stored.review) if stored.review else None,
            content=ContentOut.of(stored.ticket),
            **((_decided(decision, unit, names) | (_hidden(decision) if hidden else {})) if decision else {}),
        )


def _decided(decision: Decision, unit: str | None, names: Names) -> dict[str, Any]:
    digest = decision.bundle_digest
    candidates = [CandidateOut.of(c, names) for c in decision.ranking.candidates]
    return {
        "verdict": decision.verdict,
        "probability": next((c.probability for c in candidates if c.unit == unit), None),
        "reasons": [*decision.reasons, *_safety(decision)],
        "signals": [SignalOut.of(signal) for signal in decision.signals],
        "notes": list(decision.notes),
        "rules": list(decision.rule_ids),
        "certificate_group": decision.group,
        "suspensions": list(decision.suspension_ids),
        "candidates": candidates,
        "location": LocationOut.of(decision.location),
        "bundle": BundleOut(version=names.bundle_version(digest), digest=digest) if digest else None,
        "history_sequence": decision.history_sequence,
        "territory_version": decision.territory_version,
        "atlas_version": decision.atlas_version,
    }


def _hidden(decision: Decision) -> dict[str, Any]:
    """The same for every blind review: a member that differed would tell."""
    return {
        "probability": None,
        "reasons": ["blind_review", *_safety(decision)],
        "notes": [],
        "rules": [],
        "certificate_group": None,
        "suspensions": [],
        "candidates": [],
    }


def _safety(decision: Decision) -> list[str]:
    return [f"safety_{signal.kind}" for signal in decision.signals]


@lru_cache(maxsize=1 << 12)  # several witnesses' places are one; nobody changes what is shared so
def _cells(point: Point) -> dict[str, str]:
    shown = zip(RESOLUTIONS, cells(point), strict=True)
    return {
        str(resolution): h3.int_to_str(cell) for resolution, cell in shown if resolution >= COARSEST_SHOWN
    }


class BatchItemOut(BaseModel):
    """The answer of one ticket of a batch: the ticket (201, 200) or the problem."""

    status: int
    ticket: TicketOut | None = None
    problem: Problem | None = None


class BatchOut(BaseModel):
    """Answers in the order of the tickets."""

    accepted: int
    refused: int
    items: list[BatchItemOut]
