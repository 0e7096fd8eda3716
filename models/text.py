"""The text models of a bundle: of units on words, kind and place, and on words alone; of families of units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from features.facts import Facts
from models.blocks import kind_blocks, mixed_blocks, word_blocks
from models.families import Families
from models.softmax import Hashes, Positions, Softmax, SoftmaxSettings, Vocabulary

Floats = NDArray[np.float64]
Table = NDArray[np.int32]

WORDS_FASTER = (
    3.0  # words are seen often, crosses seldom: longer steps learn more of them before they fit by heart
)


class SharedVocabulary:
    """All features of several vocabularies: what a ticket holds is looked up once for all of them."""

    def __init__(self, *vocabularies: Vocabulary) -> None:
        hashes = np.unique(np.concatenate([one.hashes for one in vocabularies]))
        places = np.full((len(hashes) + 1, len(vocabularies)), -1, np.int32)  # the last of what none knows
        for i, one in enumerate(vocabularies):
            places[hashes.searchsorted(one.hashes), i] = np.arange(len(one.hashes))
        self._hashes, self._places = hashes, places
        self._table = np.zeros((0, 2), np.int32)  # made when it is first asked: who trains asks seldom

    def find(self, features: Hashes) -> Positions:
        """Where each feature stands in each of the vocabularies, shape (vocabularies, features); -1: nowhere."""
        if not len(self._table):
            self._table = _table_of(self._hashes)
        return _places_of(features, self._table, self._places)


@compiled
def _table_of(hashes: Hashes) -> Table:
    """Hashes and their numbers, each where its own bits say, or next to it; no number where there is none."""
    size = 16
    while size < 2 * len(hashes):
        size *= 2
    table = np.full((size, 2), -1, np.int32)
    for i in range(len(hashes)):
        slot = hashes[i] & (size - 1)
        while table[slot, 1] >= 0:
            slot = (slot + 1) & (size - 1)
        table[slot, 0], table[slot, 1] = hashes[i], i
    return table


@compiled
def _places_of(features: Hashes, table: Table, places: Table) -> Positions:
    """As SharedVocabulary.find; `places` by number."""
    size, found = len(table), np.empty((places.shape[1], len(features)), np.int64)
    for i in range(len(features)):
        slot = features[i] & (size - 1)
        while table[slot, 1] >= 0 and table[slot, 0] != features[i]:
            slot = (slot + 1) & (size - 1)
        for model in range(places.shape[1]):
            found[model, i] = places[table[slot, 1], model]
    return found


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
    _shared: SharedVocabulary = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        models = (self.mixed, self.words, self.families.model)
        object.__setattr__(self, "_shared", SharedVocabulary(*(model.vocabulary for model in models)))

    def answer(self, facts: Facts) -> TextAnswers:
        """As the models answer one by one, to the bit."""
        mixed, words, kinds = mixed_blocks(facts), word_blocks(facts), kind_blocks(facts)
        # the words are the first blocks of all three, the kind the last of one
        features = *mixed.features, kinds.features[-1]
        ends = list(accumulate(map(len, features)))
        bounds = np.array([(end - len(one), end) for one, end in zip(features, ends, strict=True)])
        at = self._shared.find(np.concatenate(features))
        parts, of_mixed = self.mixed.answer(mixed, at[0], bounds[:-1])
        _, of_words = self.words.answer(words, at[1], bounds[: len(words.features)])
        _, of_families = self.families.model.answer(kinds, at[2], bounds[[0, 1, -1]])
        return TextAnswers(
            parts=parts, mixed=of_mixed, words=of_words, family=self.families.by_unit(of_families)
        )

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
