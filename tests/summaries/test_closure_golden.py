"""One town's April, with every figure that the brigade expects of it on the first of May."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest

from server.summaries.domain import sentences, summary_rows
from server.summaries.domain.periods import Period
from server.summaries.domain.summary_rows import Rate
from tests.summaries.case_histories import History, a_case, cases_behind, known, on, step

APRIL = Period(date(2026, 4, 1), date(2026, 4, 30))
FIRST_OF_MAY = on("05-01", "00:00")
RESTS = {date(2026, 4, 6), *(date(2026, 5, day) for day in range(1, 6))}
WORKS = {date(2026, 5, 9)}


def working_days_after(day: date, count: int) -> date:
    """Return the working day ``count`` after ``day``, by the holidays and working weekends above."""
    while count:
        day += timedelta(days=1)
        count -= day in WORKS or (day.weekday() < 5 and day not in RESTS)
    return day


def limits(due: str) -> dict[str, object]:
    """Return the handling limit of a day, and the closing limit: three working days on."""
    return {"due": due, "close_due": working_days_after(date.fromisoformat(f"2026-{due}"), 3)}


def taken_up(id: str, day: str, due: str, *later: object) -> History:
    return a_case(
        id, step("report", day), step("register", day), step("assign", day, **limits(due)), *later
    )  # fmt: skip


TOWN = [
    taken_up("R01", "04-01", "04-08", step("feedback", "04-05", result_code="fixed"), step("close", "04-07")),
    a_case("R02", step("spot_close", "04-02", result_code="fixed")),
    a_case("R03", step("report", "04-03"), step("merge", "04-03")),
    a_case("R04", step("report", "04-04"), step("reject", "04-04")),
    taken_up("R05", "04-05", "04-12", step("feedback", "04-14", result_code="demolished"), step("close", "04-16")),
    taken_up(
        "R06", "04-06", "04-13",
        step("accept", "04-07"), step("start", "04-08"), step("extend", "04-12", **limits("04-20")),
        step("feedback", "04-19", result_code="fixed"), step("close", "04-20"),
    ),
    taken_up(
        "R07", "04-07", "04-14",
        step("feedback", "04-10"), step("rework", "04-11"),
        step("feedback", "04-13", result_code="fixed"), step("close", "04-14"),
    ),
    taken_up("R08", "04-08", "04-15"),
    taken_up("R09", "04-25", "05-09"),
    taken_up("R10", "04-10", "05-10", step("accept", "04-11"), step("start", "04-12"), step("suspend", "04-20")),
    a_case("R11", step("report", "04-11"), step("register", "04-11"), step("void", "04-12")),
    taken_up(
        "R12", "04-12", "04-19",
        step("return", "04-13"), step("assign", "04-14", **limits("04-21")),
        step("feedback", "04-20"), step("close", "04-22"),
    ),
    a_case("R13", step("report", "04-29")),
    taken_up("R14", "03-20", "03-27", step("feedback", "04-01"), step("close", "04-03")),
]  # fmt: skip
CASES = known(TOWN, FIRST_OF_MAY)
FIGURES = summary_rows.figures(CASES, APRIL, FIRST_OF_MAY)


def ids(figure: str) -> str:
    return " ".join(case.id.removeprefix("R") for case in cases_behind(figure, CASES, APRIL, FIRST_OF_MAY))


@pytest.mark.parametrize(
    ("figure", "count", "cases"),
    [
        ("reports", 13, "01 02 03 04 05 06 07 08 09 10 11 12 13"),
        ("decided_reports", 12, "01 02 03 04 05 06 07 08 09 10 11 12"),
        ("undecided_reports", 1, "13"),
        ("undecided_over_24h", 1, "13"),
        ("registered_reports", 10, "01 02 05 06 07 08 09 10 11 12"),
        ("valid_reports", 10, "01 02 03 05 06 07 08 09 10 12"),
        ("rejected_reports", 1, "04"),
        ("merged_reports", 1, "03"),
        ("withdrawn_reports", 0, ""),
        ("registered", 10, "01 02 05 06 07 08 09 10 11 12"),
        ("void", 1, "11"),
        ("merged_cases", 0, ""),
        ("cases", 9, "01 02 05 06 07 08 09 10 12"),
        ("spot_closed", 1, "02"),
        ("limited", 8, "01 05 06 07 08 09 10 12"),
        ("closed", 6, "01 02 05 06 07 12"),
        ("limited_closed", 5, "01 05 06 07 12"),
        ("open", 2, "08 09"),
        ("suspended", 1, "10"),
        ("transferred", 0, ""),
        ("not_held", 8, "01 02 05 06 07 08 09 12"),
        ("rectified", 6, "01 02 05 06 07 12"),
        ("due", 7, "01 02 05 06 07 08 12"),
        ("closed_on_time", 5, "01 02 06 07 12"),
        ("closed_late", 1, "05"),
        ("open_in_time", 1, "09"),
        ("closing_overdue", 1, "08"),
        ("dispatched", 8, "01 05 06 07 08 09 10 12"),
        ("handling_due", 6, "01 05 06 07 08 12"),
        ("handled", 5, "01 05 06 07 12"),
        ("handled_on_time", 4, "01 06 07 12"),
        ("handled_on_time_extended", 1, "06"),
        ("handled_late", 1, "05"),
        ("handling_overdue", 1, "08"),
        ("extended", 1, "06"),
        ("extended_handling_due", 1, "06"),
        ("once_fed_back", 5, "01 05 06 07 12"),
        ("checked", 5, "01 05 06 07 12"),
        ("passed_at_once", 4, "01 05 06 12"),
        ("reworked", 1, "07"),
        ("reworked_due", 1, "07"),
        ("dispatches", 9, "01 05 06 07 08 09 10 12 12"),
        ("dispatches_kept", 8, "01 05 06 07 08 09 10 12"),
        ("returns", 1, "12"),
        ("opening", 1, "14"),
        ("closed_in_period", 7, "01 02 05 06 07 12 14"),
        ("fell_due", 7, "01 05 06 07 08 12 14"),
        ("fell_due_closed", 6, "01 05 06 07 12 14"),
        ("workload", 10, "01 02 05 06 07 08 09 10 12 14"),
        ("result:fixed", 4, "01 02 06 07"),
        ("result:demolished", 1, "05"),
        ("result:unstated", 1, "12"),
    ],
)
def test_each_count_is_the_expected_one_and_opens_into_its_cases(figure, count, cases):
    assert ids(figure) == cases
    assert (FIGURES.counts | {f"result:{code}": n for code, n in FIGURES.results.items()})[figure] == count


@pytest.mark.parametrize(
    ("rate", "share", "printed"),
    [
        ("register_rate", Rate(10, 12), "83.33%"),
        ("valid_report_rate", Rate(10, 12), "83.33%"),
        ("reject_rate", Rate(1, 12), "8.33%"),
        ("merge_rate", Rate(1, 12), "8.33%"),
        ("late_report_rate", Rate(0, 0), "—"),
        ("closure_rate", Rate(6, 9), "6/9"),
        ("closure_rate_ex_susp", Rate(6, 8), "6/8"),
        ("closure_rate_ex_spot", Rate(5, 8), "5/8"),
        ("carried_closure_rate", Rate(0, 0), "—"),
        ("closure_rate_with_carried", Rate(6, 9), "6/9"),
        ("due_closure_rate", Rate(6, 7), "6/7"),
        ("on_time_closure_rate", Rate(5, 7), "5/7"),
        ("fell_due_closure_rate", Rate(6, 7), "6/7"),
        ("rectified_rate", Rate(6, 9), "6/9"),
        ("handled_rate", Rate(5, 6), "5/6"),
        ("on_time_handled_rate", Rate(4, 6), "4/6"),
        ("overdue_pending_rate", Rate(1, 6), "1/6"),
        ("extension_rate", Rate(1, 6), "1/6"),
        ("filed_reply_rate", Rate(0, 5), "0/5"),
        ("verify_rate", Rate(5, 5), "5/5"),
        ("pass_rate", Rate(4, 5), "4/5"),
        ("rework_rate", Rate(1, 5), "1/5"),
        ("rework_rate_due", Rate(1, 7), "1/7"),
        ("recheck_pass_rate", Rate(0, 0), "—"),
        ("reopen_rate", Rate(0, 9), "0/9"),
        ("recurrence_rate", Rate(0, 9), "0/9"),
        ("came_back_rate", Rate(0, 9), "0/9"),
        ("relaxed_rate", Rate(0, 9), "0/9"),
        ("supervised_closure_rate", Rate(0, 0), "—"),
        ("return_rate", Rate(1, 9), "1/9"),
        ("dispatch_accuracy", Rate(8, 9), "8/9"),
        ("suspended_rate", Rate(1, 9), "1/9"),
        ("transferred_rate", Rate(0, 9), "0/9"),
        ("void_rate", Rate(1, 10), "10.00%"),
        ("merged_cases_rate", Rate(0, 10), "0.00%"),
        ("site_closed_rate", Rate(0, 6), "0/6"),
        ("period_clearance", Rate(7, 10), "70.00%"),
    ],
)
def test_each_rate_is_the_expected_one(rate, share, printed):
    assert FIGURES.rates[rate] == share
    assert sentences.share(FIGURES.rates[rate]) == printed


def test_the_example_states_every_rate():
    assert len(FIGURES.rates) == 37


def test_handling_takes_eight_days_in_the_mean_and_the_median_and_thirteen_at_most():
    handling = {"handle_mean": Fraction(8), "handle_median": Fraction(8), "handle_p90": Fraction(13)}
    assert FIGURES.days == dict.fromkeys(("report_lag_mean", "report_lag_median", "report_lag_p90")) | handling


def test_the_closing_limit_passes_over_weekends():
    assert working_days_after(date(2026, 4, 12), 3) == date(2026, 4, 15)
    assert working_days_after(date(2026, 4, 21), 3) == date(2026, 4, 24)


def test_the_brigade_gets_its_sentence():
    assert sentences.sentence(FIGURES, visited=12) == (
        "检查12家，发现9处，当场整改1处，限期整改8处，已办结6处（含当场整改），挂账1处，超期未结1处（按处置时限）。"
    )


def test_a_past_day_gives_the_figures_as_they_were_known_then():
    before_the_check = on("04-06")

    figures = summary_rows.figures(known(TOWN, before_the_check), APRIL, before_the_check)

    assert figures.rates["closure_rate"] == Rate(1, 4)
    assert figures.counts["handled"] == 1


def test_one_more_closing_moves_the_closure_rate_by_exactly_one_case():
    late = [*TOWN[:7], a_case("R08", *TOWN[7].steps, step("feedback", "04-29"), step("close", "04-30")), *TOWN[8:]]

    figures = summary_rows.figures(known(late, FIRST_OF_MAY), APRIL, FIRST_OF_MAY)

    assert figures.rates["closure_rate"] == Rate(7, 9)
