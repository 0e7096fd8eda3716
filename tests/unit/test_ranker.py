"""The ranker: higher for likelier candidates, stored as text to the bit, one seed one model."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.ranker import Floats32, Ranker, RankerSettings

NAMES = ("told", "noise", "名字")
SETTINGS = RankerSettings(trees=20, minimum_rows=5)


def pairs(count: int = 400) -> tuple[Floats32, NDArray[np.int8]]:
    """Label 1 where the first feature is large; some features unknown."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(count, len(NAMES))).astype(np.float32)
    labels = (rows[:, 0] > 0.5).astype(np.int8)
    rows[::7, 1] = np.nan
    return rows, labels


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    """Fitted on the pairs."""
    return Ranker.fit(*pairs(), NAMES, SETTINGS)


def test_likelier_candidates_score_higher(ranker: Ranker) -> None:
    rows, labels = pairs()
    order = np.argsort(ranker.scores(rows))
    assert labels[order[-50:]].all()
    assert not labels[order[:50]].any()
    assert ranker.trees == SETTINGS.trees


def test_a_row_scores_the_same_alone(ranker: Ranker) -> None:
    rows, _ = pairs(30)
    together = ranker.scores(rows)
    assert [ranker.scores(rows[i : i + 1])[0] for i in range(30)] == together.tolist()


def test_its_text_is_all_of_it(ranker: Ranker) -> None:
    rows, _ = pairs()
    again = Ranker(ranker.text)
    assert again.text == ranker.text
    assert np.array_equal(again.scores(rows), ranker.scores(rows))


def test_one_seed_gives_one_model() -> None:
    one, same = (Ranker.fit(*pairs(), NAMES, SETTINGS).text for _ in range(2))
    assert one == same
    assert one != Ranker.fit(*pairs(), NAMES, RankerSettings(trees=20, minimum_rows=5, seed=1)).text


def test_contributions_sum_to_the_score(ranker: Ranker) -> None:
    rows, _ = pairs(50)
    assert ranker.contributions(rows).shape == (50, len(NAMES) + 1)
    assert ranker.contributions(rows).sum(axis=1) == pytest.approx(ranker.scores(rows), abs=1e-9)


def test_importance_is_shared_out_by_name(ranker: Ranker) -> None:
    importance = ranker.importance(NAMES)
    assert tuple(importance) == NAMES
    assert sum(importance.values()) == pytest.approx(1.0)
    assert max(importance, key=importance.__getitem__) == "told"


def test_one_that_has_learnt_nothing_tells_nothing_apart() -> None:
    constant = Ranker.constant(NAMES)
    scores = constant.scores(pairs()[0])
    assert len(set(scores.tolist())) == 1
    assert sum(constant.importance(NAMES).values()) == 0.0
