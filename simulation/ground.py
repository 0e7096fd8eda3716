"""The ground: a mesh of small blocks, grouped into towns and districts.

Every border in the city runs along block edges, so areas of one grouping tile the ground exactly; groupings differ.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree, Voronoi
from shapely.geometry.base import BaseGeometry

from domain.places import Point
from simulation.naming import Name, district_names, town_names

CENTRE = Point(latitude=31.2, longitude=121.47)
METRES_PER_DEGREE = np.array([111_320.0 * np.cos(np.radians(CENTRE.latitude)), 110_950.0])
HALF_AXES = np.array([12_500.0, 11_000.0])
BLOCKS = 900

Metres = NDArray[np.float64]
"""Shape (n, 2): east and north of the centre."""
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A district or a town."""

    name: Name
    polygon: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Blocks with their polygons (degrees) and the town and district of each."""

    sites: Metres
    blocks: NDArray[np.object_]
    block_town: Indices
    town_district: Indices
    towns: tuple[Area, ...]
    districts: tuple[Area, ...]
    outline: BaseGeometry
    tree: KDTree

    def block_at(self, spots: Metres) -> Indices:
        """The block of each spot: the nearest site's."""
        found: Indices = self.tree.query(spots)[1]
        return found

    def contains(self, spots: Metres, margin: float) -> NDArray[np.bool_]:
        """Whether each spot lies in the city, at least `margin` metres from its border."""
        core = self.outline.buffer(-margin / METRES_PER_DEGREE[0])
        shapely.prepare(core)
        inside: NDArray[np.bool_] = shapely.contains_xy(core, degrees(spots))
        return inside


def degrees(spots: Metres) -> NDArray[np.float64]:
    """Longitude and latitude of each spot, to the centimetre."""
    lonlat: NDArray[np.float64] = np.round([CENTRE.longitude, CENTRE.latitude] + spots / METRES_PER_DEGREE, 7)
    return lonlat


def group_blocks(sites: Metres, seeds: Metres, rng: np.random.Generator, bend: float = 900.0) -> Indices:
    """Each block's nearest seed, on a bent map: the borders wander, and two groupings never bend alike."""
    phase, wave = rng.uniform(0, 2 * np.pi, (2, 2)), rng.uniform(3_000, 6_000, (2, 2))
    bent = sites + bend * np.sin(sites[:, ::-1, None] / wave + phase).sum(axis=2)
    found: Indices = KDTree(seeds).query(bent)[1]
    # A seed without ground takes the block it stands on.
    for seed in np.setdiff1d(np.arange(len(seeds)), found):
        found[KDTree(sites).query(seeds[seed])[1]] = seed
    return found


def spread_seeds(sites: Metres, count: int, rng: np.random.Generator) -> Metres:
    """`count` of the sites, none close to another, dense where the blocks are."""
    chosen = sites[rng.permutation(len(sites))[:count]]
    for _ in range(6):  # Lloyd's steps even them out
        nearest = KDTree(chosen).query(sites)[1]
        chosen = np.array([sites[nearest == i].mean(axis=0) for i in range(count)])
    return chosen


def dissolve(blocks: NDArray[np.object_], groups: Indices, count: int) -> list[BaseGeometry]:
    """The union of each group's blocks."""
    return [shapely.coverage_union_all(blocks[groups == group]) for group in range(count)]


def lay_ground(rng: np.random.Generator, rand: random.Random, towns: int = 72) -> Ground:
    """Blocks, small in the centre and large outside, in towns, and towns in districts."""
    sites, blocks = _mesh(rng)
    seeds = spread_seeds(sites, towns, rng)
    seeds = seeds[np.argsort(np.hypot(*seeds.T))]
    names = district_names()
    block_town = group_blocks(sites, seeds, rng, bend=500.0)
    centres = spread_seeds(seeds, len(names), rng)
    town_district: Indices = KDTree(centres[np.argsort(np.hypot(*centres.T))]).query(seeds)[1]
    block_district = town_district[block_town]
    return Ground(
        sites=sites,
        blocks=blocks,
        block_town=block_town,
        town_district=town_district,
        towns=_areas(town_names(rand, towns, rural_from=towns // 2), blocks, block_town),
        districts=_areas(names, blocks, block_district),
        outline=shapely.coverage_union_all(blocks),
        tree=KDTree(sites),
    )


def _areas(names: list[Name], blocks: NDArray[np.object_], groups: Indices) -> tuple[Area, ...]:
    polygons = dissolve(blocks, groups, len(names))
    return tuple(Area(name=name, polygon=polygon) for name, polygon in zip(names, polygons, strict=True))


def _mesh(rng: np.random.Generator) -> tuple[Metres, NDArray[np.object_]]:
    """Voronoi cells of sunflower-spiral sites, shaken; a ring of outer sites closes the border cells and is dropped."""
    total = BLOCKS + 260
    rank = np.arange(total) + 0.5
    radius = 1.18 * (rank / total) ** 0.62
    angle = rank * np.pi * (3 - np.sqrt(5))
    shake = rng.normal(0, 160, (total, 2)) * (0.5 + radius[:, None])
    spiral = np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None] * HALF_AXES + shake
    cells = Voronoi(spiral)
    corners = degrees(cells.vertices)
    regions = [cells.regions[cells.point_region[i]] for i in range(BLOCKS)]
    return spiral[:BLOCKS], np.array([shapely.Polygon(corners[region]) for region in regions], dtype=object)
