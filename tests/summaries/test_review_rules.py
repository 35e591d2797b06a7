"""Each sign of the review list is seen where it is, and not just beside it; what is not known is no sign."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from server import instants
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Step
from server.records.domain.positions import Position
from server.records.domain.status import Status
from server.summaries.domain import review_rules, review_signs
from server.summaries.domain.periods import Period
from server.summaries.domain.review_rules import Act, PhotoUse

SIGNS = review_signs.signs_at("2026-06-01T00:00:00.000Z")
APRIL = Period(date(2026, 4, 1), date(2026, 4, 30))
VILLAGE, NEXT_VILLAGE = "130630/100/201", "130630/100/202"
HERE = Position(39.35, 114.69)
METRE = 1 / 111_195
"""Degrees of latitude in a metre."""


def on(day: str, time: str = "10:00:00") -> str:
    """Return an instant of a day ``04-30`` of 2026, Beijing time."""
    return instants.text(instants.parse(f"2026-{day}T{time}+08:00"))


def later(at: str, seconds: float) -> str:
    return instants.later(at, timedelta(seconds=seconds))


def shared(metres: float | None, *, sources=("one", "other")):
    """Return what is seen of two cases with one photo that lie so far apart, None for one without a position."""
    places = {"a": HERE}
    if metres is not None:
        places["b"] = Position(HERE.latitude + metres * METRE, HERE.longitude)
    uses = {"hash": {PhotoUse("a", sources[0]), PhotoUse("b", sources[1])}}
    paths = {"a": f"{VILLAGE}/001", "b": f"{NEXT_VILLAGE}/001"}
    return review_rules.same_photo(SIGNS["same_photo"], uses, places, paths)


def test_one_photo_at_two_places_is_seen():
    [found] = shared(500)

    assert (found.cases, found.path) == (("a", "b"), "130630/100")
    assert found.values["n"] == 2 and abs(found.values["metres"] - 500) <= 1


@pytest.mark.parametrize("metres", [0, 199, None], ids=["one place", "near", "no position"])
def test_one_photo_at_one_place_or_at_none_is_no_sign(metres):
    assert shared(metres) == []


def test_one_submission_that_brings_two_cases_is_no_sign():
    assert shared(500, sources=("one", "one")) == []


def acts(seconds: float, *, clock_off: float = 0, at: str = on("04-10"), waited: float = 3) -> dict[str, list[Act]]:
    """Return a feedback and a closing so many seconds later, by clocks that are off so much."""
    told = later(at, clock_off)
    observed = min(told, later(at, waited))
    fed_back = Act("feedback", False, told, observed, later(at, waited))
    closed = Act("close", True, None, later(at, seconds), later(at, seconds))
    return {"a": [fed_back, closed]}


def quick(taken: dict[str, list[Act]]):
    return review_rules.quick_close(SIGNS["quick_close"], taken, {"a": VILLAGE}, APRIL)


@pytest.mark.parametrize(("seconds", "seen"), [(4, 1), (60, 1), (62, 0), (7_200, 0)])
def test_a_closing_within_seconds_of_the_feedback_is_seen(seconds, seen):
    assert len(quick(acts(seconds))) == seen


def test_what_came_in_together_long_after_it_was_written_is_no_sign():
    """The handler was out of signal: both came in within seconds, and lay hours apart."""
    assert quick(acts(10_800, waited=10_798)) == []


@pytest.mark.parametrize("off", [3_600, -400 * 86_400], ids=["ahead", "never set"])
def test_a_clock_that_is_wrong_says_nothing(off):
    assert quick(acts(4, clock_off=off)) == []


def test_a_device_that_does_not_say_and_a_paper_that_is_filed_are_no_sign():
    [fed_back, closed] = acts(4)["a"]

    assert quick({"a": [fed_back._replace(made_at=None), closed]}) == []
    assert quick({"a": [fed_back._replace(is_on_page=True), closed]}) == []


def test_a_closing_outside_the_period_or_without_a_feedback_is_no_sign():
    assert quick(acts(4, at=on("05-01"))) == []
    assert quick({"a": acts(4)["a"][1:]}) == []


def a_closed(id: str, day: str, status: Status = Status.CLOSED, path: str = f"{VILLAGE}/001") -> CaseFacts:
    return CaseFacts(id, path, "fire", on("04-01"), status, closed_at=on(day))


def ended(late: int, early: int, *, period: Period = APRIL, today: date = date(2026, 5, 1), **more):
    closed = [a_closed(f"late{n:02}", "04-30" if n % 2 else "04-29", **more) for n in range(late)]
    closed += [a_closed(f"early{n:02}", "04-28", **more) for n in range(early)]
    return review_rules.month_end(SIGNS["month_end"], closed, period, today)


def test_closings_that_heap_up_in_the_last_two_days_of_a_month_are_seen_by_village():
    [found] = ended(10, 10)

    assert found.path == VILLAGE and len(found.cases) == 10
    assert found.values == {"month": "2026-04", "n": 10, "total": 20, "percent": 50}


@pytest.mark.parametrize(("late", "early"), [(9, 0), (10, 11)], ids=["few", "a smaller share"])
def test_just_below_the_measures_nothing_is_seen(late, early):
    assert ended(late, early) == []


def test_a_month_that_is_not_over_and_spot_fixes_are_no_sign():
    assert ended(20, 0, today=date(2026, 4, 30)) == []
    assert ended(20, 0, period=Period(date(2026, 4, 1), date(2026, 4, 29))) == []
    assert ended(20, 0, status=Status.SPOT_CLOSED) == []


def test_two_villages_are_not_added_up():
    closed = [a_closed(f"a{n}", "04-30") for n in range(6)]
    closed += [a_closed(f"b{n}", "04-30", path=f"{NEXT_VILLAGE}/001") for n in range(6)]

    assert review_rules.month_end(SIGNS["month_end"], closed, APRIL, date(2026, 5, 2)) == []


DUE = on("04-10", "00:00:00")


def lived(*steps: Step, signs=tuple(SIGNS)) -> list[tuple[str, int]]:
    """Return the signs that are seen in a case with a limit, and how many days it was over."""
    begun = [
        Step("report", on("04-01"), Status.REPORTED),
        Step("register", on("04-02"), Status.REGISTERED, close_due_at=on("05-30")),
        Step("assign", on("04-02", "11:00:00"), Status.ASSIGNED, handle_due_at=DUE),
    ]
    case = CaseFacts("a", VILLAGE, "fire", on("04-01"), Status.REPORTED)
    found = review_rules.overdue_acts(signs, case, [*begun, *steps], APRIL)
    return [(each.sign, each.values["days"]) for each in found]


@pytest.mark.parametrize(
    ("step", "sign"),
    [
        (Step("void", on("04-15"), Status.VOID), "overdue_void"),
        (Step("merge", on("04-15"), Status.MERGED), "overdue_merge"),
        (Step("extend", on("04-15"), Status.ASSIGNED, handle_due_at=on("05-10")), "overdue_new_due"),
        (Step("assign", on("04-15"), Status.ASSIGNED, handle_due_at=on("05-10"), extends=True), "overdue_new_due"),
    ],
    ids=["void", "merged", "extended", "given on with a later limit"],
)
def test_what_takes_an_overdue_case_out_of_the_rates_is_seen(step, sign):
    assert lived(step) == [(sign, 6)]
    assert lived(step._replace(at=on("04-09"))) == []
    assert lived(step, signs=()) == []


def test_a_request_that_came_in_time_is_no_sign_however_late_it_is_decided():
    asked, again = Step("ask_void", on("04-09"), Status.ASSIGNED), Step("ask_void", on("04-13"), Status.ASSIGNED)
    declined, void = Step("decline_void", on("04-10"), Status.ASSIGNED), Step("void", on("04-15"), Status.VOID)

    assert lived(asked, void) == []
    assert lived(asked, declined, again, void) == [("overdue_void", 4)]


def test_a_case_that_was_handled_in_time_or_whose_clock_stands_is_no_sign():
    fed_back = Step("feedback", on("04-09"), Status.FEEDBACK)
    held = Step("suspend", on("04-09"), Status.SUSPENDED)

    assert lived(fed_back, Step("void", on("04-15"), Status.VOID)) == []
    assert lived(held, Step("resume", on("04-15"), Status.HANDLING, handle_due_at=on("05-10"), extends=True)) == []


def test_every_sign_says_a_sentence_in_both_languages():
    values = {"n": 2, "metres": 500, "seconds": 4, "month": "2026-04", "total": 20, "percent": 50, "days": 6}

    for sign in SIGNS.values():
        for said in (sign.said(values), sign.said(values, in_english=True)):
            assert said and "{" not in said
