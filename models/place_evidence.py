"""What a gazetteer knows of an address: spots where it may be, each with why."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.places import Precision
from features.addresses.parts import AddressParts, Number, NumberKind, Relation, RoadPart
from features.gazetteer import Gazetteer
from features.gazetteer.entries import NUMBER_KINDS, NameMatch
from features.place import EARTH_RADIUS_M
from models.kriging import Numbering, Slopes
from models.numbering import Known, pieces, place_number
from models.place_spots import Spot, clusters, on_road, voted
from models.place_votes import NameVotes, Rows, spoken
from models.road_slopes import RoadSlopes, learn_slopes

Floats = NDArray[np.float64]
NOBODY: frozenset[int] = frozenset()

SAMPLED_ROWS = 50_000
LISTED = 4  # addresses in one that are looked at
SAME_NAME = 0.9
MISHEARD = 0.6  # a name less likely than this is another name
LIKE_NAMES = 4
SAME_PLACE_M = 250.0
AREA_NAME_WEIGHT = 1.2
OTHER_AREA, SAME_AREA = 0.1, 4.0
ALONG = [NUMBER_KINDS.index(kind) for kind in (NumberKind.HOUSE, NumberKind.LANE)]
REMEMBERED = 5000  # roads
ROADS_READ = 4000  # for what the city's numbers are like


class Plane:
    """Degrees to metres and back, flat around one latitude."""

    def __init__(self, latitude: float) -> None:
        self.latitude = latitude
        degree = math.radians(1) * EARTH_RADIUS_M
        self._north, self._east = degree, degree * math.cos(math.radians(latitude))

    def metres(self, points: Floats) -> Floats:
        """(latitude, longitude) in degrees, shape (n, 2) -> (east, north) in metres, shape (n, 2)."""
        return np.column_stack((points[:, 1] * self._east, points[:, 0] * self._north))

    def degrees(self, x: float, y: float) -> tuple[float, float]:
        """Latitude and longitude."""
        return y / self._north, x / self._east


class Surroundings:
    """A gazetteer with what it says about names and areas as a whole, by at most SAMPLED_ROWS of its rows."""

    def __init__(self, gazetteer: Gazetteer, plane: Plane) -> None:
        self.gazetteer, self.plane = gazetteer, plane
        self.xy = plane.metres(gazetteer.points)
        step = max(1, -(-len(gazetteer) // SAMPLED_ROWS))
        self.sampled = ~np.isnan(self.xy[:, 0])
        self.sampled[np.arange(len(gazetteer)) % step > 0] = False
        listed = [(spoken(name), rows) for kind in ("roads", "names") for name, rows in self._listed(kind)]
        areas = dict(self._listed("areas"))
        names: defaultdict[str, list[Rows]] = defaultdict(list)
        for name, rows in [*listed, *areas.items()]:
            names[name].append(rows)
        names.pop("", None)
        self.votes = NameVotes(
            {name: _joined(rows) for name, rows in names.items()},
            self.xy,
            dict.fromkeys(areas, AREA_NAME_WEIGHT),
        )
        self._slopes: RoadSlopes | None = None
        self._areas = {area: self.xy[rows] for area, rows in areas.items()}
        self._roads: dict[int, tuple[Known, NDArray[np.int32]]] = {}
        self._lines: dict[int, shapely.Geometry | None] = {}

    def _listed(self, kind: str) -> Iterator[tuple[str, Rows]]:
        """The names of that kind with the sampled rows that hang on each."""
        names, name_of, rows = self.gazetteer.hanging(kind)
        kept = self.sampled[rows]
        name_of, rows = name_of[kept], rows[kept]
        starts = name_of.searchsorted(np.arange(len(names) + 1))
        for name, first, last in zip(names, starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            if first < last:
                yield name, rows[first:last]

    def spots(self, parts: AddressParts, custom: Numbering, without: frozenset[int] = NOBODY) -> list[Spot]:
        """Where the address may be, by each of its words. `without`: rows that count as unknown."""
        if exact := self._exact(parts, custom, without):
            return exact
        if crossing := self._crossing(parts, without):
            return crossing
        found: list[Spot] = []
        listed = list(dict.fromkeys((road.name, road.main) for road in parts.roads))[:LISTED]
        for witness, (name, number) in enumerate(listed):
            found += self._road(name, number, parts, custom, without, witness)
        known = any(not spot.voted and spot.likelihood >= SAME_NAME for spot in found)
        for witness, name in enumerate(parts.names[:LISTED], len(listed)):
            found += self._name(name, without, witness, alone=not known)
        if not known:
            for witness, name in enumerate([*dict.fromkeys(road for road, _ in listed), *parts.names][:2], 8):
                found += [voted(heap, witness) for heap in self.votes.heaps(name, without)]
        return found or self._within(parts)

    def entries(self, name_id: int, without: frozenset[int] = NOBODY) -> Known:
        """The known addresses along a road; number 0 for those without one."""
        return self._known(name_id, without)[0]

    def numbered_roads(self) -> Iterator[tuple[int, Known]]:
        """The ids of at most ROADS_READ roads, with their known numbers."""
        for name_id in sample(len(self.gazetteer.hanging("roads")[0]), ROADS_READ):
            known = self.entries(name_id)
            yield name_id, known.take(known.low > 0)

    def roads_named(self, name: str, limit: int, without: frozenset[int] = NOBODY) -> list[NameMatch]:
        """Known roads of that name, or of one like it where nobody knows it; searching for those takes longer."""
        name_id = self.gazetteer.road(name)
        if name_id is not None and len(self.entries(name_id, without).ids):
            return [NameMatch(name_id=name_id, name=name, likelihood=1.0)]
        return self.gazetteer.roads(name, limit)

    def _exact(self, parts: AddressParts, custom: Numbering, without: frozenset[int]) -> list[Spot]:
        if not parts.roads and not parts.names:
            return []
        if not any(road.main for road in parts.roads) and not parts.names and not parts.numbers:
            return []
        rows, xy = self._located([row for row in self.gazetteer.exact(parts) if row not in without])
        return clusters(xy, SAME_PLACE_M, Precision.EXACT, 0, least=0.5 * custom.noise_m, rows=rows)

    def _located(self, rows: Sequence[int]) -> tuple[NDArray[np.int64], Floats]:
        """Those of the rows whose points are known, and these in metres."""
        found = np.array(rows, np.int64)
        xy = self.xy[found]
        known = ~np.isnan(xy[:, 1])
        return found[known], xy[known]

    def _road(
        self,
        name: str,
        number: Number | None,
        parts: AddressParts,
        custom: Numbering,
        without: frozenset[int],
        witness: int,
    ) -> list[Spot]:
        found: list[Spot] = []
        for match in self.roads_named(name, LIKE_NAMES, without):
            if match.likelihood < MISHEARD or (
                match.likelihood < SAME_NAME and found and found[0].likelihood >= SAME_NAME
            ):
                break
            along = self._along(match, number, parts, custom, without, witness)
            found += along if match.likelihood >= SAME_NAME else along[:1]
        return found

    def _along(
        self,
        match: NameMatch,
        number: Number | None,
        parts: AddressParts,
        custom: Numbering,
        without: frozenset[int],
        witness: int,
    ) -> list[Spot]:
        known, area = self._known(match.name_id, without)
        if not len(known.ids):
            return []
        numbered = known.low > 0
        if number is None or not numbered.any():
            spots = clusters(known.xy, 3000.0, Precision.STREET, witness, least=300.0)
        else:
            odd = bool(number.low & 1) ^ (parts.relation is Relation.OPPOSITE)
            placed = place_number(
                number.low,
                number.high,
                odd,
                known.take(numbered),
                custom,
                lambda at: self._slopes_near(at, match.name_id, custom),
            )
            spots = [on_road(spot, custom, witness) for spot in placed]
        spots = [replace(spot, likelihood=match.likelihood) for spot in spots]
        return self._weigh_areas(spots, known, area, parts) if parts.areas else spots

    def _slopes_near(self, at: Floats, name_id: int, custom: Numbering) -> Slopes:
        """What way the numbers of the roads near by grow."""
        if self._slopes is None:
            self._slopes = learn_slopes(self.numbered_roads(), custom)
        return self._slopes.near(at, name_id)

    def _known(self, name_id: int, without: frozenset[int]) -> tuple[Known, NDArray[np.int32]]:
        """The known numbers of a road and their areas; 0 for entries without a number."""
        if (found := self._roads.get(name_id)) is None:
            if len(self._roads) >= REMEMBERED:
                self._roads.clear()
            found = self._roads[name_id] = self._read_road(name_id)
        known, area = found
        if not without:
            return known, area
        keep = np.ones(len(area), bool)
        for row in without:
            keep &= known.ids != row
        return (known, area) if keep.all() else (known.take(keep), area[keep])

    def _read_road(self, name_id: int) -> tuple[Known, NDArray[np.int32]]:
        entries = self.gazetteer.road_entries(name_id)
        keep = ~np.isnan(entries.points[:, 0])
        along = (entries.kind == ALONG[0]) | (entries.kind == ALONG[1])
        low = np.where(along, entries.low, 0)[keep].astype(np.float64)
        high = np.where(along, np.maximum(entries.high, entries.low), 0)[keep].astype(np.float64)
        known = Known(
            low=low,
            high=high,
            odd=low % 2 == 1,
            xy=self.plane.metres(entries.points[keep]),
            ids=entries.rows[keep],
        )
        return known, entries.area[keep]

    def _weigh_areas(
        self, spots: list[Spot], known: Known, area: NDArray[np.int32], parts: AddressParts
    ) -> list[Spot]:
        """The areas said decide among pieces of one name."""
        weights = []
        for spot in spots:
            here = area[np.hypot(known.xy[:, 0] - spot.x, known.xy[:, 1] - spot.y) < 4000.0]
            named = {self.gazetteer.area(int(a)) for a in np.unique(here[here >= 0])}
            agreed = bool(named & set(parts.areas))
            against = bool(named) and not agreed and {n[-1] for n in named} & {a[-1] for a in parts.areas}
            weights.append(spot.share * (SAME_AREA if agreed else OTHER_AREA if against else 1.0))
        total = sum(weights)
        whole = sum(spot.share for spot in spots)
        weighed = [replace(s, share=w / total * whole) for s, w in zip(spots, weights, strict=True)]
        return sorted(weighed, key=lambda spot: -spot.share)

    def _crossing(self, parts: AddressParts, without: frozenset[int]) -> list[Spot]:
        if parts.relation is not Relation.CROSSING or len(parts.roads) < 2:
            return []
        lines = [self._line(road, without) for road in parts.roads[:2]]
        if lines[0] is None or lines[1] is None:
            return []
        (a, b) = shapely.get_coordinates(shapely.shortest_line(lines[0], lines[1]))
        apart = math.hypot(*(a - b))
        x, y = (a + b) / 2
        spot = Spot(
            x=float(x),
            y=float(y),
            scale_m=250.0 + apart,
            precision=Precision.CROSSING,
            witness=0,
            gap_m=apart,
        )
        return [spot]

    def _line(self, road: RoadPart, without: frozenset[int]) -> shapely.Geometry | None:
        """The road through its known numbers, pieces apart."""
        match = next(iter(self.roads_named(road.name, 1, without)), None)
        if match is None or match.likelihood < SAME_NAME:
            return None
        if without:
            return _line_of(self._known(match.name_id, without)[0])
        if (line := self._lines.get(match.name_id)) is None:
            if len(self._lines) >= REMEMBERED:
                self._lines.clear()
            line = self._lines[match.name_id] = _line_of(self._known(match.name_id, without)[0])
        return line

    def _name(self, name: str, without: frozenset[int], witness: int, *, alone: bool) -> list[Spot]:
        found: list[Spot] = []
        for match in self.gazetteer.names(name, LIKE_NAMES):
            if match.likelihood < (SAME_NAME if found or not alone else MISHEARD):
                break
            rows = [r for r in self.gazetteer.name_entries(match.name_id).tolist() if r not in without][:300]
            _, xy = self._located(rows)
            spots = clusters(xy, 800.0, Precision.NAME, witness, least=120.0)
            found += [replace(spot, likelihood=match.likelihood, row=-1) for spot in spots]
        return found

    def _within(self, parts: AddressParts) -> list[Spot]:
        for area in reversed(parts.areas):
            if (xy := self._areas.get(area)) is not None:
                return clusters(xy[:2000], np.inf, Precision.AREA, 0, least=500.0)
        return []


def _line_of(known: Known) -> shapely.Geometry | None:
    """A road's known numbers joined in their order, pieces apart."""
    if not len(known.ids):
        return None
    known = known.take(np.argsort(known.low, kind="stable")[:200])
    label = pieces(known.low, known.xy, Numbering())
    parts = [known.xy[label == piece] for piece in np.unique(label)]
    # a line between equal points is no line
    lines = [shapely.LineString(xy) if np.ptp(xy, axis=0).any() else shapely.Point(xy[0]) for xy in parts]
    return shapely.GeometryCollection(lines)


def sample(count: int, most: int) -> list[int]:
    """At most so many of the first whole numbers, at random but always the same, ascending."""
    if count <= most:
        return list(range(count))
    return sorted(np.random.default_rng(0).choice(count, most, replace=False).tolist())


def _joined(rows: Sequence[Rows]) -> Rows:
    return rows[0] if len(rows) == 1 else np.unique(np.concatenate(rows))
