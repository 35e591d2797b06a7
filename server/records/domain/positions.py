"""Reads positions as phones write them, and computes the distance between two."""

from __future__ import annotations

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


def distance_m(one: Position, other: Position) -> float:
    """Return the way along the great circle between two positions, in metres (haversine)."""
    up = sin(radians(other.latitude - one.latitude) / 2)
    along = sin(radians(other.longitude - one.longitude) / 2)
    across = along * sqrt(cos(radians(one.latitude)) * cos(radians(other.latitude)))
    return 2 * EARTH_RADIUS_M * asin(min(1.0, hypot(up, across)))
