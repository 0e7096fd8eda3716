"""The certified threshold: exact tails, few violations, nothing certified without reason."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from models.certificate import (
    MINIMUM_ROWS,
    Bools,
    Certified,
    Floats,
    Scored,
    certify,
    certify_groups,
    clean_rows_needed,
    needed_rows,
    tail,
    upper_limit,
)

NOTHING: tuple[Floats, Bools] = np.zeros(0), np.zeros(0, np.bool_)


@pytest.mark.parametrize(
    ("errors", "rows", "alpha"), [(0, 299, 0.01), (3, 40, 0.1), (7, 7, 0.5), (0, 1, 0.2)]
)
def test_the_tail_is_the_binomial_one(errors: int, rows: int, alpha: float) -> None:
    chances = [math.comb(rows, k) * alpha**k * (1 - alpha) ** (rows - k) for k in range(errors + 1)]
    assert tail(errors, rows, alpha) == pytest.approx(sum(chances))


def test_nothing_taken_proves_nothing() -> None:
    assert tail([0, 0], [0, 10], 0.1).tolist() == pytest.approx([1.0, 0.9**10])


@pytest.mark.parametrize(
    ("alpha", "confidence", "rows"), [(0.01, 0.95, 299), (0.005, 0.95, 598), (0.1, 0.9, 22)]
)
def test_clean_rows_needed(alpha: float, confidence: float, rows: int) -> None:
    assert clean_rows_needed(alpha, confidence) == rows
    assert tail(0, rows, alpha) <= 1 - confidence < tail(0, rows - 1, alpha)


def slice_of(rows: int, errors: int, *, clean_first: int = 0) -> tuple[Floats, Bools]:
    """Falling scores; the errors are spread evenly behind the first `clean_first` rows."""
    correct = np.ones(rows, np.bool_)
    if errors:
        correct[np.linspace(clean_first, rows - 1, errors).astype(int)] = False
    return np.linspace(1, 0.001, rows), correct


def certified(scores: Floats, correct: Bools, alpha: float = 0.01, confidence: float = 0.95) -> Certified:
    """Without an earlier slice: the walk begins at the strictest threshold."""
    return certify(scores, correct, *NOTHING, alpha, confidence)


@pytest.mark.parametrize(
    ("rows", "errors", "clean_first", "covered"),
    [
        (299, 0, 0, 0),
        (300, 0, 0, 300),
        (4_000, 29, 3_000, 4_000),
        (4_000, 400, 2_000, pytest.approx(2_060, abs=60)),
        (1_000, 100, 400, pytest.approx(400, abs=10)),
        (1_000, 100, 0, 0),
    ],
)
def test_how_much_is_certified(rows: int, errors: int, clean_first: int, covered: object) -> None:
    found = certified(*slice_of(rows, errors, clean_first=clean_first))
    assert found.rows == covered
    assert (found.threshold is None) == (found.rows == 0)
    if found.threshold is not None:
        scores, correct = slice_of(rows, errors, clean_first=clean_first)
        taken = scores >= found.threshold
        assert (found.rows, found.errors) == (taken.sum(), (taken & ~correct).sum())
        assert found.coverage == found.rows / rows
        assert tail(found.errors, found.rows, 0.01) <= 0.05


def test_equal_scores_are_certified_together_or_not_at_all() -> None:
    scores, correct = slice_of(900, 0)
    scores[299:] = 0.5
    assert certified(scores, correct).rows == 900
    correct[-30:] = False
    assert certified(scores, correct).rows == 299
    scores[:] = 0.5
    assert certified(scores, correct).threshold is None


def test_what_may_never_be_automatic_is_not_certified() -> None:
    scores, correct = slice_of(1_000, 0)
    scores[::2] = -np.inf
    found = certified(scores, correct)
    assert (found.rows, found.coverage) == (500, 0.5)
    assert found.threshold == scores[np.isfinite(scores)].min()
    assert certified(np.full(1_000, -np.inf), correct).threshold is None
    scores[299:] = -np.inf
    assert certified(scores, correct).threshold is None


def test_the_walk_begins_where_the_earlier_slice_is_cleanest() -> None:
    scores, correct = slice_of(2_000, 0)
    correct[:320:40] = False  # the surest ones are wrong: a walk from the strictest threshold stops at once
    assert certified(scores, correct).threshold is None
    assert certify(scores, correct, scores, correct, 0.01, 0.95).rows == 2_000


@pytest.mark.parametrize("rows", [0, 1, MINIMUM_ROWS - 1])
def test_too_few_rows_certify_nothing(rows: int) -> None:
    found = certified(*slice_of(rows, 0), alpha=0.5)
    assert (found.threshold, found.needed_rows) == (None, MINIMUM_ROWS - rows)


def test_more_errors_need_more_rows_and_too_many_are_never_enough() -> None:
    needed = [certified(*slice_of(1_000, errors)).needed_rows for errors in (4, 6, 8, 300)]
    assert needed[-1] is None
    some = [rows for rows in needed if rows is not None]
    assert len(some) == 3
    assert 0 < some[0] < some[1] < some[2] < 100_000


@pytest.mark.parametrize(
    ("rows", "errors", "never", "needed"),
    [
        (0, 0, 0, MINIMUM_ROWS),
        (3, 0, 0, MINIMUM_ROWS - 3),
        (250, 125, 0, None),  # more of such tickets never reach 1 %
        (100, 0, 100, None),  # none of them may be automatic
        (1_000, 0, 900, 10 * (299 - 100)),  # nine of ten tickets that come are never automatic
        (1_000, 50, 900, None),
    ],
)
def test_what_a_group_that_is_too_small_needs(rows: int, errors: int, never: int, needed: int | None) -> None:
    chance = np.random.default_rng(0)
    scores, correct = chance.random(rows), np.ones(rows, np.bool_)
    scores[:never] = -np.inf
    correct[chance.permutation(np.arange(never, rows))[:errors]] = False
    slice_ = Scored(groups=np.array(["small"] * rows, np.object_), scores=scores, correct=correct)
    ((found, _),) = certify_groups(slice_, slice_, {"small": 0.01}, 0.95).values()
    assert found.threshold is None
    assert found.needed_rows == (None if needed is None else pytest.approx(needed, rel=0.05))


@pytest.mark.parametrize(("rows", "errors"), [(500, 2), (500, 4), (1_000, 7)])
def test_the_rows_that_are_said_to_be_needed_are_enough_and_not_far_too_many(rows: int, errors: int) -> None:
    scores, correct = slice_of(rows, errors)
    needed = certified(scores, correct).needed_rows
    assert needed is not None

    def enough(more: float) -> bool:
        times = np.arange(math.ceil(rows + more * needed)) % rows
        found = certify(scores[times], correct[times], scores, correct, 0.01, 0.95)
        return found.threshold is not None

    assert enough(1.3)
    assert not enough(0.3)


def falling(scores: Floats) -> Floats:
    """Chance of an error: a part of the tickets can be dispatched at 5 %."""
    return 0.4 * (1.0 - scores) ** 1.5


def even(scores: Floats) -> Floats:
    """Just above the budget everywhere: the hardest case for a test at 5 %."""
    return np.full_like(scores, 0.0505)


@pytest.mark.parametrize(("error", "least_issued"), [(falling, 0.6), (even, 0.0)])
def test_the_budget_is_broken_no_more_often_than_the_confidence_allows(
    error: Callable[[Floats], Floats], least_issued: float
) -> None:
    trials, alpha, confidence = 400, 0.05, 0.95
    random = np.random.default_rng(11)
    grid = np.linspace(0, 1, 10_001)

    def sample(rows: int) -> tuple[Floats, Bools]:
        scores = np.round(random.random(rows), 3)  # with ties
        return scores, random.random(rows) >= error(scores)

    found = [certify(*sample(800), *sample(300), alpha, confidence).threshold for _ in range(trials)]
    issued = [threshold for threshold in found if threshold is not None]
    broken = sum(error(grid[grid >= threshold]).mean() > alpha for threshold in issued)
    allowed = 1 - confidence
    assert broken / trials <= allowed + 2 * math.sqrt(allowed * confidence / trials)
    assert len(issued) / trials >= least_issued


@pytest.mark.parametrize(
    ("errors", "rows", "limit"),
    [(0, 299, 0.00997), (29, 4_000, 0.0099), (3, 3, 1.0), (0, 0, 1.0), (1, 10, 0.3942)],
)
def test_the_upper_limit_is_clopper_and_pearsons(errors: int, rows: int, limit: float) -> None:
    assert upper_limit(errors, rows, 0.95) == pytest.approx(limit, abs=1e-4)


def groups_of(*slices: tuple[str, Floats, Bools]) -> Scored:
    """Slices of several groups as one."""
    return Scored(
        groups=np.concatenate([np.full(len(scores), name) for name, scores, _ in slices]),
        scores=np.concatenate([scores for _, scores, _ in slices]),
        correct=np.concatenate([correct for _, _, correct in slices]),
    )


def test_groups_share_the_error_probability_and_too_small_ones_take_none_of_it() -> None:
    scored = groups_of(
        ("a", *slice_of(2_000, 4, clean_first=900)),
        ("b", *slice_of(900, 0)),
        ("c", *slice_of(310, 0)),
        ("d", *slice_of(90, 0)),
    )
    alphas = {"a": 0.01, "b": 0.01, "c": 0.002, "d": 0.01, "none": 0.01}
    found = certify_groups(scored, groups_of(("a", *NOTHING)), alphas, 0.95)
    assert {one for _, one in found.values()} == {0.975}
    assert [found[name][0].rows for name in alphas] == [2_000, 900, 0, 0, 0]
    needed = [found[name][0].needed_rows for name in alphas]
    assert needed == [None, None, *(pytest.approx(rows, rel=0.07) for rows in (1_843 - 310, 367 - 90, 367))]
    assert found["a"][0].coverage == 1.0


def test_a_bad_group_is_not_carried_by_a_good_one() -> None:
    good, bad = slice_of(4_000, 0), slice_of(400, 20, clean_first=50)
    together = certified(np.append(good[0], bad[0]), np.append(good[1], bad[1]))
    assert together.rows == 4_400
    found = certify_groups(
        groups_of(("good", *good), ("bad", *bad)),
        groups_of(("good", *NOTHING)),
        {"good": 0.01, "bad": 0.01},
        0.95,
    )
    assert found["good"][0].rows == 4_000
    assert found["bad"][0].threshold is None


def test_without_tickets_nothing_can_be_told() -> None:
    assert needed_rows(*NOTHING, 0.01, 0.95) is None
