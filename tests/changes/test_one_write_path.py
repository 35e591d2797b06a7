"""Whatever door a change comes through, it is judged once, answered the same every time, and never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from server.changes.store import verdicts
from server.changes.usecases import write
from server.changes.usecases.write import Outcome
from server.errors import NotFound
from server.grid.domain.areas import Place
from server.people.store import people
from server.problems.store import problems
from server.records.store import buckets, records, revisions
from server.submissions.store import rejected, submissions
from sync.changes import AttachmentName, Change, Dot, FieldWrite, Verdict
from tests.county import EVERYTHING
from tests.filled_forms import new_uuid
from tests.valley import FAR_UNIT, UNIT


def a_change(record: str, action: str = "create", **more) -> Change:
    """Return a change of a station as our own protocol sends it."""
    fields = more.pop("fields", {"head": (None, "甲"), "label": (None, "一号站")})
    asked = {"type": "stations", "dot": Dot("tablet", 1), "area": UNIT} | more
    return Change(
        id=asked.pop("id", new_uuid()),
        record=record,
        action=action,
        fields={name: FieldWrite(*value) for name, value in fields.items()},
        **asked,
    )


@pytest.fixture
def apply(valley):
    def by(change: Change, name: str = "worker") -> Outcome:
        return valley.do(lambda tx: write.apply(tx, change, by=people.actor(tx, name)))

    return by


def test_a_repeat_gets_the_stored_verdict_and_the_record_as_it_now_is(apply, valley):
    change = a_change(new_uuid())
    first = apply(change)
    apply(a_change(change.record, "edit", fields={"head": ("甲", "乙")}, base_version=1, dot=Dot("tablet", 2)))

    again = apply(replace(change, clock_offset_s=7.0))

    assert (again.verdict, again.version) == (first.verdict, first.version) == (Verdict.APPLIED, 1)
    assert again.record.fields["head"] == "乙"
    assert valley.count("revision") == 2


def test_what_must_be_carried_out_at_once_does_not_wait_for_a_record_that_is_not_here(valley):
    edit = a_change(new_uuid(), "edit", base_version=1)

    with pytest.raises(NotFound, match="没有这条记录"):
        valley.do(lambda tx: write.apply_or_refuse(tx, edit, by=people.actor(tx, "worker")))
    assert valley.verdicts(edit.record) == []


def test_other_content_under_one_id_is_a_second_item_that_an_officer_judges(apply, valley):
    change = a_change(new_uuid())
    apply(change)
    other = replace(change, fields={"head": FieldWrite(None, "冒名")}, made_at=datetime(2026, 11, 24, tzinfo=UTC))

    outcomes = [apply(other) for _ in range(2)]

    assert [outcome.verdict for outcome in outcomes] == [Verdict.QUARANTINED] * 2
    assert outcomes[0].id == outcomes[1].id != change.id
    assert valley.verdicts(change.record) == ["applied", "quarantined"]
    assert valley.record(change.record).fields["head"] == "甲"
    assert valley.problems() == ["quarantined"]


@pytest.mark.parametrize(
    "more",
    [
        {"attachments": (AttachmentName("a.jpg", "0" * 64, 1, "image/jpeg"),)},
        {"made_at": datetime(2026, 11, 24, tzinfo=UTC)},
        {"seen_status": "reported"},
        {"after": "x"},
        {"base_version": None},
    ],
)
def test_everything_but_the_clocks_offset_is_content(more):
    change = a_change(new_uuid())

    assert write.fingerprint(replace(change, **more)) != write.fingerprint(change)
    assert write.fingerprint(replace(change, clock_offset_s=3.0)) == write.fingerprint(change)


def test_a_change_that_waits_keeps_all_that_it_said(apply, valley):
    files = (AttachmentName("a.jpg", "0" * 64, 1, "image/jpeg"),)
    made_at = datetime(2026, 11, 24, 3, tzinfo=UTC)
    change = a_change(
        new_uuid(), "edit", fields={"head": ("甲", "乙")}, base_version=1, attachments=files, made_at=made_at, after="x"
    )

    outcome = apply(change)

    assert (outcome.verdict, outcome.record) == (Verdict.WAITING, None)
    ((stored, kept, _),) = valley.do(verdicts.list_waiting, change.record)
    assert kept == change
    assert (stored.verdict, stored.problem) == (Verdict.WAITING, outcome.problem)
    assert apply(change).verdict is Verdict.WAITING


def test_what_was_released_answers_with_its_final_verdict(apply):
    id = new_uuid()
    waiting = a_change(id, "edit", fields={"head": ("甲", "乙")}, base_version=1, dot=Dot("tablet", 2))
    apply(waiting)

    outcome = apply(a_change(id))

    assert outcome.record.version == 2
    assert apply(waiting).verdict is Verdict.APPLIED


def test_a_type_that_no_form_declared_is_refused(apply, valley):
    with pytest.raises(NotFound, match="castles"):
        apply(a_change(new_uuid(), type="castles"))

    assert valley.count("change") == 0


def test_a_person_without_any_duty_has_no_place_for_a_record(valley, apply):
    valley.do(lambda tx: tx.sql.run("DELETE FROM duty WHERE person = 'worker'"))

    with pytest.raises(NotFound, match="岗位"):
        apply(a_change(new_uuid(), area=None))


def test_reading_is_always_inside_a_scope(valley, apply):
    here = a_change(new_uuid())
    apply(here)
    with valley.store.reading() as reading:
        scopes = {name: people.actor(reading, name).scope for name in ("worker", "stranger", "town")}
        assert records.get(reading, here.record, scopes["town"]).id == here.record
        assert buckets.newest(reading, "stations", scopes["worker"]) == buckets.newest(reading, "stations", EVERYTHING)
        assert buckets.newest(reading, "stations", scopes["stranger"]) == 0
        with pytest.raises(NotFound):
            records.get(reading, here.record, scopes["stranger"])
        with pytest.raises(NotFound):
            problems.get(reading, "nope", EVERYTHING)
        with pytest.raises(NotFound):
            submissions.get(reading, "nope", EVERYTHING)


def test_a_bucket_of_a_handler_rises_with_the_case_they_have(valley, apply):
    case = a_change(new_uuid(), "report", type="hazards", fields={"item": (None, "gas_hose")})
    record = apply(case).record

    assert buckets.of(record) == {"area:130630/100/201/001", "person:worker"}
    assert "body:gas" in buckets.of(replace(record, assignee="body:gas"))
    assert "person:officer" in buckets.of(replace(record, assignee="user:officer"))


def test_a_record_moves_on_by_exactly_one_version(valley, apply):
    record = apply(a_change(new_uuid())).record

    with pytest.raises(RuntimeError, match="not at version"):
        valley.do(records.replace, replace(record, version=3))


def test_a_kept_body_can_be_read_again_with_its_files(valley):
    from server.submissions.domain.submissions import Attachment

    file = Attachment("a.jpg", "0" * 64, 1, "image/jpeg")

    def keep(tx) -> bool:
        new = rejected.add(tx, "1" * 64, form="f", instance_id="i", reason="r", author="worker", xml=b"<data/>")
        rejected.add_attachments(tx, "1" * 64, [file, file])
        return new

    assert (valley.do(keep), valley.do(keep)) == (True, False)
    with valley.store.reading() as reading:
        assert rejected.xml_of(reading, "1" * 64) == b"<data/>"
        assert rejected.attachments_of(reading, "1" * 64) == [file]
        assert rejected.xml_of(reading, "2" * 64) is None
    valley.do(lambda tx: tx.sql.run("DELETE FROM kept_file"))


def test_problems_are_listed_newest_first_and_settled_once(valley, apply):
    for area in (UNIT, FAR_UNIT):
        apply(a_change(new_uuid(), area=area, fields={"hoses": (None, "x"), "label": (None, "站")}), "brigade")

    def listed(**more):
        with valley.store.reading() as reading:
            asked = {"filters": {}, "settled": "open", "bounds": None, "before": None, "limit": 10} | more
            return problems.list_filed(reading, EVERYTHING, **asked)

    newest, oldest = listed()
    assert newest.seq > oldest.seq
    assert listed(before=newest.seq) == [oldest]
    assert listed(limit=1, filters={"kind": "misfit"}) == [newest]
    assert listed(bounds=Place("130630/100").bounds()) == [oldest]
    valley.do(problems.settle, oldest.id, "officer")
    valley.do(problems.settle, oldest.id, "somebody else")
    assert listed() == [newest]
    assert [problem.settled_by for problem in listed(settled="settled")] == ["officer"]
    assert len(listed(settled="all")) == 2


def test_history_tells_every_revision_oldest_first(valley, apply):
    id = new_uuid()
    apply(a_change(id))
    apply(a_change(id, "edit", fields={"head": ("甲", "乙")}, base_version=1, dot=Dot("tablet", 2)))

    with valley.store.reading() as reading:
        told = list(revisions.list_of(reading, id))

    assert [(each.version, each.author, each.verdict) for each in told] == [
        (1, "worker", Verdict.APPLIED),
        (2, "worker", Verdict.APPLIED),
    ]
    assert told[1].received == {"head": FieldWrite("甲", "乙")}
