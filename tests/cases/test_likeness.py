"""Two reports may be about one hazard: the same item of one village, at one place or close by."""

from __future__ import annotations

import pytest

from server.cases.domain.similarity import are_alike, is_same_place

CORNER = {"item": "ebike_indoor_charge", "place": "一号楼", "geometry": "39.36010 114.69430 0 5"}


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        ({"item": "ebike_indoor_charge", "place": "东门", "geometry": "39.36020 114.69450 0 5"}, True),
        ({"item": "ebike_indoor_charge", "place": "一号楼"}, True),
        ({"item": "ebike_indoor_charge", "place": "东门", "geometry": "39.3610 114.6943"}, False),
        ({"item": "ebike_indoor_charge", "place": " 一号 楼"}, True),
        ({"item": "ebike_indoor_charge", "place": "一号楼东侧"}, False),
        ({"item": "ebike_indoor_charge", "place": "东门"}, False),
        ({"item": "ebike_indoor_charge", "place": "东门", "geometry": "somewhere"}, False),
        ({"item": "hose_aged", "place": "一号楼", "geometry": "39.36010 114.69430 0 5"}, False),
        ({}, False),
    ],
)
def test_the_same_item_at_one_place_or_within_fifty_metres_is_alike(other, alike):
    assert are_alike(CORNER, other) is alike
    assert are_alike(other, CORNER) is alike


def test_without_an_item_nothing_is_alike():
    assert not are_alike({"place": "一号楼"}, {"place": "一号楼"})


def test_a_place_is_the_same_however_it_was_typed_and_none_is_like_no_other():
    assert is_same_place({"place": "Ａ座 ２层"}, {"place": "a座2层"})
    assert not is_same_place({"place": " "}, {"place": ""})
