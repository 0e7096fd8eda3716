"""Candidates, rankings, decisions, reviews and certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.places import Location
from domain.safety import Priority, SafetySignal
from domain.time import require_aware


class Verdict(StrEnum):
    """What happens to the ticket now."""

    DISPATCH = "dispatch"
    REVIEW = "review"
    HOLD = "hold"


class Reason(StrEnum):
    """Why a decision is what it is; texts for people live with the pages that show them."""

    CERTIFIED = "certified"
    RULE = "rule"
    RULE_NEVER_AUTOMATIC = "rule_never_automatic"
    RULE_UNIT_CLOSED = "rule_unit_closed"
    RULES_DISAGREE = "rules_disagree"
    BELOW_THRESHOLD = "below_threshold"
    NOT_CERTIFIED = "not_certified"
    CERTIFICATE_EXPIRED = "certificate_expired"
    NO_MODEL = "no_model"
    NO_CANDIDATE = "no_candidate"
    TERRITORY = "territory"
    TERRITORIES_OVERLAP = "territories_overlap"
    AUTOMATION_OFF = "automation_off"
    AUDITED = "audited"
    SUSPENDED_BY_AUDITS = "suspended_by_audits"
    SUSPENDED_BY_RETURNS = "suspended_by_returns"
    SUSPENDED_BY_PERSON = "suspended_by_person"
    PLACE_UNKNOWN = "place_unknown"
    PLACE_CONFLICT = "place_conflict"
    CORRECTED_BEFORE = "corrected_before"
    UNIT_CLOSED = "unit_closed"
    REFUSED = "refused"
    PING_PONG = "ping_pong"
    TRANSFERS_CAPPED = "transfers_capped"
    REROUTED = "rerouted"


class EvidenceKind(StrEnum):
    """What found a candidate."""

    HISTORY = "history"
    SIMILAR = "similar"
    TEXT = "text"
    TERRITORY = "territory"
    RULE = "rule"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that speaks for a candidate, in numbers a person can check.

    `key` names the history key, rule, territory or similar ticket; `hits` of `total` past dispatches went to the unit.
    """

    kind: EvidenceKind
    key: str
    hits: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit that may own the ticket, and what found it."""

    unit_id: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCandidate:
    """A candidate with its calibrated probability (None: no model ranked it).

    `contributions` sum to the raw score where computed.
    """

    unit_id: str
    probability: float | None
    score: float
    evidence: tuple[Evidence, ...] = ()
    contributions: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resemblance:
    """A past dispatch that is like the ticket. `sequence` is its number in the log; `similarity`: more is liker."""

    sequence: int
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a receipt is written from and nothing else keeps.

    `nearest`: the past dispatches most like the ticket. `rows`: feature rows of the first candidates, packed.
    """

    nearest: tuple[Resemblance, ...] = ()
    rows: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Candidates, best first. `confidence` (calibrated; None without a model) has to reach the threshold."""

    candidates: tuple[RankedCandidate, ...] = ()
    confidence: float | None = None
    basis: Basis = Basis()

    @property
    def top(self) -> RankedCandidate | None:
        """The best candidate, if there is any."""
        return self.candidates[0] if self.candidates else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """At most `alpha` misrouted among automatic dispatches, with confidence `confidence`.

    `threshold` None: nothing could be certified. `rows` and `errors` are the calibration tickets at or above it.
    """

    alpha: float
    confidence: float
    threshold: float | None
    rows: int
    errors: int
    calibration_rows: int
    coverage: float
    data_digest: str
    issued_at: datetime
    expires_at: datetime
    needed_rows: int | None = None

    def __post_init__(self) -> None:
        require_aware("issued_at", self.issued_at)
        require_aware("expires_at", self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided of a ticket and by what: enough to replay it to the same bits.

    `group`: the one of the bundle's certificates that the ticket stands under; None where none was asked.
    `suspension_ids`: what was found to stop automatic dispatch. `signals`: dangers that the ticket's words tell of.
    `blind`: whoever reviews it is not to see what is proposed. `grounds`: the territories where the ticket may be, of
    whatever kind; None where that was not noted.
    """

    ticket_id: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    location: Location
    ranking: Ranking
    unit_id: str | None = None
    rule_ids: tuple[str, ...] = ()
    group: str | None = None
    suspension_ids: tuple[int, ...] = ()
    priority: Priority = Priority.NORMAL
    signals: tuple[SafetySignal, ...] = ()
    blind: bool = False
    history_sequence: int = 0
    bundle_digest: str | None = None
    atlas_version: str = ""
    territory_version: str = ""
    notes: tuple[str, ...] = field(default=())
    grounds: tuple[str, ...] | None = None

    @property
    def probability(self) -> float | None:
        """Calibrated probability that `unit_id` owns the ticket; None where no model ranked it."""
        found = (c.probability for c in self.ranking.candidates if c.unit_id == self.unit_id)
        return next(found, None)


class ReviewReason(StrEnum):
    """Why a person gave a ticket to another unit than the one that was proposed."""

    WRONG_PLACE = "wrong_place"
    WRONG_KIND = "wrong_kind"
    BOUNDARY = "boundary"
    REORGANISED = "reorganised"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A person's word on a ticket (复核): the unit that owns it."""

    ticket_id: str
    unit_id: str
    by: str
    at: datetime
    comment: str = ""
    reason: ReviewReason | None = None

    def __post_init__(self) -> None:
        require_aware("at", self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the operator allows. Stages get it as an argument; nothing reads the environment.

    `max_transfers`: so many refusals of one ticket, and it is held for somebody who ends it. `due`,
    `due_urgent`: within that time a person has to have seen what is reviewed or held. Of at most `max_candidates` that
    are ranked a decision names the first `told_candidates`: the others are right for one ticket in 300 (Boston) to 70
    (Budapest), and would be a third of all that is stored and answered.
    """

    automation: bool = True
    max_transfers: int = 3
    due_urgent: timedelta = timedelta(minutes=3)
    due: timedelta = timedelta(minutes=30)
    max_candidates: int = 24
    told_candidates: int = 10
