"""The linear text model: it learns, it is stored to the bit, and it answers where little is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax as scipy_softmax
from scipy.stats import entropy
from sklearn.feature_extraction.text import TfidfVectorizer

from models.softmax import LEAST_TOLD, Blocks, Softmax, SoftmaxSettings

UNITS = ("lamps", "roads", "water")


def blocks(*features: list[int]) -> Blocks:
    """Blocks of hashed features; the second one weighs half."""
    return Blocks(
        features=tuple(np.array(f, np.int64) for f in features), weights=(1.0, 0.5)[: len(features)]
    )


def tickets(count: int = 300) -> tuple[list[Blocks], list[str]]:
    """Unit k's tickets hold feature 10 + k; the rest is noise."""
    random = np.random.default_rng(0)
    owners = random.integers(0, len(UNITS), count)
    noise = [np.unique(random.integers(100, 140, 4)) for _ in range(count)]
    found = [blocks(sorted([10 + int(k), 50]), n.tolist()) for k, n in zip(owners, noise, strict=True)]
    return found, [UNITS[k] for k in owners]


@pytest.fixture(scope="module")
def model() -> Softmax:
    """Fitted on the tickets."""
    return Softmax.fit(*tickets())


@pytest.mark.parametrize("unit", range(3))
def test_it_learns_what_tells_units_apart(model: Softmax, unit: int) -> None:
    probabilities = model.predict(blocks([10 + unit], []))
    assert model.classes == UNITS
    assert probabilities.argmax() == unit
    assert probabilities.max() > 0.8
    assert probabilities.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("asked", [blocks([], []), blocks([7, 8], [9])], ids=["no words", "unknown words"])
def test_without_a_known_word_it_answers_how_often_each_unit_had_tickets(
    model: Softmax, asked: Blocks
) -> None:
    _, owners = tickets()
    shares = [owners.count(unit) / len(owners) for unit in UNITS]
    assert model.predict(asked) == pytest.approx(shares, abs=0.01)


def test_an_unknown_word_dilutes_the_known_ones(model: Softmax) -> None:
    assert model.predict(blocks([10, 7, 8], [])).max() < model.predict(blocks([10], [])).max()


def test_blocks_add_up_to_the_answer(model: Softmax) -> None:
    asked = blocks([10, 7], [105, 120])
    parts = model.parts(asked)
    assert parts.shape == (2, len(UNITS))
    assert model.probabilities(parts).tolist() == model.predict(asked).tolist()
    assert parts[0].tolist() == model.parts(blocks([10, 7], []))[0].tolist()
    assert model.parts(blocks([7], [])).tolist() == [[0.0] * len(UNITS)] * 2
    without = model.probabilities(np.zeros((2, len(UNITS))))
    gained = np.log(model.predict(asked)) - np.log(without)
    assert gained - gained[0] == pytest.approx(parts.sum(axis=0) - parts.sum(axis=0)[0])


def test_storing_changes_no_bit(model: Softmax) -> None:
    again = Softmax.from_arrays(model.arrays())
    for name, array in model.arrays().items():
        assert np.array_equal(array, again.arrays()[name])
    for asked in tickets()[0][:50]:
        assert np.array_equal(model.predict(asked), again.predict(asked))


def test_one_seed_gives_one_model() -> None:
    one, same = (Softmax.fit(*tickets(), SoftmaxSettings(seed=3)).arrays() for _ in range(2))
    other = Softmax.fit(*tickets(), SoftmaxSettings(seed=4)).arrays()
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["weights"], other["weights"])


def test_the_order_of_classes_is_that_of_their_names() -> None:
    seen, owners = tickets()
    back = Softmax.fit(seen, ["zulu" if owner == "lamps" else owner for owner in owners])
    assert back.classes == ("roads", "water", "zulu")
    assert back.predict(blocks([10], [])).argmax() == 2


def test_it_answers_as_the_formula_does(model: Softmax) -> None:
    arrays = model.arrays()
    hashes, bias = arrays["hashes"], arrays["bias"].astype(float)
    weights = arrays["weights"].astype(float) * arrays["steps"][:, None]
    for asked in [*tickets()[0][:50], blocks([10, 11, 999], [100, 101, 7])]:
        row = np.zeros(len(hashes))
        for features, weight in zip(asked.features, asked.weights, strict=True):
            row += np.isin(hashes, features) * weight / np.sqrt(len(features))
        expected = scipy_softmax(row @ weights + bias)
        assert model.predict(asked) == pytest.approx(expected, rel=1e-5)


def test_words_weigh_by_their_rarity_as_in_scikit_learn() -> None:
    seen, owners = tickets(80)
    words = [Blocks(features=one.features[:1], weights=(1.0,), by_rarity=1) for one in seen]
    model = Softmax.fit(words, owners, SoftmaxSettings(surprise=0.0))
    arrays = model.arrays()
    texts = [" ".join(map(str, one.features[0])) for one in words]
    rows = TfidfVectorizer(token_pattern=r"\d+", min_df=2).fit(texts).transform(texts)
    order = np.argsort(arrays["hashes"].astype(str))  # scikit-learn sorts its words as texts
    weights = arrays["weights"].astype(float) * arrays["steps"][:, None]
    expected = scipy_softmax(rows @ weights[order] + arrays["bias"].astype(float), axis=1)
    found = np.array([model.predict(one) for one in words])
    assert found == pytest.approx(expected, rel=1e-5)


