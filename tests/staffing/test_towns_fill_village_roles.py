"""A town fills the roles of its own villages and units, and nothing more: every role at every place, by every act."""

from __future__ import annotations

from itertools import product

import pytest

from server.audit.store import chain
from server.people.domain import roles
from server.people.domain.actors import Role
from server.staffing.usecases import enrolment
from tests.api_county import COUNTY, FAR_UNIT, FAR_VILLAGE, NEXT_UNIT, OTHER_TOWN, TOWN, UNIT, VILLAGE
from tests.county import NOON

PLACES = (COUNTY, TOWN, VILLAGE, UNIT, OTHER_TOWN, FAR_VILLAGE, FAR_UNIT)
OWN = (VILLAGE, UNIT)
BY_TOWN = {Role.GRID_WORKER, Role.GRID_LEADER, Role.VILLAGE_OFFICER}
NOW = "2026-11-24T04:00:00.000Z"
LEVELS = {12: "village", 15: "unit"}


def fits(role: Role, area: str) -> bool:
    level = {COUNTY: "county", TOWN: "town", OTHER_TOWN: "town"}.get(area) or LEVELS[len(area)]
    return any(each.role is role and level in each.levels for each in roles.list_roles(NOW))


CASES = [(role, area) for role, area in product(Role, PLACES) if fits(role, area)]


def test_which_roles_a_town_fills_is_data():
    assert NOON.year == 2026
    assert {each.role for each in roles.list_roles(NOW) if each.by_town} == BY_TOWN


def test_a_town_gives_and_ends_the_duties_of_its_own_villages_and_no_other(office):
    for number, (role, area) in enumerate(CASES):
        may = role in BY_TOWN and area in OWN
        asked = {"name": f"new-{number}", "role": role.value, "area": area}

        given = office.post("/users", "town", asked)

        expected = 201 if may else 404 if area in (OTHER_TOWN, FAR_VILLAGE, FAR_UNIT) else 403
        assert given.status_code == expected, (role, area, given.text)
        if may:
            duty = given.json["duties"][0]["id"]
            assert office.post(f"/users/new-{number}/duties/{duty}/end", "town", {}).status_code == 200


@pytest.mark.parametrize(("role", "area"), [case for case in CASES if not (case[0] in BY_TOWN and case[1] in OWN)])
def test_a_town_touches_nobody_who_also_is_something_else(office, role, area):
    office.do(lambda tx: enrolment.add_duty(tx, "worker", role=role, area=area, by="command"))
    before = office.every_row()

    answers = [
        office.post("/users/worker/key", "town", {"replace": True}),
        office.post("/users/worker/duties", "town", {"role": "grid_leader", "area": VILLAGE}),
        office.post("/users/worker/move", "town", {"area": NEXT_UNIT}),
        office.post("/users/worker/revocation", "town"),
        office.post("/users/worker/password", "town"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert office.every_row() == before


def test_of_somebody_with_several_duties_a_town_ends_its_own(office):
    office.do(lambda tx: enrolment.add_duty(tx, "worker", role="police", area=VILLAGE, by="command"))
    mine, police = office.get("/users/worker", "town").json["duties"]

    assert office.post(f"/users/worker/duties/{police['id']}/end", "town", {}).status_code == 403
    assert office.post(f"/users/worker/duties/{mine['id']}/end", "town", {}).status_code == 200


@pytest.mark.parametrize("body", ["dept-gas"])
def test_a_town_lets_nobody_act_for_a_body_of_the_county(office, body):
    answer = office.post("/users", "town", {"name": "sly", "role": "grid_worker", "area": UNIT, "body": body})

    assert answer.status_code == 403


def test_a_town_makes_no_password_of_others_and_moves_nobody_out(office):
    assert office.post("/users/officer/password", "town").status_code == 403
    assert office.post("/users/officer/move", "town", {"area": FAR_VILLAGE}).status_code == 404
    assert office.post("/users/town/key", "town", {}).status_code == 403
    assert office.post("/users/stranger/key", "town", {}).status_code == 404


def test_a_town_prints_the_cards_of_its_villages_and_the_audit_says_so(office):
    card = office.post("/users/officer/key", "town", {})

    assert card.status_code == 201
    with office.store.reading() as reading:
        found = [(entry.actor, entry.event) for entry in chain.list_about(reading, "officer")]
    assert found[-1] == ("town", "phone_key.issue")


@pytest.mark.parametrize("name", ["worker", "officer", "brigade", "gas", "viewer"])
def test_nobody_else_fills_any(office, name):
    for role, area in CASES:
        answer = office.post("/users", name, {"name": "sly", "role": role.value, "area": area})

        assert answer.status_code == 403, (role, area, answer.text)
