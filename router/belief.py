"""Witnesses' places -> one belief: a few places with probabilities, and the chance that it is none of them.

Each witness is a mixture: its places, each a heavy-tailed kernel as wide as its radius, and its doubt, spread evenly
over the area of operations. The belief is the normalised product of the mixtures, so witnesses that meet strengthen
each other the more the finer they are, and witnesses that contradict each other leave several places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot, pi
from typing import NamedTuple

from domain.places import LocationSource, Place, PlaceWitness, Point
from features.place import R90_IN_SIGMAS, distance_m

DEGREES_OF_FREEDOM = 3.0  # of the kernels' Student tails: records of one place lie some hundred metres apart
KEPT = 12  # placed components carried from witness to witness
NAMED = 5  # places of the final belief
NEGLIGIBLE = 0.01
SAME_PLACE_M = 30.0
FINE_M = 150.0  # coordinates with a wider radius are rounded
MEETING_SHARE = (
    0.5  # of the distance between two witnesses that meet, as the radius of the place where they do
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """Places, most likely first; with `unknown` their probabilities sum to 1."""

    places: tuple[Place, ...]
    unknown: float


class _Component(NamedTuple):
    """One way the witnesses may meet: `place` is that of the finest of them, the rest is of all that meet there."""

    weight: float
    place: Place
    point: Point
    radius_m: float
    address: str | None
    sources: tuple[LocationSource, ...]

    def as_place(self, probability: float) -> Place:
        return Place(
            point=self.point,
            probability=probability,
            radius_m=self.radius_m,
            precision=self.place.precision,
            address=self.address,
            sources=self.sources,
        )


def combine(witnesses: Sequence[PlaceWitness], area_m2: float) -> Belief:
    """The belief of all witnesses together, taken to err independently of each other."""
    nowhere, placed = 1.0, list[_Component]()
    for witness in witnesses:
        doubt = max(1e-6, 1.0 - sum(place.probability for place in witness.places))
        joined = [_Component(known.weight * doubt, *known[1:]) for known in placed]
        joined += [_said(nowhere, place, witness.source) for place in witness.places]
        joined += [
            _meet(known, place, witness.source, area_m2) for known in placed for place in witness.places
        ]
        nowhere *= doubt
        placed = sorted(joined, key=_lightness)[:KEPT]
    return _normalised(nowhere, placed)


def _lightness(component: _Component) -> float:
    return -component.weight


def _said(weight: float, place: Place, source: LocationSource) -> _Component:
    return _Component(
        weight * place.probability, place, place.point, place.radius_m, place.address, (source,)
    )


def _meet(known: _Component, place: Place, source: LocationSource, area_m2: float) -> _Component:
    apart = distance_m(known.point, place.point)
    weight = known.weight * place.probability * area_m2 * _overlap(known.radius_m, place.radius_m, apart)
    finer = known if known.radius_m <= place.radius_m else _said(weight, place, source)
    # coordinates are of the trouble itself, an address is of a house near by
    given = source is LocationSource.COORDINATES and apart <= place.radius_m <= FINE_M
    return _Component(
        weight,
        finer.place,
        place.point if given else finer.point,
        max(finer.radius_m, MEETING_SHARE * apart),
        (known.address or place.address) if finer is known else (place.address or known.address),
        (*known.sources, source),
    )


def _overlap(radius_m: float, other_m: float, apart_m: float) -> float:
    """Density per square metre at which two kernels meet (a bivariate Student t, Kotz & Nadarajah 2004, eq. 1.1)."""
    sigma = hypot(radius_m, other_m) / R90_IN_SIGMAS
    tail = 1.0 + (apart_m / sigma) ** 2 / DEGREES_OF_FREEDOM
    return float(tail ** (-(DEGREES_OF_FREEDOM + 2.0) / 2.0) / (2.0 * pi * sigma * sigma))


def _normalised(nowhere: float, placed: Iterable[_Component]) -> Belief:
    found: list[_Component] = []
    for component in placed:
        _gather(found, component)
    total = nowhere + sum(one.weight for one in found)
    ranked = sorted(found, key=lambda one: (-one.weight, one.radius_m, _order(one.point)))
    named = [one for one in ranked[:NAMED] if one.weight / total >= NEGLIGIBLE]
    places = tuple(one.as_place(min(1.0, one.weight / total)) for one in named)
    return Belief(places=places, unknown=max(0.0, 1.0 - sum(place.probability for place in places)))


def _gather(found: list[_Component], component: _Component) -> None:
    """Add a component, to one that is there already where it is of the same place."""
    for i, other in enumerate(found):
        if distance_m(other.point, component.point) <= SAME_PLACE_M:
            heavier = component if component.weight > other.weight else other
            found[i] = _Component(component.weight + other.weight, *heavier[1:])
            return
    found.append(component)


def _order(point: Point) -> tuple[float, float]:
    return point.latitude, point.longitude
