"""Names as they sound, letter by letter, so that edit distances can tell what was misheard from what was mistyped."""

from __future__ import annotations

import re
from functools import lru_cache

from features.addresses.sound import sound_key
from features.gazetteer.strings import hash64

_HAN = re.compile(r"[\u3400-\u9fff]")
# letters that are taken for one another in print and by ear; digits stay themselves
_LETTERS = str.maketrans("cqzjyvwpd", "kksiiffbt")
# the private planes hold one character for each sound: two sounds of some 400 may share one, which harms nobody
_FIRST, _SOUNDS = 0xF0000, 0xFFFE
_GENERIC = re.compile(
    r"(?:大道|大街|公路|马路|胡同|小区|路|街|道|巷|弄|里|桥"
    r"| (?:st|street|rd|road|ave|avenue|dr|drive|ln|lane|blvd|boulevard|pl|place|ct|court|way|ter|terrace"
    r"|utca|u|ut|ter|koz|korut|setany|fasor|rakpart|sor|park))$"
)


@lru_cache(maxsize=60_000)
def _sound(letter: str) -> str:
    return chr(_FIRST + hash64(sound_key(letter)) % _SOUNDS)


def sounding(name: str) -> str:
    """The name with each Han character replaced by one that stands for its sound; of the same length."""
    if name.isascii():
        return name.translate(_LETTERS)
    return "".join(
        [_sound(letter) if letter >= "\u3400" and _HAN.match(letter) else letter for letter in name]
    )


def core(name: str) -> str:
    """The name without the generic word at its end (路, Street), unless nothing would be left."""
    found = _GENERIC.search(name)
    return name[: found.start()] if found and found.start() > 0 else name
