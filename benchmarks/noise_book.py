"""A seeded book of simulated Chinese and Latin addresses."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pypinyin import lazy_pinyin

from domain.places import Address, Point

ROADS = 21_000
LATIN, TWINS, TWO_TOWNS = 0.3, 0.08, 0.03  # shares of roads
ENDINGS = ("路",) * 14 + ("街",) * 3 + ("大道", "巷", "大街")
SIDES = "东西南北中"
CITIES = {
    "江州市": ("东湖区", "西岭区", "南浦区", "北塘区", "临江新区", "石桥区"),
    "云海市": ("长宁区", "金山区", "普安区", "青溪区", "松岗县"),
    "平川市": ("河东区", "河西区", "高新区", "白沙区"),
}
TOWNS = (
    "Milford",
    "Ashton",
    "Riverton",
    "Oakdale",
    "Fairview",
    "Hartwell",
    "Brookfield",
    "Kingsbury",
    "Stanmore",
)
STREETS = ("Street", "Street", "Road", "Avenue", "Lane", "Drive")
ESTATES = ("花园", "新村", "家园", "苑", "公寓", "小区")
ONSETS = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "qu",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "oo", "ou"]
CODAS = ["n", "r", "l", "m", "ck", "ll", "nd", "rt", "st", "s", "th", "ng", "w", "y"]
LARGEST_LANE = 300  # numbers of a road; a road with more addresses has lanes

# the 3,755 common characters of GB 2312, level 1
COMMON = [
    bytes((high, low)).decode("gb2312")
    for high in range(0xB0, 0xD8)
    for low in range(0xA1, 0xFF)
    if (high, low) < (0xD7, 0xFA)
]


def homophones() -> dict[str, list[str]]:
    """The common characters by their usual reading, without tone."""
    found: dict[str, list[str]] = {}
    for character, reading in zip(COMMON, (lazy_pinyin(c)[0] for c in COMMON), strict=True):
        found.setdefault(reading, []).append(character)
    return found


@dataclass(frozen=True, slots=True)
class Road:
    """A road in one town; `ending` is the generic word."""

    name: str
    ending: str
    town: str
    district: str
    latin: bool


@dataclass(frozen=True, slots=True)
class Said:
    """An address by its pieces, for queries that change some of them."""

    road: Road
    lane: int
    house: int
    estate: str
    text: str


class Book:
    """`count` distinct addresses on some 21,000 roads, as often as Zipf's law has it; iterates as Address."""

    def __init__(self, count: int, seed: int) -> None:
        chance = random.Random(seed)
        self.roads = _roads(chance)
        self.neighbours = _neighbours(self.roads)
        weights = 1 / np.arange(10, len(self.roads) + 10)
        drawn = np.random.default_rng(seed).choice(len(self.roads), count, p=weights / weights.sum())
        self._per_road = np.bincount(drawn, minlength=len(self.roads))
        self._first = np.append(0, np.cumsum(self._per_road))
        self._estates = {i: _word(chance, 2) + chance.choice(ESTATES) for i in range(4_000)}

    def __len__(self) -> int:
        return int(self._first[-1])

    def __iter__(self) -> Iterator[Address]:
        for number, count in enumerate(self._per_road.tolist()):
            for k in range(count):
                said = self._address(number, k, count)
                point = Point(
                    latitude=30 + said.house / 1e4 + number / 1e5, longitude=120 + (said.lane % 500) / 1e3
                )
                yield Address(address=said.text, point=point)

    def __getitem__(self, i: int) -> Said:
        number = int(self._first.searchsorted(i, "right")) - 1
        return self._address(number, i - int(self._first[number]), int(self._per_road[number]))

    def _address(self, number: int, k: int, count: int) -> Said:
        """Address `k` of the `count` of a road."""
        road, houses = self.roads[number], -(-count // LARGEST_LANE)
        lane, house = (k // houses + 1, k % houses + 1) if houses > 1 else (0, 2 * k + 1 + number % 2)
        named = lane and lane % 4 == 0 and not road.latin
        estate = self._estates[(number * 31 + lane) % len(self._estates)] if named else ""
        return Said(road, lane, house, estate, write(road, lane, house, estate))

    def sample(self, count: int, seed: int) -> list[Said]:
        """Addresses drawn at random, so that long roads come often."""
        chance = random.Random(seed + 1)
        return [self[chance.randrange(len(self))] for _ in range(count)]


def write(road: Road, lane: int, house: int, estate: str) -> str:
    """The address in its usual form."""
    if road.latin:
        number = (lane - 1) * 100 + house if lane else house
        return f"{number} {road.name} {road.ending}, {road.town}"
    numbers = f"{lane}弄{house}号" if lane else f"{house}号"
    return f"{road.town}{road.district}{road.name}{road.ending}{numbers}{estate}"


def _roads(chance: random.Random) -> list[Road]:
    by_reading = homophones()
    found: list[Road] = []
    taken = set()
    while len(found) < ROADS:
        draw = chance.random()
        if draw < TWINS and found:
            road = _twin(chance.choice(found), chance, by_reading)
        elif draw < TWINS + TWO_TOWNS and found:
            road = _placed(chance.choice(found), chance)
        else:
            road = _new(chance)
        if (key := (road.name, road.ending, road.town, road.district)) not in taken:
            taken.add(key)
            found.append(road)
    chance.shuffle(found)
    return found


def _new(chance: random.Random) -> Road:
    if chance.random() < LATIN:
        name = " ".join(_latin_word(chance) for _ in range(chance.choice((1, 1, 1, 2))))
        return _placed(Road(name, chance.choice(STREETS), "", "", latin=True), chance)
    name = _word(chance, chance.choice((2, 2, 2, 3))) + (
        chance.choice(SIDES) if chance.random() < 0.12 else ""
    )
    return _placed(Road(name, chance.choice(ENDINGS), "", "", latin=False), chance)


def _placed(road: Road, chance: random.Random) -> Road:
    if road.latin:
        return Road(road.name, road.ending, chance.choice(TOWNS), "", latin=True)
    town = chance.choice(list(CITIES))
    return Road(road.name, road.ending, town, chance.choice(CITIES[town]), latin=False)


def _twin(road: Road, chance: random.Random, by_reading: dict[str, list[str]]) -> Road:
    """Another road of the same town, one letter away, as often as not of the same sound."""
    i = chance.randrange(len(road.name))
    other = chance.choice("abcdefghilmnoprstuvw") if road.latin else chance.choice(COMMON)
    if not road.latin and chance.random() < 0.5:
        other = chance.choice(by_reading.get(lazy_pinyin(road.name[i])[0], [other]))
    return Road(
        road.name[:i] + other + road.name[i + 1 :], road.ending, road.town, road.district, latin=road.latin
    )


def _neighbours(roads: list[Road]) -> float:
    """The share of roads that have another one letter away, or of the same sound."""
    holders: dict[str, set[str]] = {}
    for road in roads:
        for key in _near_keys(road):
            holders.setdefault(key, set()).add(road.name)
    return sum(any(len(holders[key]) > 1 for key in _near_keys(road)) for road in roads) / len(roads)


def _near_keys(road: Road) -> list[str]:
    name = road.name
    gaps = [f"{name[:i]}*{name[i + 1 :]}{road.ending}" for i in range(len(name))]
    return gaps if road.latin else [*gaps, " ".join(lazy_pinyin(name)) + road.ending]


def _word(chance: random.Random, length: int) -> str:
    # common characters are common in names too
    return "".join(COMMON[int(len(COMMON) * chance.random() ** 1.5)] for _ in range(length))


def _latin_word(chance: random.Random) -> str:
    syllables = [chance.choice(ONSETS) + chance.choice(VOWELS) for _ in range(chance.choice((1, 2, 2)))]
    return (
        "".join(syllables) + chance.choice(CODAS) + chance.choice(("", "ton", "ford", "ley", "field", "er"))
    ).title()
