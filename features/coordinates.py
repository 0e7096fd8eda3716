"""Chinese map datums to WGS-84 and back: GCJ-02 (国测局) and BD-09 (百度).

Neither datum is published. The GCJ-02 polynomial is the one known from the open-source `eviltransform` (Krasovsky
1940 ellipsoid); its inverse is a fixed-point iteration. BD-09 is Baidu's polar shift on top of GCJ-02. Outside China
both are taken as WGS-84. All arguments and results are (latitude, longitude) in degrees.
"""

from __future__ import annotations

from math import atan2, cos, hypot, pi, radians, sin, sqrt

SEMI_MAJOR_AXIS_M = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323
BAIDU_PI = pi * 3000.0 / 180.0
BAIDU_SHIFT_DEG = (0.006, 0.0065)
INVERSE_STEPS = 8  # at most: the shift changes slowly, each step gains three digits

LatLon = tuple[float, float]


def in_china(latitude: float, longitude: float) -> bool:
    """Whether the datums shift the point: the rectangle that the published code uses."""
    return 0.8293 <= latitude <= 55.8271 and 72.004 <= longitude <= 137.8347


def only_exchanged(latitude: float, longitude: float) -> bool:
    """Whether they are no point on earth, and are one the other way round."""
    return 0 < abs(longitude) <= 90 < abs(latitude) <= 180


def wgs84_to_gcj02(latitude: float, longitude: float) -> LatLon:
    """Shift a WGS-84 point to GCJ-02; the identity outside China."""
    if not in_china(latitude, longitude):
        return latitude, longitude
    north, east = _gcj02_shift(latitude, longitude)
    return latitude + north, longitude + east


def gcj02_to_wgs84(latitude: float, longitude: float) -> LatLon:
    """Undo `wgs84_to_gcj02`; the identity outside China."""
    if not in_china(latitude, longitude):
        return latitude, longitude
    wgs = latitude, longitude
    for _ in range(INVERSE_STEPS):
        north, east = _gcj02_shift(*wgs)
        before, wgs = wgs, (latitude - north, longitude - east)
        if wgs == before:
            break
    return wgs


def gcj02_to_bd09(latitude: float, longitude: float) -> LatLon:
    """Baidu's polar shift of a GCJ-02 point; the identity outside China."""
    if not in_china(latitude, longitude):
        return latitude, longitude
    radius = hypot(longitude, latitude) + 0.00002 * sin(latitude * BAIDU_PI)
    angle = atan2(latitude, longitude) + 0.000003 * cos(longitude * BAIDU_PI)
    north, east = BAIDU_SHIFT_DEG
    return radius * sin(angle) + north, radius * cos(angle) + east


def bd09_to_gcj02(latitude: float, longitude: float) -> LatLon:
    """Undo `gcj02_to_bd09`; the identity outside China."""
    if not in_china(latitude, longitude):
        return latitude, longitude
    gcj = latitude, longitude
    for _ in range(INVERSE_STEPS):
        shifted = gcj02_to_bd09(*gcj)
        before, gcj = gcj, (gcj[0] - (shifted[0] - latitude), gcj[1] - (shifted[1] - longitude))
        if gcj == before:
            break
    return gcj


def wgs84_to_bd09(latitude: float, longitude: float) -> LatLon:
    """Shift a WGS-84 point to BD-09; the identity outside China."""
    return gcj02_to_bd09(*wgs84_to_gcj02(latitude, longitude))


def bd09_to_wgs84(latitude: float, longitude: float) -> LatLon:
    """Undo `wgs84_to_bd09`; the identity outside China."""
    return gcj02_to_wgs84(*bd09_to_gcj02(latitude, longitude))


def _gcj02_shift(latitude: float, longitude: float) -> LatLon:
    x, y = longitude - 105.0, latitude - 35.0
    shared = 20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += (shared + _waves(y, 160.0, 320.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += (shared + _waves(x, 150.0, 300.0)) * 2.0 / 3.0
    phi = radians(latitude)
    bend = 1.0 - ECCENTRICITY_SQUARED * sin(phi) ** 2
    meridian = SEMI_MAJOR_AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / (bend * sqrt(bend))
    parallel = SEMI_MAJOR_AXIS_M / sqrt(bend) * cos(phi)
    return north * 180.0 / (meridian * pi), east * 180.0 / (parallel * pi)


def _waves(value: float, long: float, longest: float) -> float:
    # written out, not summed by sum(): that rounds differently from one Python to the next
    short = 20.0 * sin(value * pi) + 40.0 * sin(value / 3.0 * pi)
    return short + long * sin(value / 12.0 * pi) + longest * sin(value / 30.0 * pi)
