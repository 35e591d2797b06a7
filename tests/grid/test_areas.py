"""The store of areas keeps the grid as it stands and shows each caller their part of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from server.audit.domain.entries import Entry
from server.audit.store import chain
from server.audit.usecases.recording import record
from server.db import database
from server.errors import Invalid, NotFound
from server.grid.domain.areas import Area, Level, Place, path_of, predecessors
from server.grid.domain.file_cells import beginning_of
from server.grid.domain.file_rows import SheetRow
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.grid.usecases import files, loading
from server.instants import BEGINNING, FOREVER
from server.people.domain.actors import Duty, Role, scope_of
from tests.county import new_database

NOW = datetime(2026, 7, 5, 2, 0, tzinfo=UTC)
COUNTY, TOWN, JING = "130630000000", "130630100000", "130630106201"
GU, ZHANG, NEXT = "130630100228", "130630100229", "130630100227"
EVERYTHING = Scope(places=(Place("130630"),))


@pytest.fixture
def store(tmp_path):
    """The store of a county with the shipped grid."""
    new_database(tmp_path)
    opened = database.open_inline(tmp_path, clock=lambda: NOW)
    opened.write(lambda tx: loading.load(tx, files.shipped_rows(), by="init"))
    yield opened
    opened.close()


@pytest.fixture
def reading(store):
    with store.reading() as reading:
        yield reading


def merge(store, old: str, into: str, day: str) -> None:
    row = SheetRow(2, {"code": old, "ends": day, "successor": into})
    store.write(lambda tx: loading.load(tx, [row], by="lin"))


def scope_for(role: Role, area: str) -> Scope:
    return scope_of("gw-1", (Duty(role, area),))


def test_an_area_is_found_by_its_long_and_its_short_code(reading):
    assert areas.get(reading, "130630") == areas.get(reading, COUNTY)
    village = Area(JING, "荆山口村村民委员会", Level.VILLAGE, "130630106000", BEGINNING, FOREVER)
    assert areas.get(reading, JING) == village
    assert areas.find(reading, "130630999000") is None


def test_an_area_that_is_not_there_is_refused_and_so_is_nonsense(reading):
    with pytest.raises(NotFound):
        areas.get(reading, "130630999")
    with pytest.raises(Invalid):
        areas.get(reading, "白石山镇")


def test_the_county_opens_into_towns_villages_and_units(reading):
    assert [area.code for area in areas.list_children(reading, None, EVERYTHING)] == [COUNTY]
    assert len(list(areas.list_children(reading, COUNTY, EVERYTHING))) == 17
    assert len(list(areas.list_children(reading, TOWN, EVERYTHING))) == 27
    assert [area.code for area in areas.list_children(reading, JING, EVERYTHING)] == [JING + "001"]


def test_a_worker_sees_the_way_to_their_unit_and_nothing_beside_it(reading):
    scope = scope_for(Role.GRID_WORKER, JING + "001")

    way = [None, COUNTY, "130630106000", JING]
    assert [[area.code for area in areas.list_children(reading, step, scope)] for step in way] == [
        [COUNTY], ["130630106000"], [JING], [JING + "001"],
    ]  # fmt: skip
    assert list(areas.list_children(reading, TOWN, scope)) == []
    assert [area.code for area in areas.list_inside(reading, Place("130630"), scope)] == [JING, JING + "001"]


def test_a_town_station_sees_its_town_and_what_lies_in_it(reading):
    scope = scope_for(Role.TOWN_STATION, "130630106")

    inside = list(areas.list_inside(reading, Place("130630"), scope))

    assert len(inside) == 1 + 21 + 21
    assert [area.path for area in inside] == sorted(area.path for area in inside)
    assert list(areas.list_inside(reading, Place("130630/100"), scope)) == []


def test_who_has_no_duty_sees_no_area(reading):
    assert list(areas.list_inside(reading, Place("130630"), Scope())) == []
    assert list(areas.list_children(reading, None, Scope())) == []


def test_units_to_work_in_are_those_in_force(store):
    merge(store, GU, ZHANG, "2026-07-01")

    with store.reading() as reading:
        units = list(areas.list_units(reading, scope_for(Role.TOWN_STATION, TOWN)))

    assert len(units) == 26
    assert {unit.level for unit in units} == {Level.UNIT}
    assert GU + "001" not in {unit.code for unit in units}


def test_names_are_official_and_full_names_are_spoken(reading):
    codes = [JING, JING + "001", COUNTY, "130630106000", "130630999000"]

    assert areas.names(reading, codes)[JING] == "荆山口村村民委员会"
    assert areas.full_names(reading, codes) == {
        JING: "白石山镇 荆山口村",
        JING + "001": "白石山镇 荆山口村 第1单元",
        COUNTY: "涞源县",
        "130630106000": "白石山镇",
    }
    assert areas.full_name(reading, "130630106") == "白石山镇"
    with pytest.raises(NotFound):
        areas.full_name(reading, "130630999")


def test_all_names_of_a_county_come_at_once(reading):
    whole = areas.whole_grid(reading)

    assert areas.names(reading, whole) == {code: area.name for code, area in whole.items()}


def test_the_audit_tells_what_was_done_in_order(store):
    store.write(lambda tx: record(tx, Entry("area.rename", "lin", JING, {"why": "核对"})))

    with store.reading() as reading:
        [entry] = chain.list_about(reading, JING)

    assert (entry.actor, entry.event, entry.details) == ("lin", "area.rename", {"why": "核对"})
    assert entry.at == "2026-07-05T02:00:00.000Z"


# Where the territory of an area is today


def test_a_merged_village_belongs_to_the_one_that_took_it_in_through_any_number_of_mergers(store):
    merge(store, GU, ZHANG, "2026-07-01")
    merge(store, ZHANG, NEXT, "2026-07-03")

    with store.reading() as reading:
        successions = areas.successions(reading)
        days = map(beginning_of, ("2026-06-30", "2026-07-01", "2026-07-03"))
        found = [[set(predecessors(Place(path_of(code)), successions, day)) for code in (ZHANG, NEXT)] for day in days]

    gu, zhang = path_of(GU), path_of(ZHANG)
    assert found == [[set(), set()], [{gu}, set()], [{gu}, {gu, zhang}]]
