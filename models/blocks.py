"""Which of a ticket's hashed features each text model reads, and with what weight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.facts import Facts
from models.softmax import Blocks
from models.text_scoring import BY_RARITY

MIXED_WEIGHTS, WORD_WEIGHTS, KIND_WEIGHTS = (1.0, 0.5, 0.7, 1.5), (1.0, 0.7), (1.0, 0.7, 1.0)
MIXED_BLOCKS = len(MIXED_WEIGHTS)
_AMOUNTS = (1.0 + np.log(np.maximum(np.arange(256), 1))).astype(np.float32)


def mixed_blocks(facts: Facts) -> Blocks:
    """Words, the title's words, these crossed with kind and area, kind and place."""
    features = (facts.text_features, facts.title_features, facts.cross_features, facts.place_features)
    return Blocks(features=features, weights=MIXED_WEIGHTS, by_rarity=BY_RARITY, amounts=amounts(facts))


def word_blocks(facts: Facts) -> Blocks:
    """The words and the title's words alone."""
    features = (facts.text_features, facts.title_features)
    return Blocks(features=features, weights=WORD_WEIGHTS, by_rarity=BY_RARITY, amounts=amounts(facts))


def kind_blocks(facts: Facts) -> Blocks:
    """Words, the title's words, these crossed with the kind of trouble: nothing of the place."""
    features = (facts.text_features, facts.title_features, facts.kind_features)
    return Blocks(features=features, weights=KIND_WEIGHTS, by_rarity=BY_RARITY, amounts=amounts(facts))


def amounts(facts: Facts) -> NDArray[np.float32]:
    """A word said ten times is more of the text than one said once, but not ten times as much."""
    return _AMOUNTS[np.minimum(facts.text_counts, len(_AMOUNTS) - 1)]
