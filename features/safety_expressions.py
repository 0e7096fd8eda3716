"""Many phrases as one regular expression, whole words where letters are spaced.

What letters are spaced is a large set, and to compile it takes milliseconds each time it is written down: phrases that
begin and end alike share it, and in a text without letters of other scripts (`unmixed`) any letter is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from features.han import traditional

_HAN = re.compile(r"[\u3400-\u9fff]")
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CLAUSE = r"(?![、。])[^,.;:!?\n()]"  # the others are not in a text in normal form
_MARK = "\x1f"  # no letter, and in no text in normal form
HAN_GAP, SPACED_GAP = 5, 16  # letters of one clause between the two words of a `near`
_NEVER = "(?!)"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase, what must follow near by (if anything), and the kind it tells; None: something harmless."""

    first: str
    seconds: tuple[str, ...] = ()
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Letters:
    """What is a letter of those that are written with spaces between words, and what is anything else, as sets."""

    spaced: str
    others: str


ANY_TEXT = Letters(rf"[^\W_{_UNSPACED}]", rf"[\W_{_UNSPACED}]")
UNMIXED = Letters(r"[^\W_]", r"[\W_]")
_spaced = re.compile(ANY_TEXT.spaced)
_unspaced = re.compile(f"[{_UNSPACED}]")


def begins_spaced(phrase: str) -> bool:
    """Whether its first letter is of those that are written with spaces between words."""
    return _spaced.match(phrase) is not None


def unmixed(text: str) -> str:
    """The text with a mark in the place of each letter of a script that does not space its words."""
    return text if text.isascii() else _unspaced.sub(_MARK, text)


def any_of(
    phrases: Iterable[Phrase], letters: Letters = ANY_TEXT, before: str = ""
) -> tuple[re.Pattern[str], list[str | None]]:
    """One expression for all phrases, and the kind that each of its (empty) groups stands for, group 0 for none.

    Phrases stand under their first letters: the engine then skips every other letter by one look into a set. Longer
    ones come first, of equals the harmless.
    """
    by_head: dict[str, list[Phrase]] = {}
    for phrase in sorted(phrases, key=lambda one: (-len(one.first), one.kind is not None)):
        for head in _forms(phrase.first[0]):
            by_head.setdefault(head, []).append(phrase)
    kinds: list[str | None] = [None]
    heads = []
    for head, under in by_head.items():
        shared = _shared([_Way(phrase.first, "", _after(phrase, letters), phrase.kind) for phrase in under])
        ways = "|".join(
            _together(group, lambda way: _spelt(way.phrase[1:], letters) + "()") for group in shared
        )
        heads.append(f"{re.escape(head)}(?:{ways})")
        kinds += [way.kind for group in shared for way in group]
    ways = "|".join(heads) or _NEVER
    return re.compile(f"{before}(?:{ways})" if before else ways), kinds


def either(phrases: Iterable[str]) -> str:
    """One of the phrases, the longest that there is."""
    return _one_of(sorted(phrases, key=len, reverse=True), ANY_TEXT)


@dataclass(frozen=True, slots=True)
class _Way:
    """A phrase, the expressions before and after it, and the kind that it tells."""

    phrase: str
    begin: str
    end: str
    kind: str | None = None

    def may_meet(self, other: _Way) -> bool:
        """Whether a text can hold both from the same letter on."""
        mine, theirs = self.phrase.partition("*")[0], other.phrase.partition("*")[0]
        return all(set(_forms(a)) & set(_forms(b)) for a, b in zip(mine, theirs, strict=False))


def _shared(ways: Iterable[_Way]) -> list[list[_Way]]:
    """Ways that begin and end alike together; those of which a text can hold both stay in their order."""
    groups: list[list[_Way]] = []
    for way in ways:
        met = [number for number, group in enumerate(groups) if any(map(way.may_meet, group))]
        for group in groups[met[-1] if met else 0 :]:
            if (group[0].begin, group[0].end) == (way.begin, way.end):
                group.append(way)
                break
        else:
            groups.append([way])
    return groups


def _together(group: list[_Way], spelt: Callable[[_Way], str]) -> str:
    return f"{group[0].begin}(?:{'|'.join(map(spelt, group))}){group[0].end}"


def _after(phrase: Phrase, letters: Letters) -> str:
    """What follows a phrase's own letters."""
    if not phrase.seconds:
        return _end(phrase.first, letters)
    gap = HAN_GAP if _HAN.match(phrase.first) else SPACED_GAP
    return f"{_end(phrase.first, letters)}{_CLAUSE}{{0,{gap}}}?(?:{_one_of(phrase.seconds, letters)})"


def _one_of(phrases: Iterable[str], letters: Letters) -> str:
    """One of the phrases, the first that is there, whole words where letters are spaced."""
    begins = {True: f"(?<!{letters.spaced})", False: ""}
    ways = _shared(_Way(phrase, begins[begins_spaced(phrase)], _end(phrase, letters)) for phrase in phrases)
    return "|".join(_together(group, lambda way: _spelt(way.phrase, letters)) for group in ways) or _NEVER


def _end(phrase: str, letters: Letters) -> str:
    """What a phrase's last letter wants behind it: of a * the rest of the word, of a spaced one no more of it."""
    if phrase[-1] == "*":
        return f"{letters.spaced}*"
    return f"(?!{letters.spaced})" if begins_spaced(phrase[-1]) else ""


def _spelt(phrase: str, letters: Letters) -> str:
    """The phrase's letters; what follows a * at its end is `_end`."""
    own = phrase.removesuffix("*")
    return "".join(f"{letters.spaced}*" if letter == "*" else _letter(letter) for letter in own)


def _letter(letter: str) -> str:
    forms = _forms(letter)
    return re.escape(letter) if len(forms) == 1 else f"[{''.join(forms)}]"


@cache
def _forms(letter: str) -> tuple[str, ...]:
    """The letter, its traditional forms, and the apostrophe that editors put in its place."""
    if letter == "'":
        return ("'", "\u2019")
    if not _HAN.match(letter):
        return (letter,)
    return (letter, *traditional().get(letter, ()))
