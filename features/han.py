"""Simplified and traditional characters, one by one, so that a character's form hangs on no neighbour."""

from __future__ import annotations

from functools import cache

_BLOCKS = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000))
_OF_TAIWAN = {"着": ("著",)}  # which is simplified already where it is a word of its own


@cache
def simplified() -> dict[int, str]:
    """Each traditional character's simplified form, as `str.translate` takes it."""
    from opencc import OpenCC  # slow to import, and who reads Latin letters only never needs it

    convert = OpenCC("t2s").convert
    characters = [chr(code) for block in _BLOCKS for code in block]
    once = convert("\n".join(characters)).split("\n")
    twice = convert("\n".join(once)).split("\n")  # a few steps lead to a character that is converted again
    return {ord(c): simple for c, simple in zip(characters, twice, strict=True) if c != simple}


@cache
def traditional() -> dict[str, tuple[str, ...]]:
    """The traditional characters that stand for a simplified one, whatever they mean besides."""
    found: dict[str, tuple[str, ...]] = dict(_OF_TAIWAN)
    for code, simple in simplified().items():
        found[simple] = (*found.get(simple, ()), chr(code))
    return found
