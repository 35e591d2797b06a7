"""Says which sets are kept, and when the next is due: pure rules over instants."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta

from server import instants
from server.instants import BEIJING, Instant

RETRY = timedelta(hours=1)
"""How long after a failed try the next one is made."""


def _week(day: str) -> str:
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-{week:02}"


_PERIODS: Mapping[str, Callable[[str], str]] = {"day": str, "week": _week, "month": lambda day: day[:7]}
"""Name of a period to the function that says in which one a local day lies."""


def kept(made_at: Iterable[Instant], rules: Iterable[Mapping[str, str]]) -> frozenset[Instant]:
    """Return which of the sets that were made at these instants are kept.

    rules: rows of ``data/backup_keep.csv``; of each period the newest set of the last ``sets`` periods that have any.
    The newest of all is always kept. A week is one of ISO 8601; days begin in Beijing.
    """
    newest_first = sorted(made_at, reverse=True)
    found = set(newest_first[:1])
    for rule in rules:
        newest: dict[str, Instant] = {}
        for each in newest_first:
            newest.setdefault(_PERIODS[rule["period"]](instants.local_day(each)), each)
        found.update(list(newest.values())[: int(rule["sets"])])
    return frozenset(found)


def is_due(finished_at: Instant, failed_at: Instant, now: Instant, times: Collection[time]) -> bool:
    """Say whether a backup is to be made now.

    finished_at: of the last one, empty for none. failed_at: of a newer try, empty for none. times: of the local day.

    Where the clock was set back, what lies in the future counts as never: nobody waits a year for the next backup.
    """
    if failed_at and failed_at <= now < instants.later(failed_at, RETRY):
        return False
    return not finished_at or finished_at > now or finished_at < _last_time(now, times)


def _last_time(now: Instant, times: Collection[time]) -> Instant:
    """Return the latest instant up to ``now`` at which the local clock showed one of ``times``."""
    today = datetime.fromisoformat(instants.local_day(now)).date()
    found = (
        instants.text(datetime.combine(day, each, BEIJING))
        for day in (today, today - timedelta(days=1))
        for each in times
    )
    return max(each for each in found if each <= now)
