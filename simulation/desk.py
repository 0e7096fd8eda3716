"""What the desk writes down of a case: much is missing, some of it is wrong."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

from domain.places import Point
from domain.tickets import Ticket
from features.coordinates import wgs84_to_gcj02
from simulation.care import CAREFUL, HASTY, Care
from simulation.ground import degrees
from simulation.naming import NAMES, foreigner, person
from simulation.scene import Happenings, Scene
from simulation.seasons import LOCAL
from simulation.speech import Telling, tell_in_chinese, tell_in_english
from simulation.troubles import Trouble
from simulation.whereabouts import (
    misspelt,
    partial,
    road_of,
    spoken_in_chinese,
    spoken_in_english,
    town_of,
    written,
)

PLACEHOLDER = Point(latitude=31.23, longitude=121.47)
"""Written where the desk's form wants coordinates and nobody has any."""

ATTRIBUTES = ("source", "district")
"""The attributes of a ticket: how it came in, and the district the desk noted."""
PHONE_MISSING = 0.25
DISTRICT_NOTED, DISTRICT_WRONG = 0.6, 0.03
SURNAMES = frozenset(NAMES["surnames"])
DEG_PER_METRE = 1 / 111_000
GOOD_FIX_M, POOR_FIX_M = 15.0, 500.0


class Call(NamedTuple):
    """One case as the desk hears of it."""

    trouble: Trouble
    caller: int
    premise: int
    lonlat: tuple[float, float]
    received: float
    care: Care

    @property
    def outside(self) -> bool:
        """Whether it is about the street, not the caller's own door or estate."""
        return self.trouble.at == "road"


def write_tickets(
    scene: Scene, happened: Happenings, ids: Iterable[str], rand: random.Random
) -> list[Ticket]:
    """A ticket for each happening, in their order. All chance comes from `rand`."""
    calls = map(
        Call,
        [scene.troubles[i] for i in happened.trouble.tolist()],
        happened.caller.tolist(),
        happened.premise.tolist(),
        degrees(happened.spot).tolist(),
        happened.received.tolist(),
        [HASTY if hasty else CAREFUL for hasty in happened.hasty.tolist()],
    )
    return [_ticket(scene, ticket_id, call, rand) for ticket_id, call in zip(ids, calls, strict=True)]


def _ticket(scene: Scene, ticket_id: str, call: Call, rand: random.Random) -> Ticket:
    account = scene.residents.accounts[call.caller]
    known = rand.random() < (call.care.account_road if call.outside else call.care.account_home)
    return Ticket(
        ticket_id=ticket_id,
        received_at=datetime.fromtimestamp(call.received, LOCAL),
        text=_text(scene, call, rand),
        category=_category(scene, call, rand),
        account=account.account_id if known else None,
        phone=None if rand.random() < PHONE_MISSING else account.phone,
        address=_address(scene, call, rand),
        point=_point(call, rand),
        attributes=_attributes(scene, call, rand),
    )


def _text(scene: Scene, call: Call, rand: random.Random) -> str:
    english = bool(scene.residents.english[call.caller])
    spoken = spoken_in_english if english else spoken_in_chinese
    road, town = road_of(scene, call.premise), town_of(scene, call.premise)
    says_where = rand.random() < call.care.place_in_words
    telling = Telling(
        kind=call.trouble.kind,
        category=call.trouble.category,
        setting="road" if call.outside else "home",
        what=call.trouble.en if english else call.trouble.zh,
        places=spoken(scene, call.premise, call.caller, call.outside) if says_where else (),
        road=road.en if english else road.zh,
        town=town.en if english else town.zh,
        name=_caller_name(scene, call.caller, rand),
    )
    return (tell_in_english if english else tell_in_chinese)(telling, call.caller, rand).strip()


def _caller_name(scene: Scene, caller: int, rand: random.Random) -> str:
    """Who speaks: the account's holder, or somebody of the firm that holds it."""
    holder = scene.residents.accounts[caller].name or ""
    if scene.residents.english[caller]:
        return holder if holder.isascii() else foreigner(rand)
    return holder if holder[:1] in SURNAMES and len(holder) <= 3 else person(rand)


def _category(scene: Scene, call: Call, rand: random.Random) -> str | None:
    care = call.care
    match _fate(rand, care.category_missing, care.category_wrong):
        case 0:
            return None
        case 1:
            return rand.choice(scene.troubles).category
        case _:
            return call.trouble.category


def _address(scene: Scene, call: Call, rand: random.Random) -> str | None:
    care = call.care
    fate = _fate(rand, care.address_missing, care.address_partial, care.address_misspelt)
    if fate == 0:
        return None
    if fate == 1:
        return partial(scene, call.premise, call.caller, rand)
    complete = written(scene, call.premise, call.caller, call.outside, rand)
    return misspelt(complete, rand) if fate == 2 else complete


def _point(call: Call, rand: random.Random) -> Point | None:
    """Mostly good to some metres; else missing, a placeholder, in GCJ-02 without saying so, or poor."""
    care = call.care
    fate = _fate(rand, care.point_missing, care.point_placeholder, care.point_gcj02, care.point_poor)
    if fate == 0:
        return None
    if fate == 1:
        return PLACEHOLDER
    longitude, latitude = call.lonlat
    if fate == 2:
        latitude, longitude = wgs84_to_gcj02(latitude, longitude)
    spread = (POOR_FIX_M if fate == 3 else GOOD_FIX_M) * DEG_PER_METRE
    return Point(
        latitude=round(latitude + rand.gauss(0, spread), 6),
        longitude=round(longitude + rand.gauss(0, spread), 6),
    )


def _fate(rand: random.Random, *chances: float) -> int:
    """Which of the chances came true; their number if none did."""
    return bisect_right(list(accumulate(chances)), rand.random())


def _attributes(scene: Scene, call: Call, rand: random.Random) -> dict[str, str]:
    sources = call.care.sources
    noted = {"source": rand.choices(list(sources), list(sources.values()))[0]}
    if rand.random() < DISTRICT_NOTED:
        wrong = rand.random() < DISTRICT_WRONG
        entry = rand.choice(scene.residents.addresses) if wrong else scene.residents.addresses[call.premise]
        noted["district"] = entry.district or ""
    return noted
