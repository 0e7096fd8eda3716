"""The two text models of a bundle: on words, kind and place; and on words alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from features.facts import Facts
from models.softmax import Blocks, Softmax, SoftmaxSettings

MIXED_WEIGHTS = (1.0, 0.7, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextModels:
    """P(unit | words, kind, place) and P(unit | words)."""

    mixed: Softmax
    words: Softmax

    @classmethod
    def fit(
        cls,
        tickets: Sequence[Facts],
        units: Sequence[str],
        settings: SoftmaxSettings | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> TextModels:
        """Fit both on tickets and their units, both of length n."""
        mixed = Softmax.fit([mixed_blocks(f) for f in tickets], units, settings, progress)
        words = Softmax.fit([word_blocks(f) for f in tickets], units, settings)
        return cls(mixed=mixed, words=words)


def mixed_blocks(facts: Facts) -> Blocks:
    """Words, words crossed with kind and area, kind and place."""
    features = (facts.text_features, facts.cross_features, facts.place_features)
    return Blocks(features=features, weights=MIXED_WEIGHTS)


def word_blocks(facts: Facts) -> Blocks:
    """The words alone."""
    return Blocks(features=(facts.text_features,), weights=(1.0,))
