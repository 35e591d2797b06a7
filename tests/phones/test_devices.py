"""Phones and laptops are told by their last contact, and a form says how many of its phones are behind."""

from __future__ import annotations

import pytest

from tests.case_land import CASE_NEW, UNIT


def devices(land, name: str, query: str = "") -> dict[str, dict]:
    answer = land.valley.get(f"/devices{query}", name)
    assert answer.status_code == 200, answer.text
    return {each["person"]: each for each in answer.json["items"]}


def in_contact(land, name: str, **headers: str) -> None:
    assert land.valley.phone(name).get("formList?deviceID=collect:abc", **headers).status_code == 200


def test_a_phone_is_told_with_its_last_contact_and_what_it_calls_itself(land):
    in_contact(land, "worker", User_Agent="org.odk.collect.android/v2026.2.1")

    found = devices(land, "town")["worker"]

    assert (found["kind"], found["area"], found["contact"], found["advice"]) == ("phone", UNIT, "recent", "")
    assert found["app_version"] == "org.odk.collect.android/v2026.2.1"


@pytest.mark.parametrize(("days", "contact"), [(6, "recent"), (8, "quiet"), (29, "quiet"), (31, "lost")])
def test_a_silent_phone_calls_for_looking_after(land, days, contact):
    in_contact(land, "worker")
    land.clock.pass_by(days=days)

    found = devices(land, "town")["worker"]

    assert found["contact"] == contact
    assert bool(found["advice"]) is (contact != "recent")
    assert ("worker" in devices(land, "town", "?contact=lost")) is (contact == "lost")


def test_a_card_that_was_never_scanned_stands_at_the_end(land):
    in_contact(land, "worker")

    items = land.valley.get("/devices", "brigade").json["items"]

    silent = [each["contact"] == "never" for each in items]
    assert silent == sorted(silent) and any(silent)
    assert not silent[[each["person"] for each in items].index("worker")]


def test_devices_are_those_of_people_whom_one_may_see(land):
    in_contact(land, "worker")

    assert "worker" in devices(land, "officer")
    assert devices(land, "worker") == {}
    assert "worker" not in devices(land, "city")


def holders(land, name: str = "brigade") -> tuple[int, int, int]:
    found = land.valley.get("/forms/case_new/phones", name).json
    return found["older"], found["current"], found["silent"]


def test_a_form_says_how_many_phones_are_behind(land):
    land.report("worker")
    in_contact(land, "neighbour")
    before = holders(land)
    land.clock.pass_by(days=1)
    land.valley.publish(CASE_NEW.replace("| 1 |", "| 2 |"))

    published = holders(land)
    land.clock.pass_by(days=1)
    in_contact(land, "neighbour")
    land.report("worker")  # its phone was offline while the new version came, and fills in the one it has

    in_all = sum(before)
    assert before == (0, 1, in_all - 1)
    assert published == (in_all - 1, 0, 1)  # that of the brigade asks for this, and so is in contact
    assert holders(land) == (in_all - 2, 0, 2)
    assert holders(land, "worker") == (0, 0, 0)
    assert land.valley.get("/forms/none/phones", "brigade").status_code == 404
