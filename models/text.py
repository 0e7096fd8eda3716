"""The text models of a bundle: of units on words, kind and place, and on words alone; of families of units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from features.facts import Facts
from models.blocks import KIND_WEIGHTS, MIXED_WEIGHTS, WORD_WEIGHTS, amounts, mixed_blocks, word_blocks
from models.families import Families
from models.softmax import Softmax, SoftmaxSettings, Vocabulary
from models.text_scoring import Asked, Read, SharedVocabulary, answers_of, table_of

Floats = NDArray[np.float64]

# words are seen often, crosses seldom: longer steps learn more of them before they fit by heart
WORDS_FASTER = 3.0
_WEIGHTS = tuple(np.array(weights) for weights in (MIXED_WEIGHTS, WORD_WEIGHTS, KIND_WEIGHTS))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAnswers:
    """What the models say of a ticket: the mixed one by block and altogether, the words alone, each unit's family."""

    parts: Floats
    mixed: Floats
    words: Floats
    family: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class TextModels:
    """P(unit | words, kind, place), P(unit | words) and P(family of units | words, kind)."""

    mixed: Softmax
    words: Softmax
    families: Families
    _made: Read | None = field(default=None, init=False, repr=False, compare=False)

    def answer(self, facts: Facts) -> TextAnswers:
        """As the models answer one by one, to the bit."""
        told = Asked(
            facts.text_features,
            facts.title_features,
            facts.cross_features,
            facts.place_features,
            facts.kind_features,
            amounts(facts),
        )
        parts, mixed, words, families = answers_of(told, self._read(), *_WEIGHTS)
        return TextAnswers(parts=parts, mixed=mixed, words=words, family=self.families.by_unit(families))

    def _read(self) -> Read:
        """Made when it is first asked for: who trains asks seldom."""
        if self._made is None:
            models = (self.mixed, self.words, self.families.model)
            shared = _shared(*(model.vocabulary for model in models))
            object.__setattr__(self, "_made", Read(shared, *(model.learnt for model in models)))
        assert self._made is not None
        return self._made

    @classmethod
    def fit(
        cls,
        tickets: Sequence[Facts],
        units: Sequence[str],
        settings: SoftmaxSettings | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> TextModels:
        """Fit all on tickets and their units, both of length n."""
        mixed = Softmax.fit([mixed_blocks(f) for f in tickets], units, settings, progress)
        words = fit_words(tickets, units, settings)
        families = Families.fit(tickets, units, words, settings)
        return cls(mixed=mixed, words=words, families=families)


def fit_words(
    tickets: Sequence[Facts], units: Sequence[str], settings: SoftmaxSettings | None = None
) -> Softmax:
    """Fit P(unit | words) on tickets and their units, both of length n."""
    settings = settings or SoftmaxSettings()
    own = replace(settings, rate=settings.rate * WORDS_FASTER, minimum_count=settings.minimum_count + 1)
    return Softmax.fit([word_blocks(f) for f in tickets], units, own)


def _shared(*vocabularies: Vocabulary) -> SharedVocabulary:
    hashes = np.unique(np.concatenate([one.hashes for one in vocabularies]))
    places = np.full((len(hashes) + 1, len(vocabularies)), -1, np.int32)
    for i, one in enumerate(vocabularies):
        places[hashes.searchsorted(one.hashes), i] = np.arange(len(one.hashes))
    return SharedVocabulary(table_of(hashes), places)
