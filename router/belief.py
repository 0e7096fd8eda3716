"""Witnesses' places -> one belief: a few places with probabilities, and the chance that it is none of them.

Each witness is a mixture: its places, each a heavy-tailed kernel as wide as its radius, and its doubt, spread evenly
over the area of operations. The belief is the normalised product of the mixtures, so witnesses that meet strengthen
each other the more the finer they are, and witnesses that contradict each other leave several places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import hypot, log, pi, sqrt

from domain.places import LocationSource, Place, PlaceWitness, Point
from features.place import distance_m

R90_IN_SIGMAS = sqrt(2 * log(10))  # the radius that holds 90 % of a round normal distribution
DEGREES_OF_FREEDOM = 3.0  # of the kernels' Student tails: records of one place lie some hundred metres apart
KEPT = 12  # components carried from witness to witness
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


def combine(witnesses: Sequence[PlaceWitness], area_m2: float) -> Belief:
    """The belief of all witnesses together, taken to err independently of each other."""
    components: list[tuple[float, Place | None]] = [(1.0, None)]
    for witness in witnesses:
        doubt = max(1e-6, 1.0 - sum(place.probability for place in witness.places))
        joined = [(weight * doubt, place) for weight, place in components]
        for weight, known in components:
            joined += [_meet(weight, known, place, witness, area_m2) for place in witness.places]
        components = _pruned(joined)
    return _normalised(components)


def _meet(
    weight: float, known: Place | None, place: Place, witness: PlaceWitness, area_m2: float
) -> tuple[float, Place]:
    said = replace(place, sources=(witness.source,))
    if known is None:
        return weight * place.probability, said
    apart = distance_m(known.point, place.point)
    finer, coarser = (known, said) if known.radius_m <= said.radius_m else (said, known)
    # coordinates are of the trouble itself, an address is of a house near by
    given = witness.source is LocationSource.COORDINATES and apart <= said.radius_m <= FINE_M
    together = replace(
        finer,
        point=said.point if given else finer.point,
        address=finer.address or coarser.address,
        radius_m=max(finer.radius_m, MEETING_SHARE * apart),
        sources=(*known.sources, witness.source),
    )
    return weight * place.probability * area_m2 * _overlap(known.radius_m, place.radius_m, apart), together


def _overlap(radius_m: float, other_m: float, apart_m: float) -> float:
    """Density per square metre at which two kernels meet (a bivariate Student t, Kotz & Nadarajah 2004, eq. 1.1)."""
    sigma = hypot(radius_m, other_m) / R90_IN_SIGMAS
    tail = 1.0 + (apart_m / sigma) ** 2 / DEGREES_OF_FREEDOM
    return float(tail ** (-(DEGREES_OF_FREEDOM + 2.0) / 2.0) / (2.0 * pi * sigma * sigma))


def _pruned(components: list[tuple[float, Place | None]]) -> list[tuple[float, Place | None]]:
    """The heaviest, and always the one that is nowhere."""
    nowhere = [c for c in components if c[1] is None]
    placed = sorted((c for c in components if c[1] is not None), key=lambda c: -c[0])
    return nowhere + placed[:KEPT]


def _normalised(components: Iterable[tuple[float, Place | None]]) -> Belief:
    found: list[tuple[float, Place]] = []
    nowhere = 0.0
    for weight, place in components:
        if place is None:
            nowhere += weight
        else:
            _gather(found, weight, place)
    total = nowhere + sum(weight for weight, _ in found)
    ranked = sorted(found, key=lambda one: (-one[0], one[1].radius_m, _order(one[1].point)))
    named = [(weight / total, place) for weight, place in ranked[:NAMED] if weight / total >= NEGLIGIBLE]
    places = tuple(replace(place, probability=min(1.0, share)) for share, place in named)
    return Belief(places=places, unknown=max(0.0, 1.0 - sum(place.probability for place in places)))


def _gather(found: list[tuple[float, Place]], weight: float, place: Place) -> None:
    """Add a component, to a place that is there already where it is the same."""
    for i, (other_weight, other) in enumerate(found):
        if distance_m(other.point, place.point) <= SAME_PLACE_M:
            heavier = place if weight > other_weight else other
            found[i] = (weight + other_weight, heavier)
            return
    found.append((weight, place))


def _order(point: Point) -> tuple[float, float]:
    return point.latitude, point.longitude
