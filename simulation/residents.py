"""Who lives and works behind the doors: accounts, the address book, and how each resident calls."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from domain.places import Account, Address, Point
from simulation.ground import Ground, Indices, degrees
from simulation.naming import firm, foreigner, person
from simulation.streets import Door, Streets

NEIGHBOURS = 24
ENGLISH_SPEAKERS = 0.15
KEY_CUSTOMERS = 0.02
KEY_PREFIX = "38"
"""Account numbers of customers big enough for an account manager begin with it."""
UNMAPPED_ACCOUNTS = 0.04
FIRMS_AT_STREET = 0.55


@dataclass(frozen=True, slots=True, kw_only=True)
class Residents:
    """Account i lives at premise `door[i]`, amid accounts `near[i]`, and calls with weight `calls[i]`.

    `addresses[j]` is the address book's entry of premise j.
    """

    accounts: tuple[Account, ...]
    addresses: tuple[Address, ...]
    door: Indices
    near: Indices
    in_estate: Indices
    calls: NDArray[np.float64]
    english: NDArray[np.bool_]
    key: NDArray[np.bool_]


def settle(
    ground: Ground, streets: Streets, accounts: int, rng: np.random.Generator, rand: random.Random
) -> Residents:
    """`accounts` residents behind the doors; seven in ten in estates."""
    inside = np.flatnonzero(streets.door == Door.BUILDING)
    outside = np.flatnonzero(streets.door == Door.STREET)
    flats = int(accounts * 0.7)
    door = np.concatenate([rng.choice(inside, flats), rng.choice(outside, accounts - flats)])
    door = door[rng.permutation(accounts)]
    english = rng.random(accounts) < ENGLISH_SPEAKERS
    key = (streets.estate[door] < 0) & (rng.random(accounts) < KEY_CUSTOMERS / 0.3)
    lonlat = degrees(streets.spot)
    addresses = tuple(_entry(ground, streets, i, lonlat[i]) for i in range(len(streets.door)))
    shuffled = rand.sample(range(10_000_000), accounts)
    return Residents(
        accounts=tuple(
            _account(addresses[d], streets, int(d), serial, bool(e), bool(k), rand)
            for d, serial, e, k in zip(door, shuffled, english, key, strict=True)
        ),
        addresses=addresses,
        door=door,
        near=KDTree(streets.spot[door]).query(streets.spot[door], k=min(NEIGHBOURS, accounts))[1],
        in_estate=np.flatnonzero(streets.estate[door] >= 0),
        calls=_proneness(streets, rng)[door] * np.where(key, 2.5, 1.0),
        english=english,
        key=key,
    )


def short_address(streets: Streets, premise: int) -> str:
    """Road and number without district and town: 锦绣路388弄12号."""
    road, number = streets.roads[streets.road[premise]].name.zh, streets.number[premise]
    match Door(streets.door[premise]):
        case Door.STREET:
            return f"{road}{number}号"
        case Door.GATE:
            return f"{road}{number}弄"
        case Door.BUILDING:
            return f"{road}{number}弄{streets.building[premise]}号"


def _proneness(streets: Streets, rng: np.random.Generator) -> NDArray[np.float64]:
    """How often each premise's people call: old estates and worn roads far more than others."""
    estate = rng.lognormal(0.0, 1.5, len(streets.estates))
    road = rng.lognormal(0.0, 1.2, len(streets.roads))
    prone: NDArray[np.float64] = np.where(streets.estate >= 0, estate[streets.estate], road[streets.road])
    return prone


def _entry(ground: Ground, streets: Streets, premise: int, lonlat: NDArray[np.float64]) -> Address:
    """The address book's entry of a premise."""
    town = ground.block_town[streets.block[premise]]
    district = ground.districts[ground.town_district[town]].name.zh
    return Address(
        address=f"{district}{ground.towns[town].name.zh}{short_address(streets, premise)}",
        point=Point(latitude=float(lonlat[1]), longitude=float(lonlat[0])),
        district=district,
    )


def _account(
    entry: Address, streets: Streets, premise: int, serial: int, english: bool, key: bool, rand: random.Random
) -> Account:
    flat = streets.estate[premise] >= 0
    room = f"{rand.randint(1, 18)}0{rand.randint(1, 4)}室" if flat else ""
    if key or (not flat and rand.random() < FIRMS_AT_STREET):
        name = firm(rand, key)
    else:
        name = foreigner(rand) if english else person(rand)
    return Account(
        account_id=f"{KEY_PREFIX if key else '31'}{serial:07d}{serial % 9}",
        address=f"{entry.address}{room}",
        point=None if rand.random() < UNMAPPED_ACCOUNTS else entry.point,
        phone=f"1{rand.choice('3578')}{rand.randint(0, 10**9 - 1):09d}",
        name=name,
    )
