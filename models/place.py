"""From the parts of an address to the places where it may be, with calibrated probabilities and radii.

Calibrated on the gazetteer itself: entries are held back one by one and placed by what the others say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from domain.places import LocationSource, Place, Point, Precision
from features.addresses.parse import parse_address
from features.addresses.parts import AddressParts
from features.gazetteer import Gazetteer
from models.kriging import Numbering
from models.numbering import learn_numbering
from models.place_areas import AreaEvidence, Guess
from models.place_belief import PlaceBelief, Weighed, believe
from models.place_evidence import NOBODY, Plane, Surroundings, sample
from models.place_spots import Spot
from models.place_support import Support, support

FORMAT = 2
SAMPLE = 2500
RADII = 2.15  # standard deviations of each axis in a 90 % radius
SOURCES = (LocationSource.ADDRESS,)


def _silent(_share: float) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """An entry as a query: its parts, the rows that count as unknown, and where it is."""

    parts: AddressParts
    without: frozenset[int]
    point: Point
    likely: bool  # to be asked so: an entry that others share its address with seldom is without all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """A held-back entry and its places, by a belief fitted without it."""

    query: HeldBack
    places: tuple[Place, ...]


class PlaceModel:
    """Places of an address. Immutable but for what it remembers of the last gazetteer it was asked about."""

    def __init__(self, latitude: float, custom: Numbering, belief: PlaceBelief) -> None:
        self._plane = Plane(latitude)
        self._custom = custom
        self._belief = belief
        self._around: Surroundings | None = None

    @classmethod
    def fit(
        cls, gazetteer: Gazetteer, progress: Callable[[float], None] = _silent, most: int = SAMPLE
    ) -> PlaceModel:
        """Learn the city's numbering and how far each kind of guess can be trusted; deterministic."""
        return cls.rehearse(gazetteer, progress, most)[0]

    @classmethod
    def rehearse(
        cls, gazetteer: Gazetteer, progress: Callable[[float], None] = _silent, most: int = SAMPLE
    ) -> tuple[PlaceModel, list[Rehearsed]]:
        """As `fit`, with what held-back entries get: thresholds on places are to be set on these."""
        plane = Plane(_latitude(gazetteer))
        around = Surroundings(gazetteer, plane)
        custom = learn_numbering(known for _, known in around.numbered_roads())
        model = cls(plane.latitude, custom, PlaceBelief())
        model._around = around
        progress(0.1)
        guesses, errors = [], []
        held = list(model.held_back(gazetteer, most))
        for done, query in enumerate(held):
            found = believe(around.spots(query.parts, custom, query.without))
            guesses.append(found)
            ((x, y),) = plane.metres(np.array([[query.point.latitude, query.point.longitude]])).tolist()
            errors.append([float(np.hypot(g.x - x, g.y - y)) for g in found])
            if done % 100 == 0:
                progress(0.1 + 0.8 * done / len(held))
        model._belief, weighed = PlaceBelief.fit(guesses, errors)
        progress(1.0)
        return model, [
            Rehearsed(query=query, places=model._places(weighing, gazetteer))
            for query, weighing in zip(held, weighed, strict=True)
        ]

    def places(
        self, parts: AddressParts, gazetteer: Gazetteer, without: frozenset[int] = NOBODY
    ) -> tuple[Place, ...]:
        """Where the address may be, most probable first; empty where nothing is known.

        Probabilities are of lying within 1 km of the point; they sum to at most 1. `without`: rows that count as
        unknown.
        """
        around = self._surroundings(gazetteer)
        guesses = believe(around.spots(parts, self._custom, without))
        return self._places(self._belief.weigh(guesses), gazetteer)

    def held_back(self, gazetteer: Gazetteer, most: int = SAMPLE) -> Iterator[HeldBack]:
        """Entries as queries nobody has seen; one that others share its exact address with also as they know it."""
        rows = sample(len(gazetteer), most)
        for row in rows:
            entry = gazetteer.entry(row)
            if entry.point is None:
                continue
            parts = parse_address(entry.address)
            same = frozenset([row, *gazetteer.exact(parts)])
            alone = len(same) == 1
            yield HeldBack(parts=parts, without=same, point=entry.point, likely=alone)
            if not alone:
                yield HeldBack(parts=parts, without=frozenset([row]), point=entry.point, likely=True)

    def to_json(self) -> str:
        """All that was learnt."""
        return json.dumps(
            {
                "format": FORMAT,
                "latitude": self._plane.latitude,
                "numbering": asdict(self._custom),
                "belief": self._belief.to_dict(),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> PlaceModel:
        """What `to_json` wrote. Raises ValueError for anything else."""
        try:
            stored = json.loads(text)
            if stored["format"] != FORMAT:
                raise ValueError("a place model of another format")
            return cls(
                float(stored["latitude"]),
                Numbering(**stored["numbering"]),
                PlaceBelief.from_dict(stored["belief"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("not a place model") from error

    def evidence(self, gazetteer: Gazetteer, area: NDArray[np.int64], count: int) -> AreaEvidence:
        """What the gazetteer says of areas; `area`: of each row, from 0 to `count` - 1 (-1: none)."""
        return AreaEvidence(self._surroundings(gazetteer), area, count)

    def support(
        self, parts: AddressParts, place: Place, gazetteer: Gazetteer, without: frozenset[int] = NOBODY
    ) -> Support:
        """How many known points along the address's roads bear one of its places out, and how many contradict it."""
        (at,) = self._plane.metres(np.array([[place.point.latitude, place.point.longitude]]))
        return support(self._surroundings(gazetteer), self._custom, parts, at, without)

    def guesses(self, places: Sequence[Place]) -> list[Guess]:
        """Places in metres, as `AreaEvidence` reads them."""
        xy = self._plane.metres(
            np.array([(p.point.latitude, p.point.longitude) for p in places]).reshape(-1, 2)
        )
        return [
            Guess(x=x, y=y, probability=place.probability, scale_m=place.radius_m / RADII)
            for (x, y), place in zip(xy.tolist(), places, strict=True)
        ]

    def _places(self, weighed: Iterable[Weighed], gazetteer: Gazetteer) -> tuple[Place, ...]:
        return tuple(self._place(*one, gazetteer) for one in weighed)

    def _surroundings(self, gazetteer: Gazetteer) -> Surroundings:
        if self._around is None or self._around.gazetteer is not gazetteer:
            self._around = Surroundings(gazetteer, self._plane)
        return self._around

    def _place(self, guess: Spot, probability: float, radius: float, gazetteer: Gazetteer) -> Place:
        latitude, longitude = self._plane.degrees(guess.x, guess.y)
        known = guess.precision in (Precision.EXACT, Precision.RANGE) and guess.row >= 0
        return Place(
            point=Point(latitude=latitude, longitude=longitude),
            probability=probability,
            radius_m=radius,
            precision=guess.precision,
            address=gazetteer.address(guess.row) if known else None,
            sources=SOURCES,
        )


def _latitude(gazetteer: Gazetteer) -> float:
    """The median of its points."""
    points = [gazetteer.entry(row).point for row in sample(len(gazetteer), 1000)]
    known = [point.latitude for point in points if point is not None]
    return float(np.median(known)) if known else 0.0
