"""Addresses with the number behind the street: Hungarian above all, German, Czech, Polish, Romance."""

from __future__ import annotations

import re

from features.addresses.draft import Draft, RoadDraft
from features.addresses.latin_numbers import one_form, read_number
from features.addresses.parts import AddressParts, Number, NumberKind, Relation

_TYPES = one_form(
    "utca u utcaja|ut|utja|ter|tere|korter|korond|hatarut"
    "|korut krt korutja|koz koze|setany stny setanya|rakpart rkp rakpartja|sor sora"
    "|fasor|park parkja|lepcso|liget|lakotelep ltp|dulo dulout|arok|kert|hid hidja|lejto|part|udvar|gat|hegy|mezo"
    "|allomas|aluljaro|felujaro|csomopont|telep|sziget|kapu|major|strasse str|gasse|platz|allee|weg|ring|damm|ufer"
)
_PREFIXES = one_form(
    "ul ulica ulice|al aleja aleje|pl plac|nam namesti namestie|os osiedle|trida|rue|via|viale|piazza|corso|calle"
    "|avenida av|rua|strada str|bulevardul bd"
)
_ROMAN = {"i": 1, "v": 5, "x": 10}
_DISTRICT = re.compile(
    r"(?:budapest[, ]+)?\b([ivx]{1,5})\.?\s*ker(?:ulet(?:e|i|ben)?)?\b\.?|^budapest,? ([ivx]{1,5})\.?$|^([ivx]{1,5})\.$"
)
_LEADING_ROMAN = re.compile(
    r"([ivx]{1,5})\. ?(?=[a-z])"
)  # Budapest, XIII. Váci út; but also II. Rákóczi Ferenc út
_ARABIC_DISTRICT = re.compile(r"\b(\d{1,2})\.?\s*ker(?:ulet(?:e|i|ben)?)?\b\.?")
_POSTCODE = re.compile(r"^(?:[a-z]{1,2}-)?(\d{4,5}|\d{3} \d{2}|\d{2}-\d{3})(?=\s|$)\s*")
_NO_FLOOR = r"(?!\d{1,2}\.? ?(?:em|lh|lph))"  # 32-1. emelet is a house and a floor
_NUMBER = re.compile(
    rf"(?:\s+|(?<=\.))(?:hrsz\.?\s*)?(\d{{1,5}})(?:\s?-\s?{_NO_FLOOR}(\d{{1,5}}))?"
    r"(?:(?:\s?[/.-]{1,2}\s?|\s(?=[a-z]\b(?!\s[a-z]{3})))?([a-tv-z])\b(?!\.? ?(?:em|lph|lh))"
    rf"|\s?/\s?{_NO_FLOOR}(\d{{1,4}}))?"
    r"\.?(?!\w)"
)
_COUNTRY = re.compile(r"[\s.,]*\b(\d{4})?\s*magyarorszag$")
_STATION = re.compile(r" (?:m|h|m\+h)$")  # stops are called after streets
_BRACKET = re.compile(r"\(([^()]+)\)")
_FLOOR = re.compile(r"(?:[\s/-]|^)(\d{1,2}|[ivx]{1,4})\.?\s?(em(?:elet)?|lh|lph|lepcsohaz)\b\.?")
_CROSSING = re.compile(
    r"\s*\b(?:sark(?:a|an|anal)?|sarok|keresztezode\w*|ecke|keresztezese\w*|talalkozas\w*)\b"
)
_BETWEEN = re.compile(r"\s+(?:es|-|–|/|&|und|x)\s+|\s*[/&]\s*")
_NEAR = re.compile(r"\b(?:mellett|kozeleben|kornyeken|elott|mogott|neben|bei)\b")
_OPPOSITE = re.compile(r"\b(?:szemben|szemkozt|gegenuber)\b\s*")
_SEPARATOR = re.compile(r"\s*[,;|\n]\s*")
_WORDS = re.compile(r"[\s.]+")
_GLUED = re.compile(r"^(.+?)(strasse|str|gasse|platz|allee|weg|ring|damm|ufer)$")

MARKERS = re.compile(
    r"\b(?:utca|utja|korut|krt|kerulet|ker|setany|stny|rakpart|rkp|ltp|lakotelep|fasor|budapest|ulica|ulice|namesti)\b"
    r"|\bu\.(?:\s|$)|\b(?:u|ut|ter|tere|koz|sor)\.? \d|\bul\.? |strasse\b|str\.|gasse\b|platz \d|allee \d"
)


def roman(numeral: str) -> int:
    """xiii → 13, of numerals made of i, v and x."""
    values = [_ROMAN[c] for c in numeral]
    return sum(-v if v < w else v for v, w in zip(values, [*values[1:], 0], strict=True))


