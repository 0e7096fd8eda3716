"""Any address, taken apart by rules."""

from __future__ import annotations

import re
from functools import lru_cache

from features.addresses import central_european
from features.addresses.central_european import parse_central_european
from features.addresses.chinese import parse_chinese
from features.addresses.draft import Draft
from features.addresses.english import parse_english
from features.addresses.normal import normal_form
from features.addresses.parts import AddressParts, Number, NumberKind

__all__ = ["normal_form", "parse_address"]

MAX_LENGTH = 300
_HAN = re.compile(r"[\u3400-\u9fff]")
_OTHER = re.compile(
    r"[\u0400-\u1fff\u3040-\u30ff\ua000-\ud7af]"
)  # Cyrillic to Greek extended, kana, Hangul …
_COLUMNS = re.compile(r"\s{2,}")
_CE_LETTERS = re.compile(r"[őűąęłńśźżčďěňřšťůžäöüß]", re.IGNORECASE)
_STREET_BEFORE_NUMBER = re.compile(r"^[^\d,]*[a-z.] \d+[a-z]?(?:[-/]\w+)?\.?(?:,|$)")


@lru_cache(maxsize=4096)
def parse_address(text: str) -> AddressParts:
    """The parts of an address in any language. Total: every string has an answer; MAX_LENGTH characters are read."""
    text = text[:MAX_LENGTH]
    normal = normal_form(text)[:MAX_LENGTH]
    if not normal.isascii():
        if _HAN.search(normal) and not _OTHER.search(normal):
            return parse_chinese(normal)
        if _OTHER.search(normal):
            return _unknown(normal)
    # columns that were put together with two spaces
    spaced = normal_form(_COLUMNS.sub(", ", text.strip()))[:MAX_LENGTH] if "  " in text else normal
    if (
        central_european.MARKERS.search(normal)
        or (not text.isascii() and _CE_LETTERS.search(text))
        or _STREET_BEFORE_NUMBER.match(normal)
    ):
        parts = parse_central_european(spaced)
    else:
        parts = parse_english(spaced)
    return parts


def _unknown(text: str) -> AddressParts:
    """Words and numbers of a script without rules."""
    draft = Draft()
    for run in re.findall(r"\d+|[^\W\d_]+", text):
        if run[0].isdecimal():
            if len(run) <= 5:
                draft.numbers.append(Number(kind=NumberKind.HOUSE, low=int(run), high=int(run)))
        else:
            draft.rest.append(run)
    return draft.finish(text)
