"""Ways to say where: the same door by its number, its estate, the crossing near by, in full, in part or misheard."""

from __future__ import annotations

import random

from simulation.naming import Name
from simulation.residents import short_address
from simulation.scene import Scene
from simulation.speech import HABITS, slip
from simulation.streets import Door

CHINESE_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
WIDE_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")


def road_of(scene: Scene, premise: int) -> Name:
    """The road a premise has its number on."""
    return scene.streets.roads[int(scene.streets.road[premise])].name


def town_of(scene: Scene, premise: int) -> Name:
    """The town a premise lies in."""
    return scene.ground.towns[int(scene.ground.block_town[scene.streets.block[premise]])].name


def crossing_of(scene: Scene, premise: int, caller: int) -> Name | None:
    """Another road near by, if the caller knows one."""
    road = scene.streets.road[premise]
    for neighbour in scene.residents.near[caller]:
        other = int(scene.streets.road[scene.residents.door[neighbour]])
        if other != road:
            return scene.streets.roads[other].name
    return None


def spoken_in_chinese(scene: Scene, premise: int, caller: int, outside: bool) -> list[str]:
    """What a caller may say of the place."""
    road, number = road_of(scene, premise).zh, scene.streets.number[premise]
    crossing = crossing_of(scene, premise, caller)
    ways = [f"{town_of(scene, premise).zh}{road}", road]
    if outside:
        mark = "号" if scene.streets.door[premise] == Door.STREET else "弄"
        ways += [f"{road}{number}{mark}"] * 3
        ways += [f"{road}{crossing.zh}路口", f"{road}靠近{crossing.zh}"] if crossing else []
    else:
        ways = [short_address(scene.streets, premise)] * 3
    estate = int(scene.streets.estate[premise])
    if estate >= 0:
        name, building = scene.streets.estates[estate].zh, scene.streets.building[premise]
        ways += [f"{road}{number}弄{name}", name]
        ways += [f"{name}{building}号楼", f"{name}{building}号"] if building and not outside else []
    return ways


def spoken_in_english(scene: Scene, premise: int, caller: int, outside: bool) -> list[str]:
    """As `spoken_in_chinese`, in letters."""
    road, number = road_of(scene, premise).en, scene.streets.number[premise]
    crossing = crossing_of(scene, premise, caller)
    estate = int(scene.streets.estate[premise])
    ways = [road, f"Lane {number} {road}" if estate >= 0 else f"{number} {road}"]
    if outside and crossing:
        ways += [f"{road} and {crossing.en}", f"the corner of {road} / {crossing.en}"]
    if estate >= 0:
        name, building = scene.streets.estates[estate].en, scene.streets.building[premise]
        ways += [name, f"{name}, {road}"]
        ways += (
            [f"{name} bldg {building}", f"Building {building}, Lane {number} {road}"] if not outside else []
        )
    return ways


def written(scene: Scene, premise: int, caller: int, outside: bool, rand: random.Random) -> str:
    """A complete address as desks write it: mostly as in the book, sometimes with the room or without the district."""
    book = scene.residents.addresses[premise].address
    short = short_address(scene.streets, premise)
    roll = rand.random()
    if outside:
        return book if roll < 0.6 else short + ("附近" if roll < 0.8 else "")
    at_home = scene.residents.door[caller] == premise
    if at_home and roll < 0.4:
        return scene.residents.accounts[caller].address or book
    return book if roll < 0.8 else short


def partial(scene: Scene, premise: int, caller: int, rand: random.Random) -> str:
    """An address that leaves the door open."""
    road, estate = road_of(scene, premise).zh, int(scene.streets.estate[premise])
    crossing = crossing_of(scene, premise, caller)
    ways = [road, f"{town_of(scene, premise).zh}{road}"]
    ways += [f"{road}靠近{crossing.zh}", f"{road}{crossing.zh}路口"] if crossing else []
    ways += (
        [scene.streets.estates[estate].zh, f"{road}{scene.streets.number[premise]}弄"] if estate >= 0 else []
    )
    return rand.choice(ways)


def misspelt(address: str, rand: random.Random) -> str:
    """One thing wrong: a homophone, another form of digits, a character lost, a word misheard."""
    homophones = [i for i, sign in enumerate(address) if sign in HABITS["homophones"]]
    roll = rand.random()
    if homophones and roll < 0.5:
        at = rand.choice(homophones)
        return f"{address[:at]}{rand.choice(HABITS['homophones'][address[at]])}{address[at + 1 :]}"
    if roll < 0.7:
        return address.translate(CHINESE_DIGITS if roll < 0.6 else WIDE_DIGITS)
    if roll < 0.85:
        at = rand.randrange(len(address))
        return address[:at] + address[at + 1 :]
    return slip(address, rand)
