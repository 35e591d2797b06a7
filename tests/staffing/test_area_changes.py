"""The grid is changed one area at a time, looked at first; duties follow, records stay, old codes are still taken."""

from __future__ import annotations

import pytest

from server.audit.store import chain
from server.errors import Invalid, NotAllowed, NotFound
from server.grid.store import areas
from server.people.store import people
from server.staffing.usecases import area_changes, area_previews
from tests.api_county import COUNTY, NEXT_UNIT, NEXT_VILLAGE, TOWN, UNIT, VILLAGE, add_record
from tests.county import EVERYTHING

SOON, SOON_AT, NUMBER = "2027-01-01", "2026-12-31T16:00:00.000Z", "涞政批〔2026〕18号"
FOLLOWS = f"{NEXT_VILLAGE}002"


def actor(county, name: str = "admin"):
    with county.store.reading() as reading:
        return people.actor(reading, name)


def preview(county, make, *arguments, by: str = "admin"):
    who = actor(county, by)
    with county.store.reading() as reading:
        return make(reading, *arguments, by=who)


def change(county, make, *arguments, by: str = "admin"):
    who = actor(county, by)
    return county.do(lambda tx: make(tx, *arguments, by=who))


def duties(county, name: str) -> list[tuple[str, str]]:
    with county.store.reading() as reading:
        found = people.get(reading, name, EVERYTHING).duties
    return [(duty.area, duty.starts_at) for duty in found if duty.ends_at > SOON_AT and duty.starts_at < duty.ends_at]


def area(county, code: str):
    with county.store.reading() as reading:
        return areas.get(reading, code)


def test_a_merger_is_looked_at_before_anything_changes(county_to_change):
    add_record(county_to_change, "one", "worker", {"label": "商店｜隐患"}, type="hazards", action="report", area=UNIT)
    before = county_to_change.every_row()

    found = preview(county_to_change, area_previews.of_merger, VILLAGE, NEXT_VILLAGE, SOON)

    assert county_to_change.every_row() == before
    assert found.open_cases >= 1
    assert {each.name for each in found.duties} == {"worker", "officer"}
    assert found.units == {UNIT: "荆山口村第1单元"}
    assert (found.takes_old_code, found.faults) == (True, ())


def test_duties_and_units_follow_and_cases_stay_and_are_seen_by_who_took_over(county_to_change):
    record = add_record(
        county_to_change, "one", "worker", {"label": "商店｜隐患"}, type="hazards", action="report", area=UNIT
    )

    change(county_to_change, area_changes.merge, VILLAGE, NEXT_VILLAGE, SOON, NUMBER)

    assert (area(county_to_change, VILLAGE).successor, area(county_to_change, VILLAGE).valid_to) == (
        NEXT_VILLAGE, SOON_AT,
    )  # fmt: skip
    assert (area(county_to_change, UNIT).successor, area(county_to_change, FOLLOWS).name) == (
        FOLLOWS, "荆山口村第1单元",
    )  # fmt: skip
    assert duties(county_to_change, "officer") == [(NEXT_VILLAGE, SOON_AT)]
    assert duties(county_to_change, "worker") == [(FOLLOWS, SOON_AT)]
    assert record is not None
    with county_to_change.store.reading() as reading:
        [entry] = [each for each in chain.list_about(reading, VILLAGE) if each.event == "area.merge"]
    assert entry.details["basis"] == NUMBER


def test_a_merger_sent_twice_is_made_once(county_to_change):
    change(county_to_change, area_changes.merge, VILLAGE, NEXT_VILLAGE, SOON, NUMBER)
    before = county_to_change.every_row()

    change(county_to_change, area_changes.merge, VILLAGE, NEXT_VILLAGE, SOON, NUMBER)

    assert county_to_change.every_row() == before


@pytest.mark.parametrize(
    ("into", "day", "field"),
    [
        (VILLAGE, SOON, "into"),
        (TOWN, SOON, "into"),
        ("130630999999", SOON, "into"),
        ("", SOON, "into"),
        (NEXT_VILLAGE, "2026-02-30", "from"),
        (NEXT_VILLAGE, "", "from"),
    ],
)
def test_what_cannot_be_merged_is_told_by_field_and_changes_nothing(office, into, day, field):
    before = office.every_row()

    found = preview(office, area_previews.of_merger, VILLAGE, into, day)
    with pytest.raises(Invalid):
        change(office, area_changes.merge, VILLAGE, into, day, NUMBER)

    assert field in {each["field"] for each in found.faults}
    assert office.every_row() == before


def test_a_closing_warns_and_ends_the_duties(office):
    found = preview(office, area_previews.of_closing, VILLAGE, SOON)
    change(office, area_changes.close, VILLAGE, SOON, "")

    assert "2 个岗位结束" in found.warnings[0]
    assert duties(office, "officer") == duties(office, "worker") == []


def test_a_new_name_holds_from_today_and_the_old_one_is_on_record(office):
    change(office, area_changes.rename, VILLAGE, "荆山口新村")

    assert area(office, VILLAGE).name == "荆山口新村"
    with office.store.reading() as reading:
        assert [each.details["old"] for each in chain.list_about(reading, VILLAGE)] == ["荆山口村村民委员会"]


def test_a_unit_is_added_once(office):
    added, is_new = change(office, area_changes.add_unit, VILLAGE, "", "")
    named = [change(office, area_changes.add_unit, VILLAGE, "河西", "") for _ in range(2)]

    assert (added.code, added.name, is_new) == (f"{VILLAGE}002", "第2单元", True)
    assert [(each.code, fresh) for each, fresh in named] == [(f"{VILLAGE}003", True), (f"{VILLAGE}003", False)]


@pytest.mark.parametrize("name", ["town", "officer", "brigade", "worker", "viewer"])
def test_the_county_alone_changes_the_grid(office, name):
    for make, arguments in (
        (area_changes.merge, (VILLAGE, NEXT_VILLAGE, SOON, NUMBER)),
        (area_changes.close, (VILLAGE, SOON, NUMBER)),
        (area_changes.rename, (VILLAGE, "甲")),
        (area_changes.add_unit, (VILLAGE, "", "")),
    ):
        with pytest.raises((NotAllowed, NotFound)):
            change(office, make, *arguments, by=name)


def test_a_unit_is_merged_into_another_and_towns_take_a_file(office):
    change(office, area_changes.merge, UNIT, NEXT_UNIT, SOON, "")
    with pytest.raises(Invalid) as refused:
        change(office, area_changes.merge, TOWN, COUNTY, SOON, "")

    assert duties(office, "worker") == [(NEXT_UNIT, SOON_AT)]
    assert "网格文件" in refused.value.message
