"""Safety signals: words of a ticket that say somebody may be in danger.

The words are data (the files of `safety_words` here, and an operator's own). A phrase that is denied right before ("no
gas smell", 没有冒烟) is no signal; a guess, a fear or a question ("is it a gas leak?", 怀疑漏电) is one, and so is what
is denied afterwards (запаха газа нет): to miss a danger costs more than to look at a ticket too soon.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from importlib.resources import files
from typing import Any, TypeAlias

from domain.errors import InvalidInput
from domain.safety import Priority, SafetySignal
from features.safety_expressions import (
    ANY_TEXT,
    UNMIXED,
    OneForm,
    Phrase,
    any_of,
    begins_spaced,
    either,
    unmixed,
)
from features.text import normalise

FIRST_READ = "chinese_english.toml"  # it has every kind, the gravest first
NEGATION_REACH = 40  # characters before the words in which they can be denied

Pair: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]  # one of the first, then one of the second


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger:
    """One kind of danger and the words that tell it; see `safety_words/chinese_english.toml` for their form."""

    kind: str
    priority: Priority = Priority.URGENT
    words: tuple[str, ...] = ()
    near: tuple[Pair, ...] = ()
    unless: tuple[str, ...] = ()
    unless_near: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Negation:
    """Words of one language that deny what follows. `unless`: they ask and do not deny."""

    before: tuple[str, ...]
    between: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyWords:
    """All kinds of danger, the gravest first, and what denies them."""

    dangers: tuple[Danger, ...]
    negations: tuple[Negation, ...] = ()

    @classmethod
    def parse(cls, text: str) -> SafetyWords:
        """From TOML. Raises InvalidInput where it cannot be used."""
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _invalid("file", f"not TOML: {error}") from error
        if unknown := set(tables) - {"signal", "negation"}:
            raise _invalid(min(unknown), "unknown table; there are [[signal]] and [[negation]]")
        return cls(
            dangers=tuple(map(_danger, _tables(tables, "signal"))),
            negations=tuple(map(_negation, _tables(tables, "negation"))),
        )

    @classmethod
    def default(cls) -> SafetyWords:
        """The words that come with the package, of all its languages: nobody says which one a ticket is written in."""
        return _default_words()

    def with_own(self, own: SafetyWords) -> SafetyWords:
        """These words and an operator's own; a kind that both have takes the operator's priority and all words."""
        merged = {danger.kind: danger for danger in self.dangers}
        for danger in own.dangers:
            before = merged.get(danger.kind, danger)
            merged[danger.kind] = danger if before is danger else _joined(before, danger)
        return SafetyWords(dangers=tuple(merged.values()), negations=(*self.negations, *own.negations))


class SafetyReader:
    """Finds signals in a pass for spaced words of Latin letters, of others and of unspaced ones, where there are any.

    Some 10 to 20 µs for a ticket.
    """

    def __init__(self, words: SafetyWords) -> None:
        self._priority = {danger.kind: danger.priority for danger in words.dangers}
        form = self._one_form = OneForm(_spellings(words))
        phrases = [phrase.in_form(form) for danger in words.dangers for phrase in _phrases(danger)]
        spaced = [phrase for phrase in phrases if begins_spaced(phrase.first)]
        others = [phrase for phrase in phrases if not begins_spaced(phrase.first)]
        self._mixed = any(
            word != unmixed(word) for phrase in spaced for word in (phrase.first, *phrase.seconds)
        )
        letters = ANY_TEXT if self._mixed else UNMIXED
        latin = [phrase for phrase in spaced if phrase.first[0].isascii()]
        foreign = [phrase for phrase in spaced if not phrase.first[0].isascii()]
        self._latin, self._foreign = (any_of(some, letters, letters.others) for some in (latin, foreign))
        self._others = any_of(others)
        self._denied = _denial(words.negations, form)
        asked = either(form(phrase) for one in words.negations for phrase in one.unless)
        self._asked = re.compile(f"(?:{asked})\\Z")

    def read(self, normalised: str) -> tuple[SafetySignal, ...]:
        """The signals of a text in the normal form of `features.text`, in the order of the kinds."""
        found: dict[str, dict[str, None]] = {}
        text = self._one_form(normalised)
        for kind, start, end in self._told(text):
            if kind is not None and not self._is_denied(text, start):
                found.setdefault(kind, {})[normalised[start:end]] = None
        if not found:
            return ()
        return tuple(
            SafetySignal(kind=kind, words=tuple(found[kind]), priority=priority)
            for kind, priority in self._priority.items()
            if kind in found
        )

    def _told(self, text: str) -> Iterator[tuple[str | None, int, int]]:
        """What kind the text tells of, from where to where, denied or not."""
        # every word has something before it then; a match's start is its word's start in the text itself
        spaced = " " + (text if self._mixed else unmixed(text))
        for expression, kinds in (self._latin,) if spaced.isascii() else (self._latin, self._foreign):
            for match in expression.finditer(spaced):
                yield kinds[match.lastindex or 0], match.start(), match.end() - 1
        if not text.isascii():
            expression, kinds = self._others
            for match in expression.finditer(text):
                yield kinds[match.lastindex or 0], match.start(), match.end()

    def _is_denied(self, text: str, start: int) -> bool:
        denial = self._denied.search(text, max(0, start - NEGATION_REACH), start)
        # "是不是", "有没有" ask: what follows them is not denied
        return denial is not None and self._asked.search(text, 0, denial.end(1)) is None


def safety_signals(normalised: str) -> tuple[SafetySignal, ...]:
    """The signals of a text in normal form, by the words that come with the package; () where there is none."""
    return _default_reader().read(normalised)


@cache
def _default_words() -> SafetyWords:
    folder = files("features").joinpath("safety_words")
    others = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml") and file.name != FIRST_READ),
        key=lambda file: file.name,
    )
    texts = (file.read_text(encoding="utf-8") for file in (folder.joinpath(FIRST_READ), *others))
    return reduce(SafetyWords.with_own, map(SafetyWords.parse, texts))


@cache
def _default_reader() -> SafetyReader:
    return SafetyReader(_default_words())


def _phrases(danger: Danger) -> Iterator[Phrase]:
    yield from (Phrase(phrase) for phrase in danger.unless)
    yield from (Phrase(phrase, (), danger.kind) for phrase in danger.words)
    yield from _pairs(danger.unless_near, None)
    yield from _pairs(danger.near, danger.kind)


def _pairs(pairs: Iterable[Pair], kind: str | None) -> Iterator[Phrase]:
    return (Phrase(first, seconds, kind) for firsts, seconds in pairs for first in firsts)


def _spellings(words: SafetyWords) -> Iterator[str]:
    """Every phrase as it is written down."""
    for danger in words.dangers:
        for phrase in _phrases(danger):
            yield from (phrase.first, *phrase.seconds)
    for negation in words.negations:
        yield from (*negation.before, *negation.between, *negation.unless)


def _denial(negations: Sequence[Negation], form: OneForm) -> re.Pattern[str]:
    """A denial that ends where the text given to it ends."""
    before = either(form(phrase) for one in negations for phrase in one.before)
    between = either(form(phrase) for one in negations for phrase in one.between)
    return re.compile(f"({before})(?:\\s*(?:{between}))*\\s*\\Z")


def _tables(tables: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = tables.get(name, [])
    if not (isinstance(found, list) and all(isinstance(one, dict) for one in found)):
        raise _invalid(name, f"not a list of tables; write [[{name}]]")
    return found


def _danger(table: dict[str, Any]) -> Danger:
    kind = table.get("kind")
    if not (isinstance(kind, str) and kind):
        raise _invalid("kind", "a signal without a kind")
    _refuse_unknown(table, {"kind", "priority", "words", "near", "unless", "unless_near"})
    try:
        priority = Priority(table.get("priority", Priority.URGENT))
    except ValueError as error:
        raise _invalid(f"{kind}.priority", f"not one of {', '.join(Priority)}") from error
    return Danger(
        kind=kind,
        priority=priority,
        words=_list(f"{kind}.words", table.get("words", [])),
        near=_pairs_of_lists(f"{kind}.near", table.get("near", [])),
        unless=_list(f"{kind}.unless", table.get("unless", [])),
        unless_near=_pairs_of_lists(f"{kind}.unless_near", table.get("unless_near", [])),
    )


def _negation(table: dict[str, Any]) -> Negation:
    _refuse_unknown(table, {"before", "between", "unless"})
    return Negation(
        **{key: _list(f"negation.{key}", value) for key, value in {"before": [], **table}.items()}
    )


def _refuse_unknown(table: dict[str, Any], known: set[str]) -> None:
    if unknown := set(table) - known:
        raise _invalid(min(unknown), f"unknown key; there are {', '.join(sorted(known))}")


def _pairs_of_lists(field: str, value: object) -> tuple[Pair, ...]:
    if not (isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value)):
        raise _invalid(field, "not a list of pairs of lists")
    return tuple((_list(field, first), _list(field, second)) for first, second in value)


def _list(field: str, value: object) -> tuple[str, ...]:
    """Phrases in the normal form of texts."""
    if not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise _invalid(field, "not a list of words")
    phrases = tuple(map(normalise, value))
    if any(not phrase.strip("*") or phrase.startswith("*") for phrase in phrases):
        raise _invalid(field, "an empty word, or one that begins with *")
    return phrases


def _invalid(field: str, problem: str) -> InvalidInput:
    return InvalidInput(field=field, problem=problem, mend="See the safety words that come with the package")


def _joined(one: Danger, other: Danger) -> Danger:
    return Danger(
        kind=one.kind,
        priority=other.priority,
        words=(*one.words, *other.words),
        near=(*one.near, *other.near),
        unless=(*one.unless, *other.unless),
        unless_near=(*one.unless_near, *other.unless_near),
    )
