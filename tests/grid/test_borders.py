"""Where areas end comes in as GeoJSON, as a whole or not at all; it is told to whoever sees these areas."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from server.cli.grid import grid
from server.errors import Invalid
from server.grid.domain import borders
from server.grid.usecases import bordering
from tests.api_county import FAR_VILLAGE, VILLAGE

RING = [[114.68, 39.23], [114.70, 39.23], [114.70, 39.25], [114.68, 39.23]]


def feature(code: object, coordinates: object = None, kind: str = "Polygon") -> dict[str, object]:
    geometry = {"type": kind, "coordinates": [RING] if coordinates is None else coordinates}
    return {"type": "Feature", "properties": {"code": code}, "geometry": geometry}


def a_file(*features: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_borders_are_kept_changed_and_told_to_those_who_see_the_area(county_to_change):
    moved = [[[114.69, 39.23], *RING[1:3], [114.69, 39.23]]]

    first = county_to_change.do(bordering.load, a_file(feature(VILLAGE), feature(FAR_VILLAGE)), "admin")
    again = county_to_change.do(bordering.load, a_file(feature(int(VILLAGE), moved), feature(FAR_VILLAGE)), "admin")

    assert (first, again) == ({"added": 2}, {"changed": 1, "unchanged": 1})
    mine, all = (county_to_change.get("/areas/borders", name).json["features"] for name in ("officer", "brigade"))
    assert [each["properties"]["code"] for each in mine] == [VILLAGE]
    assert mine[0]["geometry"] == {"type": "MultiPolygon", "coordinates": [moved]}
    assert {each["properties"]["code"] for each in all} == {VILLAGE, FAR_VILLAGE}
    assert len(county_to_change.rows("SELECT 1 FROM audit WHERE action = 'grid.borders'")) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no json", "不是 GeoJSON"),
        (b"[]", "FeatureCollection"),
        (a_file(), "FeatureCollection"),
        (a_file(None), "没有网格代码"),
        (a_file(feature("")), "没有网格代码"),
        (a_file(feature("x")), "不是网格代码"),
        (a_file(feature(VILLAGE, RING, "LineString")), "不是面"),
        (a_file(feature(VILLAGE, [])), "是空的"),
        (a_file(feature(VILLAGE, [RING[:3]])), "没有闭合"),
        (a_file(feature(VILLAGE, [[["a", "b"]] * 4])), "读不出来"),
        (a_file(feature(VILLAGE, [[[4_400_000.0, 500_000.0]] * 4])), "WGS 84"),
        (a_file(feature(VILLAGE), feature(VILLAGE)), "已经有一个图形"),
        (a_file(feature(VILLAGE, [[RING[0]] * (borders.POINTS_MAX + 1)])), "先简化"),
    ],
)
def test_a_feature_that_cannot_be_used_is_told_with_its_number_and_the_cure(content, said):
    with pytest.raises(Invalid, match=said):
        borders.read(content)


def test_an_unknown_area_changes_nothing(county_to_change):
    with pytest.raises(Invalid, match="第2个图形：没有代码为 130630199201"):
        county_to_change.do(bordering.load, a_file(feature(VILLAGE), feature("130630199201")), "admin")

    assert county_to_change.get("/areas/borders", "brigade").json["features"] == []


def test_the_command_says_what_it_did(county_to_change, tmp_path):
    (tmp_path / "borders.geojson").write_bytes(a_file(feature(VILLAGE)))

    asked = ["borders", str(tmp_path / "borders.geojson"), "--data", str(county_to_change.store.folder)]
    said = CliRunner().invoke(grid, asked)

    assert (said.exit_code, said.output) == (0, "新增边界 1\n")
