"""Names of districts, towns, roads, estates and people, each in Chinese and in letters."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from simulation.stock import read_stock

NAMES = read_stock("names")


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it stands on the sign and as a foreigner writes it."""

    zh: str
    en: str


def district_names() -> list[Name]:
    """The names of all districts, central ones first."""
    return [Name(f"{zh}区", f"{en} District") for zh, en in NAMES["districts"]]


def town_names(rand: random.Random, count: int, rural_from: int) -> list[Name]:
    """`count` distinct towns; those from `rural_from` on are 镇, the others 街道."""
    stems = _pairs(rand, NAMES["town_heads"], NAMES["town_tails"])[:count]
    return [
        Name(
            f"{zh}{'镇' if i >= rural_from else '街道'}",
            f"{en} {'Town' if i >= rural_from else 'Subdistrict'}",
        )
        for i, (zh, en) in enumerate(stems)
    ]


def road_names(rand: random.Random, count: int) -> list[Name]:
    """`count` distinct roads; some differ by one character only, as real ones do (锦绣路, 锦绣东路)."""
    names: list[Name] = []
    for zh, en in _pairs(rand, NAMES["road_heads"], NAMES["road_tails"]):
        if rand.random() < 0.12:
            names += [
                Name(f"{zh}{side}路", f"{en} {word} Rd") for side, word in (("东", "East"), ("西", "West"))
            ]
        else:
            names.append(Name(f"{zh}路", f"{en} Rd"))
    return names[:count]


def estate_names(rand: random.Random, count: int) -> list[Name]:
    """`count` estates; a city has several of one name."""
    stems = _pairs(rand, NAMES["estate_heads"], NAMES["estate_middles"])
    chosen = [(rand.choice(stems), rand.choice(NAMES["estate_tails"])) for _ in range(count)]
    return [Name(f"{zh}{tail_zh}", f"{en} {tail_en}") for (zh, en), (tail_zh, tail_en) in chosen]


def person(rand: random.Random) -> str:
    """A resident's name."""
    return f"{rand.choice(NAMES['surnames'])}{rand.choice(NAMES['given'])}"


def foreigner(rand: random.Random) -> str:
    """The name of a resident who calls in English."""
    return str(rand.choice(NAMES["foreign"]))


def firm(rand: random.Random, key: bool) -> str:
    """A shop or company; `key`: a customer big enough for an account manager of its own."""
    zh, _ = rand.choice(_STEMS)
    return f"{zh}{rand.choice(NAMES['key_customers' if key else 'firms'])}"


def _pairs(
    rand: random.Random, heads: Sequence[tuple[str, str]], tails: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Every head with every tail, in random order."""
    pairs = [(a + b, x + y) for (a, x), (b, y) in product(heads, tails) if a != b]
    rand.shuffle(pairs)
    return pairs


_STEMS = [(a + b, x + y) for (a, x), (b, y) in product(NAMES["estate_heads"], NAMES["road_tails"])]
