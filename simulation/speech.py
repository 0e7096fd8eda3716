"""How a case is told: words composed of a caller's habits, clauses in varying order, slips of ear and keyboard."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from simulation.stock import read_stock

HABITS: dict[str, Any] = read_stock("habits")
Words = dict[str, Any]

SLIP_SHARE, BROKEN_SHARE = 0.28, 0.07
TERSE, TITLED, STAMMERING = 0.12, 0.33, 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What the caller knows. `places`: ways to say where, none if the caller does not say."""

    kind: str
    category: str
    setting: Literal["home", "road"]
    what: Sequence[str]
    places: Sequence[str]
    road: str
    town: str
    name: str


def tell_in_chinese(telling: Telling, habit: int, rand: random.Random) -> str:
    """A call as the desk writes it down. One `habit` always opens and punctuates in its own way."""
    words = HABITS["zh"]
    clauses = [_where_and_what(telling, words, rand)]
    if rand.random() < TERSE:
        return _slipped(clauses[0], rand)
    extras = _some(
        rand, [(words["since"], 0.45), (words["effect"][telling.kind], 0.35), (words["again"], 0.2)]
    )
    asks = _some(rand, [(words["ask"], 0.5), (words["urgent"], 0.14), (words["closing"], 0.25)])
    if rand.random() < 0.25:
        clauses, extras = extras[:1] + clauses, extras[1:]
    body = "，".join(clauses + extras) + ("。" + "，".join(asks) if asks else "")
    text = _filled(_opening(telling, words, habit, rand) + body, telling, rand)
    if rand.random() < STAMMERING:
        text = _stammer(text, words["fillers"], rand)
    return _titled(_punctuated(_slipped(text, rand), habit), telling, words, rand)


def tell_in_english(telling: Telling, habit: int, rand: random.Random) -> str:
    """A foreign resident's message."""
    words = HABITS["en"]
    opening = words["openers"][habit % len(words["openers"])]
    who = rand.choice(words[f"who_{telling.setting}"]) if rand.random() < 0.3 else ""
    extras = _some(
        rand, [(words["since"], 0.45), (words["again"], 0.2), (words["ask"], 0.5), (words["urgent"], 0.15)]
    )
    closing = _some(rand, [(words["closing"], 0.4)])
    body = rand.choice([", ", ". "]).join([_what_and_where(telling, words, rand), *extras[:1]])
    text = _filled(opening + who + ". ".join([body, *extras[1:], *closing]), telling, rand)
    if rand.random() < SLIP_SHARE:
        text = _mistyped(text, rand)
    return _titled(text.lower() if habit % 7 == 0 else text, telling, words, rand)


def slip(text: str, rand: random.Random) -> str:
    """The text with one word taken for another of the same sound or shape, where it has such a word."""
    known = [word for word in HABITS["slips"] if word in text]
    if not known:
        return text
    word = rand.choice(known)
    return text.replace(word, rand.choice(HABITS["slips"][word]), 1)


def _where_and_what(telling: Telling, words: Words, rand: random.Random) -> str:
    """Mostly the place first; sometimes no word of it."""
    what = rand.choice(telling.what)
    if not telling.places:
        return what
    place = rand.choice(telling.places)
    if rand.random() < 0.3:
        return f"{what}{rand.choice(words['after']).format(place=place)}"
    return f"{rand.choice(words[telling.setting]).format(place=place)}{what}"


def _what_and_where(telling: Telling, words: Words, rand: random.Random) -> str:
    what = rand.choice(telling.what)
    if not telling.places:
        return what
    where = rand.choice(words[telling.setting]).format(place=rand.choice(telling.places))
    return f"{what} {where}".rstrip(" :,") if rand.random() < 0.5 else f"{where}{what}"


def _opening(telling: Telling, words: Words, habit: int, rand: random.Random) -> str:
    if habit % 4 == 0:
        return str(rand.choice(words["desk"]))
    greeting = words["openers"][habit % len(words["openers"])] if rand.random() < 0.55 else ""
    return greeting + (rand.choice(words[f"who_{telling.setting}"]) if rand.random() < 0.25 else "")


def _titled(text: str, telling: Telling, words: Words, rand: random.Random) -> str:
    """Some calls get a title from whoever takes them."""
    if rand.random() >= TITLED:
        return text
    return f"{_filled(rand.choice(words['titles']), telling, rand)}\n{text}"


def _some(rand: random.Random, offers: Sequence[tuple[Sequence[str], float]]) -> list[str]:
    """One of each offer, with its chance."""
    return [rand.choice(phrases) for phrases, chance in offers if rand.random() < chance]


def _filled(text: str, telling: Telling, rand: random.Random) -> str:
    """Names and numbers in place of the slots."""
    if "{" not in text:
        return text
    return text.format(
        name=telling.name,
        surname=telling.name[:1],
        category=telling.category,
        road=telling.road,
        town=telling.town,
        h=rand.randint(1, 11),
        n=rand.randint(2, 6),
        code=rand.randint(10_000, 999_999),
    )


def _stammer(text: str, fillers: Sequence[str], rand: random.Random) -> str:
    """A filler at the beginning or after some comma."""
    pauses = [0, *(i + 1 for i, sign in enumerate(text) if sign == "，")]
    cut = rand.choice(pauses)
    return f"{text[:cut]}{rand.choice(fillers)}，{text[cut:]}"


def _slipped(text: str, rand: random.Random) -> str:
    if rand.random() < SLIP_SHARE:
        text = slip(text, rand)
    if rand.random() < BROKEN_SHARE:  # a character lost or typed twice
        cut = rand.randrange(len(text))
        text = text[:cut] + rand.choice(["", text[cut] * 2]) + text[cut + 1 :]
    return text


def _punctuated(text: str, habit: int) -> str:
    """Some write half-width marks, some write none."""
    match habit % 9:
        case 0:
            return text.replace("，", ",").replace("。", ".")
        case 1:
            return text.replace("，", " ").replace("。", " ").strip()
        case 2:
            return text.replace("。", "！")
        case _:
            return text


def _mistyped(text: str, rand: random.Random) -> str:
    """One letter swapped, lost or replaced."""
    cut = rand.randrange(max(len(text) - 1, 1))
    pair = text[cut : cut + 2]
    return (
        text[:cut]
        + rand.choice([pair[::-1], pair[:1], pair[:1] + rand.choice(string.ascii_lowercase)])
        + text[cut + 2 :]
    )
