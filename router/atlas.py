"""What is known of places, with what was learnt from it: how far an address can be trusted, where the city is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from math import cos, radians

import numpy as np

from domain.places import Place, Point, Precision
from features.addresses.parse import parse_address
from features.addresses.parts import AddressParts
from features.coordinates import LatLon
from features.gazetteer import Gazetteer
from features.gazetteer.entries import Entry
from features.place import METRES_PER_DEGREE, metres_from
from features.suspicion import Examined, Extent, examine
from models.place import PlaceModel

REMEMBERED = 20_000  # answers; addresses come in again and again
UNKNOWN_AREA_M2 = 6e8  # of a middling city, where too little is known of this one
NEAR_M, NEIGHBOURS = 1_000.0, 8
SAME_POINT_DEG = 3e-4
EXACT_PROBABILITY, EXACT_RADIUS_M = 0.98, 50.0  # a known address is where the book has it
COMPARED_ADDRESSES, ENOUGH_COMPARED, LEAST_RADIUS_M = 4_000, 50, 5.0
PASSING_PROBABILITY, PASSING_M = 0.9, 300.0
FORMAT = 1


class Atlas:
    """A gazetteer, the place model calibrated on it, the extent of the city and its placeholder points.

    Immutable to its users: what it remembers of earlier questions changes no answer.
    """

    def __init__(
        self,
        gazetteer: Gazetteer | None = None,
        model: PlaceModel | None = None,
        placeholders: frozenset[LatLon] = frozenset(),
        exact_radius_m: float | None = None,
    ) -> None:
        self.gazetteer = gazetteer or Gazetteer()
        self.model = model or PlaceModel.fit(self.gazetteer)
        self.placeholders = placeholders
        self.exact_radius_m = exact_radius_m or exact_radius(self.gazetteer)
        self.extent = Extent.of(self.gazetteer.points)
        self._answers: dict[str, tuple[Place, ...]] = {}
        self._version: str | None = None

    @property
    def version(self) -> str:
        """Changes whenever an answer may."""
        if self._version is None:
            learnt = f"{self.gazetteer.version}:{self.to_json()}"
            self._version = hashlib.sha256(learnt.encode()).hexdigest()
        return self._version

    @property
    def area_m2(self) -> float:
        """Of the ground that tickets come from."""
        if self.extent is None:
            return UNKNOWN_AREA_M2
        south, north = self.extent.south, self.extent.north
        wide = (self.extent.east - self.extent.west) * cos(radians((south + north) / 2))
        return max(1e6, (north - south) * wide * METRES_PER_DEGREE**2)

    def known_as(self, address: str | None) -> str | None:
        """The address as the gazetteer's first entry of the same building writes it, else as it is."""
        rows = self.gazetteer.exact(parse_address(address)) if address else []
        return self.gazetteer.address(rows[0]) if rows else address

    def area_name(self, point: Point) -> str | None:
        """The district of the nearest known address that tells one, or the narrowest area that it names."""
        for row, _ in self.gazetteer.nearest(point, within_m=NEAR_M, limit=NEIGHBOURS):
            entry = self.gazetteer.entry(row)
            area = entry.district or next(iter(parse_address(entry.address).areas[::-1]), None)
            if area:
                return area
        return None

    def complete(self, typed: str, limit: int) -> list[Entry]:
        """Known places for what was typed so far; an account number gives the account's address."""
        account = self.gazetteer.account(typed)
        return self.gazetteer.complete(account.address if account and account.address else typed, limit)

    def places(self, parts: AddressParts, near: Point | None = None) -> tuple[Place, ...]:
        """Where the address may be, most likely first; nothing where nobody knows.

        Where the road is known to pass by `near`, a place of other evidence, it is enough to say so.
        """
        found = self._exact(parts)
        if found is None and near is not None:
            found = self._passing(parts, near)
        if found is None:
            found = self._answers.get(parts.text)
        if found is None:
            if len(self._answers) >= REMEMBERED:
                self._answers.clear()
            found = self._answers[parts.text] = self.model.places(parts, self.gazetteer)
        return found

    def _exact(self, parts: AddressParts) -> tuple[Place, ...] | None:
        """The one point of a known address; None where that takes more thought."""
        rows = self.gazetteer.exact(parts)
        if not rows:
            return None
        there = self.gazetteer.points[rows]
        latitude, longitude = there[0].tolist()
        if not (np.abs(there - there[0]) <= SAME_POINT_DEG).all():  # NaN, too
            return None
        return (
            Place(
                point=Point(latitude=latitude, longitude=longitude),
                probability=EXACT_PROBABILITY,
                radius_m=self.exact_radius_m,
                precision=Precision.EXACT,
                address=self.gazetteer.address(rows[0]),
            ),
        )

    def _passing(self, parts: AddressParts, near: Point) -> tuple[Place, ...] | None:
        """The point, where one of the address's roads has a known address close by; None where none has."""
        for road in parts.roads:
            road_id = self.gazetteer.road(road.name)
            if road_id is not None:
                points = self.gazetteer.road_points(road_id)
                if metres_from(near.latitude, near.longitude, points).min(initial=np.inf) <= PASSING_M:
                    return (
                        Place(
                            point=near,
                            probability=PASSING_PROBABILITY,
                            radius_m=PASSING_M,
                            precision=Precision.STREET,
                        ),
                    )
        return None

    def examine(self, point: Point, expected: Sequence[Place], *, exchanged: bool = False) -> Examined:
        """The ways to read given coordinates, beside the places that other witnesses name.

        `exchanged`: they were given the other way round.
        """
        pair = point.latitude, point.longitude
        latitude, longitude = reversed(pair) if exchanged else pair
        return examine(
            latitude,
            longitude,
            extent=self.extent,
            placeholders=self.placeholders,
            expected=expected,
        )

    def to_json(self) -> str:
        """What was learnt, to be kept beside the gazetteer's file."""
        learnt = {
            "format": FORMAT,
            "model": self.model.to_json(),
            "placeholders": sorted(self.placeholders),
            "exact_radius_m": self.exact_radius_m,
        }
        return json.dumps(learnt)

    @classmethod
    def from_json(cls, gazetteer: Gazetteer, text: str) -> Atlas:
        """With what `to_json` wrote. Raises ValueError for anything else."""
        learnt = json.loads(text)
        if not isinstance(learnt, dict) or learnt.get("format") != FORMAT:
            raise ValueError("not what was learnt of places, or of another format")
        placeholders = frozenset((latitude, longitude) for latitude, longitude in learnt["placeholders"])
        model = PlaceModel.from_json(learnt["model"])
        return cls(gazetteer, model, placeholders, float(learnt["exact_radius_m"]))


def exact_radius(gazetteer: Gazetteer) -> float:
    """Metres that hold 90 % of the addresses that others of the same key place: of flats by their neighbours."""
    step = max(1, len(gazetteer) // COMPARED_ADDRESSES)
    apart = []
    for row in range(0, len(gazetteer), step):
        rows = [row, *(r for r in gazetteer.exact(parse_address(gazetteer.entry(row).address)) if r != row)]
        there = gazetteer.points[rows]
        if len(rows) > 1 and (np.abs(there - there[0]) <= SAME_POINT_DEG).all():
            apart.append(float(metres_from(there[0, 0], there[0, 1], there[1:2])[0]))
    if len(apart) < ENOUGH_COMPARED:
        return EXACT_RADIUS_M
    return max(LEAST_RADIUS_M, float(np.quantile(apart, 0.9)))
