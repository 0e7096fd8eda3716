"""The one form in which addresses are compared."""

from __future__ import annotations

import re
from functools import cache

from features.addresses.numerals import numerals_to_digits
from features.text import normalise

_PLAIN = re.compile(r"[\x21-\x7e\u4e00-\u9fff]*")  # nothing to compose, no space to collapse
_HAN = re.compile(r"[\u3400-\u9fff]")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−─～〜~"), "-")
# letters that no accent can be taken off, though many type them without
_LETTERS = _DASHES | dict(zip(map(ord, "łđøı"), "ldoi", strict=True))
_HAN_BLOCKS = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000))


@cache
def _simplified() -> dict[int, str]:
    """Traditional characters one by one, so that a character's form hangs on no neighbour; dashes besides."""
    from opencc import OpenCC  # slow to import, and Latin addresses never need it

    convert = OpenCC("t2s").convert
    characters = [chr(code) for block in _HAN_BLOCKS for code in block]
    once = convert("\n".join(characters)).split("\n")
    twice = convert("\n".join(once)).split("\n")  # a few steps lead to a character that is converted again
    table = {ord(c): simple for c, simple in zip(characters, twice, strict=True) if c != simple}
    return table | _LETTERS


def normal_form(text: str) -> str:
    """Compatibility forms folded, traditional → simplified, lower case, no accents, counted numerals as digits.

    Idempotent. 國權路二號 and 国权路２号 give one form, Váci Út and vaci ut another.
    """
    folded = text.lower() if _PLAIN.fullmatch(text) else normalise(text)
    if folded.isascii():
        return folded.replace("~", "-")
    if not _HAN.search(folded):
        return folded.translate(_LETTERS)
    return numerals_to_digits(folded.translate(_simplified()))
