"""Measures the closure summary and record lists at a million cases."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

from bench import labels
from bench.cases import generator
from bench.cases.generator import CASES, DAYS, TYPE
from bench.county import UNIT, County
from bench.environment import Environment, ask, expect, serving
from bench.figures import Figure, latency
from bench.lists import sign_in
from server.db import database
from server.db.folder import FILE_NAME
from server.grid.domain.areas import Place, path_of
from server.grid.domain.scope import Scope
from server.summaries.domain import periods
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import Query
from server.summaries.usecases.groupings import Grouping

TITLE = "closure summary and record lists at a million cases"
TARGET_MS, DRILL_DOWN_MS, PAST_MS = 50, 100, 1_000
ROUNDS, PAST_ROUNDS = 15, 3
TOWN, VILLAGE = UNIT[:9], UNIT[:12]


def measure(environment: Environment) -> Iterator[Figure]:
    filled = environment.copy_of_county("closure")
    began = time.perf_counter()
    generator.fill(filled.folder)
    size = (filled.folder / FILE_NAME).stat().st_size / 1e9
    yield Figure(f"{CASES:,} cases made", time.perf_counter() - began, "s", reference=f"{size:.1f} GB, {DAYS} days")
    yield from labels.indexed(filled.folder)
    with serving(filled.folder) as server, server.connection() as connection:
        officer = sign_in(connection, filled)
        yield from _summaries(connection, officer, filled)
        yield from _drill_downs(connection, officer)
        yield from _lists(connection, officer)


def _summaries(connection: http.client.HTTPConnection, officer: Mapping[str, str], filled: County) -> Iterator[Figure]:
    month, half = _last_month(), _months_back(18)
    inside = _in_process(filled, Grouping.TOWN, month)
    yield _timed(connection, officer, "by town, one month", f"by=town&{_days(month)}", f"{inside:.1f} ms without HTTP")
    yield _timed(connection, officer, "by month, 18 months", f"by=month&{_days(half)}")
    yield _timed(connection, officer, "by town, 18 months", f"by=town&{_days(half)}")
    yield _timed(connection, officer, "by category, one month", f"by=category&{_days(month)}")
    yield _timed(connection, officer, "by village, one month", f"by=village&{_days(month)}")
    yield _timed(connection, officer, "by village of a town, one month", f"area={TOWN}&by=village&{_days(month)}")
    yield _timed(connection, officer, "this month beside the last, by town", "by=town&period=month")
    yield _timed(connection, officer, "this year beside the last, by town", "by=town&period=year")
    shifted_month = (month[0] + timedelta(days=9), month[1] + timedelta(days=9))
    yield _timed(connection, officer, "by town, 10th to 10th", f"by=town&{_days(shifted_month)}", target=None)
    as_of = quote((datetime.now(UTC) - timedelta(days=7)).isoformat(timespec="seconds"))
    this_month = (datetime.now(UTC).date().replace(day=1), datetime.now(UTC).date())
    for name, days in (("last month", month), ("this month", this_month), ("18 months", half)):
        past = f"by=town&{_days(days)}&as_of={as_of}"
        yield _timed(
            connection, officer, f"by town, {name}, as of a week ago", past, target=PAST_MS, rounds=PAST_ROUNDS
        )


def _drill_downs(connection: http.client.HTTPConnection, officer: Mapping[str, str]) -> Iterator[Figure]:
    days = _days(_last_month())
    for figure in ("closed", "handling_overdue", "void", "handled_late", "opening", "closed_in_period", "returns"):
        path = f"/api/v1/summaries/closure/cases?by=town&{days}&figure={figure}"
        yield _measured(connection, officer, f"cases behind {figure}, first 100", path, DRILL_DOWN_MS)


def _lists(connection: http.client.HTTPConnection, officer: Mapping[str, str]) -> Iterator[Figure]:
    filters = (
        f"type={TYPE}", f"area={TOWN}", f"area={VILLAGE}", f"area={UNIT}", "status=handling", "status=closed",
        "status=suspended", "stage=handle", "assignee=user:gw0007", "overdue=true", "overdue=false", "conflict=true",
        "conflict=false", f"q={quote('演示场所0007')}", f"q={quote('没有这样的事')}", f"q={quote('龘')}", "q=7",
        f"q={quote('演示')}&status=suspended", "q=LY-2026-0900000",
        f"type={TYPE}&area={TOWN}&status=handling&overdue=true", f"area={VILLAGE}&stage=assign",
    )  # fmt: skip
    for query in ("", *filters):
        yield _measured(connection, officer, f"records?{query}", f"/api/v1/records?{query}", TARGET_MS)


def _timed(
    connection: http.client.HTTPConnection,
    officer: Mapping[str, str],
    name: str,
    query: str,
    reference: str = "",
    target: float | None = TARGET_MS,
    rounds: int = ROUNDS,
) -> Figure:
    return _measured(
        connection, officer, f"summary {name}", f"/api/v1/summaries/closure?{query}", target, reference, rounds
    )


def _measured(
    connection: http.client.HTTPConnection,
    officer: Mapping[str, str],
    name: str,
    path: str,
    target: float | None,
    reference: str = "",
    rounds: int = ROUNDS,
) -> Figure:
    answers = [expect(ask(connection, path, headers=officer), 200) for _ in range(rounds)]
    return latency(
        name, [each.seconds for each in answers], target, reference or f"{len(answers[0].body) / 1e3:.0f} kB"
    )


def _in_process(filled: County, by: Grouping, days: tuple[date, date]) -> float:
    """Return the milliseconds of a summary without a server around it."""
    store = database.open_inline(filled.folder)
    query = Query(Scope(places=(Place(path_of("130630")),)), None, by, periods.between(*days))
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with store.reading() as reading:
            closure_summary.summarise(reading, query)
        took.append(time.perf_counter() - began)
    store.close()
    return sorted(took)[len(took) // 2] * 1000


def _last_month() -> tuple[date, date]:
    return _months_back(1)


def _months_back(count: int) -> tuple[date, date]:
    """Return the first and the last day of the ``count`` whole months before this one."""
    last = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)
    first = last
    for _ in range(count - 1):
        first = first.replace(day=1) - timedelta(days=1)
    return first.replace(day=1), last


def _days(days: tuple[date, date]) -> str:
    return f"from={days[0]}&to={days[1]}"
