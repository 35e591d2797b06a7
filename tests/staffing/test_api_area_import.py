"""A grid file over the API: looked at first, its good rows imported, its bad ones told with the cure."""

from __future__ import annotations

import io

import pytest

from schemas.rosters import AreaImportSchema
from tests.api_county import TOWN, VILLAGE

NEW_VILLAGE = "130630100250"
ROWS = f"代码,名称\n{NEW_VILLAGE},新村\n{VILLAGE},荆山口新村\n13063010,太短\n"


def imported(county, name: str = "admin", query: str = "", rows: str = ROWS, **form):
    data = {"file": (io.BytesIO(rows.encode("utf-8-sig")), "grid.csv"), **form} if "token" not in form else form
    headers = {"Authorization": f"Key {county.keys[name]}"}
    return county.client.post(f"/api/v1/areas/import{query}", data=data, headers=headers)


def test_it_is_looked_at_and_imported_by_its_token(office):
    looked = imported(office, query="?dry_run=true")
    before = office.get(f"/areas/{VILLAGE}", "admin").json["name"]
    done = imported(office, token=looked.json["token"])
    again = imported(office)

    assert AreaImportSchema().validate(looked.json) == {}
    assert (looked.json["done"], looked.json["faulty"], done.json["done"]) == (False, 1, True)
    assert looked.json["counts"]["renamed"] == 1 and before != "荆山口新村"
    assert looked.json["faults"][0]["line"] == 4 and looked.json["faults"][0]["cure"]
    assert office.get(f"/areas/{VILLAGE}", "admin").json["name"] == "荆山口新村"
    assert office.get(f"/areas/{NEW_VILLAGE}", "admin").json["parent"] == TOWN
    assert "renamed" not in {key for key, count in again.json["counts"].items() if count}


def test_it_is_for_who_changes_the_grid(office):
    before = office.every_row()

    assert [imported(office, name).status_code for name in ("town", "officer", "worker")] == [403] * 3
    assert imported(office, rows="代码,名称\n").status_code == 400
    assert imported(office, token="").status_code == 422
    assert imported(office, token="nothing").status_code == 404
    assert office.every_row() == before


@pytest.mark.parametrize("rows", ["甲,乙\n1,2\n", "%PDF"])
def test_what_is_no_grid_file_is_refused_in_words(office, rows):
    refused = imported(office, rows=rows)

    assert refused.status_code == 400 and "表头" in refused.json["detail"]
