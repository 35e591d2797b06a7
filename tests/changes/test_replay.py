"""A history tells what a record showed at any version, and all that was merged into it."""

from __future__ import annotations

import pytest

from server.changes.domain import record_history, revise
from server.problems.domain.problems import ProblemKind
from sync.changes import Dot, Verdict
from tests.changes.test_revise import LATER, STATIONS, a_context, a_station


def history():
    """Four versions: made with 6 hoses, 7 by another, a note that was only recorded, head by the first hand."""
    first = revise.create(
        a_context(fields={"label": "一号站", "hoses": "6", "area": "x", "beds": "2"}), area="1", path="p"
    )
    second = revise.edit(
        first.record, a_context("edit", seq=2, fields={"hoses": ("6", "7")}, base_version=1, dot=Dot("b", 1))
    )
    third = revise.keep_in_history(
        second.record, a_context("note", seq=3), Verdict.RECORDED, "已留存。", ProblemKind.RECORDED
    )
    fourth = revise.edit(
        third.record, a_context("edit", at=LATER, seq=4, fields={"head": (None, "甲")}, base_version=3, dot=Dot("a", 2))
    )
    return [first, second, third, fourth]


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_every_version_can_be_shown_again(version):
    revised = history()
    later = [each.revision.diff for each in reversed(revised[version:])]

    shown = record_history.fields_before(revised[-1].record, later)

    then = revised[version - 1].record
    assert shown == {**then.fields, "label": then.label}


def test_a_value_that_came_later_was_not_there_before():
    record = a_station(head="甲")

    assert record_history.fields_before(record, [{"head": (None, "甲")}]) == {"label": "一号站"}


def test_what_was_merged_is_told_without_claims_and_misfits_and_with_what_its_author_saw():
    told = record_history.received([each.revision for each in history()], STATIONS)

    assert [(entry.version, entry.dot) for entry in told] == [(1, ("phone-a", 1)), (2, ("b", 1)), (4, ("a", 2))]
    assert told[0].values == {"label": "一号站", "hoses": "6"}
    assert told[1].seen == {"hoses": "6", "label": "一号站"}
    assert told[2].seen == {"hoses": "7", "label": "一号站"}


def test_without_a_base_what_the_device_said_it_saw_counts():
    record = a_station(hoses="6")
    made = revise.edit(record, a_context("edit", seq=2, fields={"hoses": ("5", "7"), "head": "乙"}, base_version=None))

    told = record_history.received([made.revision], STATIONS)

    assert told[0].base_version is None
    assert told[0].seen == {"hoses": "5"}


def test_a_value_that_went_is_not_seen_afterwards():
    made = revise.edit(a_station(hoses="6"), a_context("edit", seq=2, fields={"hoses": ("6", "")}, base_version=1))
    gone = made.revision.diff | {"hoses": ("6", None)}
    first, later = (
        made.revision,
        revise.edit(
            made.record, a_context("edit", seq=3, fields={"head": "乙"}, base_version=2, dot=Dot("c", 1))
        ).revision,
    )
    object.__setattr__(first, "diff", gone)

    assert "hoses" not in record_history.received([first, later], STATIONS)[1].seen
