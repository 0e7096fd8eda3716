"""A simulated city grown to any size, the default bundle trained on its first tickets, and its world at two ages."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from domain.tickets import Ticket
from features.addresses.keys import address_key
from features.addresses.parse import parse_address
from features.history import History
from features.territories import Territories
from models.bundle import Bundle
from router.atlas import Atlas
from router.atlas_building import build_atlas
from router.route import learn
from router.world import World
from simulation.city import City, build_city
from simulation.whereabouts import misspelt
from training.fitting import Settings, Surroundings, fit

TAUGHT = 30_000  # dispatches that the bundle is trained on
ACCOUNTS_PER_DISPATCH = 0.2
FEWEST_ACCOUNTS = 1_000
WITHOUT_GROUND = 14  # units that own no ground, or are founded later, in any simulated city
POINT_SHARE = (
    0.7  # of the tickets without account and address are asked with their coordinates, if they have any
)

Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A world whose history is folded to `dispatches`, and what that took: its atlas, then its history index."""

    world: World
    dispatches: int
    atlas_s: float
    fold_s: float


def grow_city(dispatches: int, units: int, seed: int) -> City:
    """A city with that much past, and that many units over its whole time."""
    accounts = max(FEWEST_ACCOUNTS, round(dispatches * ACCOUNTS_PER_DISPATCH))
    city = build_city(seed, accounts=accounts, dispatches=dispatches, offices=units - WITHOUT_GROUND)
    return replace(city, dispatches=tuple(replace(d, sequence=i + 1) for i, d in enumerate(city.dispatches)))


def teach(city: City, report: Report) -> Bundle:
    """The bundle that training makes of the city's first dispatches as it comes: no setting is changed."""
    known = city.dispatches[:TAUGHT]
    around = Surroundings(
        atlas=build_atlas(city.accounts, city.addresses, known),
        territories=Territories(city.territories),
        units={unit.unit_id: unit for unit in city.units},
    )
    return fit(known, "", around, Settings(), issued_at=city.ends, report=report).bundle


def grow_world(city: City, bundle: Bundle, dispatches: int, report: Report) -> Grown:
    """The city's world as it stood after so many dispatches."""
    known = city.dispatches[:dispatches]
    started = time.perf_counter()
    atlas: Atlas = build_atlas(city.accounts, city.addresses, known)
    atlas_s = time.perf_counter() - started
    world = World(
        history=History(bundle.schema),
        units={unit.unit_id: unit for unit in city.units},
        territories=Territories(city.territories),
        atlas=atlas,
        bundle=bundle,
    )
    started = time.perf_counter()
    for i, dispatch in enumerate(known):
        learn(dispatch, world)
        if i % 500 == 0:
            report(f"folding {dispatches:,}", i / dispatches)
    return Grown(world=world, dispatches=dispatches, atlas_s=atlas_s, fold_s=time.perf_counter() - started)


def queries(city: City, count: int, seed: int) -> list[Ticket]:
    """New tickets: 60 % tell an exact account or address, 25 % misspell one, 15 % have coordinates or text only.

    The exact ones keep all that came with them; where an address is misspelt, only the caller's phone tells more.
    """
    chance = random.Random(f"latency {seed}")
    book = {one.address for one in city.addresses} | {one.address for one in city.accounts}
    wanted = {make: round(count * share) for make, share in SHARES.items()}
    found: list[Ticket] = []
    for ticket, _ in city.stream(seed):
        if not any(wanted.values()):
            break
        for make, left in wanted.items():
            made = make(ticket, book, chance) if left else None
            if made is not None:
                wanted[make] -= 1
                found.append(made)
                break
    chance.shuffle(found)
    return found


Make = Callable[[Ticket, set[str | None], random.Random], Ticket | None]


def _misspelt(ticket: Ticket, book: set[str | None], chance: random.Random) -> Ticket | None:
    if ticket.address not in book or ticket.address is None:
        return None
    wrong = misspelt(ticket.address, chance)
    # other forms of digits are no typo
    if address_key(parse_address(wrong)) == address_key(parse_address(ticket.address)):
        return None
    return replace(ticket, account=None, address=wrong, point=None)


def _point_or_text(ticket: Ticket, _: set[str | None], chance: random.Random) -> Ticket | None:
    point = ticket.point if chance.random() < POINT_SHARE else None
    return replace(ticket, account=None, address=None, phone=None, point=point)


def _exact(ticket: Ticket, book: set[str | None], _: random.Random) -> Ticket | None:
    return ticket if ticket.account or ticket.address in book else None


SHARES: dict[Make, float] = {_misspelt: 0.25, _point_or_text: 0.15, _exact: 0.60}
