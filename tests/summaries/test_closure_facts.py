"""What each step of a case adds to what the case contributes, and what it takes back."""

from __future__ import annotations

import pytest

from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Dispatch
from server.records.domain.status import Status
from server.summaries.domain import count_rules
from server.summaries.domain.count_rules import Window
from tests.summaries.case_histories import a_case, on, step

TAKEN_UP = (step("report", "04-01"), step("register", "04-02"), step("assign", "04-03", due="04-10"))


def facts(*steps: object) -> CaseFacts:
    found = a_case("R", *steps).as_of(on("12-31"))
    assert found is not None
    return found


def test_a_report_waits_for_its_intake():
    case = facts(step("report", "04-01"))

    assert (case.received_at, case.decided_at, case.registered_at) == (on("04-01"), None, None)


@pytest.mark.parametrize("action", ["reject", "merge", "void"])
def test_a_report_turned_away_is_decided_and_never_registered(action):
    case = facts(step("report", "04-01"), step(action, "04-02"))

    assert (case.decided_at, case.registered_at) == (on("04-02"), None)


def test_what_is_fixed_on_the_spot_is_decided_registered_and_closed_as_it_arrives():
    case = facts(step("spot_close", "04-01"))

    assert case.decided_at == case.registered_at == case.closed_at == on("04-01")
    assert case.spot
    assert case.handled_s is None


def test_what_may_not_be_fixed_on_the_spot_is_registered_as_it_arrives_and_waits_for_its_check():
    case = facts(step("spot_close", "04-01", status=Status.FEEDBACK))

    assert case.registered_at == case.fed_back_at == on("04-01")
    assert not case.closed


def test_assigning_a_report_registers_it():
    case = facts(step("report", "04-01"), step("assign", "04-02"))

    assert case.registered_at == on("04-02")


def test_splitting_a_wrong_merge_registers_the_case_then_and_leaves_its_intake_alone():
    case = facts(step("report", "04-01"), step("merge", "04-02"), step("split", "04-05"))

    assert (case.decided_at, case.registered_at) == (on("04-02"), on("04-05"))


def test_a_return_answers_the_last_dispatch_and_the_next_one_is_another():
    case = facts(*TAKEN_UP, step("return", "04-04"), step("assign", "04-05"), step("return", "04-06"))

    assert case.dispatches == (Dispatch(on("04-03"), on("04-04")), Dispatch(on("04-05"), on("04-06")))


def test_giving_a_case_on_from_hand_to_hand_is_no_second_dispatch():
    case = facts(*TAKEN_UP, step("accept", "04-04"), step("assign", "04-05"))

    assert case.dispatches == (Dispatch(on("04-03")),)


@pytest.mark.parametrize(
    "steps",
    [
        (step("spot_close", "04-01", status=Status.FEEDBACK), step("rework", "04-03", due="04-06")),
        (step("spot_close", "04-01"), step("reopen", "04-03", due="04-06")),
    ],
)
def test_what_was_not_fixed_on_the_spot_after_all_is_dispatched_as_it_comes_back_and_can_be_late(steps):
    case = facts(*steps)
    seen = Window(on("04-01"), on("05-01"), on("04-20"), on("04-19"))

    assert case.dispatches == (Dispatch(on("04-03")),)
    assert count_rules.handling_overdue(case, seen)
    assert facts(*steps, step("assign", "04-04")).dispatches == (Dispatch(on("04-03")),)


def test_a_return_of_what_nobody_was_given_changes_no_dispatch():
    case = facts(step("report", "04-01"), step("register", "04-02"), step("return", "04-03"))

    assert case.dispatches == ()


def test_a_failed_check_undoes_the_feedback_and_the_next_one_stands():
    failed = facts(*TAKEN_UP, step("feedback", "04-05"), step("rework", "04-06", due="04-15"))
    mended = facts(*TAKEN_UP, step("feedback", "04-05"), step("rework", "04-06"), step("feedback", "04-08"))

    assert (failed.fed_back_at, failed.first_fed_back_at, failed.handled_s) == (None, on("04-05"), None)
    assert (failed.checked, failed.reworked) == (1, 1)
    assert (mended.fed_back_at, mended.first_fed_back_at) == (on("04-08"), on("04-05"))


def test_a_note_on_what_was_fed_back_or_closed_moves_no_instant():
    fed_back = facts(*TAKEN_UP, step("feedback", "04-05"), step("note", "04-07", status=Status.FEEDBACK))
    closed = facts(
        *TAKEN_UP, step("feedback", "04-05"), step("close", "04-06"), step("note", "04-09", status=Status.CLOSED)
    )

    assert fed_back.fed_back_at == on("04-05")
    assert (closed.closed_at, closed.fed_back_at, closed.checked) == (on("04-06"), on("04-05"), 1)


@pytest.mark.parametrize(
    ("result", "stands", "reworked"), [(Status.CLOSED, on("04-05"), 0), (Status.HANDLING, None, 1)]
)
def test_a_visit_to_one_without_account_is_feedback_and_check_in_one(result, stands, reworked):
    case = facts(*TAKEN_UP, step("site_check", "04-05", status=result, result_code="fixed"))

    assert (case.first_fed_back_at, case.fed_back_at) == (on("04-05"), stands)
    assert (case.checked, case.reworked, case.result_code) == (1, reworked, "fixed")


def test_reopening_takes_back_closing_and_feedback_and_keeps_the_check():
    case = facts(*TAKEN_UP, step("feedback", "04-05"), step("close", "04-06"), step("reopen", "04-20", due="04-27"))

    assert (case.closed_at, case.fed_back_at, case.checked, case.reworked) == (None, None, 1, 0)
    assert case.registered_at == on("04-02")


def test_time_suspended_is_not_the_handlers():
    case = facts(
        *TAKEN_UP, step("start", "04-04"), step("suspend", "04-05"), step("note", "04-06", status=Status.SUSPENDED),
        step("resume", "04-15"), step("feedback", "04-18"),
    )  # fmt: skip

    assert case.held_s == 10 * 86_400
    assert case.handled_s == 5 * 86_400
    assert case.held_since is None


def test_time_held_before_anybody_was_given_the_case_is_nobodys():
    case = facts(step("report", "04-01"), step("register", "04-02"), step("transfer", "04-03"), step("resume", "04-09"))

    assert (case.held_s, case.held_since) == (0, None)


def test_a_limit_stays_until_a_step_sets_another():
    kept = facts(*TAKEN_UP, step("accept", "04-04"))
    moved = facts(*TAKEN_UP, step("start", "04-04"), step("extend", "04-05", due="04-20"))

    assert kept.handle_due_at == TAKEN_UP[2].handle_due_at
    assert (moved.handle_due_at, moved.extended) == (step("extend", "04-05", due="04-20").handle_due_at, 1)
