"""What the server marks a record with, a clerk reads in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.cases.domain import workflow
from server.records.domain.case import FAILED, JOINT_MEETING_AFTER, Case, Request
from server.records.domain.case_facts import CaseFacts
from server.records.domain.status import Status
from sync.cli import messages
from sync.client.overlay import RecordView
from sync.flags import FLAGS_OF_ANY_RECORD, LABELS, Flag


def a_view(*flags: str) -> RecordView:
    base = {"version": 3, "label": "泵", "flags": list(flags), "conflicts": []}
    return RecordView("r1", "pumps", base, {"kit": ""}, ())


def test_a_record_that_no_longer_fits_its_form_says_so_in_the_list_and_by_itself():
    seen = a_view("invalid_after_merge", "clock_suspect")

    said = "合并后不合表单要求 invalid_after_merge，手机时间不准 clock_suspect"
    assert messages.record_line(seen).endswith(said)
    assert f"标记 marks: {said}" in messages.record_page(seen, {})


@pytest.mark.parametrize("flag", Flag)
def test_every_flag_is_shown_with_its_label(flag):
    assert messages.record_line(a_view(flag)).endswith(f"  {LABELS[flag]} {flag}")


def test_every_flag_of_a_case_that_the_server_sets_is_in_the_table():
    at = "2026-11-24T06:00:00.000Z"
    asks = {step.action for step in workflow.STEPS if step.action.startswith("ask_")}
    requests = tuple(Request(action, "worker", at, late=True) for action in sorted(asks))
    case = Case(
        CaseFacts("c1", "130630/100/201", "electrical", at, Status.ASSIGNED),
        requests=requests, major=True, reworked=True, evidence_missing=True, returns=JOINT_MEETING_AFTER,
        recurrence_of="c0",
    )  # fmt: skip

    drawn = replace(case, recheck_due_at=at)
    cases = [replace(case, supervised=level) for level in (1, 2, 3)] + [drawn, replace(drawn, recheck_result=FAILED)]

    flags = {flag for each in cases for flag in each.flags}

    assert flags == set(Flag) - FLAGS_OF_ANY_RECORD


def test_a_mark_that_this_client_has_no_word_for_is_shown_as_it_is():
    assert messages.record_line(a_view("supervised_county")).endswith("  supervised_county")
