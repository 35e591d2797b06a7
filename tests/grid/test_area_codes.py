"""Codes and paths name the same tree of areas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import Invalid
from server.grid.domain import areas
from server.grid.domain.areas import Area, Level, Place

COUNTIES = st.from_regex(r"[1-8][0-9]{5}", fullmatch=True)
PARTS = st.integers(1, 999).map(lambda number: f"{number:03d}")
PATHS = st.builds(lambda county, parts: "/".join([county, *parts]), COUNTIES, st.lists(PARTS, max_size=3))


@given(PATHS)
def test_a_path_and_its_code_name_each_other(path):
    code = areas.code_of(path)

    assert areas.path_of(code) == path
    assert areas.code_of(areas.path_of(code)) == code
    assert areas.full_code(code) == code


@given(PATHS)
def test_the_level_is_the_depth_of_the_path(path):
    assert list(Level).index(areas.level_of(areas.code_of(path))) == path.count("/")


@given(PATHS)
def test_every_area_lies_one_step_below_its_parent(path):
    code = areas.code_of(path)
    parent = areas.parent_code(code)

    if parent is None:
        assert areas.level_of(code) is Level.COUNTY
    else:
        assert areas.PARENT_LEVEL[areas.level_of(code)] is areas.level_of(parent)
        assert Place(areas.path_of(parent)).holds(path)


@given(PATHS, PATHS)
def test_the_bounds_of_a_place_hold_what_the_place_holds(place, path):
    low, high = Place(place).bounds()

    assert (low <= path < high) == Place(place).holds(path)


@given(st.lists(PATHS, min_size=1, max_size=5))
def test_the_narrowest_area_holds_all_and_none_of_its_children_does(paths):
    found = areas.common_ancestor(paths)

    if found is None:
        assert len({path[:6] for path in paths}) > 1
    else:
        assert all(Place(found).holds(path) for path in paths)
        nexts = {path[len(found) :].lstrip("/").split("/")[0] for path in paths}
        assert "" in nexts or len(nexts) > 1


def test_nothing_has_no_narrowest_area():
    assert areas.common_ancestor([]) is None


@given(st.text(alphabet="0123456789/ａ０ -", max_size=18))
def test_any_text_is_a_code_or_is_refused_in_words(text):
    try:
        level = areas.level_of(text)
    except Invalid:
        with pytest.raises(Invalid, match="代码"):
            areas.path_of(text)
    else:
        assert areas.level_of(areas.code_of(areas.path_of(text))) is level


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("130630", "130630000000"),
        ("130630100", "130630100000"),
        (" 130630100201 ", "130630100201"),
        ("130630100201001", "130630100201001"),
    ],
)
def test_a_short_code_is_filled_up(short, full):
    assert areas.full_code(short) == full


@pytest.mark.parametrize(
    "code",
    ["", "13063", "1306301002010", "13063010020x", "１３０６３０", "130630000201", "130630100201000", "130630000201001",
     "130630100000001"],
)  # fmt: skip
def test_what_is_no_code_has_no_level(code):
    with pytest.raises(Invalid):
        areas.level_of(code)


@pytest.mark.parametrize("path", ["1306/30", "130630/000", "130630/100/", "/130630", "130630100", ""])
def test_what_is_no_path_has_no_code(path):
    with pytest.raises(Invalid):
        areas.code_of(path)


@pytest.mark.parametrize(
    ("official", "spoken"),
    [
        ("荆山口村村民委员会", "荆山口村"),
        ("甲村民委员会", "甲村"),
        ("龙虎寺村村委会", "龙虎寺村"),
        ("白䌷村村民委员会", "白䌷村"),
        ("木吉村居民委员会", "木吉村居委会"),
        ("铜矿居民委员会", "铜矿居委会"),
        ("银闸社区居民委员会", "银闸社区"),
        ("福泽园社区", "福泽园社区"),
        ("涞源镇", "涞源镇"),
        ("村委会", "村委会"),
        ("居民委员会", "居民委员会"),
    ],
)
def test_a_village_is_shown_as_people_call_it(official, spoken):
    assert areas.short_name(official) == spoken


def test_an_area_is_in_force_from_its_first_instant_until_before_its_last():
    area = Area("130630100228", "顾家营村", Level.VILLAGE, "130630100000", "2020", "2026")

    assert area.path == area.place.path == "130630/100/228"
    assert [area.in_force(at) for at in ("2019", "2020", "2025", "2026")] == [False, True, True, False]
