"""The text models of a bundle, asked together and one by one."""

from __future__ import annotations

import numpy as np

from features.facts import Facts, facts
from models.blocks import mixed_blocks, word_blocks
from models.text import TextModels
from router.locate import locate
from simulation.city import City
from tests.estimators import a_ticket, facts_of, surroundings_of
from training.fitting import Fitted


def check(models: TextModels, asked: Facts) -> None:
    """All bits are equal."""
    answers = models.answer(asked)
    parts = models.mixed.parts(mixed_blocks(asked))
    assert np.array_equal(answers.parts, parts)
    assert np.array_equal(answers.mixed, models.mixed.probabilities(parts))
    assert np.array_equal(answers.words, models.words.predict(word_blocks(asked)))
    assert np.array_equal(answers.family, models.families.predict(asked))


def test_models_asked_together_answer_as_they_do_alone(city: City, fitted: Fitted) -> None:
    atlas, models = surroundings_of(city).atlas, fitted.bundle.text
    for dispatch in city.dispatches[::40]:
        check(models, facts(dispatch.ticket, locate(dispatch.ticket, atlas), fitted.bundle.schema))


def test_so_do_they_where_nothing_is_known(fitted: Fitted) -> None:
    schema = fitted.bundle.schema
    for text in ("", "qwertz uiop"):
        check(fitted.bundle.text, facts_of(a_ticket(1, text), schema))
    nothing = TextModels.fit([], [])
    assert nothing.answer(facts_of(a_ticket(1, "lamp"), schema)).words.shape == (0,)
