"""English addresses: number, name and type of the street, then where it is."""

from __future__ import annotations

import re

from features.addresses.draft import Draft, RoadDraft
from features.addresses.latin_numbers import UNIT, one_form, read_number, read_unit
from features.addresses.parts import AddressParts, NumberKind, Relation

_TYPES = one_form(
    "st street str|ave avenue av aven|rd road|blvd boulevard boul|dr drive drv|ln lane|ct court|pl place"
    "|sq square|ter terrace terr|pkwy parkway pkw|hwy highway|plz plaza|cir circle circ|cres crescent|way|row"
    "|park|path|walk|wharf whf|aly alley|loop|mews|yard|close|gdns gardens|grn green|hl hill|expy expressway"
    "|fwy freeway|tpke turnpike|brg bridge|trl trail|pt point|cswy causeway|ext extension|quay|xing crossing"
    "|hts heights"
)
_DIRECTIONS = one_form("n north|s south|e east|w west|ne northeast|nw northwest|se southeast|sw southwest")
_ORDINALS = one_form(
    "1st first|2nd second|3rd third|4th fourth|5th fifth|6th sixth|7th seventh|8th eighth|9th ninth|10th tenth"
    "|11th eleventh|12th twelfth"
)
_STATES = one_form(
    "al|ak|az|ar|ca|co|ct|de|dc|fl|ga|hi|id|il|in|ia|ks|ky|la|me|md|ma|mi|mn|ms|mo|mt|ne|nv|nh|nj|nm|ny|nc|nd|oh|ok"
    "|or|pa|ri|sc|sd|tn|tx|ut|vt|va|wa|wv|wi|wy"
)
_POSTCODE = re.compile(r"(?:^|\s)(\d{5})(?:-\d{4})?$|(?:^|\s)([a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2})$")
_LEADING_NUMBER = re.compile(
    r"(?:no\.? ?|#)?(\d{1,6})(-?[a-z](?=[\s-])|hf)?(?: ?- ?(\d{1,6})([a-z])?)?( \d/\d)?(?=\s|$)\s*"
)
_CROSSING = re.compile(
    r"^(?:the )?(?:intersection|corner|crossing|junction|cor)\.?(?: of)?\s+|^at (?=.* (?:and|&) )"
)
_BETWEEN = re.compile(r"\s*(?:&|@|/|\+)\s*|\s+(?:and|at|near)\s+")
_NEAR = re.compile(r"^(near|next to|by|beside|opposite|across from|in front of|behind)\s+")
_SEPARATOR = re.compile(r"\s*[,;|()\n]\s*|\s+-\s+")
_WORD_SEPARATOR = re.compile(r"[\s.]+")


def street_name(words: list[str]) -> str:
    """One canonical form: `8th st`, `n main st`, `mt vernon st`."""
    words = [_ORDINALS.get(word, word) for word in words]
    if len(words) > 1 and words[-1] in _TYPES:
        words[-1] = _TYPES[words[-1]]
    if len(words) > 2 or (len(words) == 2 and words[-1] not in _TYPES):
        words[0] = _DIRECTIONS.get(words[0], words[0])
    if words[0] == "saint":
        words[0] = "st"
    elif words[0] == "mount":
        words[0] = "mt"
    return " ".join(words)


def _type_at(words: list[str]) -> int | None:
    """Where the type of the street stands: the first after a name, the last of several together (hyde park ave)."""
    for i in range(1, len(words)):
        if words[i] in _TYPES and not (
            words[i] == "st" and i + 1 < len(words) and words[i - 1] in _DIRECTIONS
        ):
            while i + 1 < len(words) and words[i + 1] in _TYPES:
                i += 1
            return i
    return None


def _street(text: str, draft: Draft) -> bool:
    """Read one street with its number; what follows its type goes to the names. False if this is none."""
    numbers = []
    if number := _LEADING_NUMBER.match(text):
        marks = "".join(filter(None, number.group(2, 4, 5)))
        numbers.append(read_number(number[1], number[3], marks, NumberKind.HOUSE))
        text = text[number.end() :]
    units = [read_unit(found) for found in UNIT.finditer(text)]
    text = UNIT.sub(" ", text) if units else text
    words = [word for word in _WORD_SEPARATOR.split(text) if word]
    end = _type_at(words)
    if not words or (end is None and not numbers):
        draft.numbers.extend([*numbers, *units])
        return bool(numbers)
    after = len(words) if end is None else end + 1
    if after < len(words) and words[after] in _DIRECTIONS:
        words[after] = _DIRECTIONS[words[after]]
        after += 1
    name = street_name(words[: end + 1]) if end is not None else street_name(words[:after])
    suffix = words[end + 1 : after] if end is not None else []
    draft.roads.append(RoadDraft(" ".join([name, *suffix]), [*numbers, *units]))
    if words[after:]:
        behind = " ".join(words[after:])
        if _POSTCODE.search(behind) or words[-1] in _STATES:
            _place(behind, draft)
        else:
            draft.names.append(behind)
    return True


def _place(segment: str, draft: Draft) -> None:
    """City, state and postcode."""
    if found := _POSTCODE.search(segment):
        draft.postcode = found[1] or found[2]
        segment = segment[: found.start()].strip()
    words = segment.split()
    if words and words[-1] in _STATES:
        draft.areas.insert(0, words.pop())
    if words:
        draft.areas.append(" ".join(words))


def parse_english(text: str) -> AddressParts:
    """The parts of an English address in normal form; commas stand where the parts of the source were apart."""
    draft = Draft()
    segments = [segment for segment in _SEPARATOR.split(text) if segment]
    streets = 0
    for i, segment in enumerate(segments):
        if found := _NEAR.match(segment):
            draft.relation = Relation.OPPOSITE if found[1] in ("opposite", "across from") else Relation.NEAR
            segment = segment[found.end() :]
        said = _CROSSING.match(segment)
        corners = _BETWEEN.split(segment[said.end() :] if said else segment)
        if (
            streets == 0
            and len(corners) == 2
            and all(corners)
            and (said or not segment[0].isdigit() or "&" in segment)
        ):
            for corner in corners:
                _corner(corner, draft)
            draft.relation = Relation.CROSSING
            streets += 1
        elif segment in _DIRECTIONS and draft.roads:
            draft.roads[-1].name += f" {_DIRECTIONS[segment]}"
        elif streets == 0 and not _POSTCODE.fullmatch(segment) and _street(segment, draft):
            streets += 1
        elif units := [read_unit(found) for found in UNIT.finditer(segment)]:
            (draft.roads[-1].numbers if draft.roads else draft.numbers).extend(units)
        elif i == 0:
            draft.names.append(segment)
        else:
            _place(segment, draft)
    return draft.finish(text)


def _corner(text: str, draft: Draft) -> None:
    words = [word for word in _WORD_SEPARATOR.split(text) if word]
    end = _type_at(words)
    after = len(words) if end is None else end + 1
    if words:
        draft.roads.append(RoadDraft(street_name(words[:after])))
    if words[after:]:
        draft.areas.append(" ".join(words[after:]))
