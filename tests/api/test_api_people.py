"""The API tells who works where: officers see the people of their area, everyone sees themself and nothing secret."""

from __future__ import annotations

import pytest

from schemas.people import BodySchema, DutySchema, UserSchema
from tests.api_county import COUNTY, PASSWORD, PEOPLE, TOWN, UNIT, VILLAGE

EVERYBODY = sorted([*(name for name, *_ in PEOPLE), "gone"])


def names(county, name, query=""):
    answer = county.get(f"/users{query}", name)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json["items"]]


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("admin", EVERYBODY),
        ("brigade", [name for name in EVERYBODY if name != "gone"]),
        ("town", ["gone", "neighbour", "officer", "town", "worker"]),
        ("officer", ["officer", "worker"]),
        ("worker", ["worker"]),
        ("gas", ["gas"]),
        ("viewer", ["viewer"]),
        ("gone", ["gone"]),
    ],
)
def test_officers_see_the_people_of_their_area_and_others_themselves(county, name, seen):
    assert names(county, name) == seen


def test_a_filter_by_area_finds_who_has_a_duty_there(county):
    assert names(county, "town", f"?area={VILLAGE}") == ["gone", "officer", "worker"]
    assert names(county, "officer", f"?area={TOWN}") == ["officer", "worker"]
    assert names(county, "town", f"?area={UNIT}") == ["gone", "worker"]
    assert names(county, "worker", f"?area={UNIT}") == []


def test_pages_go_on_where_the_last_one_ended(county):
    seen, cursor = [], ""
    while cursor is not None:
        page = county.get(f"/users?limit=3{cursor and f'&cursor={cursor}'}", "admin").json
        seen += [item["name"] for item in page["items"]]
        cursor = page["next"]

    assert seen == EVERYBODY


def test_a_user_shows_duties_and_the_last_contact_of_the_phone_and_no_secret(county):
    county.get("/records", "worker", **{"User-Agent": "org.odk.collect.android/v2026.1"})

    answer = county.get("/users/worker", "officer")

    assert UserSchema().validate(answer.json) == {}
    [duty], [phone] = answer.json["duties"], answer.json["phones"]
    assert (duty["role"], duty["area"], duty["from"], duty["to"]) == ("grid_worker", UNIT, None, None)
    assert phone["last_seen_at"] is not None
    assert phone["app_version"]
    assert county.keys["worker"] not in answer.text
    for secret in ("hash", "token", "argon2", PASSWORD):
        assert secret not in answer.text


def test_duties_are_listed_with_their_dates(county):
    page = county.get("/users/gone/duties", "town").json

    assert [DutySchema().validate(item) for item in page["items"]] == [{}]
    assert page["items"][0]["to"].startswith("2026-01-28")


@pytest.mark.parametrize("path", ["/users/stranger", "/users/stranger/duties", "/users/nobody"])
def test_a_person_out_of_scope_is_not_told_apart_from_none(county, path):
    assert county.get(path, "officer").status_code == 404


def test_bodies_show_with_their_phone_number_masked_unless_one_may_see_people_there(county):
    [masked] = county.get("/bodies", "viewer").json["items"]
    [own] = county.get("/bodies", "gas").json["items"]
    [plain] = county.get("/bodies", "admin").json["items"]

    assert BodySchema().validate(masked) == {}
    assert (masked["contact"], own["contact"], plain["contact"]) == (
        "值班 138****0001",
        "值班 138****0001",
        "值班 13800000001",
    )
    assert county.get("/bodies", "officer").json["items"] == []
    assert county.get(f"/bodies?area={COUNTY}", "admin").json["items"] == [plain]
    assert county.get(f"/bodies?area={TOWN}", "admin").json["items"] == []
