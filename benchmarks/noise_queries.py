"""The ways in which people write an address that is in the book otherwise."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from pypinyin import lazy_pinyin

from benchmarks.noise_book import COMMON, Said, homophones, write

_HAN_DIGITS = "〇一二三四五六七八九"


def clean(said: Said, _: random.Random) -> str:
    """As it stands in the book."""
    return said.text


def typo1(said: Said, chance: random.Random) -> str:
    """One letter of the road's name replaced, dropped, doubled or swapped with the next."""
    return _with_name(said, _mistype(said.road.name, chance, latin=said.road.latin))


def typo2(said: Said, chance: random.Random) -> str:
    """One letter of the road's name, and another of it or of what the address says besides; no digit.

    Of a Chinese name of two characters one is left: with both of them wrong it is another name.
    """
    once = typo1(said, chance)
    name = once.find(said.road.district) + len(said.road.district) if len(said.road.name) < 3 else len(once)
    spared = range(name, name + 3) if not said.road.latin else range(0)
    places = [i for i, c in enumerate(once) if c.isalpha() and c not in "号弄" and i not in spared]
    i = chance.choice(places)
    return once[:i] + _mistype(once[i : i + 2], chance, latin=said.road.latin, at=0) + once[i + 2 :]


def homophone(said: Said, chance: random.Random) -> str | None:
    """One character of a Chinese road's name replaced by another of the same reading."""
    if said.road.latin:
        return None
    name, readings = said.road.name, lazy_pinyin(said.road.name)
    choices = [
        (i, other)
        for i, reading in enumerate(readings)
        for other in _homophones().get(reading, ())
        if other != name[i]
    ]
    if not choices:
        return None
    i, other = chance.choice(choices)
    return _with_name(said, name[:i] + other + name[i + 1 :])


def digits(said: Said, chance: random.Random) -> str:
    """Full-width digits, or Chinese numerals."""
    if said.road.latin or chance.random() < 0.5:
        return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdecimal() else c for c in said.text)
    plain = write(said.road, said.lane, said.house, said.estate)
    numbers = sorted({str(said.lane), str(said.house)}, key=len, reverse=True)
    for number in numbers:
        plain = plain.replace(f"{number}弄", f"{numeral(int(number))}弄").replace(
            f"{number}号", f"{numeral(int(number))}号"
        )
    return plain


def numeral(number: int) -> str:
    """二百三十一 for 231; below ten thousand."""
    found, zero = "", False
    for unit, size in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = number // size % 10
        if digit:
            found += ("零" if zero and found else "") + _HAN_DIGITS[digit] + unit
        zero = not digit
    return found.removeprefix("一") if found.startswith("一十") else found


def dropped(said: Said, chance: random.Random) -> str:
    """The town, the district, both, the estate or the generic word left out, or the parts in another order."""
    road = said.road
    number = said.text.split(" ", 1)[0]
    if road.latin:
        return chance.choice(
            (
                f"{number} {road.name} {road.ending}",
                f"{number} {road.name}, {road.town}",
                f"{road.name} {road.ending} {number}, {road.town}",
                f"{road.town}, {number} {road.name} {road.ending}",
            )
        )
    street = write(replace(road, town="", district=""), said.lane, said.house, "")
    bare = write(replace(road, town="", district="", ending=""), said.lane, said.house, "")
    return chance.choice(
        (
            f"{road.district}{street}{said.estate}",
            f"{road.town}{street}",
            street,
            f"{road.town}{road.district}{bare}",
            f"{street}{said.estate},{road.district},{road.town}",
            f"{said.estate}{road.district}{street}",
        )
    )


KINDS: dict[str, Callable[[Said, random.Random], str | None]] = {
    "clean": clean,
    "typo1": typo1,
    "typo2": typo2,
    "homophone": homophone,
    "digits": digits,
    "dropped": dropped,
}


@cache
def _homophones() -> dict[str, list[str]]:
    return homophones()


def _with_name(said: Said, name: str) -> str:
    return write(replace(said.road, name=name), said.lane, said.house, said.estate)


def _mistype(word: str, chance: random.Random, *, latin: bool, at: int | None = None) -> str:
    """Another word: one letter replaced (half of the time), dropped, doubled, or swapped with the next."""
    i = chance.choice([i for i, letter in enumerate(word) if letter != " "]) if at is None else at
    kind = chance.choice(("replace", "replace", "replace", "drop", "double", "swap"))
    if kind == "drop" and len(word) > 2:
        return word[:i] + word[i + 1 :]
    if kind == "double":
        return word[: i + 1] + word[i:]
    if kind == "swap" and i + 1 < len(word) and word[i + 1].isalpha() and word[i] != word[i + 1]:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    letters = "abcdefghijklmnopqrstuvwxyz" if latin else COMMON
    other = chance.choice([letter for letter in letters if letter != word[i].lower()])
    return word[:i] + (other.upper() if word[i].isupper() else other) + word[i + 1 :]
