"""What is wrong with a form is told at once, though the tool that converts it stops at the first row it refuses."""

from __future__ import annotations

import pytest

from server.errors import FormRefused
from server.forms.usecases.xlsform import child_process, conversion

HEAD = "| survey |\n| | type | name | label | relevant |\n"
FOOT = (
    "| choices |\n| | list_name | name | label |\n| | yes_no | yes | 是 |\n"
    "| settings |\n| | form_title | form_id | version |\n| | 试 | try | 1 |\n"
)


def faults_of(rows: str, foot: str = FOOT) -> list[tuple[str, int]]:
    with pytest.raises(FormRefused) as refused:
        conversion.read_outcome(child_process.converted(f"{HEAD}{rows}{foot}".encode(), ".md"))
    return [(each["sheet"], each["row"]) for each in refused.value.data["errors"]]


def test_several_rows_that_the_tool_refuses_are_all_named():
    rows = "| | textt | a | 甲 | |\n| | text | b | 乙 | |\n| | wrong | c | x | |\n| | select_one nothing | d | 丁 | |\n"

    assert {("survey", 2), ("survey", 4), ("survey", 5)} <= set(faults_of(rows))


def test_what_our_own_checks_find_stands_beside_what_the_tool_finds():
    rows = "| | text | a b | 甲 | |\n| | textt | c | 乙 | |\n| | text | d | 丙 | ${nothing} = 'x' |\n"

    assert {("survey", 2), ("survey", 3), ("survey", 4)} <= set(faults_of(rows))


def test_a_row_that_was_set_aside_is_still_found_by_what_refers_to_it():
    rows = "| | textt | a | 甲 | |\n| | text | b | 乙 | ${a} = 'x' |\n"

    assert faults_of(rows) == [("survey", 2)]


def test_without_any_choices_the_other_rows_are_told_too():
    rows = "| | select_one nothing | a | 甲 | |\n| | textt | b | 乙 | |\n"
    without = FOOT[FOOT.index("| settings") :]

    assert ("survey", 3) in faults_of(rows, without)


def test_each_fault_is_told_once():
    found = faults_of("| | textt | a | 甲 | |\n| | textt | a | 乙 | |\n")

    assert len(found) == len(set(found))
