"""Rosters, cards for many, vacancies and changes of the grid over the API, as the schemas describe them."""

from __future__ import annotations

import io
import json
from uuid import uuid4

from schemas.grid import AreaSchema
from schemas.rosters import AreaPreviewSchema, CardsSchema, RosterSchema, VacanciesSchema
from tests.api_county import FAR_VILLAGE, NEXT_VILLAGE, VILLAGE

ROWS = "姓名,岗位,村\n刘一,网格员,荆山口村\n陈二,防火员,荆山口村\n"


def roster(county, name: str = "admin", query: str = "?dry_run=true", **form):
    data = {"file": (io.BytesIO(ROWS.encode("utf-8-sig")), "a.csv"), **form} if "token" not in form else form
    headers = {"Authorization": f"Key {county.keys[name]}"}
    return county.client.post(f"/api/v1/users/import{query}", data=data, headers=headers)


def test_a_roster_is_looked_at_and_imported_by_its_token(office):
    looked = roster(office)
    done = roster(office, query="", token=looked.json["token"])
    again = roster(office)

    assert RosterSchema().validate(looked.json) == {}
    assert (looked.json["new"], looked.json["faulty"], looked.json["done"]) == (1, 1, False)
    assert looked.json["faults"][0]["column"] == "role"
    assert done.json["added"] == ["gw-100201-01"] and done.json["done"]
    assert (again.json["new"], again.json["same"]) == (0, 1)


def test_a_roster_is_for_who_fills_roles_and_its_token_is_its_authors(office):
    token = roster(office, "town").json["token"]

    assert roster(office, "officer").status_code == 403
    assert roster(office, "admin", token=token).status_code == 404
    assert roster(office, "admin", "?dry_run=true", token="", file=(io.BytesIO(b""), "a.csv")).status_code == 400
    template = office.get("/users/import/template.xlsx", "town")
    assert template.status_code == 200 and template.data.startswith(b"PK")


def test_cards_are_made_for_many_and_once(office):
    asked = {"names": ["worker", "officer"], "id": str(uuid4())}
    made, again = office.post("/users/cards", "town", asked), office.post("/users/cards", "town", asked)

    assert (made.status_code, again.status_code) == (201, 409)
    assert CardsSchema().validate(made.json) == {}
    assert made.headers["Cache-Control"] == "no-store"
    assert json.dumps(made.json).count("/key/") == 4


def test_vacancies_are_listed_by_town(office):
    found = office.get("/vacancies", "admin").json

    assert VacanciesSchema().validate(found) == {}
    assert [[area["code"] for area in town["vacant"]] for town in found["items"]] == [[NEXT_VILLAGE], [FAR_VILLAGE]]
    assert office.get("/vacancies", "worker").status_code == 403


def test_a_change_of_the_grid_is_looked_at_and_made_once(office):
    asked = {"into": NEXT_VILLAGE, "from": "2027-01-01", "basis": "18号"}
    preview = office.get(f"/areas/{VILLAGE}/change-preview?into={NEXT_VILLAGE}&from=2027-01-01", "admin")
    made = [office.post(f"/areas/{VILLAGE}/merger", "admin", asked) for _ in range(2)]
    unit = [office.post(f"/areas/{NEXT_VILLAGE}/units", "admin", {"name": "河西"}) for _ in range(2)]
    renamed = office.post(f"/areas/{NEXT_VILLAGE}/name", "admin", {"name": "新村"})
    closed = office.post(f"/areas/{FAR_VILLAGE}/closing", "admin", {"from": "2027-01-01"})

    assert AreaPreviewSchema().validate(preview.json) == {} and preview.json["faults"] == []
    assert [answer.status_code for answer in (*made, *unit, renamed, closed)] == [200, 200, 201, 200, 200, 200]
    assert AreaSchema().validate(made[0].json) == {} and made[0].json["successor"] == NEXT_VILLAGE
    wrong = office.post(f"/areas/{VILLAGE}/merger", "admin", {"into": VILLAGE, "from": "2027-01-01"})
    assert wrong.status_code == 422 and wrong.json["errors"][0]["field"] in ("into", "from")
    assert office.post(f"/areas/{VILLAGE}/merger", "town", asked).status_code == 403
