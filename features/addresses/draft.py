"""An address while it is being taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field

from features.addresses.parts import AddressParts, Number, NumberKind, Relation, RoadPart

ALONG = (NumberKind.HOUSE, NumberKind.LANE)


@dataclass(slots=True)
class RoadDraft:
    """A road whose numbers are still being read."""

    name: str
    numbers: list[Number] = field(default_factory=list)

    @property
    def main(self) -> Number | None:
        """The number along the road."""
        return next((number for number in self.numbers if number.kind in ALONG), None)


@dataclass(slots=True)
class Draft:
    """What has been read so far, in the order of the text."""

    areas: list[str] = field(default_factory=list)
    roads: list[RoadDraft] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    relation: Relation = Relation.AT
    postcode: str | None = None

    def finish(self, text: str) -> AddressParts:
        """The parts, each area once."""
        return AddressParts(
            text=text,
            areas=tuple(dict.fromkeys(self.areas)),
            roads=tuple([RoadPart(name=road.name, numbers=tuple(road.numbers)) for road in self.roads]),
            names=tuple(self.names),
            numbers=tuple(self.numbers),
            postcode=self.postcode,
            relation=self.relation,
            rest=tuple(self.rest),
        )
