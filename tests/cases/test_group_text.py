"""A case as a text for a group chat tells what and where, and nothing of any person, whoever asks."""

from __future__ import annotations

import pytest

from server.forms.usecases import publish
from tests.api_county import HAZARD_FORM, VILLAGE, add_record, uuid_of
from tests.county import prepared
from tests.office.desk import Desk

OWNED = HAZARD_FORM.replace("| | text | action", "| | text | owner | 户主 | owner | name |\n| | text | action")
OWNED = OWNED.replace("| | type | name | label | save_to |", "| | type | name | label | save_to | bind::fg:personal |")
OWNED = OWNED.replace("| hazard | 1 |", "| hazard | 2 |")


@pytest.fixture
def told(county_to_change):
    county_to_change.do(publish.publish, prepared(OWNED), None)
    fields = {"label": "赵钱孙家 电话13800001234｜燃气软管老化", "owner": "赵钱孙"}
    add_record(county_to_change, "told", "worker", fields, type="hazards", action="report", area=f"{VILLAGE}001")
    return county_to_change, uuid_of("told")


@pytest.mark.parametrize("name", ["worker", "officer", "town", "brigade", "viewer"])
def test_it_is_the_same_for_everybody_and_names_nobody(told, name):
    county, id = told
    text = county.get(f"/records/{id}/text", name).json["text"]

    assert "燃气软管老化" in text and "荆山口村" in text and "环节：待受理" in text and "期限：" in text
    assert "赵钱孙" not in text and "13800001234" not in text and "赵**" in text
    assert text == county.get(f"/records/{id}/text", "worker").json["text"]


def test_the_page_shows_it_as_a_text_to_select(told):
    county, id = told
    desk = Desk(county)
    desk.sign_in("brigade")
    page = desk.open(f"/office/cases/{id}").text
    text = page[page.index('<textarea id="group-text"') :].partition("</textarea>")[0]

    assert "赵**" in text and "赵钱孙" not in text
    assert 'data-copy="group-text"' in page


def test_out_of_scope_there_is_none(told):
    county, id = told

    assert county.get(f"/records/{id}/text", "othertown").status_code == 404
    assert county.get(f"/records/{uuid_of('nothing')}/text", "town").status_code == 404
