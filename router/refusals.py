"""Where a ticket goes that a unit has sent back: to a person, who sees what is left and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain.decisions import (
    Basis,
    Decision,
    Evidence,
    EvidenceKind,
    Policy,
    RankedCandidate,
    Ranking,
    Reason,
    Verdict,
)
from domain.dispatches import Refusal

SHOWN = 200  # characters of a unit's reason that stand in the evidence


def reconsider(decision: Decision, refusals: Sequence[Refusal], policy: Policy) -> Decision:
    """The decision, knowing who refused the ticket, oldest refusal first. Pure.

    Those who refused come last, and the others' probabilities are taken as if it cannot be theirs. It is never
    dispatched automatically: no certificate was issued for tickets that have come back.
    """
    refused = {one.unit_id for one in refusals}
    theirs = sum(c.probability or 0.0 for c in decision.ranking.candidates if c.unit_id in refused)
    left = [_without(c, theirs) for c in decision.ranking.candidates if c.unit_id not in refused]
    left.sort(
        key=lambda candidate: candidate.unit_id != decision.unit_id
    )  # whom the rules or the ground name is first
    others = [_refused(c, refusals) for c in decision.ranking.candidates if c.unit_id in refused]
    capped = len(refusals) >= policy.max_transfers
    reasons = [Reason.REFUSED]
    if len(refused) < len(refusals):
        reasons.append(Reason.PING_PONG)
    if capped:
        reasons.append(Reason.TRANSFERS_CAPPED)
    if not left:
        reasons.append(Reason.NO_CANDIDATE)
    return replace(
        decision,
        verdict=Verdict.HOLD if capped or not left else Verdict.REVIEW,
        reasons=tuple(reasons),
        # the rows of features stand in the order of the ranking before
        ranking=Ranking(candidates=(*left, *others), basis=Basis(nearest=decision.ranking.basis.nearest)),
        unit_id=left[0].unit_id if left else None,
        group=None,
        suspension_ids=(),
        blind=False,
        notes=(*decision.notes, " → ".join(one.unit_id for one in refusals)),
    )


def _without(candidate: RankedCandidate, theirs: float) -> RankedCandidate:
    if candidate.probability is None or theirs >= 1.0:
        return candidate
    return replace(candidate, probability=min(candidate.probability / (1.0 - theirs), 1.0))


def _refused(candidate: RankedCandidate, refusals: Sequence[Refusal]) -> RankedCandidate:
    own = [one for one in refusals if one.unit_id == candidate.unit_id]
    said = Evidence(kind=EvidenceKind.REFUSAL, key=own[-1].reason[:SHOWN], total=float(len(own)))
    probability = None if candidate.probability is None else 0.0
    return replace(candidate, probability=probability, evidence=(said, *candidate.evidence))
