"""Addresses as keys: one normal form, and the street without its numbers."""

from __future__ import annotations

import re

from features.text import normalise

_SEPARATORS = re.compile(r"[\s,.;:/、，。；]+")
# "5th" and "22nd" are names of streets, not numbers in them
_NUMBERS = re.compile(r"#?\d+[a-z]?\b(?:\s*[-–~]\s*\d+[a-z]?\b)?|\d+(?!\d|[a-z]{2})")


def normalise_address(address: str | None) -> str | None:
    """The address as an exact key, or None when it holds no letter or digit."""
    if not address:
        return None
    key = _SEPARATORS.sub(" ", normalise(address)).strip()
    return key if any(c.isalnum() for c in key) else None


def street(normalised: str | None) -> str | None:
    """A normalised address without its numbers: near enough to a street name in any language."""
    if not normalised:
        return None
    name = " ".join(_NUMBERS.sub(" ", normalised).split())
    return name or None
