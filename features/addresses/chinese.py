"""Chinese addresses, from the broadest part to the narrowest."""

from __future__ import annotations

import re

from features.addresses.chinese_areas import skip_areas
from features.addresses.chinese_numbers import NUMBER, read_number
from features.addresses.draft import ALONG, Draft, RoadDraft
from features.addresses.numerals import NUMERALS
from features.addresses.parts import AddressParts, Number, NumberKind, Relation

_ROAD_ENDS = r"(?=\d|$|[^\w]|路?口|[与和交近]|[甲乙丙附]\d|[东南西北中]段)"
_ANCHOR = re.compile(
    r"(?P<bracket>\([^()]*\)?)"
    r"|(?P<separator>[^\w()#]+)"
    rf"|(?P<counted>\d{{1,3}}(?:期|[村区组坊](?!\d)|街坊|标))"
    rf"|(?P<road>\d{{1,4}}[国省县乡]道|(?:道(?=\d))?\d{{1,3}}号?(?:路(?!口)|大街|大道|街(?![道坊区]))"
    rf"|大道|路(?!桥|灯|段|街道)|街(?![道坊区路])|(?:[道巷弄]|胡同){_ROAD_ENDS}|[里条](?=\d))"
    r"(?P<stretch>[东南西北中上下]段)?(?P<mouth>路?口(?![a-z\d]))?"
    r"|(?P<opposite>斜?对[面过])"
    r"|(?P<near>附近|旁边?|隔壁|边上|周边|[东南西北]{1,2}侧?约?\d{1,4}米处?)"
    r"|(?P<crossing>交叉路?口|十字路?口|丁字路?口|交[汇叉界]处?口?|相交处?|路口)"
    r"|(?P<joint>(?<=[路街道巷弄口])(?:[与和及]|靠?近)(?=[\u3400-\u9fff]))"
    r"|(?P<aside>[东南西北]{1,2}侧|[前后楼上下]面|门口|楼[上下])"
    rf"|{NUMBER}"
    r"|(?P<junk>\d{6,})"
)
_BEGINS = re.compile(r"(?:位于|地址|在|的|到|至|靠近|近|临近)+")
# where a name ends and the road after it begins: 曹杨新村|枫桥路. 花园路 and 市场东路 are roads
_NAME_THEN_ROAD = re.compile(
    r".*(?:新村|小区|花园|公寓|大厦|广场|中心|医院|学校|中学|小学|大学|公司|市场|社区|工业园|工业区|科技园|开发区|园区|[镇乡])"
    rf"(?=(?![东南西北中前后上下{NUMERALS}]{{0,2}}[路街道巷])(?!大[道街])..)"
)
_NOISE = re.compile(r"公寓|别墅|商住楼|住宅楼?|[东南西北]{0,2}门|[正后大]门|[院里]?内|里面|[处号段]|地下室")
_BRACKETED_NOISE = re.compile(r"近|以[东南西北]|[路街道]|店$|门$")
_FOLLOWING = {
    NumberKind.LANE: NumberKind.HOUSE,
    NumberKind.HOUSE: NumberKind.ROOM,
    NumberKind.FLOOR: NumberKind.ROOM,
    NumberKind.UNIT: NumberKind.ROOM,
    NumberKind.ROOM: NumberKind.ROOM,
}
_RANK = list(NumberKind)


