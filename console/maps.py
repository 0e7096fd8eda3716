"""Maps without a single request to anybody: shapes on plain ground, or on the operator's own tiles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from console.view import View

Shape = dict[str, Any]
LatLon = tuple[float, float]

# owners are told apart by these, and by the tip that names them
OWNERS = (
    "#2f7ebb",
    "#c7792a",
    "#3f9b52",
    "#a2539f",
    "#b8a021",
    "#4a6fd0",
    "#c2566b",
    "#2a9d98",
    "#7c7440",
    "#8a5fd0",
)


class Map:
    """A map on the page. `draw` puts named groups of shapes on it; a group drawn again replaces itself."""

    def __init__(self, view: View, *, label: str, centre: LatLon = (31.23, 121.47), zoom: int = 13) -> None:
        self.element = ui.leaflet(
            center=centre, zoom=zoom, options={"attributionControl": False, "zoomSnap": 0.25}
        )
        self.element.clear_layers()  # at once, or it asks a public server for tiles
        self.element.classes("gr-map").props(f'role=region aria-label="{label}"')
        self._client = view.client
        if view.office.tiles:
            self.element.tile_layer(url_template=view.office.tiles)

    def draw(self, groups: Mapping[str, Iterable[Shape]], fit: Sequence[str] = ()) -> None:
        """Draw these groups, and look at those named in `fit`."""
        told = json.dumps({name: list(shapes) for name, shapes in groups.items()}, ensure_ascii=False)
        self._run(f"gridroute.draw({self.element.id}, {_safe(told)}, {json.dumps(list(fit))})")

    def load(self, url: str, fit: Sequence[str] = ()) -> None:
        """Draw the groups that the browser fetches from this address of ours (a JSON object of lists of shapes)."""
        self._run(f"gridroute.load({self.element.id}, {json.dumps(url)}, {json.dumps(list(fit))})")

    def on_shape(self, handler: Callable[[Any], Any]) -> None:
        """Call the handler with the `value` of a shape that is clicked."""

        def clicked(event: GenericEventArguments) -> Any:
            return handler(event.args.get("value"))

        self.element.on("shape", clicked)

    def on_click(self, handler: Callable[[float, float], Any]) -> None:
        """Call the handler with the latitude and longitude of a click on the ground."""

        def clicked(event: GenericEventArguments) -> Any:
            at = event.args["latlng"]
            return handler(float(at["lat"]), float(at["lng"]))

        self.element.on("map-click", clicked)

    def _run(self, code: str) -> None:
        if not self._client.is_deleted:
            self._client.run_javascript(code)


def polygon(points: Sequence[Any], tip: str = "", value: object = None, **style: object) -> Shape:
    """Rings of (latitude, longitude)."""
    return _shape("polygon", tip, value, style, points=points)


def circle(at: LatLon, radius_m: float, tip: str = "", **style: object) -> Shape:
    """Ground within so many metres."""
    return _shape("circle", tip, None, style, at=at, radius=radius_m)


def dot(at: LatLon, tip: str = "", value: object = None, **style: object) -> Shape:
    """A point that is as large at every zoom."""
    return _shape("dot", tip, value, style, at=at)


def pin(at: LatLon, tip: str = "") -> Shape:
    """The place that is meant."""
    return _shape("pin", tip, None, {}, at=at)


def owner_colour(unit: str, known: Sequence[str] = ()) -> str:
    """The unit's colour: by its place among the known, else by its name, the same each time."""
    place = known.index(unit) if unit in known else sum(unit.encode())
    return OWNERS[place % len(OWNERS)]


def rings(geometry: Mapping[str, Any]) -> list[Any]:
    """A GeoJSON polygon's or multipolygon's rings, latitude first, as `polygon` takes them."""
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [[[(lat, lon) for lon, lat, *_ in ring] for ring in one] for one in polygons]


def _shape(kind: str, tip: str, value: object, style: Mapping[str, object], **rest: object) -> Shape:
    made: Shape = {"kind": kind, "style": dict(style), **rest}
    if tip:
        made["tip"] = tip
    if value is not None:
        made["value"] = value
    return made


def _safe(told: str) -> str:
    return told.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
