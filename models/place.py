"""From the parts of an address to the places where it may be, with calibrated probabilities and radii.

Calibrated on the gazetteer itself: entries are held back one by one and placed by what the others say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from domain.places import LocationSource, Place, Point, Precision
from features.addresses.parse import parse_address
from features.addresses.parts import AddressParts
from features.gazetteer import Gazetteer
from models.numbering import Known, Numbering, learn_numbering
from models.place_belief import PlaceBelief, believe
from models.place_evidence import NOBODY, Plane, Spot, Surroundings

FORMAT = 1
SAMPLE = 5000
ROADS_READ = 4000
SOURCES = (LocationSource.ADDRESS,)


def _silent(_share: float) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """An entry as a query: its parts, the rows that count as unknown, and where it is."""

    parts: AddressParts
    without: frozenset[int]
    point: Point


class PlaceModel:
    """Places of an address. Immutable but for what it remembers of the last gazetteer it was asked about."""

    def __init__(self, latitude: float, custom: Numbering, belief: PlaceBelief) -> None:
        self._plane = Plane(latitude)
        self._custom = custom
        self._belief = belief
        self._around: Surroundings | None = None

    @classmethod
    def fit(
        cls, gazetteer: Gazetteer, progress: Callable[[float], None] = _silent, sample: int = SAMPLE
    ) -> PlaceModel:
        """Learn the city's numbering and how far each kind of guess can be trusted; deterministic."""
        plane = Plane(_latitude(gazetteer))
        around = Surroundings(gazetteer, plane)
        custom = learn_numbering(_roads(around))
        model = cls(plane.latitude, custom, PlaceBelief())
        model._around = around
        progress(0.1)
        guesses, errors = [], []
        held = list(model.held_back(gazetteer, sample))
        for done, query in enumerate(held):
            found = believe(around.spots(query.parts, custom, query.without))
            guesses.append(found)
            ((x, y),) = plane.metres(np.array([[query.point.latitude, query.point.longitude]])).tolist()
            errors.append([float(np.hypot(g.x - x, g.y - y)) for g in found])
            if done % 100 == 0:
                progress(0.1 + 0.8 * done / len(held))
        model._belief = PlaceBelief.fit(guesses, errors)
        progress(1.0)
        return model

    def places(
        self, parts: AddressParts, gazetteer: Gazetteer, without: frozenset[int] = NOBODY
    ) -> tuple[Place, ...]:
        """Where the address may be, most probable first; empty where nothing is known.

        Probabilities are of lying within 1 km of the point; they sum to at most 1. `without`: rows that count as
        unknown.
        """
        around = self._surroundings(gazetteer)
        guesses = believe(around.spots(parts, self._custom, without))
        return tuple(self._place(*weighed, gazetteer) for weighed in self._belief.weigh(guesses))

    def held_back(self, gazetteer: Gazetteer, most: int = SAMPLE) -> Iterator[HeldBack]:
        """Entries as queries nobody has seen; one that others share its exact address with also as they know it."""
        rows = _sample(len(gazetteer), most)
        for row in rows:
            entry = gazetteer.entry(row)
            if entry.point is None:
                continue
            parts = parse_address(entry.address)
            same = frozenset([row, *gazetteer.exact(parts)])
            yield HeldBack(parts=parts, without=same, point=entry.point)
            if len(same) > 1:
                yield HeldBack(parts=parts, without=frozenset([row]), point=entry.point)

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
            address=gazetteer.entry(guess.row).address if known else None,
            sources=SOURCES,
        )


def _latitude(gazetteer: Gazetteer) -> float:
    """The median of its points."""
    points = [gazetteer.entry(row).point for row in _sample(len(gazetteer), 1000)]
    known = [point.latitude for point in points if point is not None]
    return float(np.median(known)) if known else 0.0


def _sample(count: int, most: int) -> list[int]:
    if count <= most:
        return list(range(count))
    return sorted(np.random.default_rng(0).choice(count, most, replace=False).tolist())


def _roads(around: Surroundings) -> Iterable[Known]:
    names: Sequence[str] = sorted(around.roads)
    for name in [names[i] for i in _sample(len(names), ROADS_READ)]:
        if (known := around.known(name)) is not None:
            yield known