class _Reader:
    """Reads one address from left to right."""

    def __init__(self) -> None:
        self.draft = Draft()
        self.road: RoadDraft | None = None
        self.named = False  # a name was said after the road
        self.listed = False  # a comma stands before what comes
        self.joined = False  # 与 stands between two roads
        self.last: Number | None = None

    def name(self, words: str, *, bracketed: bool = False) -> None:
        words = _BEGINS.sub("", words, count=1) if _BEGINS.match(words) else words
        words = words.removesuffix("的")
        if not words:
            return
        if len(words) < 2 or _NOISE.fullmatch(words) or (bracketed and _BRACKETED_NOISE.search(words)):
            self.draft.rest.append(words)
            return
        self.draft.names.append(words)
        self.named, self.last = True, None

    def open_road(self, before: str, match: re.Match[str]) -> None:
        if begins := _BEGINS.match(before):
            before = before[begins.end() :]
        if len(before) > 3 and (cut := _NAME_THEN_ROAD.match(before + match["road"])):
            self.name(before[: cut.end()])
            before = before[cut.end() :]
        self.road = RoadDraft(before + match["road"])
        self.draft.roads.append(self.road)
        self.named, self.listed, self.last = False, False, None
        if match["stretch"]:
            self.draft.rest.append(match["stretch"])
        if match["mouth"]:
            self.relate(Relation.CROSSING)

    def relate(self, relation: Relation) -> None:
        if self.draft.relation is Relation.AT:
            self.draft.relation = relation

    def number(self, match: re.Match[str]) -> None:
        number = read_number(match, self._unsaid(match))
        road = self.road
        if road is None or (self.named and road.main is None):
            self.draft.numbers.append(number)
        elif road.main is None or number.kind not in ALONG:
            road.numbers.append(number)
        elif self.listed and not self.named and number.kind in [n.kind for n in road.numbers]:
            self.road = RoadDraft(road.name, [number])
            self.draft.roads.append(self.road)
        elif number.kind is NumberKind.HOUSE and (self.named or road.main.kind is NumberKind.HOUSE):
            number = Number(kind=NumberKind.BUILDING, low=number.low, high=number.high, suffix=number.suffix)
            road.numbers.append(number)
        else:
            road.numbers.append(number)
        self.last, self.listed = number, False

    def _unsaid(self, match: re.Match[str]) -> NumberKind:
        """What a number counts that does not say it."""
        if self.last is None or self.listed:
            return NumberKind.BUILDING if self.named or self.road is None else NumberKind.HOUSE
        if self.last.kind is NumberKind.BUILDING:
            return NumberKind.ROOM if len(match["low"]) > 2 else NumberKind.UNIT
        return _FOLLOWING.get(self.last.kind, NumberKind.ROOM)

    def finish(self, text: str) -> AddressParts:
        draft = self.draft
        if self.joined and len(draft.roads) > 1 and draft.roads[0].main is None:
            self.relate(Relation.CROSSING)
        return draft.finish(text)


def parse_chinese(text: str) -> AddressParts:
    """The parts of a Chinese address in normal form."""
    reader = _Reader()
    start = skip_areas(text, 0, reader.draft.areas)  # of the words that no anchor has taken yet
    position = start
    while found := _ANCHOR.search(text, position):
        words = text[start : found.start()]
        position = found.end()
        if found["counted"]:
            continue  # 朗诗街区2期 is one name
        if found["road"]:
            if not words and not found["road"][-2:-1].isdigit() and not found["road"][0].isdigit():
                continue  # 路桥, 街心: no road begins with its own kind
            reader.open_road(words, found)
        else:
            reader.name(words)
            _take(reader, found)
        start = position
        if found["separator"] or found["bracket"]:
            start = position = skip_areas(text, position, reader.draft.areas)
    reader.name(text[start:])
    return reader.finish(text)


def _take(reader: _Reader, found: re.Match[str]) -> None:
    if found["low"] or found["letter"]:
        reader.number(found)
    elif found["separator"]:
        reader.listed = reader.listed or any(c in ",;，、。;/" for c in found["separator"])
    elif found["bracket"]:
        reader.name(found["bracket"].strip("()"), bracketed=True)
    elif found["opposite"]:
        reader.relate(Relation.OPPOSITE)
    elif found["near"]:
        reader.relate(Relation.NEAR)
    elif found["crossing"]:
        reader.relate(Relation.CROSSING)
    elif found["joint"]:
        reader.joined = True
    else:
        reader.draft.rest.append(found.group())
