"""How far apart two people stood, as their phones tell."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.records.domain.positions import Position, as_geojson, distance_m, read

places = st.builds(Position, st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("39.36 114.69 900 4.5", Position(39.36, 114.69, 4.5)),
        ("39.36 114.69 900", Position(39.36, 114.69)),
        ("39.36 114.69", Position(39.36, 114.69)),
        *((text, None) for text in ("", "39.36", "a b", "91 0", "0 181", "nan 0", "1 2 3 4 5", "inf 0 0 0")),
    ],
)
def test_a_position_is_read_as_phones_write_it(text, found):
    assert read(text) == found


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        (Position(39.36, 114.69), Position(39.36, 114.69), 0),
        (Position(0, 0), Position(1, 0), 111_195),
        (Position(60, 10), Position(60, 11), 55_597),
        (Position(0, 0), Position(0, 180), 20_015_115),
        (Position(0, 179.5), Position(0, -179.5), 111_195),
    ],
)
def test_distances_are_those_on_the_globe(one, other, metres):
    assert distance_m(one, other) == pytest.approx(metres, abs=1)


@given(places, places)
def test_a_distance_is_the_same_both_ways_and_never_longer_than_half_around(one, other):
    assert distance_m(one, other) == distance_m(other, one) <= 20_015_116


LINE = "39.36 114.69 900 4.5; 39.37 114.69 0 0;39.37 114.70"


@pytest.mark.parametrize(
    ("text", "type", "drawn"),
    [
        ("39.36 114.69 900 4.5", "geopoint", ("Point", [114.69, 39.36])),
        (LINE, "geotrace", ("LineString", [[114.69, 39.36], [114.69, 39.37], [114.7, 39.37]])),
        (
            f"{LINE};39.36 114.69",
            "geotrace",
            ("LineString", [[114.69, 39.36], [114.69, 39.37], [114.7, 39.37], [114.69, 39.36]]),
        ),
        (
            f"{LINE};39.36 114.69 0 0;",
            "geoshape",
            ("Polygon", [[[114.69, 39.36], [114.7, 39.37], [114.69, 39.37], [114.69, 39.36]]]),
        ),
    ],
)
def test_a_place_is_drawn_as_geojson_wants_it(text, type, drawn):
    kind, coordinates = drawn

    assert as_geojson(text, type) == {"type": kind, "coordinates": coordinates}


@given(st.lists(st.tuples(st.integers(-80, 80), st.integers(-170, 170)), min_size=3, max_size=6, unique=True))
def test_the_same_area_is_drawn_alike_whichever_way_it_was_walked(corners):
    ring = [*corners, corners[0]]
    there, back = (";".join(f"{lat} {lon}" for lat, lon in way) for way in (ring, ring[::-1]))
    [one], [other] = as_geojson(there, "geoshape")["coordinates"], as_geojson(back, "geoshape")["coordinates"]

    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(one))
    assert one[0] == one[-1]
    assert area >= 0
    assert area == 0 or one == other
