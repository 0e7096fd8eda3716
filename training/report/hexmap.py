"""A map of hexagons coloured by error: H3 boundaries as SVG, without any background that would have to be fetched."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import h3
import numpy as np
from numpy.typing import NDArray

from training.evaluation import Evaluation, Floats
from training.report.groups import MIN_SUPPORT, Group, by_cell

WIDTH = 720
_MAX_HEIGHT = 620
STEPS = (0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hexagon:
    """A cell on the page: SVG points, its step of colour (None: too few tickets to judge)."""

    points: str
    step: int | None
    group: Group


@dataclass(frozen=True, slots=True, kw_only=True)
class HexMap:
    """Ready to draw. `outside`: tickets of far-off cells that would shrink all others to dots."""

    width: int
    height: int
    hexagons: Sequence[Hexagon]
    outside: int


def draw_map(evaluation: Evaluation) -> HexMap | None:
    """The map; None where no ticket has a place."""
    cells = by_cell(evaluation)
    if not cells:
        return None
    centres = np.array([h3.cell_to_latlng(group.name) for group in cells])
    near = _near_the_rest(centres, np.array([group.tickets for group in cells]))
    shown = [group for group, kept in zip(cells, near.tolist(), strict=True) if kept]
    outlines = [np.array(h3.cell_to_boundary(group.name)) for group in shown]
    page, width, height = _projection(np.vstack(outlines))
    hexagons = [
        Hexagon(points=_points(page(outline)), step=_step(group), group=group)
        for group, outline in zip(shown, outlines, strict=True)
    ]
    outside = sum(group.tickets for group, kept in zip(cells, near.tolist(), strict=True) if not kept)
    return HexMap(width=width, height=height, hexagons=hexagons, outside=outside)


def _near_the_rest(centres: Floats, tickets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Within the box of the middle 98 % of the tickets, widened by a quarter on every side."""
    low, high = np.quantile(np.repeat(centres, tickets, axis=0), (0.01, 0.99), axis=0)
    margin = 0.25 * (high - low) + 1e-3
    return np.asarray(((centres >= low - margin) & (centres <= high + margin)).all(axis=1))


def _projection(boundary: Floats) -> tuple[Callable[[Floats], Floats], int, int]:
    """(latitude, longitude) → page, true to shape at the middle latitude; and the page's width and height."""
    south, west = boundary.min(axis=0)
    north, east = boundary.max(axis=0)
    narrowing = math.cos(math.radians((south + north) / 2))
    across, up = (east - west) * narrowing, north - south
    scale = min(WIDTH / across, _MAX_HEIGHT / up)

    def page(outline: Floats) -> Floats:
        across_and_down = np.column_stack(((outline[:, 1] - west) * narrowing, north - outline[:, 0]))
        return np.asarray(across_and_down * scale)

    return page, math.ceil(across * scale), math.ceil(up * scale)


def _points(outline: Floats) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in outline.tolist())


def _step(group: Group) -> int | None:
    return None if group.tickets < MIN_SUPPORT else bisect_right(STEPS, 1 - group.accuracy)
