"""The text models of a bundle: of units on words, kind and place, and on words alone; of families of units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from features.facts import Facts
from models.blocks import kind_blocks, mixed_blocks, word_blocks
from models.families import Families
from models.softmax import Found, Hashes, Positions, Softmax, SoftmaxSettings, Vocabulary

Floats = NDArray[np.float64]

WORDS_FASTER = (
    3.0  # words are seen often, crosses seldom: longer steps learn more of them before they fit by heart
)


class SharedVocabulary:
    """All features of several vocabularies: what a ticket holds is looked up once for all of them."""

    def __init__(self, *vocabularies: Vocabulary) -> None:
        hashes = np.unique(np.concatenate([one.hashes for one in vocabularies]))
        self._all = Vocabulary(hashes=hashes, worth=np.zeros(0, np.float32))
        self._places = [np.full(len(hashes), -1, np.intp) for _ in vocabularies]
        for places, one in zip(self._places, vocabularies, strict=True):
            places[self._all.find([one.hashes]).at] = np.arange(len(one.hashes))

    def found_by(self, vocabulary: int, found: Found) -> Found:
        """Those features that the vocabulary of that number knows."""
        asked, at, ends = _those_in(self._places[vocabulary], found.asked, found.at, np.array(found.ends))
        return Found(asked, at, tuple(ends.tolist()))

    def find(self, blocks: Sequence[Hashes]) -> Found:
        """Those features of the blocks that any of the vocabularies knows."""
        return self._all.find(blocks)


@compiled
def _those_in(
    places: Positions, asked: Positions, at: Positions, ends: Positions
) -> tuple[Positions, Positions, Positions]:
    """Those found whose place in a vocabulary is none below 0, as in Found."""
    own_asked, own_at, own_ends = np.empty_like(asked), np.empty_like(at), np.zeros_like(ends)
    count, block = 0, 0
    for i in range(len(at)):
        while i >= ends[block]:
            own_ends[block] = count
            block += 1
        place = places[at[i]]
        if place >= 0:
            own_asked[count], own_at[count] = asked[i], place
            count += 1
    own_ends[block:] = count
    return own_asked[:count], own_at[:count], own_ends


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
        shared = self._shared
        mixed, words, kinds = mixed_blocks(facts), word_blocks(facts), kind_blocks(facts)
        # the words are the first blocks of all three, the kind the last of one
        found = shared.find([*mixed.features, kinds.features[-1]])
        parts = self.mixed.parts(mixed, shared.found_by(0, found.first(len(mixed.features))))
        return TextAnswers(
            parts=parts,
            mixed=self.mixed.probabilities(parts),
            words=self.words.predict(words, shared.found_by(1, found.first(len(words.features)))),
            family=self.families.predict(facts, shared.found_by(2, found.and_last(len(words.features)))),
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
