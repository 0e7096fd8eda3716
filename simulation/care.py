"""How carefully calls are told and taken down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Care(NamedTuple):
    """How carefully a call is told and taken down: the chance of each gap and fault, and how it comes in."""

    account_home: float
    account_road: float
    category_missing: float
    category_wrong: float
    address_missing: float
    address_partial: float
    address_misspelt: float
    point_missing: float
    point_placeholder: float
    point_gcj02: float
    point_poor: float
    place_in_words: float
    sources: Mapping[str, int]


CAREFUL = Care(
    account_home=0.72,
    account_road=0.24,
    category_missing=0.04,
    category_wrong=0.01,
    address_missing=0.06,
    address_partial=0.07,
    address_misspelt=0.07,
    point_missing=0.22,
    point_placeholder=0.03,
    point_gcj02=0.04,
    point_poor=0.03,
    place_in_words=0.85,
    sources={"phone": 76, "wechat": 14, "web": 8, "app": 2},
)
HASTY = Care(
    account_home=0.36,
    account_road=0.08,
    category_missing=0.25,
    category_wrong=0.10,
    address_missing=0.45,
    address_partial=0.28,
    address_misspelt=0.10,
    point_missing=0.55,
    point_placeholder=0.08,
    point_gcj02=0.04,
    point_poor=0.12,
    place_in_words=0.5,
    sources={"phone": 10, "wechat": 20, "web": 15, "app": 55},
)
