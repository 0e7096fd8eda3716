"""Many phrases as one regular expression, whole words where letters are spaced.

Phrases and texts are brought into one form of each letter before (`OneForm`): to try every form of each letter of every
phrase costs more, to compile and to match.

What letters are spaced is a large set, and to compile it takes milliseconds each time it is written down: phrases that
begin and end alike share it, and in a text without letters of other scripts (`unmixed`) any letter is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from features.han import traditional

_HAN = re.compile(r"[\u3400-\u9fff]")
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CLAUSE = r"[^,.;:!?\n()]"  # no other mark is in a text in one form
_MARK = "\x1f"  # no letter, and in no text in normal form
HAN_GAP, SPACED_GAP = 5, 16  # letters of one clause between the two words of a `near`
_NEVER = "(?!)"
FEW = 3  # ways that are tried one after the other


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase, what must follow near by (if anything), and the kind it tells; None: something harmless."""

    first: str
    seconds: tuple[str, ...] = ()
    kind: str | None = None

    def in_form(self, form: OneForm) -> Phrase:
        """The same in that form of its letters."""
        return Phrase(form(self.first), tuple(map(form, self.seconds)), self.kind)


@dataclass(frozen=True, slots=True)
class Letters:
    """What is a letter of those that are written with spaces between words, and what is anything else, as sets."""

    spaced: str
    others: str


ANY_TEXT = Letters(rf"[^\W_{_UNSPACED}]", rf"[\W_{_UNSPACED}]")
UNMIXED = Letters(r"[^\W_]", r"[\W_]")
_spaced = re.compile(ANY_TEXT.spaced)
_unspaced = re.compile(f"[{_UNSPACED}]")
_foreign = re.compile(
    f"[^\x00-\x7f\u2000-\u206f\u3000-\u303f{_UNSPACED}]"
)  # no letter of ASCII, unspaced, or mark


class OneForm:
    """Brings texts into the form that phrases are written in: simplified letters, and the marks of ASCII.

    Each letter stays in its place.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        known = traditional()
        letters = sorted(set().union(*phrases))
        self._forms = {ord(form): letter for letter in letters for form in known.get(letter, ())}
        self._forms[ord("\u2019")] = "'"
        self._other = re.compile(f"[{''.join(map(chr, self._forms))}]")

    def __call__(self, text: str) -> str:
        """The text in these forms."""
        if text.isascii():
            return text
        return _ascii_marks(text if self._other.search(text) is None else text.translate(self._forms))


def _ascii_marks(text: str) -> str:
    return text.replace("。", ".").replace("、", ",")


def begins_spaced(phrase: str) -> bool:
    """Whether its first letter is of those that are written with spaces between words."""
    return _spaced.match(phrase) is not None


def unmixed(text: str) -> str:
    """The text with a mark in the place of each letter of a script that does not space its words."""
    if text.isascii():
        return text
    if "?" in text or _foreign.search(text):
        return _unspaced.sub(_MARK, text)
    return text.encode("ascii", "replace").decode("ascii").replace("?", _MARK)  # nine times as fast


def any_of(
    phrases: Iterable[Phrase], letters: Letters = ANY_TEXT, before: str = ""
) -> tuple[re.Pattern[str], list[str | None]]:
    """One expression for all phrases, and the kind that each of its (empty) groups stands for, group 0 for none.

    Phrases stand under their letters, as in a tree: the engine skips every letter that begins none by one look into a
    set, and tries few of those that begin alike. Longer ones come first, of equals the harmless.
    """
    ordered = sorted(phrases, key=lambda one: (-len(one.first), one.kind is not None))
    ways = [_Way(phrase.first, "", _after(phrase, letters), phrase.kind) for phrase in ordered]
    kinds: list[str | None] = [None]
    tree = "|".join(_branches(ways, 0, letters, kinds)) or _NEVER
    if ways and before:
        heads = "".join(sorted({re.escape(way.phrase[0]) for way in ways}))
        tree = f"{before}(?=[{heads}])(?:{tree})"
    return re.compile(tree), kinds


def _branches(ways: list[_Way], at: int, letters: Letters, kinds: list[str | None]) -> Iterator[str]:
    """Ways alike up to a place, as expressions from there on that exclude each other; adds the kind of each."""
    if at > 0 and (len(ways) <= FEW or any(way.phrase[at : at + 1] in ("", "*") for way in ways)):
        for group in _shared(ways):
            yield _together(group, lambda way: _spelt(way.phrase[at:], letters) + "()")
            kinds += [way.kind for way in group]
        return
    by_letter: dict[str, list[_Way]] = {}
    for way in ways:
        by_letter.setdefault(way.phrase[at], []).append(way)
    for letter, under in by_letter.items():
        yield f"{re.escape(letter)}(?:{'|'.join(_branches(under, at + 1, letters, kinds))})"


def either(phrases: Iterable[str]) -> str:
    """One of the phrases, the longest that there is."""
    return _one_of(tuple(sorted(phrases, key=len, reverse=True)), ANY_TEXT)


@dataclass(frozen=True, slots=True)
class _Way:
    """A phrase, the expressions before and after it, and the kind that it tells."""

    phrase: str
    begin: str
    end: str
    kind: str | None = None


def _shared(ways: Iterable[_Way]) -> list[list[_Way]]:
    """Ways that begin and end alike together; those of which a text can hold both stay in their order."""
    groups: list[list[_Way]] = []
    placed: list[tuple[str, int]] = []  # what each way begins with, and its group
    for way in ways:
        stem = way.phrase.partition("*")[0]
        met = (number for known, number in placed if known.startswith(stem) or stem.startswith(known))
        number = _group_of(way, groups, max(met, default=0))
        groups[number].append(way)
        placed.append((stem, number))
    return groups


def _group_of(way: _Way, groups: list[list[_Way]], first: int) -> int:
    """The first group, of those from `first` on, whose ways begin and end as this one; a new one where none does."""
    for number in range(first, len(groups)):
        if (groups[number][0].begin, groups[number][0].end) == (way.begin, way.end):
            return number
    groups.append([])
    return len(groups) - 1


def _together(group: list[_Way], spelt: Callable[[_Way], str]) -> str:
    return f"{group[0].begin}(?:{'|'.join(map(spelt, group))}){group[0].end}"


def _after(phrase: Phrase, letters: Letters) -> str:
    """What follows a phrase's own letters."""
    if not phrase.seconds:
        return _end(phrase.first, letters)
    gap = HAN_GAP if _HAN.match(phrase.first) else SPACED_GAP
    return f"{_end(phrase.first, letters)}{_CLAUSE}{{0,{gap}}}?(?:{_one_of(phrase.seconds, letters)})"


@lru_cache(maxsize=8)  # the firsts of a pair come one after the other
def _one_of(phrases: tuple[str, ...], letters: Letters) -> str:
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
    return f"{letters.spaced}*".join(map(re.escape, own.split("*")))
