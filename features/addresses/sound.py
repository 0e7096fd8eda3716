"""How a name sounds, without what is often misheard or mistyped."""

from __future__ import annotations

import os
import re
import unicodedata
from functools import cache

from features.addresses.latin_numbers import one_form
from features.addresses.normal import normal_form

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_]+")
# what southern speech and pinyin keyboards mix up
_INITIALS = (
    ("zh", "z"),
    ("ch", "c"),
    ("sh", "s"),
    ("hua", "fa"),
    ("hui", "fei"),
    ("hu", "fu"),
    ("n", "l"),
    ("r", "l"),
)
_FINAL = re.compile(r"(?<=[aei])ng$")

_SPELLINGS = re.compile(r"ph|gh|ck|sch|sh|cs|cz|sz|zs|dzs|gy|ny|ly|ty|th|wh|kn|[cqxzwjy]")
_SOUNDS = one_form("f ph|g gh gy|k c q ck|s z sch sh cs cz sz zs dzs|n ny kn|l ly|t ty th|v w wh|ks x|i y j")
_VOWELS = re.compile(r"(?<!^)[aeiouh]")
_DOUBLED = re.compile(r"([^\W\d_])\1+")


@cache
def _readings() -> dict[int, str]:
    # to load its phrases takes a fifth of a second, and only single characters are read here
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")
    import pypinyin.pinyin_dict  # Latin names never need it

    readings: dict[int, str] = pypinyin.pinyin_dict.pinyin_dict
    return readings


_syllables: dict[str, str] = {}  # character → what is heard; at most one entry for each Han character


def _syllable(character: str) -> str:
    """The first reading of one character, whatever stands beside it, without tone."""
    reading = _readings().get(ord(character), "").split(",")[0]
    plain = "".join(c for c in unicodedata.normalize("NFD", reading) if unicodedata.category(c) != "Mn")
    for heard, kept in _INITIALS:
        if plain.startswith(heard):
            plain = kept + plain[len(heard) :]
            break
    sound = _FINAL.sub("n", plain) or character
    _syllables[character] = sound
    return sound


def _skeleton(match: re.Match[str]) -> str:
    word = match.group()
    spelt = _SPELLINGS.sub(lambda found: _SOUNDS[found.group()], word)
    return _DOUBLED.sub(r"\1", _VOWELS.sub("", _DOUBLED.sub(r"\1", spelt)))


def sound_key(name: str) -> str:
    """One key for names that sound alike: 祖冲之路 and 祖充之路 (syllables), Lajos and Layos (consonants)."""
    text = normal_form(name)
    if _HAN.search(text):
        known = _syllables
        return "".join([known.get(c) or (_syllable(c) if c >= "\u3400" else c) for c in text])
    if not text.isascii():
        return text
    return _WORD.sub(_skeleton, text)
