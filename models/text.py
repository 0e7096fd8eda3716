"""The text models of a bundle: of units on words, kind and place, and on words alone; of families of units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from features.facts import Facts
from models.blocks import mixed_blocks, word_blocks
from models.families import Families
from models.softmax import Softmax, SoftmaxSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class TextModels:
    """P(unit | words, kind, place), P(unit | words) and P(family of units | words, kind)."""

    mixed: Softmax
    words: Softmax
    families: Families

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
        words = Softmax.fit([word_blocks(f) for f in tickets], units, settings)
        families = Families.fit(tickets, units, words, settings)
        return cls(mixed=mixed, words=words, families=families)
