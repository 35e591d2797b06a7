"""A village is merged into its neighbour: what it had is looked after by whoever looks after the heir."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest
from server.grid.domain.file_rows import SheetRow
from server.grid.usecases import loading
from server.people.store import people
from tests.county import County
from tests.field_clients import Client
from tests.filled_forms import a_hazard, new_uuid
from tests.valley import FAR_UNIT, FAR_VILLAGE, UNIT, VILLAGE


def merge_tomorrow(valley: County) -> None:
    tomorrow = (valley.clock.at + timedelta(days=1)).date().isoformat()
    row = SheetRow(2, {"code": FAR_VILLAGE, "ends": tomorrow, "successor": VILLAGE})
    valley.do(loading.load, [row], by="test")


@pytest.fixture
def merged(valley) -> str:
    """The id of a hazard in a village that has been merged into the next one since."""
    id = new_uuid()
    valley.phone("stranger").send(a_hazard(id, area=FAR_UNIT))
    merge_tomorrow(valley)
    valley.clock.pass_by(days=2)
    return id


def register(valley: County, id: str, name: str):
    return valley.do(lambda tx: interactive.change(tx, id, ChangeRequest("register", {}), by=people.actor(tx, name)))


def test_the_officer_of_the_heir_sees_and_decides_what_was_reported_before(valley, merged):
    assert merged in valley.phone("officer").list("hazard", "hazards.csv")

    outcome = register(valley, merged, "officer")

    assert outcome.record.status == "registered"
    assert outcome.record.area == FAR_UNIT


@pytest.mark.parametrize("area", [VILLAGE, FAR_VILLAGE])
def test_the_list_of_the_heir_shows_what_was_taken_in_and_the_old_code_can_still_be_asked_for(valley, merged, area):
    shown = {"Authorization": f"Key {valley.keys['officer']}"}

    answer = valley.app.test_client().get(f"/api/v1/records?area={area}", headers=shown)

    assert merged in [each["id"] for each in answer.json["items"]]


def test_a_phone_with_the_old_grid_may_go_on_reporting_under_the_old_code(valley, merged):
    id = new_uuid()

    answer = valley.phone("stranger").send(a_hazard(id, area=FAR_UNIT))

    assert answer.status_code == 201
    assert valley.record(id).area == FAR_UNIT
    assert id in valley.phone("officer").list("hazard", "hazards.csv")


def test_a_worker_of_one_unit_of_the_heir_sees_what_belongs_to_the_merged_village_itself(valley):
    brigade, worker = Client(valley, "brigade"), Client(valley, "worker")
    own, of_unit = (
        brigade.change(new_uuid(), area=area, fields={"label": ("", "站")}) for area in (FAR_VILLAGE, FAR_UNIT)
    )
    assert [each["verdict"] for each in brigade.push(own, of_unit)] == ["applied", "applied"]
    worker.pull()
    assert own["record"] not in worker.rows()

    merge_tomorrow(valley)
    valley.clock.pass_by(days=2)

    worker.pull()
    assert worker.rows().keys() & {own["record"], of_unit["record"]} == {own["record"]}
    assert own["record"] in valley.phone("worker").list()
    edit = worker.change(own["record"], "edit", base_version=1, fields={"head": ("", "乙")})
    assert worker.push(edit)[0]["verdict"] == "applied"


def test_a_worker_of_one_unit_of_the_heir_does_not_see_the_merged_village(valley, merged):
    assert merged not in valley.phone("worker").list("hazard", "hazards.csv")
    assert valley.record(merged).area != UNIT


def act(valley: County, id: str, name: str, action: str, **inputs: str):
    return valley.do(lambda tx: interactive.change(tx, id, ChangeRequest(action, inputs), by=people.actor(tx, name)))


def test_the_officer_of_the_heir_gives_what_was_reported_before_to_the_heirs_own_people(valley, merged):
    assigned = act(valley, merged, "officer", "assign", assignee="user:worker").record

    assert (assigned.status, assigned.assignee, assigned.area) == ("assigned", "user:worker", FAR_UNIT)
    assert merged in valley.phone("worker").list("hazard", "hazards.csv")
    assert act(valley, merged, "worker", "accept").record.status == "accepted"


def rows_by_village(valley: County, areas: str) -> dict[str, int]:
    answer = valley.get(f"/summaries/closure?by=village&period=year&areas={areas}", "brigade").json
    counted = {row["key"]: row["counts"]["reports"] for row in answer["rows"]}
    for row in answer["rows"]:
        address = row["cases"].removeprefix("/api/v1").replace("{&figure}", "&figure=reports")
        assert len(valley.get(address, "brigade").json["items"]) == row["counts"]["reports"]
    return {code: n for code, n in counted.items() if n}


def test_figures_count_what_was_taken_in_under_the_heir_or_as_it_was_recorded(valley, merged):
    assert rows_by_village(valley, "current") == {VILLAGE: 1}
    assert rows_by_village(valley, "recorded") == {FAR_VILLAGE: 1}

    asked = f"/summaries/closure?area={FAR_VILLAGE}&period=year&areas="
    assert valley.get(f"{asked}current", "brigade").json["total"]["counts"]["reports"] == 0
    assert valley.get(f"{asked}recorded", "brigade").json["total"]["counts"]["reports"] == 1
