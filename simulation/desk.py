"""What the desk writes down of a case: much is missing, some of it is wrong."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime

from domain.places import Point
from domain.tickets import Ticket
from features.coordinates import wgs84_to_gcj02
from simulation.cases import Cases
from simulation.ground import degrees
from simulation.naming import NAMES, foreigner, person
from simulation.scene import Scene
from simulation.seasons import LOCAL
from simulation.speech import Telling, tell_in_chinese, tell_in_english
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

ACCOUNT_KNOWN = {"home": 0.66, "estate": 0.66, "road": 0.25}
PHONE_MISSING = 0.25
CATEGORY_MISSING, CATEGORY_WRONG = 0.06, 0.03
ADDRESS_MISSING, ADDRESS_PARTIAL, ADDRESS_MISSPELT = 0.12, 0.12, 0.08
POINT_MISSING, POINT_PLACEHOLDER, POINT_GCJ02, POINT_OFF = 0.30, 0.04, 0.04, 0.07
PLACE_IN_WORDS = 0.8
DISTRICT_NOTED, DISTRICT_WRONG = 0.6, 0.03
ATTRIBUTES = ("source", "district")
"""The attributes of a ticket: how it came in, and the district the desk noted."""
SOURCES = {"phone": 70, "wechat": 16, "web": 9, "app": 5}
SURNAMES = frozenset(NAMES["surnames"])
DEG_PER_METRE = 1 / 111_000


def write_tickets(scene: Scene, cases: Cases, ids: Iterable[str], rand: random.Random) -> list[Ticket]:
    """The tickets of the cases, in their order. All chance comes from `rand`."""
    lonlat = degrees(cases.spot).tolist()
    return [
        _ticket(scene, ticket_id, received, (trouble, caller, premise), where, rand)
        for ticket_id, received, trouble, caller, premise, where in zip(
            ids,
            cases.received.tolist(),
            cases.trouble.tolist(),
            cases.caller.tolist(),
            cases.premise.tolist(),
            lonlat,
            strict=True,
        )
    ]


def _ticket(
    scene: Scene,
    ticket_id: str,
    received: float,
    case: tuple[int, int, int],
    lonlat: tuple[float, float],
    rand: random.Random,
) -> Ticket:
    trouble, caller, premise = scene.troubles[case[0]], case[1], case[2]
    account = scene.residents.accounts[caller]
    return Ticket(
        ticket_id=ticket_id,
        received_at=datetime.fromtimestamp(received, LOCAL),
        text=_text(scene, case, rand),
        category=_category(scene, trouble.category, rand),
        account=account.account_id if rand.random() < ACCOUNT_KNOWN[trouble.at] else None,
        phone=None if rand.random() < PHONE_MISSING else account.phone,
        address=_address(scene, premise, caller, trouble.at == "road", rand),
        point=_point(lonlat, rand),
        attributes=_attributes(scene, premise, rand),
    )


def _text(scene: Scene, case: tuple[int, int, int], rand: random.Random) -> str:
    trouble, caller, premise = scene.troubles[case[0]], case[1], case[2]
    english = bool(scene.residents.english[caller])
    outside = trouble.at == "road"
    spoken = spoken_in_english if english else spoken_in_chinese
    road, town = road_of(scene, premise), town_of(scene, premise)
    telling = Telling(
        kind=trouble.kind,
        category=trouble.category,
        setting="road" if outside else "home",
        what=trouble.en if english else trouble.zh,
        places=spoken(scene, premise, caller, outside) if rand.random() < PLACE_IN_WORDS else (),
        road=road.en if english else road.zh,
        town=town.en if english else town.zh,
        name=_caller_name(scene, caller, rand),
    )
    return (tell_in_english if english else tell_in_chinese)(telling, caller, rand).strip()


def _caller_name(scene: Scene, caller: int, rand: random.Random) -> str:
    """Who speaks: the account's holder, or somebody of the firm that holds it."""
    holder = scene.residents.accounts[caller].name or ""
    if scene.residents.english[caller]:
        return holder if holder.isascii() else foreigner(rand)
    return holder if holder[:1] in SURNAMES and len(holder) <= 3 else person(rand)


def _category(scene: Scene, category: str, rand: random.Random) -> str | None:
    roll = rand.random()
    if roll < CATEGORY_MISSING:
        return None
    return rand.choice(scene.troubles).category if roll < CATEGORY_MISSING + CATEGORY_WRONG else category


def _address(scene: Scene, premise: int, caller: int, outside: bool, rand: random.Random) -> str | None:
    roll = rand.random()
    if roll < ADDRESS_MISSING:
        return None
    if roll < ADDRESS_MISSING + ADDRESS_PARTIAL:
        return partial(scene, premise, caller, rand)
    complete = written(scene, premise, caller, outside, rand)
    wrong = roll < ADDRESS_MISSING + ADDRESS_PARTIAL + ADDRESS_MISSPELT
    return misspelt(complete, rand) if wrong else complete


def _point(lonlat: tuple[float, float], rand: random.Random) -> Point | None:
    """Mostly good to some metres; else missing, a placeholder, in GCJ-02 without saying so, or far off."""
    roll = rand.random()
    if roll < POINT_MISSING:
        return None
    if roll < POINT_MISSING + POINT_PLACEHOLDER:
        return PLACEHOLDER
    longitude, latitude = lonlat
    if roll < POINT_MISSING + POINT_PLACEHOLDER + POINT_GCJ02:
        latitude, longitude = wgs84_to_gcj02(latitude, longitude)
    far = roll > 1 - POINT_OFF
    spread = (500.0 if far else 15.0) * DEG_PER_METRE
    return Point(
        latitude=round(latitude + rand.gauss(0, spread), 6),
        longitude=round(longitude + rand.gauss(0, spread), 6),
    )


def _attributes(scene: Scene, premise: int, rand: random.Random) -> dict[str, str]:
    noted = {"source": rand.choices(list(SOURCES), list(SOURCES.values()))[0]}
    if rand.random() < DISTRICT_NOTED:
        wrong = rand.random() < DISTRICT_WRONG
        entry = rand.choice(scene.residents.addresses) if wrong else scene.residents.addresses[premise]
        noted["district"] = entry.district or ""
    return noted
