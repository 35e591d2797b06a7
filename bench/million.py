"""Measures with a million cases what people open, what a month is filed by, and what leaves as a file.

Pages and figures are measured in processor time of this process, so that a busy machine matters less; files by the
clock, with the memory that they take. The clock of the county stands in the last hour of a month, so that the running
month is a whole one. To measure a folder again that was filled before, which saves some minutes of each run::

    .venv/bin/python -m bench.million FOLDER
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from datetime import time as dt_time
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from bench import board, county, labels
from bench.cases import generator
from bench.cases.generator import CASES
from bench.environment import Environment
from bench.figures import Figure, Target, line, table
from server import instants
from server.app import mount_doors, open_folder
from server.cli import serve
from server.db import database
from server.db.folder import FILE_NAME
from server.instants import BEIJING
from server.settings import Settings
from server.summaries.usecases import keeping_movements
from server.summaries.usecases.groupings import BY_CASE, Grouping

TITLE = "pages, figures, the sheet and files with 1,000,000 cases, for three roles"
PAGE_MS, SUMMARY_MS, PAST_MS, SHEET_S, FILE_S = 200, 50, 500, 5, 60
ROUNDS = 3
READERS = tuple(board.READERS)
"""The brigade is the last: what the county alone may read is measured as it sees it."""
DESKS = {
    "approvals": "/office/approvals",
    "approvals that were decided": "/office/approvals?tab=decided",
    "problems": "/office/problems",
    "devices": "/office/problems/devices",
    "ledger of patrols": "/office/ledgers/patrols",
}
LISTS = ("responsibility", "long_term", "supervised", "overdue")


def measure(environment: Environment) -> Iterator[Figure]:
    folder = environment.folder / "million"
    yield from fill(folder)
    yield from measured(folder)


def fill(folder: Path) -> Iterator[Figure]:
    """Make a county with a million cases in ``folder``, which is new."""
    began = time.process_time()
    county.make(folder)
    today = datetime.now(BEIJING).date()
    generator.fill(folder, CASES, _last_hour(today.replace(day=1) - timedelta(days=1)))
    size = (folder / FILE_NAME).stat().st_size / 1e9
    yield Figure(f"{CASES:,} cases made", time.process_time() - began, "s", reference=f"of processor, {size:.1f} GB")
    yield from labels.indexed(folder)
    yield from _days_kept(folder)


def _days_kept(folder: Path) -> Iterator[Figure]:
    """Keep what each day moved in the sums, as a server does in the background, and yield what it took."""
    end, days = _end(folder), 0
    store = database.open_inline(folder, lambda: end)
    began = time.process_time()
    while keeping_movements.round_of(store):
        days += 1
    took = time.process_time() - began
    store.close()
    if days:
        yield Figure("movements of a day kept", took / days, "s", reference=f"of processor, {days} days")


def measured(folder: Path) -> Iterator[Figure]:
    """Measure a county that ``fill`` has filled, of this program or one before it."""
    yield from _days_kept(folder)
    end, ending = _end(folder), f"-{uuid4().hex[:8]}"
    password, case_no = board.add_readers(folder, ending), board.case_number(folder)
    store = database.open_inline(folder, lambda: end)
    app = open_folder(mount_doors(), Settings(folder), store)
    serve.freeze()  # as the server does once it has opened a folder
    try:
        for name in READERS:
            client = app.test_client()
            board.sign_in_on_page(client, f"{name}{ending}", password)
            yield from board.pages(client, name, case_no, PAGE_MS, ROUNDS)
            for shown, path in DESKS.items():
                yield board.page(client, f"{name}: {shown}", path, PAGE_MS, ROUNDS)
            for shown, path in _figure_pages(end).items():
                rounds = 1 if shown in _READ_CASE_BY_CASE else ROUNDS
                yield board.page(client, f"{name}: {shown}", path, board.FIGURES_MS, rounds)
        headers = _signed_in(client, f"{READERS[-1]}{ending}", password)
        yield from _summaries(client, headers, end)
        yield from _files(client, headers, end)
    finally:
        store.close()


def _figure_pages(end: datetime) -> dict[str, str]:
    """Return the pages of figures by what they show: of the running month, and by towns of longer times."""
    here = "/office/figures"
    return {
        **{f"figures by {by}": f"{here}?period=month&by={by}" for by in Grouping if by is not Grouping.UNIT},
        "figures of the year": f"{here}?period=year",
        "beside the figures": f"{here}/beside?period=month",
        "cases behind a figure": f"{here}/cases?period=month&figure=closed",
        "signs to look at": f"{here}/review?period=month",
        **{f"list {name}": f"{here}/lists/{name}" for name in LISTS},
    }


_READ_CASE_BY_CASE = {f"figures by {by}" for by in BY_CASE}
"""Rows of which no sums are kept: they take seconds, and one round tells it."""


def _summaries(client: Any, headers: Mapping[str, str], end: datetime) -> Iterator[Figure]:
    """Measure the summaries that the API answers the brigade."""
    first, last = end.astimezone(BEIJING).date().replace(day=1), end.astimezone(BEIJING).date()
    month, half = f"from={first}&to={last}", f"from={_months_before(first, 17)}&to={last}"
    asked = {
        "summary by town, the running month": (f"by=town&{month}", SUMMARY_MS),
        "summary by month, 18 months": (f"by=month&{half}", SUMMARY_MS),
        "summary by town, 18 months": (f"by=town&{half}", None),
    }
    for days in (1, 7, 28):
        as_of = quote((end - timedelta(days=days)).isoformat(timespec="seconds"))
        for by in ("town", "month"):
            name = f"summary by {by}, the running month {days} days ago"
            asked[name] = (f"by={by}&{month}&as_of={as_of}", PAST_MS)
    for name, (query, limit) in asked.items():
        rounds = ROUNDS if limit is not None else 1
        yield board.page(client, name, f"/api/v1/summaries/closure?{query}", limit, rounds, headers)


def _files(client: Any, headers: Mapping[str, str], end: datetime) -> Iterator[Figure]:
    """Measure the sheet of the running month, and the ledger of all hazards, by the clock."""
    month = f"{end.astimezone(BEIJING):%Y-%m}"
    for name, path, limit in (
        ("sheet of the month", f"/office/figures/monthly/{month}", SHEET_S),
        ("sheet of the month as XLSX", f"/office/figures/monthly/{month}.xlsx", SHEET_S),
        ("ledger of all hazards as CSV", "/api/v1/records/ledger.csv", FILE_S),
        ("ledger of all hazards as XLSX", "/api/v1/records/ledger.xlsx", FILE_S),
    ):
        yield _file(client, headers, name, path, limit)


def _file(client: Any, headers: Mapping[str, str], name: str, path: str, limit_s: float) -> Figure:
    """Return how long a file takes until its last byte, with how much more memory than before it was taken at most.

    Raises RuntimeError for one that is refused.
    """
    before, began, size = _memory_mb(), time.perf_counter(), 0
    answer = client.get(path, headers=headers)
    for part in answer.iter_encoded():
        size += len(part)
    took = time.perf_counter() - began
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    more = f"{_memory_mb() - before:.0f} MB more memory"
    return Figure(name, took, "s", Target(limit_s), more, f"{size / 1e6:.1f} MB")


def _memory_mb() -> float:
    """Return how much memory this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _last_hour(day: date) -> datetime:
    """Return the last hour of the month of a day."""
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime.combine(following, dt_time.min, BEIJING).astimezone(UTC) - timedelta(hours=1)


def _end(folder: Path) -> datetime:
    """Return the last hour of the month of the newest case."""
    store = database.open_inline(folder)
    with store.reading() as reading:
        newest = str(reading.sql.value("SELECT created_at FROM record ORDER BY born_seq DESC LIMIT 1"))
    store.close()
    return _last_hour(instants.parse(newest).astimezone(BEIJING).date())


def _months_before(first: date, months: int) -> date:
    """Return the first day of the month so many before."""
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _signed_in(client: Any, name: str, password: str) -> Mapping[str, str]:
    """Return the headers by which the API knows somebody."""
    answer = client.post("/api/v1/session", json={"username": name, "password": password})
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


def main() -> None:
    """Measure the folder that the command line names, filled where it is new."""
    parser = argparse.ArgumentParser(prog="python -m bench.million", description=TITLE)
    parser.add_argument("folder", type=Path, help="a folder that it filled before, or a new one")
    folder = parser.parse_args().folder
    if not (folder / FILE_NAME).exists():
        print(table(fill(folder)), flush=True)
    for each in measured(folder):
        print(line(each), flush=True)


if __name__ == "__main__":
    main()
