"""What a gazetteer knows of an address: spots where it may be, each with why."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.places import Precision
from features.addresses.parse import parse_address
from features.addresses.parts import AddressParts, Number, NumberKind, Relation, RoadPart
from features.gazetteer import Gazetteer
from features.gazetteer.entries import NUMBER_KINDS, NameMatch
from features.place import EARTH_RADIUS_M
from models.numbering import Known, Numbering, RoadSpot, pieces, place_number
from models.place_votes import Heap, NameVotes, spoken

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where the address may be by one witness: metres east and north, standard deviation, and what led there."""

    x: float
    y: float
    scale_m: float
    precision: Precision
    witness: int
    likelihood: float = 1.0  # of the name
    share: float = 1.0  # among the spots of the same name
    gap_m: float = 0.0
    count: int = 1
    spread_m: float = 0.0
    between: bool = False
    next_gap_m: float = 0.0  # to the second nearest known number
    off_m: float = 0.0  # from the two nearest known numbers, at most
    voted: bool = False  # by names that only share characters
    agreeing: int = 0  # other witnesses that say the same
    row: int = -1


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
    """A gazetteer with what it says about names and areas as a whole, read from at most SAMPLED_ROWS of its rows."""

    def __init__(self, gazetteer: Gazetteer, plane: Plane) -> None:
        self.gazetteer, self.plane = gazetteer, plane
        step = max(1, -(-len(gazetteer) // SAMPLED_ROWS))
        self.rows = range(0, len(gazetteer), step)
        names: defaultdict[str, list[int]] = defaultdict(list)
        areas: defaultdict[str, list[int]] = defaultdict(list)
        points = np.full((len(gazetteer), 2), np.nan)
        self.roads: dict[str, None] = {}
        for row in self.rows:
            entry = gazetteer.entry(row)
            if entry.point is None:
                continue
            points[row] = entry.point.latitude, entry.point.longitude
            parts = parse_address(entry.address)
            roads = [road.name for road in parts.roads]
            self.roads |= dict.fromkeys(roads)
            within = [*parts.areas, *([entry.district] if entry.district else [])]
            for name in {*spoken([*roads, *parts.names, *([entry.name] if entry.name else [])])}:
                names[name].append(row)
            for area in within:
                areas[area].append(row)
        xy = plane.metres(points)
        for area, rows in areas.items():
            names.setdefault(area, []).extend(rows)
        self.votes = NameVotes(names, xy, dict.fromkeys(areas, AREA_NAME_WEIGHT))
        self._roads: dict[int, tuple[Known, NDArray[np.int32]]] = {}
        self._areas = {area: xy[rows] for area, rows in areas.items()}

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
                found += [_voted(heap, witness) for heap in self.votes.heaps(name, without)]
        return found or self._within(parts)

    def known(self, name: str) -> Known | None:
        """The known numbers of exactly that road."""
        if (name_id := self.gazetteer.road(name)) is None:
            return None
        known = self.entries(name_id)
        return known.take(known.low > 0)

    def entries(self, name_id: int, without: frozenset[int] = NOBODY) -> Known:
        """The known addresses along a road; number 0 for those without one."""
        return self._known(name_id, without)[0]

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
        rows = [row for row in self.gazetteer.exact(parts) if row not in without]
        entries = [entry for row in rows if (entry := self.gazetteer.entry(row)).point is not None]
        if not entries:
            return []
        points = np.array([(e.point.latitude, e.point.longitude) for e in entries if e.point is not None])
        xy = self.plane.metres(points)
        return [
            replace(spot, row=entries[spot.row].row)
            for spot in _clusters(xy, SAME_PLACE_M, Precision.EXACT, 0, least=0.5 * custom.noise_m)
        ]

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
            spots = _clusters(known.xy, 3000.0, Precision.STREET, witness, least=300.0)
        else:
            odd = bool(number.low & 1) ^ (parts.relation is Relation.OPPOSITE)
            placed = place_number(number.low, number.high, odd, known.take(numbered), custom)
            spots = [_on_road(spot, custom, witness) for spot in placed]
        spots = [replace(spot, likelihood=match.likelihood) for spot in spots]
        return self._weigh_areas(spots, known, area, parts) if parts.areas else spots

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
        known, _ = self._known(match.name_id, without)
        if not len(known.ids):
            return None
        known = known.take(np.argsort(known.low, kind="stable")[:200])
        label = pieces(known.low, known.xy, Numbering())
        parts = [known.xy[label == piece] for piece in np.unique(label)]
        return shapely.union_all(
            # a line between equal points is no line, and its union with others is nothing
            [shapely.LineString(xy) if np.ptp(xy, axis=0).any() else shapely.Point(xy[0]) for xy in parts]
        )

    def _name(self, name: str, without: frozenset[int], witness: int, *, alone: bool) -> list[Spot]:
        found: list[Spot] = []
        for match in self.gazetteer.names(name, LIKE_NAMES):
            if match.likelihood < (SAME_NAME if found or not alone else MISHEARD):
                break
            rows = [r for r in self.gazetteer.name_entries(match.name_id).tolist() if r not in without][:300]
            points = [p for row in rows if (p := self.gazetteer.entry(row).point) is not None]
            if points:
                xy = self.plane.metres(np.array([(p.latitude, p.longitude) for p in points]))
                spots = _clusters(xy, 800.0, Precision.NAME, witness, least=120.0)
                found += [replace(spot, likelihood=match.likelihood, row=-1) for spot in spots]
        return found

    def _within(self, parts: AddressParts) -> list[Spot]:
        for area in reversed(parts.areas):
            if (xy := self._areas.get(area)) is not None:
                return _clusters(xy[:2000], np.inf, Precision.AREA, 0, least=500.0)
        return []


def _on_road(spot: RoadSpot, custom: Numbering, witness: int) -> Spot:
    precision = Precision.NEAREST
    if spot.inside:
        precision = Precision.RANGE
    elif spot.between:
        precision = Precision.INTERPOLATED
    return Spot(
        x=spot.x,
        y=spot.y,
        scale_m=spot.scale_m,
        precision=precision,
        witness=witness,
        share=spot.share,
        gap_m=spot.gap * custom.metres,
        count=spot.count,
        spread_m=spot.spread_m,
        between=spot.between,
        next_gap_m=spot.next_gap * custom.metres,
        off_m=spot.off_m,
        row=spot.nearest,
    )


def _voted(heap: Heap, witness: int) -> Spot:
    return Spot(
        x=heap.x,
        y=heap.y,
        scale_m=max(heap.spread_m, 600.0),
        precision=Precision.NAME,
        witness=witness,
        likelihood=heap.best,
        share=heap.share,
        count=heap.voters,
        spread_m=heap.mean,
        voted=True,
    )


def _clusters(xy: Floats, joined_m: float, precision: Precision, witness: int, *, least: float) -> list[Spot]:
    """A spot for each group of points that are near one another, the largest first; `row` is a point's place in xy."""
    left = np.arange(len(xy))
    found: list[Spot] = []
    while len(left) and len(found) < 4:
        middle = np.median(xy[left], axis=0)
        seed = xy[left[np.abs(xy[left] - middle).sum(axis=1).argmin()]]
        away = np.hypot(xy[left, 0] - seed[0], xy[left, 1] - seed[1])
        own = left[away <= joined_m]
        centre = np.median(xy[own], axis=0)
        spread = np.hypot(xy[own, 0] - centre[0], xy[own, 1] - centre[1])
        found.append(
            Spot(
                x=float(centre[0]),
                y=float(centre[1]),
                scale_m=max(least, float(spread.mean())),
                precision=precision,
                witness=witness,
                share=len(own) / len(xy),
                count=len(own),
                spread_m=float(spread.max()),
                row=int(own[spread.argmin()]),
            )
        )
        left = left[away > joined_m]
    return sorted(found, key=lambda spot: -spot.share)
