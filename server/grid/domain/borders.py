"""Reads where areas end from GeoJSON (RFC 7946); whoever draws borders saves this, as QGIS and every office GIS do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from server.errors import Invalid
from server.grid.domain.areas import full_code

Ring = list[tuple[float, float]]
"""Points as ``(longitude, latitude)`` in degrees (WGS 84), the last one the same as the first."""

Rings = list[list[Ring]]
"""Polygons, each of its outline and the holes in it."""

POINTS_MAX = 5_000
"""Points of one area: a village drawn by hand has a hundred, and a map shows no more than a screen has."""

FAULTS_SHOWN = 50
_DIGITS = 6
"""Decimals of a degree that are kept: a tenth of a metre."""


class Border(NamedTuple):
    """Where an area ends. code: its full code."""

    code: str
    rings: Rings


def read(content: bytes) -> list[Border]:
    """Return the borders of a FeatureCollection, whose features have the area's code as the property ``code``.

    content: GeoJSON in UTF-8; ``代码`` will do for ``code``. Raises Invalid with every feature that cannot be used.
    """
    try:
        parsed = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise Invalid("这不是 GeoJSON 文件；请在地图软件里另存为 GeoJSON（UTF-8）。", errors=[]) from None
    features = parsed.get("features") if isinstance(parsed, dict) else None
    if not isinstance(features, list) or not features:
        raise Invalid("文件里没有图形：应是 GeoJSON 的 FeatureCollection，一个网格一个图形。", errors=[])
    found: dict[str, Border] = {}
    faults: list[tuple[int, str]] = []
    for number, feature in enumerate(features, 1):
        try:
            border = _border(feature)
        except Invalid as wrong:
            faults.append((number, wrong.message))
            continue
        if border.code in found:
            faults.append((number, f"{border.code} 在前面已经有一个图形；一个网格只要一个，几块的合成 MultiPolygon。"))
        found[border.code] = border
    require_none(faults)
    return list(found.values())


def require_none(faults: list[tuple[int, str]]) -> None:
    """Do nothing without faults. Raises Invalid that tells those of each feature, by its number in the file."""
    if faults:
        said = "；".join(f"第{number}个图形：{message}" for number, message in faults[:FAULTS_SHOWN])
        errors = [{"field": str(number), "message": message} for number, message in faults]
        raise Invalid(f"有 {len(faults)} 个图形要改，什么都没有导入。{said}", errors=errors)


def _border(feature: Any) -> Border:
    feature = feature if isinstance(feature, dict) else {}
    properties, geometry = feature.get("properties"), feature.get("geometry")
    named = properties if isinstance(properties, dict) else {}
    code = named.get("code", named.get("代码", ""))
    if not isinstance(code, str | int) or not str(code).strip():
        raise Invalid("没有网格代码；请给图形加一个属性 code（12位，单元15位）。")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise Invalid(f"{code} 不是面；应是 Polygon 或 MultiPolygon。")
    polygons = geometry.get("coordinates")
    rings = list(_polygons(code, [polygons] if kind == "Polygon" else polygons))
    if not rings:
        raise Invalid(f"{code} 的图形是空的。")
    if sum(len(ring) for polygon in rings for ring in polygon) > POINTS_MAX:
        raise Invalid(f"{code} 的点多于 {POINTS_MAX} 个；请在地图软件里先简化。")
    return Border(full_code(str(code)), rings)


def _polygons(code: object, polygons: Any) -> Iterator[list[Ring]]:
    for polygon in polygons if isinstance(polygons, list) else ():
        if not isinstance(polygon, list) or not polygon:
            raise Invalid(f"{code} 的图形是空的。")
        yield [_ring(code, ring) for ring in polygon]


def _ring(code: object, points: Any) -> Ring:
    ring = [_point(code, point) for point in points] if isinstance(points, list) else []
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise Invalid(f"{code} 的边界没有闭合；一圈至少4个点，首尾相同。")
    return ring


def _point(code: object, point: Any) -> tuple[float, float]:
    numbers = point[:2] if isinstance(point, list) else []
    if len(numbers) < 2 or not all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers):
        raise Invalid(f"{code} 的坐标读不出来；应是 [经度, 纬度]。")
    longitude, latitude = (round(float(each), _DIGITS) for each in numbers)
    if abs(longitude) > 180 or abs(latitude) > 90:
        raise Invalid(f"{code} 的坐标不是经纬度（度）；请用 WGS 84 经纬度（EPSG:4326）另存。")
    return longitude, latitude
