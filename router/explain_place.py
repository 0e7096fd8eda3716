"""How a place was found, stage by stage, for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.places import Location, Place, PlaceWitness, Repair, Territory
from domain.tickets import Ticket
from features.addresses.parse import parse_address
from features.addresses.parts import AddressParts, Number, RoadPart
from router.atlas import Atlas
from router.wording import DEFAULT, Wording, wording

SHOWN = 3  # known addresses and names


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the way to a place: its name and what it found, a finding a line."""

    name: str
    findings: tuple[str, ...]


def explain_place(
    ticket: Ticket,
    location: Location,
    atlas: Atlas,
    grounds: tuple[tuple[Territory, ...], ...] = (),
    words: Wording | None = None,
) -> tuple[Stage, ...]:
    """Parse, look-up, repair, witnesses, belief, ground. `grounds`: the owners of each of the location's places.

    `words`: in whose language the findings are told.
    """
    words = words or wording(DEFAULT)
    stages = {
        "parse": _parsed(ticket, words),
        "look-up": _looked_up(ticket, atlas, words),
        "repair": (_repaired(repair, words) for repair in location.repairs),
        "witnesses": (
            words.line("witness", source=words.word("source", w.source), place=_place(place, words))
            for w in location.witnesses
            for place in w.places[:SHOWN]
        ),
        "belief": _believed(location, atlas, words),
        "ground": (
            words.line(
                "owners",
                at=words.at(place.point),
                units=words.listed(t.unit_id for t in ground) or words.line("no_owner"),
            )
            for place, ground in zip(location.places, grounds, strict=False)
        ),
    }
    return tuple(Stage(name=name, findings=tuple(findings)) for name, findings in stages.items())


def _repaired(repair: Repair, words: Wording) -> str:
    return words.line(
        "repaired",
        field=words.word("field", repair.field),
        given=repair.given or words.line("nothing"),
        value=repair.value,
        step=repair.step,
        evidence=words.listed(_record(one, words) for one in repair.evidence),
    )


def _record(evidence: str, words: Wording) -> str:
    """ "account:310042" by its word; what is no record ("12 m") as it is."""
    record, colon, told = evidence.partition(":")
    return f"{words.word('record', record)}{colon}{told}"


def _parsed(ticket: Ticket, words: Wording) -> Iterator[str]:
    if ticket.address:
        yield from _parts(parse_address(ticket.address), words)


def _parts(parts: AddressParts, words: Wording) -> Iterator[str]:
    for name, found in (
        ("areas", parts.areas),
        ("roads", tuple(_road(road, words) for road in parts.roads)),
        ("names", parts.names),
        ("numbers", tuple(_number(number, words) for number in parts.numbers)),
        ("postcode", (parts.postcode,) if parts.postcode else ()),
        ("relation", (words.word("relation", parts.relation),)),
        ("rest", parts.rest),
    ):
        if found:
            yield words.line("part_found", name=words.word("part", name), found=words.listed(found))


def _road(road: RoadPart, words: Wording) -> str:
    return " ".join((road.name, *(_number(number, words) for number in road.numbers)))


def _number(number: Number, words: Wording) -> str:
    ends = f"{number.low}-{number.high}" if number.high != number.low else f"{number.low}"
    return f"{words.word('number', number.kind)} {ends}{number.suffix}"


def _looked_up(ticket: Ticket, atlas: Atlas, words: Wording) -> Iterator[str]:
    if ticket.account:
        known = atlas.gazetteer.account(ticket.account)
        place = known and (known.address or (known.point and words.at(known.point)))
        name = "account_known" if place else "account_placeless" if known else "account_unknown"
        yield words.line(name, account=ticket.account, place=place)
    if ticket.address:
        for match in atlas.gazetteer.search(parse_address(ticket.address), limit=SHOWN):
            name = "match_exact" if match.exact else "match_like"
            yield words.line(name, address=match.entry.address, likelihood=match.likelihood)


def _believed(location: Location, atlas: Atlas, words: Wording) -> Iterator[str]:
    for place in location.places:
        yield words.line("believed", probability=place.probability, place=_place(place, words))
    yield words.line("unknown", probability=location.unknown)
    yield from (words.word("doubt", reason) for reason in location.reasons)
    if location.details:  # the witnesses disagree
        yield from (_detail(witness, atlas, words) for witness in location.witnesses)


def _detail(witness: PlaceWitness, atlas: Atlas, words: Wording) -> str:
    """In words a person can compare: "account is in 徐汇区 (漕溪北路18号)"."""
    source, told = words.word("source", witness.source), witness.text or words.at(witness.point)
    area = atlas.area_name(witness.point)
    return words.line("detail_area" if area else "detail", source=source, area=area, told=told)


def _place(place: Place, words: Wording) -> str:
    return words.line(
        "place_known_as" if place.address else "place",
        at=words.at(place.point),
        radius=place.radius_m,
        precision=words.word("precision", place.precision),
        address=place.address,
    )
