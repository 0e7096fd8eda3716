"""What an address is looked up by: its roads and names with their numbers, its areas and its exact key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from features.addresses.keys import address_keys
from features.addresses.normal import normal_form
from features.addresses.parts import AddressParts, Number, NumberKind
from features.gazetteer.entries import NUMBER_KINDS
from features.gazetteer.strings import hash64

KINDS = len(NUMBER_KINDS)
WIDTH = 3 * KINDS + 1  # of a number_row
_KIND_INDEX = {kind: i for i, kind in enumerate(NUMBER_KINDS)}
_ALONG = (NumberKind.HOUSE, NumberKind.LANE)
LARGEST = (1 << 28) - 1  # a number is kept in 28 bits of a key

_DIGITS = re.compile(r"\d+")
_WORDS = re.compile(r"[^\W\d_]+")
_SEPARATORS = re.compile(r"[\s,.;:/、，。；]+")


@dataclass(frozen=True, slots=True)
class Anchor:
    """A name that entries hang on, and the numbers said with it."""

    name: str
    numbers: tuple[Number, ...]


def roads(parts: AddressParts) -> list[Anchor]:
    """The roads of the address."""
    alone = parts.numbers if len(parts.roads) == 1 else ()
    return [Anchor(road.name, (*road.numbers, *alone)) for road in parts.roads if road.name]


def names(parts: AddressParts, said: str | None = None) -> list[Anchor]:
    """Its estates and points of interest, `said` (what the address book calls it) first.

    An address that names neither road nor estate hangs on all its words.
    """
    numbers = (*(parts.roads[0].numbers if parts.roads else ()), *parts.numbers)
    found = dict.fromkeys((normal_form(said), *parts.names) if said else parts.names)
    if not any(found) and not parts.roads:
        words = " ".join(_WORDS.findall(" ".join(parts.rest) or parts.text))
        found = dict.fromkeys([words])
        numbers = numbers or loose_numbers(parts)
    return [Anchor(name, numbers) for name in found if name]


def loose_numbers(parts: AddressParts) -> tuple[Number, ...]:
    """The first digits of an address of no known form, taken for a house number."""
    found = _DIGITS.search(parts.text)
    if found is None:
        return ()
    value = min(int(found.group()[:10]), LARGEST)
    return (Number(kind=NumberKind.HOUSE, low=value, high=value),)


def areas(parts: AddressParts, district: str | None = None) -> tuple[str, ...]:
    """The areas of the address, broad to narrow, with the district that the address book states."""
    if not district:
        return parts.areas
    stated = normal_form(district)
    return parts.areas if not stated or stated in parts.areas else (stated, *parts.areas)


def exact_keys(parts: AddressParts) -> tuple[str, ...]:
    """The canonical keys of what it lists, else its text without separators; empty where nothing was said."""
    if not any(letter.isalnum() for letter in parts.text):
        return ()
    return address_keys(parts) or (_SEPARATORS.sub(" ", parts.text).strip(),)


def entry_key(keys: tuple[str, ...], within: tuple[str, ...], found: Sequence[Anchor]) -> int:
    """What makes an entry of its own: its exact keys, its areas and all of its numbers. 0 where it says nothing."""
    if not keys:
        return 0
    numbers = {f"{n.kind}{n.low}-{n.high}{n.suffix}" for anchor in found for n in anchor.numbers}
    return hash64("\0".join((*keys, "", *within, "", *sorted(numbers)))) or 1


def main_number(numbers: Sequence[Number]) -> Number | None:
    """The number along the road, else the first."""
    return next((number for number in numbers if number.kind in _ALONG), numbers[0] if numbers else None)


@lru_cache(maxsize=4096)
def number_row(numbers: tuple[Number, ...]) -> tuple[int, ...]:
    """For each kind of number its low end, then the high ends, then codes of the suffixes; then the main kind.

    0 where a kind is not said.
    """
    row = [0] * WIDTH
    for number in reversed(numbers):  # the first of a kind stays
        kind = _KIND_INDEX[number.kind]
        row[kind] = min(number.low, LARGEST)
        row[KINDS + kind] = min(number.high, LARGEST)
        row[2 * KINDS + kind] = hash64(number.suffix) & 0x7FFF if number.suffix else 0
    main = main_number(numbers)
    row[-1] = _KIND_INDEX[main.kind] if main else 0
    return tuple(row)
