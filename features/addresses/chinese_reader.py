"""What is known of a Chinese address while it is read from left to right."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import takewhile
from string import ascii_lowercase

from features.addresses.chinese_numbers import read_number
from features.addresses.chinese_words import (
    BEGINNINGS,
    BRACKETED_NOISE,
    BRACKETED_ROAD,
    NAME_THEN_ROAD,
    NEAR_ROAD,
    NOISE,
    PART_OF_ESTATE,
)
from features.addresses.draft import ALONG, Draft, RoadDraft
from features.addresses.parts import AddressParts, Number, NumberKind, Relation

_FOLLOWING = {NumberKind.LANE: NumberKind.HOUSE, NumberKind.SUBLANE: NumberKind.HOUSE}


class Reader:
    """Takes the words of an address one after another and knows what they belong to."""

    def __init__(self) -> None:
        self.draft = Draft()
        self.road: RoadDraft | None = None
        self.last: Number | None = None  # the number just read, if nothing came in between
        self.named = False  # a name was said after the road
        self.detached = False  # … and behind a comma, so that its numbers aren't the road's
        self.listed = False  # a comma stands before what comes
        self.joined = False  # 与 stands between two roads
        self._unkept: list[RoadDraft] = []  # 4,8,12弄: what these count is said with the last
        self._bracketed: list[str] = []

    @property
    def wants_number(self) -> bool:
        """Whether a number that doesn't say what it counts may be the road's or a narrower part of the last one."""
        if self.last is not None:
            return True
        if self.road is not None:
            return self.road.main is None and not self.named
        return bool(self.draft.areas) and not self.draft.names and not self.draft.numbers  # 灵山村503

    def take_name(self, words: str) -> None:
        """A name, or words that say nothing of the place."""
        if begins := BEGINNINGS.match(words):
            words = words[begins.end() :]
        words = words.removesuffix("的")
        if not words:
            return
        if len(words) < 2 or NOISE.fullmatch(words):
            self.draft.rest.append(words)
            return
        self.draft.names.append(words)
        self.detached = self.listed or (self.detached and self.named)
        self.named, self.listed, self.last = True, False, None

    def take_bracket(self, words: str, number: re.Match[str] | None) -> None:
        """What stands in brackets: a second name, a part of the first, a cross street, a number."""
        if number and number["kind"]:
            self.take_number(number)
        elif PART_OF_ESTATE.fullmatch(words) and self.draft.names and self.last is None:
            self.draft.names[-1] += words
        elif BRACKETED_ROAD.fullmatch(words):
            self._bracketed.append(words)
        elif BRACKETED_NOISE.search(words):
            self.draft.rest.append(words)
        else:
            last, named, listed = self.last, self.named, self.listed
            self.take_name(words)
            self.last, self.named, self.listed = last, named, listed

    def open_road(self, before: str, match: re.Match[str]) -> None:
        """A road whose name begins with `before`, itself perhaps behind another name."""
        if near := NEAR_ROAD.match(before):
            before, self.joined = before[near.end() :], True
        elif begins := BEGINNINGS.match(before):
            before = before[begins.end() :]
        if len(before) > 3 and (cut := NAME_THEN_ROAD.match(before + match["road"])):
            self.take_name(before[: cut.end()])
            before = before[cut.end() :]
        stretch = match["stretch"] or ""
        name = before + match["road"] + stretch
        if self.joined and self.road is not None and self.road.main is not None:
            self.draft.rest.append(name)  # 816号近瑞金二路: the number says more than the cross street
        elif (
            self.road is None or self.road.name != name or self.road.numbers
        ):  # 昆仑路昆仑路20号 is said twice
            self.road = RoadDraft(name)
            self.draft.roads.append(self.road)
        self.named = self.detached = self.listed = False
        self.last = None
        self._unkept.clear()
        if match["mouth"]:
            self.relate(Relation.CROSSING)

    def relate(self, relation: Relation) -> None:
        """The first word on how the trouble lies to the address counts."""
        if self.draft.relation is Relation.AT:
            self.draft.relation = relation

    def take_number(self, match: re.Match[str]) -> None:
        """A number, of the road, of a name behind it or of nothing that is known."""
        number = read_number(match, self._unsaid(match))
        said = bool(match["kind"])
        if (
            not said and number.kind is NumberKind.BUILDING and match["high"]
        ):  # 百姓人家148-870: building and room
            self._put(replace(number, high=number.low, suffix=""), said=said)
            low = int(match["high"].rstrip(ascii_lowercase))
            number = Number(kind=NumberKind.ROOM if low > 99 else NumberKind.UNIT, low=low, high=low)
        self._put(number, said=said)
        self.last, self.listed = number, False

    def _put(self, number: Number, *, said: bool) -> None:
        road, kind = self.road, number.kind
        main = road.main if road else None
        if road is None or (self.named and (main is None or (self.detached and kind in ALONG))):
            self.draft.numbers.append(number)
        elif main is None or kind not in ALONG:
            road.numbers.append(number)
            self._keep(road, number, said=said)
        elif self.listed and not self.named:
            if said:
                self._name_unkept(kind)
            if any(kind is other.kind for other in road.numbers):
                broader = list(takewhile(lambda other: other.kind is not kind, road.numbers))
                self.road = road = RoadDraft(road.name, broader)  # 318弄11-28号,47-64号: both in the lane
                self.draft.roads.append(road)
            road.numbers.append(number)
            self._keep(road, number, said=said)
        elif kind is NumberKind.HOUSE and self.last is not None and self.last.kind is NumberKind.BUILDING:
            road.numbers.append(replace(number, kind=NumberKind.UNIT))
        elif kind is NumberKind.HOUSE and (self.named or main.kind is NumberKind.HOUSE):
            road.numbers.append(replace(number, kind=NumberKind.BUILDING))
        else:
            road.numbers.append(number)

    def _keep(self, road: RoadDraft, number: Number, *, said: bool) -> None:
        if number.kind is NumberKind.HOUSE and not said:
            self._unkept.append(road)
        else:
            self._unkept.clear()

    def _name_unkept(self, kind: NumberKind) -> None:
        for road in self._unkept:
            road.numbers[-1] = replace(road.numbers[-1], kind=kind)

    def _unsaid(self, match: re.Match[str]) -> NumberKind:
        """What a number counts that does not say it."""
        if self.last is None or self.listed:
            return NumberKind.BUILDING if self.named or self.road is None else NumberKind.HOUSE
        if self.last.kind is NumberKind.BUILDING:
            return NumberKind.ROOM if len(match["low"] or "") > 2 else NumberKind.UNIT
        return _FOLLOWING.get(self.last.kind, NumberKind.ROOM)

    def finish(self, text: str) -> AddressParts:
        """The parts, when all words are read."""
        draft = self.draft
        if self.joined and len(draft.roads) > 1 and draft.roads[0].main is None:
            self.relate(Relation.CROSSING)
        if not draft.roads:
            draft.roads.extend(map(RoadDraft, self._bracketed))
        else:
            draft.rest.extend(self._bracketed)
        return draft.finish(text)