def test_words_weigh_by_what_they_tell() -> None:
    one, other, both = 11, 12, 13  # as often as each other; the last stands with every unit alike
    features = [[one, both], [one], [other], [other, both]] * 10
    words = [Blocks(features=(np.array(f),), weights=(1.0,), by_rarity=1) for f in features]
    owners = ["a", "a", "b", "b"] * 10
    worth = dict(zip((one, other, both), Softmax.fit(words, owners).arrays()["worth"].tolist(), strict=True))
    assert worth[one] == pytest.approx(worth[other])
    assert worth[both] < worth[one] / 5
    # by the formula: KL((20 + 5, 0 + 5) / 30 || (1/2, 1/2)), ten average tickets added
    told = entropy([25, 5], [1, 1])
    assert worth[one] == pytest.approx((np.log(41 / 21) + 1) * np.sqrt(told + LEAST_TOLD), rel=1e-5)


def test_where_all_tickets_have_one_unit_no_word_tells_more_than_another() -> None:
    seen, owners = tickets(80)
    words = [Blocks(features=one.features[:1], weights=(1.0,), by_rarity=1) for one in seen]
    alike = Softmax.fit(words, ["same"] * len(owners)).arrays()
    told = Softmax.fit(words, owners).arrays()
    assert alike["hashes"].tolist() == told["hashes"].tolist()
    assert all(low <= high for low, high in zip(alike["worth"].tolist(), told["worth"].tolist(), strict=True))


def test_a_word_said_more_often_weighs_more(model: Softmax) -> None:
    seen, owners = tickets(80)
    words = [Blocks(features=one.features[:1], weights=(1.0,), by_rarity=1) for one in seen]
    fitted = Softmax.fit(words, owners)
    asked = [10, 11]
    alike, more = (
        Blocks(
            features=(np.array(asked),), weights=(1.0,), by_rarity=1, amounts=np.array(amounts, np.float32)
        )
        for amounts in ([1, 1], [3, 1])
    )
    assert fitted.predict(more)[0] > fitted.predict(alike)[0] > fitted.predict(alike)[2]
    # an unknown word takes its amount with it
    with_unknown = Blocks(
        features=(np.array([5, 10, 11]),),
        weights=(1.0,),
        by_rarity=1,
        amounts=np.array([9, 3, 1], np.float32),
    )
    assert fitted.predict(with_unknown).tolist() == fitted.predict(more).tolist()


def test_one_byte_a_weight_is_near_what_was_learnt(model: Softmax) -> None:
    arrays = model.arrays()
    assert arrays["weights"].dtype == np.int8
    assert (np.abs(arrays["weights"].astype(int)).max(axis=1) == 127).all()


def test_where_words_weigh_by_rarity_an_unknown_one_changes_nothing() -> None:
    seen, owners = tickets(80)
    words = [Blocks(features=one.features[:1], weights=(1.0,), by_rarity=1) for one in seen]
    model = Softmax.fit(words, owners)
    known, more = (Blocks(features=(np.array(w),), weights=(1.0,), by_rarity=1) for w in ([10], [10, 77]))
    assert model.predict(known).tolist() == model.predict(more).tolist()


def test_rare_features_are_left_out() -> None:
    seen, owners = tickets(60)
    once = [Blocks(features=(np.array([900]), np.array([50])), weights=(1.0, 0.5)), *seen]
    kept = Softmax.fit(once, ["water", *owners], SoftmaxSettings(minimum_count=2)).arrays()["hashes"]
    assert 900 not in kept
    assert 900 in Softmax.fit(once, ["water", *owners], SoftmaxSettings(minimum_count=1)).arrays()["hashes"]


@pytest.mark.parametrize(
    ("seen", "units", "classes", "answer"),
    [
        ([], [], (), []),
        ([blocks([1], [])], ["only"], ("only",), [1.0]),
        ([blocks([1], [])] * 5, ["only"] * 5, ("only",), [1.0]),
        ([blocks([], [])] * 4, ["a", "b"] * 2, ("a", "b"), [0.5, 0.5]),
        ([blocks([1], []), blocks([2], [])], ["a", "b"], ("a", "b"), [0.5, 0.5]),
    ],
    ids=["no tickets", "one ticket", "one unit", "no words", "nothing twice"],
)
def test_too_little_to_learn_from(
    seen: list[Blocks], units: list[str], classes: tuple[str, ...], answer: list[float]
) -> None:
    model = Softmax.fit(seen, units)
    for one in (model, Softmax.from_arrays(model.arrays())):
        assert one.classes == classes
        assert one.predict(blocks([1, 2], [3])).tolist() == pytest.approx(answer)


def test_progress_ends_at_the_whole() -> None:
    shares: list[float] = []
    Softmax.fit(*tickets(40), SoftmaxSettings(epochs=4), shares.append)
    assert shares == [0.25, 0.5, 0.75, 1.0]
