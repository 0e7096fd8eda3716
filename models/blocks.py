"""Which of a ticket's hashed features each text model reads, and with what weight."""

from __future__ import annotations

from features.facts import Facts
from models.softmax import Blocks

MIXED_WEIGHTS = (1.0, 0.7, 1.5)
MIXED_BLOCKS = len(MIXED_WEIGHTS)


def mixed_blocks(facts: Facts) -> Blocks:
    """Words, words crossed with kind and area, kind and place."""
    features = (facts.text_features, facts.cross_features, facts.place_features)
    return Blocks(features=features, weights=MIXED_WEIGHTS, by_rarity=1)


def word_blocks(facts: Facts) -> Blocks:
    """The words alone."""
    return Blocks(features=(facts.text_features,), weights=(1.0,), by_rarity=1)


def kind_blocks(facts: Facts) -> Blocks:
    """Words, and words crossed with the kind of trouble: nothing of the place."""
    return Blocks(features=(facts.text_features, facts.kind_features), weights=(1.0, 1.0), by_rarity=1)
