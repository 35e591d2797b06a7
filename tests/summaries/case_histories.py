"""Tells the lives of cases step by step, for the stories and the laws of the closure summary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from server import instants
from server.instants import BEIJING, Instant
from server.records.domain import case_facts
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Step
from server.records.domain.status import Status
from server.summaries.domain import count_rules, figure_definitions
from server.summaries.domain.periods import Period

LEADS_TO = {
    "report": Status.REPORTED,
    "spot_close": Status.SPOT_CLOSED,
    "carry_over": Status.REGISTERED,
    "register": Status.REGISTERED,
    "reject": Status.REJECTED,
    "merge": Status.MERGED,
    "split": Status.REGISTERED,
    "void": Status.VOID,
    "assign": Status.ASSIGNED,
    "return": Status.REGISTERED,
    "accept": Status.ACCEPTED,
    "start": Status.HANDLING,
    "extend": Status.HANDLING,
    "suspend": Status.SUSPENDED,
    "transfer": Status.TRANSFERRED,
    "resume": Status.HANDLING,
    "feedback": Status.FEEDBACK,
    "file_reply": Status.FEEDBACK,
    "close": Status.CLOSED,
    "rework": Status.HANDLING,
    "reopen": Status.HANDLING,
    "site_check": Status.CLOSED,
    "supervise": Status.HANDLING,
    "ask_return_late": Status.ACCEPTED,
    "draw_recheck": Status.CLOSED,
    "recheck": Status.CLOSED,
    "recheck_failed": Status.CLOSED,
}
MAY = {
    Status.REPORTED: ("register", "reject", "merge", "void", "assign"),
    Status.REGISTERED: ("assign", "merge", "void"),
    Status.MERGED: ("split",),
    Status.ASSIGNED: ("accept", "return", "feedback", "transfer", "void"),
    Status.ACCEPTED: ("start", "feedback", "return", "ask_return_late", "void"),
    Status.HANDLING: ("feedback", "file_reply", "extend", "suspend", "transfer", "void", "site_check", "supervise"),
    Status.SUSPENDED: ("resume",),
    Status.TRANSFERRED: ("resume",),
    Status.FEEDBACK: ("close", "rework"),
    Status.CLOSED: ("reopen", "draw_recheck", "recheck", "recheck_failed"),
    Status.SPOT_CLOSED: ("reopen",),
    Status.REJECTED: (),
    Status.VOID: (),
}
UNITS = tuple(f"130630/{town}/{village}/{unit}" for town in (100, 101) for village in (201, 202) for unit in ("001",))
WIDER = ("130630/100/201", "130630/101", "130630")
CATEGORIES = ("lane", "wiring", "gas")


@dataclass(frozen=True)
class History:
    """A case as it was lived: where, about what, and every step in order of commit."""

    id: str
    path: str
    category: str
    steps: tuple[Step, ...]

    def until(self, at: Instant) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.at <= at)

    def as_of(self, at: Instant) -> CaseFacts | None:
        """Return the facts at an instant; None while nobody had reported anything."""
        if self.steps[0].at > at:
            return None
        birth, *later = self.steps
        return case_facts.as_of(case_facts.begun(self.id, self.path, self.category, birth), later, at)


def known(histories: list[History], at: Instant) -> list[CaseFacts]:
    return [facts for history in histories if (facts := history.as_of(at)) is not None]


def cases_behind(figure: str, cases: Iterable[CaseFacts], period: Period, as_of: Instant) -> tuple[CaseFacts, ...]:
    """Return exactly the cases that a count counts, in their order; a figure of dispatches lists a case for each.

    figure: code of a count, or ``result:<code>``. Raises Invalid for what is no count.
    """
    count_rule = figure_definitions.count_rule(figure, as_of)
    window = count_rules.window_of(period, as_of)
    return tuple(case for case in cases for _ in range(count_rule(case, window)))


def on(day: str, clock: str = "09:00") -> Instant:
    """Return the instant of a Beijing clock time on a day ``04-05`` of 2026."""
    return instants.text(datetime.fromisoformat(f"2026-{day}T{clock}+08:00"))


def end_of(day: str | date) -> Instant:
    """Return the 24:00 that ends a day, as a limit is kept."""
    whole = day if isinstance(day, date) else date.fromisoformat(f"2026-{day}")
    return instants.text(datetime.combine(whole + timedelta(days=1), datetime.min.time(), BEIJING))


def step(action: str, day: str, *, due: str | None = None, close_due: date | None = None, **more: object) -> Step:
    """Return a step of an action on a day of 2026, at nine o'clock, and the last days of the limits that it sets."""
    status = more.pop("status", None) or LEADS_TO[action]
    return Step(action, on(day), status, due and end_of(due), close_due and end_of(close_due), **more)  # type: ignore[arg-type]  # words pass through


def a_case(id: str, *steps: Step, path: str = UNITS[0], category: str = "lane") -> History:
    return History(id, path, category, steps)


FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
gaps = st.integers(min_value=0, max_value=40 * 24)
moments = st.integers(min_value=0, max_value=300 * 24).map(
    lambda hours: instants.text(FIRST_DAY + timedelta(hours=hours))
)


@st.composite
def histories(draw: st.DrawFn, corrections: bool = False) -> History:
    """Draw the life of a case along steps that the workflow allows, with limits near the steps.

    corrections: an edit may give it another category at any time, also once it has ended.
    """
    at = FIRST_DAY + timedelta(hours=draw(st.integers(min_value=0, max_value=150 * 24)))
    action, status = draw(
        st.sampled_from(
            [
                ("report", Status.REPORTED),
                ("report", Status.REPORTED),
                ("carry_over", Status.REGISTERED),
                ("spot_close", Status.SPOT_CLOSED),
                ("spot_close", Status.FEEDBACK),
            ]
        )
    )
    found = draw(st.sampled_from([None, 0, 5, 24, 25, 900]))  # hours before it was reported
    discovered_at = None if found is None else instants.text(at - timedelta(hours=found))
    steps = [Step(action, instants.text(at), status, discovered_at=discovered_at)]
    for _ in range(draw(st.integers(min_value=0, max_value=12))):
        may = (*MAY[status], *(("categorise",) if corrections else ()))
        if not may:
            break
        action = draw(st.sampled_from(may))
        at += timedelta(hours=draw(gaps))
        if action == "categorise":
            category = draw(st.sampled_from((*CATEGORIES, "gone")))
            relaxes = draw(st.booleans())
            steps.append(Step(action, instants.text(at), status, category=category, relaxes=relaxes))
        else:
            status = LEADS_TO[action]
            steps.append(_dated(draw, action, at, status))
    id = f"{draw(st.uuids())}"
    return History(id, draw(st.sampled_from(UNITS + WIDER)), draw(st.sampled_from((*CATEGORIES, "gone"))), tuple(steps))


def _dated(draw: st.DrawFn, action: str, at: datetime, status: Status) -> Step:
    if action in ("assign", "extend", "rework", "reopen", "resume"):
        due = at + timedelta(hours=draw(gaps))
        limits = instants.text(due), instants.text(due + timedelta(days=3))
        return Step(action, instants.text(at), status, *limits)
    if action == "register":
        return Step(action, instants.text(at), status, recurs=draw(st.booleans()))
    code = draw(st.sampled_from([None, "fixed", "place_closed"])) if action == "feedback" else None
    said = draw(st.sampled_from([None, 0, 100, 700])) if action == "feedback" else None
    written = None if said is None else instants.text(at - timedelta(hours=said))
    return Step(action, instants.text(at), status, result_code=code, written_at=written)
