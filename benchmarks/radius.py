"""Does a stated 90 % radius hold 90 %? Of the addresses of simulated accounts, whose true places are known.

python -m benchmarks.radius [--accounts N] [--seed SEED] [--json FILE]

A fifth of the city's doors is unknown to the gazetteer, in the address book and with all accounts there; the accounts
behind them are asked for by their addresses alone. (An account whose door is known stands where the book has it:
every radius holds that.)
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from domain.places import Account, Location, Point
from domain.tickets import Ticket
from features.place import distance_m
from router.atlas_building import build_atlas
from router.locate import locate
from simulation.city import START, City, build_city

ASKED = 4000

Outcome = tuple[float, float, float]  # metres off, radius in metres, probability


def hold_back(city: City, rand: random.Random) -> tuple[list[int], list[Account]]:
    """The doors that stay known, and the accounts behind the others."""
    doors = len(city.addresses)
    unknown = set(rand.sample(range(doors), doors // 5))
    behind = zip(city.accounts, city.scene.residents.door.tolist(), strict=True)
    return [i for i in range(doors) if i not in unknown], [a for a, door in behind if door in unknown]


def measure(accounts: int, seed: int) -> dict[str, Any]:
    """The share of accounts within the radius that they were given, in all and by the precision of the place."""
    city, rand = build_city(seed, accounts=accounts, dispatches=100, days=10), random.Random(seed)
    known, held_back = hold_back(city, rand)
    asked = rand.sample(held_back, min(ASKED, len(held_back)))
    gone = {account.account_id for account in held_back}
    atlas = build_atlas(
        (a for a in city.accounts if a.account_id not in gone), (city.addresses[i] for i in known)
    )
    truth = dict(zip((a.account_id for a in city.accounts), city.scene.residents.door.tolist(), strict=True))
    found: defaultdict[str, list[Outcome]] = defaultdict(list)
    for account in asked:
        ticket = Ticket(ticket_id=account.account_id, received_at=START, address=account.address)
        location = locate(ticket, atlas)
        if location.point is not None:
            point = city.addresses[truth[account.account_id]].point
            found[location.places[0].precision].append(_outcome(location, point))
    every = [one for ones in found.values() for one in ones]
    return {
        "asked": len(asked),
        "placed": round(len(every) / max(len(asked), 1), 4),
        **_figures(every),
        "by_precision": {
            kind: {"asked": len(ones), **_figures(ones)} for kind, ones in sorted(found.items())
        },
    }


def _outcome(location: Location, truth: Point | None) -> Outcome:
    assert truth is not None, "the book places every door"
    assert location.point is not None, "asked for places alone"
    return distance_m(location.point, truth), location.radius_m or 0.0, location.places[0].probability


def _figures(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    if not outcomes:
        return {"radius_90_contains": None}
    error, radius, probability = np.array(outcomes).T
    return {
        "radius_90_contains": round(float(np.mean(error <= radius)), 4),
        "median_radius_m": round(float(np.median(radius)), 1),
        "median_error_m": round(float(np.median(error)), 1),
        "p90_error_m": round(float(np.quantile(error, 0.9)), 1),
        "within_1km": round(float(np.mean(error <= 1000.0)), 4),
        "stated_within_1km": round(float(np.mean(probability)), 4),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    found = measure(given.accounts, given.seed)
    text = json.dumps(found, indent=2)
    print(text)
    if given.json:
        given.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
