"""What the closure summary promises of any set of cases: it can be recounted, opened, grouped and read back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from statistics import mean, median

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from server import dated, instants
from server.errors import Invalid
from server.grid.domain.areas import Area, Level, code_of, level_of, parent_code
from server.records.domain import case_facts
from server.records.domain.case_steps import Step
from server.records.domain.status import Status
from server.summaries.domain import count_rules, figure_definitions, summary_rows
from server.summaries.domain.figure_definitions import Kind
from server.summaries.domain.periods import Period
from tests.summaries.case_histories import (
    CATEGORIES,
    FIRST_DAY,
    UNITS,
    History,
    cases_behind,
    histories,
    known,
    moments,
)

LATER = instants.text(FIRST_DAY + timedelta(days=900))
towns = st.lists(histories(), max_size=8, unique_by=lambda history: history.id)
days = st.dates(date(2026, 1, 1), date(2026, 8, 31))
windows = st.tuples(days, days).map(lambda pair: Period(min(pair), max(pair)))
PATHS = {*UNITS, *(unit[:n] for unit in UNITS for n in (6, 10, 14))}
GRID = [
    Area(code_of(path), path, level_of(code_of(path)), parent_code(code_of(path))) for path in sorted(PATHS)
]  # fmt: skip


@given(towns, windows, moments, st.randoms())
def test_the_order_of_cases_does_not_matter(town, window, at, chance):
    cases = known(town, at)
    shuffled = cases[:]
    chance.shuffle(shuffled)

    assert summary_rows.figures(shuffled, window, at) == summary_rows.figures(cases, window, at)


@given(towns, windows, moments)
def test_every_count_opens_into_exactly_as_many_cases(town, window, at):
    cases = known(town, at)

    figures = summary_rows.figures(cases, window, at)

    results = {f"result:{code}": count for code, count in figures.results.items()}
    for figure, count in {**figures.counts, **results}.items():
        behind = cases_behind(figure, cases, window, at)
        assert len(behind) == count
        assert set(behind) <= set(cases)


@given(towns, windows, moments)
def test_figures_equal_a_recount_of_history_by_hand(town, window, at):
    figures = summary_rows.figures(known(town, at), window, at)

    recount = recounted(town, window, at)

    assert {figure: figures.counts[figure] for figure in recount} == recount
    assert figures.results == results_recounted(town, window, at)
    assert figures.days == days_recounted(town, window, at) | lag_recounted(town, window, at)


@given(towns, windows, moments)
def test_the_parts_of_each_whole_add_up(town, window, at):
    n = summary_rows.figures(known(town, at), window, at).counts

    assert n["reports"] == n["decided_reports"] + n["undecided_reports"]
    assert n["registered"] == n["cases"] + n["void"] + n["merged_cases"]
    assert n["cases"] == n["closed"] + n["suspended"] + n["transferred"] + n["open"]
    assert n["cases"] == n["spot_closed"] + n["limited"]
    assert n["closed"] == n["spot_closed"] + n["limited_closed"] == n["closed_on_time"] + n["closed_late"]
    assert n["due"] == n["closed"] + n["closing_overdue"]
    assert n["open"] == n["open_in_time"] + n["closing_overdue"]
    assert n["handled"] == n["handled_on_time"] + n["handled_late"]
    assert n["handling_due"] == n["handled"] + n["handling_overdue"]
    assert n["checked"] == n["passed_at_once"] + n["reworked"]
    assert n["workload"] == n["opening"] + n["cases"] + n["carried"]
    assert n["fell_due_closed"] <= n["fell_due"]


@given(towns, windows, moments)
def test_a_share_lies_between_none_and_all_and_is_nothing_of_nothing(town, window, at):
    rates = summary_rows.figures(known(town, at), window, at).rates

    for code, rate in rates.items():
        assert (rate.value is None) == (rate.d == 0)
        # A return may answer a dispatch of an earlier period, a closing a reopening of what was closed when it began.
        assert code in ("return_rate", "period_clearance") or 0 <= rate.n <= rate.d


@given(towns, windows, histories())
def test_a_void_case_counts_as_a_report_and_as_void_and_besides_only_while_it_was_not(town, window, other):
    *_, last = other.steps
    gone = History("gone", other.path, other.category, (*other.steps, Step("void", last.at, Status.VOID)))
    cases, void = known(town, LATER), known([gone], LATER)

    without, beside = summary_rows.figures(cases, window, LATER), summary_rows.figures([*cases, *void], window, LATER)

    moved = {code for code in without.counts if without.counts[code] != beside.counts[code]}
    assert moved <= {
        "reports", "decided_reports", "registered_reports", "withdrawn_reports", "registered", "void",
        "opening", "workload", "closed_in_period", "dated_reports", "late_reports", "carried_dropped",
    }  # fmt: skip
    of_reports = dict.fromkeys(("report_lag_mean", "report_lag_median", "report_lag_p90"))
    assert (without.days | of_reports, without.results) == (beside.days | of_reports, beside.results)


@given(towns, windows, moments, moments)
def test_what_was_once_reported_decided_or_registered_stays_so(town, window, one, other):
    earlier, later = sorted((one, other))

    before = summary_rows.figures(known(town, earlier), window, earlier).counts
    after = summary_rows.figures(known(town, later), window, later).counts

    for figure in ("reports", "decided_reports", "registered_reports", "registered", "rejected_reports", "void"):
        assert before[figure] <= after[figure]


@given(towns, windows, moments, moments)
def test_while_nothing_happens_only_lateness_grows(town, window, one, other):
    earlier, later = sorted((one, other))
    cases = known(town, earlier)

    before = summary_rows.figures(cases, window, earlier).counts
    after = summary_rows.figures(cases, window, later).counts

    grow = {
        "undecided_over_24h", "due", "closing_overdue", "handling_due", "handling_overdue",
        "extended_handling_due", "reworked_due", "fell_due", "fell_due_closed",
    }  # fmt: skip
    assert all(before[figure] <= after[figure] for figure in grow)
    still = before.keys() - grow - {"open_in_time"}
    assert {figure: before[figure] for figure in still} == {figure: after[figure] for figure in still}
    assert before["open_in_time"] >= after["open_in_time"]


@given(histories(), moments, moments)
def test_facts_may_be_brought_forward_from_any_earlier_instant(history, one, other):
    earlier, later = sorted((one, other))
    facts = history.as_of(earlier)
    assume(facts is not None)
    since = [step for step in history.steps if step.at > earlier]

    assert case_facts.as_of(facts, since, later) == history.as_of(later)


@given(histories(corrections=True))
def test_a_step_leaves_the_facts_before_it_as_they_were(history):
    birth, *later = history.steps
    facts = case_facts.begun(history.id, history.path, history.category, birth)
    for step in later:
        kept = replace(facts)

        taken = case_facts.after(facts, step)

        assert facts == kept
        facts = taken


@given(towns, windows, moments, st.sampled_from([Level.TOWN, Level.VILLAGE, Level.UNIT]))
def test_every_area_of_the_level_has_a_row_and_the_rows_come_to_the_total(town, window, at, level):
    cases = known(town, at)

    summary = summary_rows.by_area(cases, GRID, level, window, at)

    paths = [area.path for area in GRID if area.level is level]
    assert [row.key for row in summary.rows if row.key] == paths
    adds_up(summary, summary_rows.figures(cases, window, at))
    for row in summary.rows:
        assert row.key == "" or row.figures == summary_rows.figures(
            [case for case in cases if f"{case.path}/".startswith(f"{row.key}/")], window, at
        )


@given(towns, windows, moments)
def test_every_category_has_a_row_and_the_rows_come_to_the_total(town, window, at):
    cases = known(town, at)

    summary = summary_rows.by_category(cases, dict.fromkeys(CATEGORIES, "类"), window, at)

    assert [row.key for row in summary.rows][:3] == list(CATEGORIES)
    adds_up(summary, summary_rows.figures(cases, window, at))


@given(towns, windows, moments)
def test_the_months_of_a_period_come_to_the_total_but_for_what_stays_open(town, window, at):
    cases = known(town, at)

    summary = summary_rows.by_month(cases, window, at)

    adds_up(summary, summary_rows.figures(cases, window, at), but=("opening", "workload", "closed_in_period"))


def test_the_table_of_figures_and_the_predicates_name_the_same_counts():
    table = figure_definitions.list_figures(LATER)
    counts = {figure.code for figure in table if figure.kind is Kind.COUNT}

    assert counts == set(count_rules.COUNT_RULES)
    for figure in table:
        ends = {"count": 0, "rate": 2, "time": 1}[figure.kind]
        assert [bool(figure.numerator), bool(figure.denominator)] == [ends > 0, ends > 1]
        assert {figure.numerator, figure.denominator} - {""} <= counts
        assert figure.label and figure.label_en and figure.note
        assert figure.base in {"received", "registered", "event"}
    assert len({figure.code for figure in table}) == len(dated.table("figures"))


def test_no_two_figures_share_a_name():
    labels = [figure.label for figure in figure_definitions.list_figures(LATER)]

    assert [label for label, times in Counter(labels).items() if times > 1] == []


@pytest.mark.parametrize(
    ("figure", "named"),
    [("closure_rate", "请打开 closed、cases"), ("handle_mean", "请打开 handled。"), ("closre", "可选：reports、")],
)
def test_what_is_no_count_is_refused_and_told_what_to_open(figure, named):
    with pytest.raises(Invalid, match=named) as refused:
        cases_behind(figure, [], Period(date(2026, 4, 1), date(2026, 4, 30)), LATER)

    assert refused.value.data["field"] == "figure"


def adds_up(summary: summary_rows.Summary, whole: summary_rows.Figures, but: tuple[str, ...] = ()) -> None:
    assert summary.total == whole
    for figure in whole.counts.keys() - set(but):
        assert sum(row.figures.counts[figure] for row in summary.rows) == whole.counts[figure]
    parts = sum((Counter(row.figures.results) for row in summary.rows), Counter())
    assert parts == Counter(whole.results)


# The recount: sets of cases straight from the lists of steps, without the facts that figures are read from.

NEVER = "9"


def when(history: History, at: str, *actions: str) -> list[str]:
    return [step.at for step in history.until(at) if step.action in actions]


def status(history: History, at: str) -> Status:
    return history.until(at)[-1].status


def entered_as_case(history: History, at: str) -> str:
    outside = {"reported", "rejected", "merged", "void"}
    return next((step.at for step in history.until(at) if step.status not in outside), NEVER)


def standing_feedback(history: History, at: str) -> str | None:
    found = None
    for step in history.until(at):
        if step.status is Status.FEEDBACK or step.action == "site_check":
            found = step.at
        if step.action in ("rework", "reopen"):
            found = None
    return found


def sent(history: History, at: str) -> list[str]:
    """Assigned, or given back to the reporter of what was not fixed on the spot after all."""
    given = when(history, at, "assign")
    back = [t for t in when(history, at, "rework") + when(history, at, "reopen") if not given or t < given[0]]
    return sorted([*given, min(back)] if back else given)


def limit(history: History, at: str, name: str) -> str:
    found = [due for step in history.until(at) if (due := getattr(step, name))]
    return found[-1] if found else NEVER


def written(history: History, at: str) -> str | None:
    """Return when the feedback that stands was written, as its step says."""
    standing = standing_feedback(history, at)
    return next((step.written_at for step in reversed(history.until(at)) if step.at == standing), None)


def past_lateness(history: History, at: str) -> tuple[set[str], bool]:
    """Return how earlier handlings were late (received, written), and whether an earlier closing limit was missed.

    What is over is what a check or a reopening undid, and what gave way to a later limit without an extension.
    """
    how, closing = set(), False
    taken = history.until(at)
    for n, step in enumerate(taken[1:], start=1):
        past = History(history.id, history.path, history.category, taken[:n])
        before = taken[n - 1]
        stopped = step.at
        for held in reversed(taken[:n]):
            if held.status not in ("suspended", "transferred"):
                break
            stopped = held.at
        undone = before.status in ("closed", "spot_closed") and step.status not in ("closed", "spot_closed")
        handling, close_by = (limit(past, before.at, name) for name in ("handle_due_at", "close_due_at"))
        fed_back, said = standing_feedback(past, before.at), written(past, before.at)
        gave_way = handling < (step.handle_due_at or "")
        if sent(past, before.at) and fed_back and (gave_way or undone or step.action == "rework"):
            how |= {"received" if said and said <= handling else "written"} if fed_back > handling else set()
        elif sent(past, before.at) and gave_way and step.action != "extend" and stopped > handling:
            how.add("written")
        if entered_as_case(past, before.at) != NEVER:
            closed = when(past, before.at, "close", "spot_close", "site_check")
            if undone:
                closing |= closed[-1] > close_by
            elif close_by < (step.close_due_at or "") and step.action != "extend":
                closing |= stopped > close_by
    return how, closing


def filled_in_time(history: History, at: str) -> bool:
    """Whether a case is late by receipt alone."""
    how, _ = past_lateness(history, at)
    fed_back, said, due = (standing_feedback(history, at), written(history, at), limit(history, at, "handle_due_at"))
    if fed_back is not None and fed_back > due:
        how.add("received" if said and said <= due else "written")
    return how == {"received"}


def the_cohort(town: list[History], window: Period, at: str) -> list[History]:
    seen = [history for history in town if history.until(at)]
    gone = {Status.VOID, Status.MERGED}
    return [
        history
        for history in seen
        if window.holds(entered_as_case(history, at)) and not is_carried(history) and status(history, at) not in gone
    ]  # fmt: skip


def recounted(town: list[History], window: Period, at: str) -> dict[str, int]:
    seen = [history for history in town if history.until(at)]
    received = [history for history in seen if window.holds(history.steps[0].at) and not is_carried(history)]
    over = [history for history in seen if is_carried(history) and window.holds(history.steps[0].at)]
    standing = [history for history in over if status(history, at) not in ("void", "merged")]
    done = [history for history in standing if status(history, at) == "closed"]
    waiting = [history for history in received if status(history, at) is Status.REPORTED]
    cohort = the_cohort(town, window, at)
    closed = [history for history in cohort if status(history, at) in ("closed", "spot_closed")]
    spot = [history for history in cohort if status(history, at) == "spot_closed"]
    held = [history for history in cohort if status(history, at) in ("suspended", "transferred")]
    running = [history for history in cohort if history not in closed and history not in held]
    overdue = [history for history in running if limit(history, at, "close_due_at") <= at]
    dispatched = [history for history in cohort if sent(history, at)]
    handled = [history for history in dispatched if standing_feedback(history, at)]
    late = [
        history
        for history in dispatched
        if history in running and history not in handled and limit(history, at, "handle_due_at") <= at
    ]
    in_time = [
        h
        for h in handled
        if (standing_feedback(h, at) or "") <= limit(h, at, "handle_due_at") and not past_lateness(h, at)[0]
    ]
    closed_in_time = [
        history
        for history in closed
        if when(history, at, "close", "spot_close", "site_check")[-1] <= limit(history, at, "close_due_at")
        and not past_lateness(history, at)[1]
    ]
    alive = [history for history in seen if status(history, at) is not Status.VOID]
    return {
        "reports": len(received),
        "undecided_reports": len(waiting),
        "undecided_over_24h": len([h for h in waiting if instants.later(h.steps[0].at, timedelta(days=1)) <= at]),
        "rejected_reports": len([h for h in received if status(h, at) == "rejected"]),
        "dated_reports": len(lags(town, window, at)),
        "late_reports": len([each for each in lags(town, window, at) if each > 24 * 3600]),
        "cases": len(cohort),
        "closed": len(closed),
        "spot_closed": len(spot),
        "suspended": len([h for h in held if status(h, at) == "suspended"]),
        "transferred": len([h for h in held if status(h, at) == "transferred"]),
        "rectified": len([h for h in cohort if h in spot or standing_feedback(h, at)]),
        "due": len(closed) + len(overdue),
        "closing_overdue": len(overdue),
        "closed_on_time": len(closed_in_time),
        "handling_due": len(handled) + len(late),
        "handled": len(handled),
        "handled_on_time": len(in_time),
        "handling_overdue": len(late),
        "filled_in_time": len([h for h in handled if h not in in_time and filled_in_time(h, at)]),
        "extended": len([h for h in cohort if when(h, at, "extend")]),
        "checked": len([h for h in cohort if when(h, at, "close", "rework", "site_check")]),
        "site_closed": len(
            [
                h
                for h in closed
                if when(h, at, "close", "spot_close", "site_check")[-1:] == when(h, at, "site_check")[-1:]
            ]
        ),
        "rechecked": len([h for h in cohort if when(h, at, "recheck", "recheck_failed")]),
        "recheck_failed": len([h for h in cohort if when(h, at, "recheck_failed")]),
        "reopened": len([h for h in cohort if when(h, at, "reopen")]),
        "relaxed": len([h for h in cohort if any(s.relaxes for s in h.until(at))]),
        "filed_replies": len([h for h in cohort if when(h, at, "file_reply")]),
        "late_returns": len([h for h in cohort if when(h, at, "ask_return_late")]),
        "came_back": len([h for h in cohort if when(h, at, "reopen") or any(s.recurs for s in h.until(at))]),
        "recurrent": len([h for h in cohort if any(s.recurs for s in h.until(at))]),
        "supervised": len([h for h in cohort if when(h, at, "supervise")]),
        "reworked": len([h for h in cohort if when(h, at, "rework")]),
        "dispatches": len([t for h in alive for t in sent(h, at) if window.holds(t)]),
        "returns": len([t for h in alive for t in when(h, at, "return") if window.holds(t)]),
        "opening": len([h for h in seen if left_open_before(h, min(window.starts_at, just_after(at)))]),
        "closed_in_period": len([h for h in seen if closed_by_the_end_of(h, window, at)]),
        "carried": len(standing),
        "carried_closed": len(done),
        "carried_dropped": len(over) - len(standing),
        "with_carried": len(cohort) + len(standing),
        "closed_with_carried": len(closed) + len(done),
        "fell_due": len(fell_due(seen, window, at)),
        "fell_due_closed": len([h for h in fell_due(seen, window, at) if status(h, at) in ("closed", "spot_closed")]),
    }


def is_carried(history: History) -> bool:
    return history.steps[0].action == "carry_over"


def fell_due(seen: list[History], window: Period, at: str) -> list[History]:
    """Return what was once registered, is neither dropped nor held, and whose last limit came within the period."""
    gone = {"void", "merged", "suspended", "transferred"}
    standing = [h for h in seen if entered_as_case(h, at) != NEVER and status(h, at) not in gone]
    until = min(window.ends_at, at)
    return [h for h in standing if window.starts_at < limit(h, at, "close_due_at") <= until]


def before(history: History, at: str) -> list[Step]:
    return [step for step in history.steps if step.at < at]


def just_after(at: str) -> str:
    return f"{at}~"  # sorts behind the instant itself


def left_open_before(history: History, at: str) -> bool:
    """Whether all that was done before an instant left a case registered, and neither closed, void nor merged."""
    done = before(history, at)
    return bool(done) and done[-1].status not in {
        "reported", "rejected", "closed", "spot_closed", "void", "merged",
    }  # fmt: skip


def closed_by_the_end_of(history: History, window: Period, at: str) -> bool:
    """Whether all that was done until the end of a period, or the instant, closed a case, and in the period."""
    done = before(history, min(window.ends_at, just_after(at)))
    if not done or done[-1].status not in ("closed", "spot_closed"):
        return False
    return window.holds([step.at for step in done if step.action in ("close", "spot_close", "site_check")][-1])


def lags(town: list[History], window: Period, at: str) -> list[int]:
    """Return the seconds until each report of the period came in that tells when it was discovered."""
    births = [history.steps[0] for history in town if history.until(at) and not is_carried(history)]
    told = [birth for birth in births if window.holds(birth.at) and birth.discovered_at]
    return [int((instants.parse(each.at) - instants.parse(each.discovered_at)).total_seconds()) for each in told]


def lag_recounted(town: list[History], window: Period, at: str) -> dict[str, Fraction | None]:
    found = lags(town, window, at)
    if not found:
        return dict.fromkeys(("report_lag_mean", "report_lag_median", "report_lag_p90"))
    days = [Fraction(each, 86_400) for each in found]
    enough = next(lag for lag in sorted(days) if 10 * sum(other <= lag for other in days) >= 9 * len(days))
    return {"report_lag_mean": mean(days), "report_lag_median": median(days), "report_lag_p90": enough}


def results_recounted(town: list[History], window: Period, at: str) -> dict[str, int]:
    said = Counter()
    for history in the_cohort(town, window, at):
        if status(history, at) in ("closed", "spot_closed"):
            codes = [step.result_code for step in history.until(at) if step.result_code]
            said[codes[-1] if codes else "unstated"] += 1
    return dict(said)


def days_recounted(town: list[History], window: Period, at: str) -> dict[str, Fraction | None]:
    took = []
    for history in the_cohort(town, window, at):
        feedback = standing_feedback(history, at)
        if not sent(history, at) or feedback is None:
            continue
        stops = [(one, two) for one, two in zip(history.steps, history.steps[1:], strict=False) if two.at <= feedback]
        held = sum(seconds(one.at, two.at) for one, two in stops if one.status in ("suspended", "transferred"))
        took.append(Fraction(seconds(sent(history, at)[0], feedback) - held, 86_400))
    if not took:
        return {"handle_mean": None, "handle_median": None, "handle_p90": None}
    enough = next(span for span in sorted(took) if 10 * sum(other <= span for other in took) >= 9 * len(took))
    return {"handle_mean": mean(took), "handle_median": median(took), "handle_p90": enough}


def seconds(since: str, until: str) -> int:
    return int((instants.parse(until) - instants.parse(since)).total_seconds())
