"""One address prepared for comparing: n-grams and what they weigh, numbers by kind, areas by tier, its own name."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat

from features.addresses.parse import parse_address
from features.addresses.parts import AddressParts, RoadPart
from features.addresses.sound import sound_key

SIZES = (1, 2, 3)  # of character n-grams
_SAME = ((re.compile("号楼|幢"), "栋"), (re.compile("交汇处?|交界处?|路口"), "交叉口"))
_MARKS = re.compile(r"[\W_]+")
_NUMBER = re.compile(
    r"([a-z]?\d+(?:[-/]\d+)*[a-z]?)(单元|号院|支弄|[号栋座楼层室弄巷期区组队排米店门路街环段中小村乡县省国])?"
)
_COUNTED = {
    **dict.fromkeys(("号", "号院"), "house"),
    **dict.fromkeys("栋座楼", "building"),
    "单元": "unit",
    "层": "floor",
    "室": "room",
    **dict.fromkeys(("弄", "巷", "支弄"), "lane"),
    **dict.fromkeys("期区", "zone"),
    **dict.fromkeys("组队排", "group"),
    "米": "metres",
    "": "bare",
}
KINDS = ("house", "building", "unit", "floor", "room", "lane", "zone", "group", "bare", "other")
_LEVELS = {
    **dict.fromkeys(("省", "自治区"), "province"),
    "市": "city",
    **dict.fromkeys("区县旗", "district"),
    **dict.fromkeys(("镇", "乡", "街道"), "town"),
    **dict.fromkeys("村社区庄屯", "village"),
}
_LEVEL = re.compile(r"(省|自治区|街道|市|区|县|旗|镇|乡|社区|[村庄屯])$")
TIERS = ("province", "city", "district", "town", "village")
_BRACKET = re.compile(r"\([^)]*\)?")


class Weights:
    """How telling a character n-gram is: the log of how rarely it occurs in addresses."""

    def __init__(self, values: Mapping[str, float], rarest: float) -> None:
        self.values, self.rarest = dict(values), rarest

    @classmethod
    def fit(cls, texts: Iterable[str], least: int = 2) -> Weights:
        """From addresses; n-grams of fewer than `least` of them weigh what an unseen one does."""
        counts: Counter[str] = Counter()
        total = 0
        for text in texts:
            total += 1
            for grams in _grams(_flat(parse_address(text).text)):
                counts.update(grams)
        values = {gram: math.log((total + 1) / (n + 1)) for gram, n in counts.items() if n >= least}
        return cls(values, math.log((total + 1) / least))

    def sum(self, grams: Iterable[str]) -> float:
        """What the n-grams weigh together."""
        return sum(map(self.values.get, grams, repeat(self.rarest)))

    def max(self, grams: Iterable[str]) -> float:
        """The weight of the most telling one; 0 where there is none."""
        return max(map(self.values.get, grams, repeat(self.rarest)), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One address of a pair, prepared."""

    parts: AddressParts
    flat: str  # letters and digits alone
    spaced: str
    sound: str
    grams: tuple[frozenset[str], ...]
    weight: tuple[float, ...]  # of the n-grams of each size
    numbers: Mapping[str, frozenset[str]]  # kind → as written
    levels: Mapping[str, frozenset[str]]  # tier → names of areas
    roads: tuple[RoadPart, ...]
    names: tuple[str, ...]
    name: str  # the last: a candidate ends with what it is
    said: Mapping[
        str, tuple[frozenset[str], float]
    ]  # names, own name, rest → pairs of characters, their weight

    @property
    def counted(self) -> frozenset[str]:
        """All numbers but distances."""
        return frozenset().union(*(found for kind, found in self.numbers.items() if kind != "metres"))


def prepare(text: str, weights: Weights) -> Side:
    """Everything that is computed once for an address."""
    parts = parse_address(text)
    plain = parts.text
    for pattern, one in _SAME:
        plain = pattern.sub(one, plain)
    flat = _MARKS.sub("", plain)
    grams = _grams(flat)
    numbers: dict[str, set[str]] = {}
    for number, unit in _NUMBER.findall(plain):
        numbers.setdefault(_COUNTED.get(unit, "other"), set()).add(number)
    levels: dict[str, set[str]] = {}
    for area in parts.areas:
        if level := _LEVEL.search(area):
            levels.setdefault(_LEVELS.get(level[0], "village"), set()).add(area)
    names = tuple(_MARKS.sub("", name) for name in parts.names) or ("",)
    outside = _BRACKET.sub("", plain)
    own = next((name for name in reversed(names) if name and name in _MARKS.sub("", outside)), names[-1])
    said = {"names": _pairs_of(names), "own name": _pairs_of((own,)), "rest": _pairs_of(parts.rest)}
    return Side(
        parts=parts,
        flat=flat,
        spaced=" ".join(flat),
        sound=sound_key(flat),
        grams=grams,
        weight=tuple(map(weights.sum, grams)),
        numbers={kind: frozenset(found) for kind, found in numbers.items()},
        levels={tier: frozenset(found) for tier, found in levels.items()},
        roads=parts.roads,
        names=names,
        name=own,
        said={what: (grams, weights.sum(grams)) for what, grams in said.items()},
    )


def _flat(text: str) -> str:
    for pattern, one in _SAME:
        text = pattern.sub(one, text)
    return _MARKS.sub("", text)


def _grams(flat: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset([flat[i : i + n] for i in range(len(flat) - n + 1)]) for n in SIZES)


def _pairs_of(texts: Iterable[str]) -> frozenset[str]:
    return frozenset([text[i : i + 2] for text in texts for i in range(len(text) - 1)])
