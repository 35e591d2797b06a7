"""A grid sheet is judged as a whole: every bad row at once, every good row dated and never deleted."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import GridRefused
from server.grid.domain import file_check
from server.grid.domain.areas import Area, Level, parent_code
from server.grid.domain.closing import open_ended
from server.grid.domain.file_cells import beginning_of
from server.grid.domain.file_check import Checked
from server.grid.domain.file_rows import Fault, SheetRow
from server.instants import BEGINNING, FOREVER

TODAY = "2026-07-05"
COUNTY, TOWN, OTHER_TOWN = "130630000000", "130630100000", "130630106000"
GU, ZHANG, JING = "130630100228", "130630100229", "130630106201"
JULY = beginning_of("2026-07-01")


def a_sheet(*rows: dict[str, str]) -> list[SheetRow]:
    """The rows of a sheet whose header stands in line 1."""
    return [SheetRow(line, cells) for line, cells in enumerate(rows, 2)]


def a_row(code: str, name: str = "", **cells: str) -> dict[str, str]:
    return {"code": code, "name": name, **cells}


COUNTY_ROWS = (
    a_row(COUNTY, "涞源县"),
    a_row(TOWN, "涞源镇"),
    a_row(OTHER_TOWN, "白石山镇"),
    a_row(GU, "顾家营村村民委员会"),
    a_row(ZHANG, "张家村村民委员会"),
    a_row(JING, "荆山口村村民委员会"),
)


def after(known: dict[str, Area], checked: Checked) -> dict[str, Area]:
    """The grid that a checked sheet leaves."""
    grid = known | {area.code: area for area in checked.added}
    for renaming in checked.renamed:
        area = grid[renaming.code]
        assert area.name == renaming.old
        grid[renaming.code] = Area(area.code, renaming.new, area.level, area.parent, area.valid_from, area.valid_to)
    return grid | {area.code: area for area in checked.ended}


def a_county() -> dict[str, Area]:
    return after({}, file_check.check(a_sheet(*COUNTY_ROWS), {}, "2020-01-01"))


def updated(known: dict[str, Area], *rows: dict[str, str]) -> tuple[Checked, dict[str, Area]]:
    checked = file_check.check(a_sheet(*rows), known, TODAY)
    return checked, after(known, checked)


def faults_of(rows: Iterable[SheetRow], known: dict[str, Area] | None = None) -> list[Fault]:
    with pytest.raises(GridRefused) as refusal:
        file_check.check(rows, known or {}, TODAY)
    return [Fault(**error) for error in refusal.value.data["errors"]]


# A first grid


def test_a_first_grid_has_always_been_there_and_every_village_has_a_unit():
    checked = file_check.check(a_sheet(*COUNTY_ROWS), {}, TODAY)

    units = [area for area in checked.added if area.level is Level.UNIT]
    assert [unit.code for unit in units] == [GU + "001", ZHANG + "001", JING + "001"]
    assert {unit.name for unit in units} == {"第1单元"}
    assert {area.valid_from for area in checked.added} == {BEGINNING}
    assert checked.warnings == checked.ended == checked.renamed == ()


def test_a_village_that_brings_its_units_gets_no_other():
    rows = a_sheet(*COUNTY_ROWS, a_row(GU + "007", "东片"))

    checked = file_check.check(rows, {}, TODAY)

    assert [area.code for area in checked.added if area.parent == GU] == [GU + "007"]


@given(st.permutations(COUNTY_ROWS))
def test_the_order_of_rows_does_not_matter_and_parents_come_first(rows):
    checked = file_check.check(a_sheet(*rows), {}, TODAY)

    seen: set[str | None] = {None}
    for area in checked.added:
        assert area.parent in seen
        seen.add(area.code)
    assert checked.added == file_check.check(a_sheet(*COUNTY_ROWS), {}, TODAY).added


def test_level_and_parent_may_be_written_and_short_codes_do():
    rows = a_sheet(
        a_row("130630", "涞源县", level="县"),
        a_row("130630100", "涞源镇", level="乡镇", parent="130630"),
        a_row(GU, "顾家营村", level="village", parent="130630100"),
    )

    checked = file_check.check(rows, {}, TODAY)

    assert [(area.code, area.parent) for area in checked.added][:3] == [(COUNTY, None), (TOWN, COUNTY), (GU, TOWN)]


# Bad rows


def test_every_bad_row_is_named_at_once():
    rows = a_sheet(
        *COUNTY_ROWS,
        a_row("1.3063E+11", "石门村"),  # 8
        a_row("", "无码村"),  # 9
        a_row("130630100230", ""),  # 10
        a_row("130630999201", "孤村"),  # 11
        a_row(GU, "顾家营村"),  # 12
        a_row("130630100231", "甲村", level="乡镇"),  # 13
        a_row("130630100232", "乙村", parent=OTHER_TOWN),  # 14
        a_row("130630100233", "丙村", starts="2026-02-30"),  # 15
        a_row("130630100234", "丁村", successor=ZHANG),  # 16
        a_row("130629100201", "邻县村"),  # 17
        a_row("130630100235", "戊?村"),  # 18
        a_row("130630100236", "己村", level="省"),  # 19
        a_row("130630100237", "庚村", parent="无"),  # 20
        a_row(COUNTY + "001", "辛"),  # 21
    )

    faults = faults_of(rows)

    assert [(fault.line, fault.column) for fault in faults] == [
        (8, "code"), (9, "code"), (10, "name"), (11, "parent"), (12, "code"), (13, "level"), (14, "parent"),
        (15, "starts"), (16, "ends"), (17, "code"), (18, "name"), (19, "level"), (20, "parent"), (21, "code"),
    ]  # fmt: skip
    assert all(fault.reason and fault.cure for fault in faults)


def test_one_row_may_have_several_faults():
    assert [fault.column for fault in faults_of(a_sheet(a_row(COUNTY, "", level="村", parent="x")))] == [
        "name", "level", "parent",
    ]  # fmt: skip


def test_a_missing_town_is_the_fault_of_each_of_its_villages_and_of_nothing_deeper():
    rows = a_sheet(a_row(COUNTY, "涞源县"), a_row(GU, "顾家营村"), a_row(ZHANG, "张家村"), a_row(GU + "001", "东片"))

    assert [(fault.line, fault.value) for fault in faults_of(rows)] == [(3, TOWN), (4, TOWN)]


def test_the_village_of_a_badly_named_town_is_no_orphan():
    rows = a_sheet(a_row(COUNTY, "涞源县"), a_row(TOWN, ""), a_row(GU, "顾家营村"))

    assert [fault.line for fault in faults_of(rows)] == [3]


def test_a_sheet_without_a_county_is_refused_when_none_is_known():
    assert [fault.value for fault in faults_of(a_sheet(a_row(TOWN, "涞源镇")))] == [COUNTY]


def test_a_county_has_no_parent():
    [fault] = faults_of(a_sheet(a_row(COUNTY, "涞源县", parent=COUNTY)))

    assert "县没有上级" in fault.cure


CELLS = {
    "code": st.sampled_from([COUNTY, TOWN, GU, ZHANG, GU + "001", JING]) | st.text(max_size=9),
    "name": st.sampled_from(["顾家营村", "", "?"]) | st.text(max_size=9),
    "level": st.sampled_from(["", "村", "省"]),
    "starts": st.sampled_from(["", "2026-07-01", "2026-07-09", "x"]),
    "ends": st.sampled_from(["", "2026-07-03", "2026-07-08", "x"]),
    "successor": st.sampled_from(["", ZHANG, JING, "x"]),
}


@given(st.lists(st.fixed_dictionaries({}, optional=CELLS), max_size=8), st.booleans())
def test_whatever_a_sheet_says_it_is_taken_or_its_rows_are_named(cells, update):
    known = a_county() if update else {}
    lines = set()
    try:
        file_check.check(a_sheet(*cells), known, TODAY)
    except GridRefused as refusal:
        lines = {error["line"] for error in refusal.data["errors"]}

    assert lines <= set(range(2, 2 + len(cells)))


# Updates


def test_the_same_sheet_again_changes_nothing():
    known = a_county()

    checked, grid = updated(known, *COUNTY_ROWS)

    assert grid == known
    assert checked.unchanged == len(COUNTY_ROWS)


def test_a_new_village_begins_today_unless_it_says_otherwise():
    _, grid = updated(a_county(), a_row("130630100240", "新村"), a_row("130630100241", "旧村", starts="2026-01-01"))

    assert grid["130630100240"].valid_from == beginning_of(TODAY)
    assert grid["130630100240001"].valid_from == beginning_of(TODAY)
    assert grid["130630100241"].valid_from == grid["130630100241001"].valid_from == beginning_of("2026-01-01")


def test_a_known_village_is_not_given_another_unit():
    known = {code: area for code, area in a_county().items() if area.level is not Level.UNIT}

    assert updated(known, a_row(GU, "顾家营村"))[0].added == ()


def test_a_new_name_is_dated_and_keeps_the_old_one():
    checked, grid = updated(a_county(), a_row(GU, "顾营村", starts="2026-07-01"), a_row(ZHANG, "章家村"))

    assert [(each.old, each.new, each.since) for each in checked.renamed] == [
        ("顾家营村村民委员会", "顾营村", JULY),
        ("张家村村民委员会", "章家村", beginning_of(TODAY)),
    ]
    assert grid[GU].valid_from == BEGINNING


def test_a_name_cannot_change_in_the_future():
    [fault] = faults_of(a_sheet(a_row(GU, "顾营村", starts="2026-07-06")), a_county())

    assert (fault.line, fault.column) == (2, "starts")


def test_a_start_of_a_known_area_is_not_moved_and_says_so():
    checked, grid = updated(a_county(), a_row(GU, starts="2026-07-01"))

    assert grid == a_county()
    assert [warning.line for warning in checked.warnings] == [2]


def test_a_village_cannot_begin_before_its_town():
    rows = a_sheet(a_row("130630110000", "新镇", starts="2026-03-01"), a_row("130630110201", "村", starts="2026-02-01"))

    assert [(fault.line, fault.column) for fault in faults_of(rows, a_county())] == [(3, "starts")]


def test_a_village_begins_with_its_town_when_it_says_nothing():
    _, grid = updated(a_county(), a_row("130630110000", "新镇", starts="2026-09-01"), a_row("130630110201", "村"))

    assert grid["130630110201001"].valid_from == beginning_of("2026-09-01")


# Ends and successors


def test_a_village_ends_into_its_successor_with_its_units_and_stays_in_the_grid():
    checked, grid = updated(a_county(), a_row(GU, ends="2026-07-01", successor=ZHANG))

    assert (grid[GU].valid_to, grid[GU].successor, grid[GU].name) == (JULY, ZHANG, "顾家营村村民委员会")
    assert (grid[GU + "001"].valid_to, grid[GU + "001"].successor) == (JULY, None)
    assert checked.warnings == ()


def test_the_same_end_again_changes_nothing():
    row = a_row(GU, ends="2026-07-01", successor=ZHANG)
    _, known = updated(a_county(), row)

    checked, grid = updated(known, row)

    assert grid == known
    assert checked.unchanged == 1


def test_an_end_without_a_successor_is_worth_a_look():
    checked, grid = updated(a_county(), a_row(TOWN, ends="2026-07-01"))

    assert grid[GU].valid_to == grid[ZHANG + "001"].valid_to == JULY
    assert grid[JING].valid_to == FOREVER
    assert ["没有接替网格" in checked.warnings[0].message, "2 个村" in checked.warnings[1].message] == [True, True]


def test_a_successor_may_be_told_after_the_end():
    _, known = updated(a_county(), a_row(GU, ends="2026-07-01"))

    _, grid = updated(known, a_row(GU, ends="2026-07-01", successor=ZHANG))

    assert grid[GU].successor == ZHANG


def test_an_end_behind_us_is_history():
    _, known = updated(a_county(), a_row(GU, ends="2026-07-01", successor=ZHANG))

    for row in (
        a_row(GU, ends="2026-07-02", successor=ZHANG),
        a_row(GU, ends="2026-07-01", successor="130630100230"),
        a_row(GU, ends="2026-07-01"),
    ):
        rows = a_sheet(row, a_row("130630100230", "新村", starts="2026-01-01"))
        assert [(fault.line, fault.column) for fault in faults_of(rows, known)] == [(2, "ends")]


def test_an_end_ahead_of_us_may_still_move():
    _, known = updated(a_county(), a_row(GU, ends="2026-08-01", successor=ZHANG))

    _, grid = updated(known, a_row(GU, ends="2026-07-01", successor=ZHANG))

    assert grid[GU].valid_to == grid[GU + "001"].valid_to == JULY


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (a_row(GU, ends="2026-07-01", successor=GU), "successor"),
        (a_row(GU, ends="2026-07-01", successor="130630100299"), "successor"),
        (a_row(GU, ends="2026-07-01", successor=OTHER_TOWN), "successor"),
        (a_row(GU, ends="2026-07-01", successor="随便"), "successor"),
        (a_row(COUNTY, ends="2026-07-01"), "ends"),
        (a_row("130630100240", "新村", ends="2026-07-01"), "ends"),
    ],
)
def test_an_end_that_cannot_be_is_refused(row, column):
    assert [(fault.line, fault.column) for fault in faults_of(a_sheet(row), a_county())] == [(2, column)]


def test_two_villages_cannot_take_each_other_in():
    rows = a_sheet(a_row(GU, ends="2026-07-01", successor=ZHANG), a_row(ZHANG, ends="2026-07-01", successor=GU))

    assert [fault.line for fault in faults_of(rows, a_county())] == [2, 3]


def test_a_successor_that_ends_earlier_takes_the_blame_even_when_only_it_is_in_the_sheet():
    _, known = updated(a_county(), a_row(GU, ends="2026-08-01", successor=ZHANG))

    [fault] = faults_of(a_sheet(a_row(ZHANG, ends="2026-07-20", successor=JING)), known)

    assert (fault.line, fault.column) == (2, "successor")


def test_a_successor_that_ends_with_its_town_is_found_out():
    _, known = updated(a_county(), a_row(GU, ends="2026-08-01", successor=JING))

    [fault] = faults_of(a_sheet(a_row(OTHER_TOWN, ends="2026-07-20", successor=TOWN)), known)

    assert fault.line == 2


def test_a_village_cannot_outlive_its_town():
    rows = a_sheet(a_row(TOWN, ends="2026-07-01", successor=OTHER_TOWN), a_row(GU, ends="2026-07-15", successor=JING))

    assert [(fault.line, fault.column) for fault in faults_of(rows, a_county())] == [(3, "ends")]


def test_nothing_new_begins_in_a_town_that_has_ended():
    _, known = updated(a_county(), a_row(TOWN, ends="2026-07-01", successor=OTHER_TOWN))

    assert [fault.line for fault in faults_of(a_sheet(a_row("130630100240", "新村")), known)] == [2]


def test_a_town_cannot_end_before_what_is_to_begin_in_it():
    _, known = updated(a_county(), a_row("130630100240", "新村", starts="2026-09-01"))

    [fault] = faults_of(a_sheet(a_row(TOWN, ends="2026-08-01", successor=OTHER_TOWN)), known)

    assert "130630100240" in fault.reason


def test_units_may_go_to_other_units_before_their_village_ends():
    _, grid = updated(
        a_county(),
        a_row(GU, ends="2026-07-01", successor=ZHANG),
        a_row(GU + "001", ends="2026-07-01", successor=ZHANG + "002"),
        a_row(ZHANG + "002", "顾家营片", starts="2026-07-01"),
    )

    assert grid[GU + "001"].successor == ZHANG + "002"


@given(
    st.lists(
        st.tuples(
            st.sampled_from([GU, ZHANG, JING, TOWN, OTHER_TOWN]),
            st.integers(1, 28),
            st.sampled_from([GU, ZHANG, JING, TOWN, OTHER_TOWN, ""]),
        ),
        max_size=12,
    )
)
def test_in_any_history_successors_lead_on_and_come_to_an_end(story):
    grid = a_county()
    for code, day, successor in story:
        row = a_row(code, ends=f"2026-07-{day:02d}", successor=successor)
        try:
            _, grid = updated(grid, row)
        except GridRefused:
            continue

    assert set(grid) == set(a_county())
    for area in grid.values():
        assert area.parent == parent_code(area.code)
        assert area.parent is None or area.valid_to <= grid[area.parent].valid_to
        seen = [area]
        while seen[-1].successor:
            seen.append(grid[seen[-1].successor])
            assert seen[-2].valid_to < seen[-1].valid_to
            assert seen[-2].level is seen[-1].level


# Names


def test_the_same_name_in_two_towns_is_worth_a_look():
    checked = file_check.check(a_sheet(*COUNTY_ROWS, a_row("130630106229", "张家村")), {}, TODAY)

    [warning] = checked.warnings
    assert (warning.line, warning.value) == (8, "张家村")
    assert ZHANG in warning.message
    assert "白石山镇" in warning.message


def test_the_same_name_of_units_matters_inside_one_village_alone():
    units = [a_row(code, "东片") for code in (GU + "001", GU + "002", ZHANG + "001")]

    checked = file_check.check(a_sheet(*COUNTY_ROWS, *units), {}, TODAY)

    [warning] = checked.warnings
    assert ZHANG not in warning.message


def test_a_known_pair_of_names_is_not_told_again():
    known = after({}, file_check.check(a_sheet(*COUNTY_ROWS, a_row("130630106229", "张家村")), {}, TODAY))

    assert updated(known, a_row(ZHANG), a_row("130630106229", "张家村"))[0].warnings == ()


def test_the_name_of_an_ended_village_is_free():
    _, known = updated(a_county(), a_row(GU, ends="2026-07-01", successor=ZHANG))

    assert updated(known, a_row("130630100240", "顾家营村"))[0].warnings == ()


def test_an_area_before_its_end_is_as_it_was():
    _, grid = updated(a_county(), a_row(GU, ends="2026-07-01", successor=ZHANG))

    assert open_ended(grid[GU]) == a_county()[GU]
