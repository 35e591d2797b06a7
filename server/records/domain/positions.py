"""Reads positions as phones write them, and computes the distance between two."""

from __future__ import annotations

from itertools import pairwise
from math import asin, cos, hypot, isfinite, radians, sin, sqrt
from typing import NamedTuple

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the earth (IUGG)."""


class Position(NamedTuple):
    """Where somebody stood, in degrees (WGS 84); accuracy_m: as the phone claims, None where it does not say."""

    latitude: float
    longitude: float
    accuracy_m: float | None = None


def read(text: str) -> Position | None:
    """Return what ``lat lon alt acc`` names (XForms geopoint, altitude and accuracy may be missing), None for none."""
    parts = text.split()
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return None
    if not 2 <= len(numbers) <= 4 or not all(isfinite(number) for number in numbers):
        return None
    latitude, longitude = numbers[:2]
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Position(latitude, longitude, numbers[3] if len(numbers) == 4 else None)


def as_geojson(text: str, type: str) -> dict[str, object]:
    """Return the geometry of RFC 7946 that a valid answer of XForms draws: Point, LineString or Polygon.

    text: ``lat lon altitude accuracy``, several of them with semicolons between. type: ``geopoint``, ``geotrace`` or
    ``geoshape``. The outline of a polygon runs against the clock (RFC 7946 §3.1.6), whichever way somebody walked it.
    """
    points = [[float(part) for part in point.split()[1::-1]] for point in text.split(";") if point.strip()]
    if type == "geopoint":
        return {"type": "Point", "coordinates": points[0]}
    if type == "geotrace":
        return {"type": "LineString", "coordinates": points}
    ring = points if points[0] == points[-1] else [*points, points[0]]
    turns = sum(one[0] * other[1] - other[0] * one[1] for one, other in pairwise(ring))
    return {"type": "Polygon", "coordinates": [ring if turns >= 0 else ring[::-1]]}


def distance_m(one: Position, other: Position) -> float:
    """Return the way along the great circle between two positions, in metres (haversine)."""
    up = sin(radians(other.latitude - one.latitude) / 2)
    along = sin(radians(other.longitude - one.longitude) / 2)
    across = along * sqrt(cos(radians(one.latitude)) * cos(radians(other.latitude)))
    return 2 * EARTH_RADIUS_M * asin(min(1.0, hypot(up, across)))
