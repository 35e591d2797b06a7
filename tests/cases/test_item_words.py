"""A hazard reported over the API with the code of its item gets category and label as from a phone."""

from __future__ import annotations

import pytest

from server.forms.store import codes
from server.forms.store.codes import Code
from server.forms.usecases import publish
from tests.api_county import HAZARD_FORM, UNIT
from tests.county import prepared

ITEM = Code("hazard_items", "hose_aged", "燃气软管老化", "Aged gas hose", "2026-01-01", "", {"category": "gas"})
FORM = HAZARD_FORM.replace(
    "| | text | action",
    "| | text | place | 场所 | place |\n| | text | category | 类别 | category |\n| | text | action",
).replace("| hazard | 1 |", "| hazard | 2 |")


@pytest.fixture
def ask(county_to_change):
    county_to_change.do(publish.publish, prepared(FORM), None)
    county_to_change.do(lambda tx: codes.replace_list(tx, "hazard_items", [ITEM]))

    def ask(**fields: str):
        body = {"type": "hazards", "area": UNIT, "action": "report", "fields": fields}
        return county_to_change.post("/records", "worker", body).json["record"]

    return ask


def test_category_and_label_come_from_the_code(ask):
    made = ask(item="hose_aged", place="演示民宿")

    assert (made["label"], made["fields"]["category"]) == ("演示民宿｜燃气软管老化", "gas")


def test_without_a_place_the_hazard_alone_is_the_label(ask):
    assert ask(item="hose_aged")["label"] == "燃气软管老化"


def test_what_is_stated_stays_and_free_words_are_no_code(ask):
    stated = ask(item="hose_aged", category="fire_use", label="自己写的")

    assert (stated["label"], stated["fields"]["category"]) == ("自己写的", "fire_use")
    assert "category" not in ask(item="门口堆了柴草")["fields"]
