"""A ticket that was sent back: who is left, how likely, and when somebody has to end it."""

from __future__ import annotations

from typing import Any

from domain.decisions import (
    Basis,
    Decision,
    Evidence,
    EvidenceKind,
    Policy,
    RankedCandidate,
    Ranking,
    Reason,
    Resemblance,
    Verdict,
)
from domain.dispatches import Refusal
from domain.places import Location, LocationSource
from router.refusals import reconsider
from tests.serving import NOW

POLICY = Policy(max_transfers=3)


def candidate(unit_id: str, probability: float | None) -> RankedCandidate:
    return RankedCandidate(unit_id=unit_id, probability=probability, score=1.0)


def decision(*candidates: RankedCandidate, **changes: Any) -> Decision:
    fields: dict[str, Any] = {
        "ticket_id": "t1",
        "verdict": Verdict.DISPATCH,
        "reasons": (Reason.CERTIFIED,),
        "location": Location(source=LocationSource.NONE),
        "ranking": Ranking(
            candidates=candidates,
            confidence=0.9,
            basis=Basis(nearest=(Resemblance(sequence=1, similarity=0.5),), rows="x"),
        ),
        "unit_id": candidates[0].unit_id if candidates else None,
        "group": "pooled",
        "suspension_ids": (1,),
    }
    return Decision(**{**fields, **changes})


def refusal(unit_id: str, reason: str = "not ours") -> Refusal:
    return Refusal(ticket_id="t1", unit_id=unit_id, by="crew", at=NOW, reason=reason)


THREE = decision(candidate("a", 0.6), candidate("b", 0.3), candidate("c", 0.1))


def test_the_next_one_is_proposed_to_a_person_with_what_was_said() -> None:
    found = reconsider(THREE, [refusal("a", "a private line")], POLICY)
    assert (found.verdict, found.unit_id, found.reasons) == (Verdict.REVIEW, "b", (Reason.REFUSED,))
    assert [(c.unit_id, c.probability) for c in found.ranking.candidates] == [
        ("b", 0.3 / (1 - 0.6)),
        ("c", 0.1 / (1 - 0.6)),
        ("a", 0.0),
    ]
    last = found.ranking.candidates[-1]
    assert last.evidence == (Evidence(kind=EvidenceKind.REFUSAL, key="a private line", total=1.0),)
    assert (found.group, found.suspension_ids, found.blind) == (None, (), False)
    assert found.ranking.confidence is None
    assert found.ranking.basis == Basis(nearest=(Resemblance(sequence=1, similarity=0.5),))


def test_whom_a_rule_names_goes_before_the_likelier() -> None:
    ruled = decision(candidate("a", 0.6), candidate("b", 0.3), candidate("c", 0.1), unit_id="c")
    assert reconsider(ruled, [refusal("a")], POLICY).unit_id == "c"
    assert reconsider(ruled, [refusal("c")], POLICY).unit_id == "a"


def test_so_many_refusals_and_it_is_held() -> None:
    two, three = (reconsider(THREE, [refusal(u) for u in units], POLICY) for units in ("ab", "abd"))
    assert (two.verdict, two.unit_id) == (Verdict.REVIEW, "c")
    assert (three.verdict, three.unit_id) == (Verdict.HOLD, "c")
    assert three.reasons == (Reason.REFUSED, Reason.TRANSFERS_CAPPED)


def test_ping_pong_is_named() -> None:
    found = reconsider(THREE, [refusal("a"), refusal("b"), refusal("a")], POLICY)
    assert found.reasons == (Reason.REFUSED, Reason.PING_PONG, Reason.TRANSFERS_CAPPED)
    assert found.notes == ("a → b → a",)
    assert [e.total for e in found.ranking.candidates[-2].evidence] == [2.0]


def test_nobody_is_left() -> None:
    found = reconsider(decision(candidate("a", None)), [refusal("a")], POLICY)
    assert (found.verdict, found.unit_id) == (Verdict.HOLD, None)
    assert found.reasons == (Reason.REFUSED, Reason.NO_CANDIDATE)
    assert found.ranking.candidates[0].probability is None
    assert reconsider(decision(), [refusal("a")], POLICY).unit_id is None
    sure = reconsider(decision(candidate("a", 1.0), candidate("b", 0.0)), [refusal("a")], POLICY)
    assert sure.ranking.candidates[0].probability == 0.0
