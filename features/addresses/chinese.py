"""Chinese addresses, from the broadest part to the narrowest."""

from __future__ import annotations

import re

from features.addresses.chinese_areas import skip_areas
from features.addresses.chinese_numbers import NUMBER
from features.addresses.chinese_reader import Reader
from features.addresses.chinese_words import ANCHOR
from features.addresses.parts import AddressParts, Relation

_NUMBER = re.compile(NUMBER)


def parse_chinese(text: str) -> AddressParts:
    """The parts of a Chinese address in normal form."""
    whole, text = text, text.replace("·", "")
    reader = Reader()
    start = position = skip_areas(
        text, 0, reader.draft.areas
    )  # `start`: of the words that nothing has taken yet
    while found := ANCHOR.search(text, position):
        position = found.end()
        words = text[start : found.start()]
        if found["road"]:
            if not words and not found["road"][:2].strip("道gsx")[:1].isdigit():
                continue  # no road begins with its own kind
            reader.open_road(words, found)
        elif found["counted"] or _is_part_of_name(found, text, words, reader):
            continue
        else:
            reader.take_name(words)
            _take(found, reader)
        start = position
        if found["separator"] or found["bracket"]:
            start = position = skip_areas(text, position, reader.draft.areas)
    reader.take_name(text[start:])
    return reader.finish(whole)


def _is_part_of_name(found: re.Match[str], text: str, words: str, reader: Reader) -> bool:
    """146团, 361度: a number that doesn't say what it counts, with a name going on behind it."""
    if not found["low"] or found["kind"] or found["after"]:
        return False
    behind = text[found.end() : found.end() + 1]
    return (
        behind >= "\u3400"
        and (bool(words) or not reader.wants_number)
        and not ANCHOR.match(text, found.end())
    )


def _take(found: re.Match[str], reader: Reader) -> None:
    if found["low"] or found["letter"]:
        reader.take_number(found)
    elif found["separator"]:
        reader.listed = reader.listed or any(c in ",;，、。;/" for c in found["separator"])
    elif found["bracket"]:
        words = found["bracket"].strip("()")
        reader.take_bracket(words, _NUMBER.fullmatch(words))
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
