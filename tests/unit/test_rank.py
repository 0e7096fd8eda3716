"""Rankings: best first, calibrated where there is a model, with the evidence that a person can check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from domain.decisions import EvidenceKind, Ranking
from domain.places import Territory
from domain.rules import Rule
from features.history import History
from features.packing import unpack
from features.table import feature_names, feature_rows
from models.bundle import Bundle
from models.ranker import Floats, Floats32, Ranker
from router.rank import EXPLAINED, KEYS_SHOWN, rank, score
from router.retrieve import Retrieved, retrieve
from tests.estimators import START, a_ticket, facts_of, place
from tests.serving import square
from training.fitting import Fitted

ASKED = a_ticket(9, "street lamp", category="lamp", point=place(0), address="1 Main St")


class Fixed(Ranker):
    """Scores candidates by their place in the list."""

    def __init__(self, *scores: float) -> None:
        self._scores = scores

    def scores(self, rows: Floats32) -> Floats:
        """As given."""
        return np.array(self._scores[: len(rows)])


def history_of(bundle: Bundle, owners: str) -> History:
    """One ticket at the same door for each letter."""
    history = History(bundle.schema)
    history.units((*bundle.text.mixed.classes, *bundle.text.words.classes))
    for number, owner in enumerate(owners):
        past = replace(ASKED, ticket_id=f"p{number}")
        history.fold(facts_of(past, bundle.schema), owner, number)
    return history


def found(history: History, owners: tuple[str, ...] = ()) -> Retrieved:
    """Candidates by history and ground alone."""
    facts = facts_of(ASKED, history.schema)
    return retrieve(facts, history, None, owners=dict.fromkeys(owners, 1.0), at=START, limit=9)


def ranked(bundle: Bundle | None, history: History, told: int = 24, **ground: tuple[object, ...]) -> Ranking:
    """The ranking of those candidates."""
    territories = tuple(t for t in ground.get("territories", ()) if isinstance(t, Territory))
    rules = tuple(r for r in ground.get("rules", ()) if isinstance(r, Rule))
    retrieved = found(history, tuple(t.unit_id for t in territories))
    facts = facts_of(ASKED, history.schema)
    return rank(facts, history, retrieved, bundle, territories=territories, rules=rules, told=told)


def test_the_best_score_comes_first_and_equal_ones_by_unit_id(fitted: Fitted) -> None:
    bundle = replace(fitted.bundle, ranker=Fixed(1.0, 3.0, 1.0, 3.0))
    history = history_of(bundle, "dcba")
    units, scores, rows = score(facts_of(ASKED, bundle.schema), history, found(history), bundle)
    assert [history.unit_ids[unit] for unit in units] == ["b", "d", "a", "c"]
    assert scores.tolist() == [3.0, 3.0, 1.0, 1.0]
    assert rows.shape == (4, len(feature_names(bundle.schema)))


def test_probabilities_are_those_of_the_calibrator(fitted: Fitted) -> None:
    bundle = replace(fitted.bundle, ranker=Fixed(0.0, 2.0, -1.0))
    ranking = ranked(bundle, history_of(bundle, "abc"))
    expected = bundle.calibrator.probabilities(np.array([2.0, 0.0, -1.0]))
    assert [candidate.unit_id for candidate in ranking.candidates] == ["b", "a", "c"]
    assert [candidate.probability for candidate in ranking.candidates] == expected.tolist()
    assert ranking.confidence == expected[0]


def test_without_a_model_it_goes_by_support_and_states_no_probability(fitted: Fitted) -> None:
    history = history_of(fitted.bundle, "abbbcc")
    ranking = ranked(None, history)
    assert [candidate.unit_id for candidate in ranking.candidates] == ["b", "c", "a"]
    assert {candidate.probability for candidate in ranking.candidates} == {None}
    assert ranking.confidence is None
    owner = ranked(None, history, territories=(square("t", "a", 31.1),))
    assert owner.top is not None
    assert owner.top.unit_id == "a"


@pytest.mark.parametrize("with_model", [True, False])
def test_nobody_is_an_empty_ranking(fitted: Fitted, with_model: bool) -> None:
    bundle = fitted.bundle if with_model else None
    assert ranked(bundle, history_of(fitted.bundle, "")) == Ranking()


def test_evidence_names_rules_and_ground_then_the_narrowest_keys(fitted: Fitted) -> None:
    history = history_of(fitted.bundle, "aab")
    other = a_ticket(5, "street lamp", category="lamp", point=place(2_000))
    history.fold(facts_of(other, history.schema), "b", 5)
    rule, ground = Rule(rule_id="r", unit_id="a"), square("t", "a", 31.1)
    top = ranked(None, history, rules=(rule,), territories=(ground,)).candidates[0]
    assert [(e.kind, e.key) for e in top.evidence[:2]] == [
        (EvidenceKind.RULE, "r"),
        (EvidenceKind.TERRITORY, "t"),
    ]
    keys = [e for e in top.evidence if e.kind is EvidenceKind.HISTORY]
    assert len(keys) == KEYS_SHOWN
    assert {(e.hits, e.total) for e in keys} == {(2.0, 3.0)}  # at the door; of the kind there are four
    similar = next(e for e in top.evidence if e.kind is EvidenceKind.SIMILAR)
    assert 0 < similar.hits < similar.total


def test_what_a_receipt_needs_is_kept(fitted: Fitted) -> None:
    bundle = replace(fitted.bundle, ranker=Fixed(1.0, 3.0, 2.0))
    history = history_of(bundle, "abc")
    basis = ranked(bundle, history).basis
    assert [one.sequence for one in basis.nearest] == [2, 1, 0]  # all alike: the latest first
    rows = unpack(basis.rows, len(feature_names(bundle.schema)))
    retrieved = found(history)
    expected = feature_rows(facts_of(ASKED, bundle.schema), history, retrieved.units, retrieved.opinion)
    assert rows.tobytes() == expected[[1, 2]].tobytes()
    assert ranked(None, history).basis == replace(basis, rows="")


def test_only_the_first_candidates_are_explained(fitted: Fitted) -> None:
    ranking = ranked(None, history_of(fitted.bundle, "abcdefgh"))
    assert [bool(candidate.evidence) for candidate in ranking.candidates] == [True] * EXPLAINED + [False] * 3


def test_the_first_are_named_and_whom_rules_or_the_ground_name(fitted: Fitted) -> None:
    history = history_of(fitted.bundle, "aaaabbbccd")
    whole = ranked(None, history).candidates
    assert [one.unit_id for one in whole] == ["a", "b", "c", "d"]
    assert ranked(None, history, told=2).candidates == whole[:2]
    rule = Rule(rule_id="r", unit_id="d")
    assert [one.unit_id for one in ranked(None, history, told=2, rules=(rule,)).candidates] == ["a", "b", "d"]
    # the ground's owner has so much behind it that it comes first where no model ranks
    bundle = replace(fitted.bundle, ranker=Fixed(4.0, 3.0, 2.0, 1.0))
    owner = ranked(bundle, history, told=2, territories=(square("t", "d", 31.1),))
    alone = ranked(bundle, history, territories=(square("t", "d", 31.1),))
    assert [one.unit_id for one in owner.candidates] == ["a", "b", "d"]
    assert [owner.candidates[0], owner.candidates[2]] == [alone.candidates[0], alone.candidates[3]]


def test_there_is_a_name_for_each_number_that_is_scored(fitted: Fitted) -> None:
    assert len(fitted.importance) == len(feature_names(fitted.bundle.schema))
    assert sum(fitted.importance.values()) == pytest.approx(1.0)