def _street_name(text: str) -> str | None:
    """One canonical form (`vaci ut`, `lajos utca`, `hauptstrasse`), or None if no kind of street is said."""
    words = [word for word in _WORDS.split(text) if word]
    if len(words) > 1 and words[0] in _PREFIXES:
        return " ".join([_PREFIXES[words[0]], *words[1:]])
    if len(words) > 1 and words[-1] in _TYPES:
        return " ".join([*words[:-1], _TYPES[words[-1]]])
    if words and len(words[-1]) > 5 and (glued := _GLUED.match(words[-1])):
        return " ".join([*words[:-1], glued[1] + _TYPES[glued[2]]])
    return None


def _street(segment: str, draft: Draft) -> bool:
    """Read a street with its number; False if this is none."""
    found = None
    for found in _NUMBER.finditer(segment):
        if name := _street_name(segment[: found.start()]):
            break
    else:
        if name := _street_name(segment):
            draft.roads.append(RoadDraft(name))
            return True
        if found is None or not segment[: found.start()].strip():
            return False
        name = " ".join(_WORDS.split(segment[: found.start()])).strip()
    number = read_number(
        found[1], found[2], found[3] or (f"/{found[4]}" if found[4] else ""), NumberKind.HOUSE
    )
    draft.roads.append(RoadDraft(name, [number, *_floors(segment[found.end() :])]))
    if rest := _FLOOR.sub(" ", segment[found.end() :]).strip(" ."):
        draft.rest.append(rest)
    return True


def _floors(text: str) -> list[Number]:
    floors = []
    for found in _FLOOR.finditer(text):
        value = int(found[1]) if found[1].isdigit() else roman(found[1])
        kind = NumberKind.FLOOR if found[2].startswith("em") else NumberKind.UNIT
        floors.append(Number(kind=kind, low=value, high=value))
    return floors


def _district(segment: str, draft: Draft) -> str:
    """Take the district off a segment."""
    if found := _DISTRICT.search(segment):
        value = roman(next(group for group in found.groups() if group))
    elif "budapest" in draft.areas and (found := _LEADING_ROMAN.match(segment)):
        value = roman(found[1])
    elif found := _ARABIC_DISTRICT.search(segment):
        value = int(found[1])
    else:
        return segment
    if "budapest" in found.group():
        draft.areas.append("budapest")
    draft.areas.append(f"{value}. kerulet")
    return f"{segment[: found.start()]} {segment[found.end() :]}".strip()


def parse_central_european(text: str) -> AddressParts:
    """The parts of an address in normal form whose street comes before its number."""
    draft = Draft()
    whole = text
    if found := _COUNTRY.search(text):
        draft.postcode, text = found[1], text[: found.start()]
    for segment in _SEPARATOR.split(_BRACKET.sub(" ", text)):
        segment = _district(segment, draft)
        if found := _POSTCODE.match(segment):
            draft.postcode = found[1].replace(" ", "").replace("-", "")
            segment = segment[found.end() :]
        if _OPPOSITE.search(segment):
            draft.relation, segment = (
                Relation.OPPOSITE,
                re.sub(r"(?:v[ae]l)\s*$", "", _OPPOSITE.sub("", segment)),
            )
        elif _NEAR.search(segment):
            draft.relation, segment = Relation.NEAR, _NEAR.sub("", segment).strip()
        if segment.startswith("budapest "):
            draft.areas.append("budapest")
            segment = segment[9:]
        if segment := _STATION.sub("", segment).strip():
            _segment(segment, draft)
    code = draft.postcode
    if (
        code
        and re.fullmatch(r"1(?:0[1-9]|1\d|2[0-3])\d", code)
        and not any("kerulet" in area for area in draft.areas)
    ):
        draft.areas.append(f"{int(code[1:3])}. kerulet")
    last = draft.areas[-1] if draft.areas else "budapest"
    if not draft.roads and not draft.names and last != "budapest" and not last.endswith("kerulet"):
        draft.names.append(draft.areas.pop())
    draft.names.extend(_BRACKET.findall(text))
    return draft.finish(whole)


def _segment(segment: str, draft: Draft) -> None:
    segment, corner_said = _CROSSING.subn("", segment)
    corners = [corner for corner in _BETWEEN.split(segment) if corner]
    if len(corners) == 2 and all(_street_name(corner) for corner in corners):
        draft.roads.extend([RoadDraft(_street_name(corner) or corner) for corner in corners])
        draft.relation = Relation.CROSSING
    elif not draft.roads and _street(segment, draft):
        if corner_said:
            draft.relation = Relation.CROSSING
    elif draft.roads and segment[:1].isdigit():
        draft.rest.append(segment)
    elif segment:
        draft.areas.append(segment)
