"""Making the next revision: workflow decides how a case is born, merge decides the fields, nothing is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cases.domain import workflow
from server.cases.domain.calendars import shipped
from server.changes.domain import revise
from server.changes.domain.revise import NewCase
from server.changes.domain.write_context import WriteContext, observed_at
from server.forms.domain.fields import Field
from server.forms.domain.record_types import Kind, RecordType
from server.problems.domain.problems import ProblemKind
from sync.changes import Change, Dot, FieldWrite, Verdict
from sync.merge import FieldRule, MergePolicy

NOON, LATER = "2026-11-24T04:00:00.000Z", "2026-11-24T05:00:00.000Z"
FIELDS = (
    Field("head", "站长"),
    Field("hoses", "水带数", "int"),
    Field("level", "等级", group="readiness"),
    Field("lack", "", group="readiness"),
    Field("checked_on", "检查日期", "date", merge=MergePolicy.LATEST),
)
STATIONS = RecordType("stations", "微型站", Kind.PROFILE, {field.name: field for field in FIELDS})
HAZARDS = RecordType("hazards", "隐患", Kind.CASE, {"item": Field("item", "隐患")})
RULES = {
    "level": FieldRule(group="readiness"),
    "lack": FieldRule(group="readiness"),
    "checked_on": FieldRule(policy=MergePolicy.LATEST),
}


def a_context(
    action: str = "create", type: RecordType = STATIONS, at: str = NOON, seq: int = 1, **more
) -> WriteContext:
    """Return what the server knows of a change; ``fields`` are new values or (seen, new)."""
    fields = {
        name: FieldWrite(*value) if isinstance(value, tuple) else FieldWrite(None, value)
        for name, value in more.pop("fields", {}).items()
    }
    known = {
        name: more.pop(name) for name in ("late", "seen_members", "base", "arrived_at", "submission") if name in more
    }
    dot = more.pop("dot", Dot("phone-a", seq))
    change = Change(f"change {seq}", "record", type.name, action, dot, fields, **more)
    return WriteContext(change, type, RULES if type is STATIONS else {}, "worker", at, seq, **known)


def a_station(**values: str):
    made = revise.create(
        a_context(fields={"label": "一号站"} | values), area="130630100201001", path="130630/100/201/001"
    )
    return made.record


def test_a_record_begins_at_version_one_with_all_that_fits():
    made = revise.create(a_context(fields={"label": "一号站", "head": "甲", "hoses": "6"}), area="1", path="p")

    assert (made.record.version, made.record.label, made.record.author) == (1, "一号站", "worker")
    assert made.record.fields == {"head": "甲", "hoses": "6"}
    assert (made.verdict, made.problems, made.conflicts) == (Verdict.APPLIED, (), ())
    assert made.revision.diff == {"head": (None, "甲"), "hoses": (None, "6"), "label": (None, "一号站")}


def test_what_does_not_fit_is_named_once_and_the_rest_applies():
    made = revise.create(
        a_context(fields={"head": "甲", "hoses": "很多", "beds": "2", "area": "x", "label": "站"}),
        area="1", path="p",
    )  # fmt: skip

    assert made.record.fields == {"head": "甲"}
    assert [problem.kind for problem in made.problems] == [ProblemKind.MISFIT]
    assert made.problems[0].detail["values"] == {"hoses": "很多", "beds": "2"}
    assert "台账里没有这个字段" in made.problems[0].message
    assert set(made.revision.received) == {"head", "hoses", "beds", "area", "label"}


@pytest.mark.parametrize("label", [None, "", "  "])
def test_a_record_without_a_name_is_called_by_its_type_and_day(label):
    fields = {} if label is None else {"label": label}

    made = revise.create(a_context(fields=fields), area="1", path="p")

    assert made.record.label == "微型站 2026-11-24"
    assert [problem.kind for problem in made.problems] == [ProblemKind.LABEL_MISSING]


def test_a_create_whose_authors_duty_has_ended_is_late():
    made = revise.create(a_context(fields={"label": "站"}, late=True), area="1", path="p")

    assert made.verdict is Verdict.LATE


@pytest.mark.parametrize(
    ("action", "spot_ok", "status", "closed_at", "month"),
    [
        ("report", True, "reported", None, None),
        ("create", False, "reported", None, None),
        ("spot_close", False, "feedback", None, "2026-11"),
        ("spot_close", True, "spot_closed", NOON, "2026-11"),
    ],
)
def test_a_case_is_born_by_the_table(action, spot_ok, status, closed_at, month):
    made = revise.create(
        a_context(action, HAZARDS, fields={"item": "wires", "status": "void", "label": "三号楼"}),
        area="1", path="p",
        new_case=NewCase(workflow.initial_status(action, spot_ok=spot_ok), shipped(), "荆山口村", "2026-000001"),
    )  # fmt: skip

    record = made.record
    assert (record.status, record.closed_at, record.month) == (status, closed_at, month)
    assert made.revision.diff["status"] == (None, status)
    assert record.fields == {"item": "wires"}


def test_an_edit_moves_the_record_on_by_one_and_keeps_the_rest():
    before = a_station(head="甲", hoses="6")

    made = revise.edit(before, a_context("edit", at=LATER, seq=2, fields={"hoses": ("6", "7")}, base_version=1))

    assert (made.record.version, made.record.seq, made.record.updated_at) == (2, 2, LATER)
    assert made.record.fields == {"head": "甲", "hoses": "7"}
    assert made.revision.diff == {"hoses": ("6", "7")}
    assert made.record.created_at == NOON
    assert made.verdict is Verdict.APPLIED


def test_an_edit_of_what_somebody_else_changed_meanwhile_keeps_both_and_tells_whose_field_it_is():
    before = a_station(hoses="6")
    one = revise.edit(before, a_context("edit", at=LATER, seq=2, fields={"hoses": ("6", "7")}, base_version=1)).record
    theirs = a_context("edit", at=LATER, seq=3, fields={"hoses": ("6", "8")}, base_version=1, dot=Dot("phone-b", 1))

    made = revise.edit(one, theirs)

    assert (made.verdict, made.conflicts, made.record.conflicts) == (Verdict.MERGED, ("hoses",), ("hoses",))
    problem = made.problems[0]
    assert problem.kind is ProblemKind.CONFLICT
    assert "水带数" in problem.message
    assert [head["value"] for head in problem.detail["fields"]["hoses"]] == ["7", "8"]


def test_a_conflict_is_told_once_and_a_later_edit_elsewhere_is_plainly_applied():
    before = a_station(hoses="6")
    for seq, origin, hoses in ((2, "phone-b", "7"), (3, "phone-c", "8")):
        change = a_context("edit", seq=seq, fields={"hoses": ("6", hoses)}, base_version=1, dot=Dot(origin, 1))
        before = revise.edit(before, change).record

    made = revise.edit(before, a_context("edit", seq=4, fields={"head": (None, "乙")}, base_version=3, dot=Dot("d", 1)))

    assert (made.verdict, made.conflicts, made.problems) == (Verdict.APPLIED, (), ())
    assert made.record.conflicts == ("hoses",)


def test_a_conflict_of_names_says_so():
    before = a_station()
    for seq, origin, label in ((2, "phone-b", "二号站"), (3, "phone-c", "三号站")):
        change = a_context("edit", seq=seq, fields={"label": ("一号站", label)}, base_version=1, dot=Dot(origin, 1))
        made = revise.edit(before, change)
        before = made.record

    assert made.record.conflicts == ("label",)
    assert "名称" in made.problems[0].message


def test_a_member_of_a_group_that_was_only_seen_goes_with_the_one_that_was_written():
    before = a_station(level="red", lack="水泵")

    change = a_context(
        "edit", seq=2, fields={"level": ("red", "green")}, base_version=1, seen_members={"lack": "水泵", "head": "x"}
    )
    made = revise.edit(before, change)

    assert made.record.fields == {"level": "green", "lack": "水泵"}
    assert made.conflicts == ()


def test_an_edit_is_late_when_its_authors_standing_is():
    made = revise.edit(
        a_station(hoses="6"), a_context("edit", seq=2, fields={"hoses": ("6", "7")}, base_version=1, late=True)
    )

    assert made.verdict is Verdict.LATE
    assert made.record.fields["hoses"] == "7"


def test_a_blank_name_never_takes_the_name_away():
    made = revise.edit(a_station(), a_context("edit", seq=2, fields={"label": ("一号站", "")}, base_version=1))

    assert made.record.label == "一号站"


def test_what_is_only_kept_moves_the_version_and_nothing_else():
    before = a_station(hoses="6")

    made = revise.keep_in_history(
        before,
        a_context("feedback", at=LATER, seq=2, fields={"hoses": "9"}),
        Verdict.RECORDED,
        "已留存。",
        ProblemKind.RECORDED,
    )

    assert made.record == replace(before, version=2, seq=2, updated_at=LATER)
    assert (made.verdict, made.revision.diff, made.conflicts) == (Verdict.RECORDED, {}, ())
    assert made.problems[0].detail == {"action": "feedback"}
    assert made.revision.received == {"hoses": FieldWrite(None, "9")}


@given(
    st.none() | st.datetimes(timezones=st.timezones() | st.just(UTC)),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_nothing_was_ever_seen_after_it_came_in(made_at, offset):
    change = replace(a_context().change, made_at=made_at, clock_offset_s=offset)

    assert observed_at(change, NOON) <= NOON


def test_a_slow_clock_is_put_right_by_its_offset():
    made_at = datetime(2025, 11, 24, 3, tzinfo=timezone(timedelta(0)))
    change = replace(a_context().change, made_at=made_at, clock_offset_s=365 * 86_400.0)

    assert observed_at(change, NOON) == "2026-11-24T03:00:00.000Z"
    assert observed_at(replace(change, clock_offset_s=None), NOON) == "2025-11-24T03:00:00.000Z"
    assert observed_at(replace(change, clock_offset_s=1e300), NOON) == NOON


def test_what_had_to_wait_was_seen_before_it_came_in():
    made = revise.edit(
        a_station(), a_context("edit", at=LATER, seq=2, fields={"hoses": "7"}, base_version=1, arrived_at=NOON)
    )

    assert (made.revision.observed_at, made.revision.received_at) == (NOON, LATER)


@pytest.mark.parametrize(
    ("ahead", "offset_s", "suspect"),
    [
        (timedelta(hours=8), None, True),
        (timedelta(hours=8), -28_800, True),
        (timedelta(days=-365), 365 * 86_400, True),
        (timedelta(minutes=9), None, False),
        (timedelta(minutes=9), -540, False),
        (timedelta(days=-365), None, False),
    ],
)
def test_a_device_whose_clock_is_off_marks_the_record_for_good(ahead, offset_s, suspect):
    made_at = datetime(2026, 11, 24, 4, tzinfo=UTC) + ahead
    marked = ("clock_suspect",) if suspect else ()

    made = revise.create(
        a_context(fields={"label": "一号站"}, made_at=made_at, clock_offset_s=offset_s), area="1", path="p"
    )
    later = revise.edit(made.record, a_context("edit", at=LATER, seq=2, fields={"head": "乙"}, base_version=1))

    assert made.record.flags == later.record.flags == marked
    assert made.revision.observed_at <= NOON
