"""Reads what an address of the figures asks for, and writes the addresses of the same figures, and of their cases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode

from server.db.transactions import Reading
from server.errors import Refusal
from server.grid.domain.areas import Area, short_name
from server.grid.domain.scope import Scope
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.summaries.domain import periods
from server.summaries.domain.periods import Against, Named, Period
from server.summaries.usecases import requests
from server.summaries.usecases.closure_summary import Query
from server.summaries.usecases.groupings import Grouping
from server.summaries.usecases.requests import Request

PAGE, CASES, PRINT, WORDS, MONTHLY, LISTS, REVIEW = (
    f"/office/figures{part}" for part in ("", "/cases", "/print", "/words", "/monthly", "/lists", "/review")
)

PERIODS = {
    Named.MONTH: "本月",
    Named.LAST_MONTH: "上月",
    Named.QUARTER: "本季",
    Named.LAST_QUARTER: "上季",
    Named.YEAR: "本年",
}
"""The periods that the page offers, in their order."""

DEFAULT = Named.QUARTER
RECORDED = "recorded"
BEFORE, YEAR_AGO, NOTHING = "before", "year_ago", "none"
AGAINST = {BEFORE: Against.PREVIOUS, YEAR_AGO: Against.YEAR_AGO, NOTHING: None}
AGAINST_WORDS = {BEFORE: "上一期", YEAR_AGO: "去年同期", NOTHING: "不比"}

AREAS_WORDS = {"current": "按现在的网格", RECORDED: "按登记时的网格"}

OF_SUMMARY = ("period", "from", "to", "as_of", "against", "area", "areas", "by")
NAMES = (*OF_SUMMARY, "all", "beside", "figure", "row", "handler", "cursor")
"""What an address may say; all else is told and ignored."""


class Asked(NamedTuple):
    """What an address asks. said: its words that are understood. faults: a sentence for each that is not.

    request: what it comes to. word: what the period is called, empty for any days.
    """

    said: Mapping[str, str]
    request: Request
    word: str
    faults: tuple[str, ...]

    def address(self, path: str = PAGE, **other: str) -> str:
        """Return the address of the same but for ``other``; an empty value leaves a word out."""
        kept = {name: self.said.get(name, "") for name in OF_SUMMARY} | other
        return _written(path, kept)

    def cases(self, figure: str, as_of: str, **other: str) -> str:
        """Return the address of the cases that a figure counts, as of the instant of the count; other: row, handler.

        Without a figure it is what stands before the name of one.
        """
        return cases_address(self.request, self.request.period, as_of, figure, **other)


def cases_address(of: Request | Query, period: Period, as_of: str, figure: str, **other: str) -> str:
    """Return the address of the cases behind a figure of any days; an empty value leaves a word out.

    of: names the area, and whether areas are those in which cases were recorded.
    """
    words = {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "area": "" if of.area is None else of.area.code,
        "areas": RECORDED if of.as_recorded else "",
        "as_of": as_of,
        "figure": figure,
    }
    return _written(CASES, words | other)


def read(reading: Reading, by: Actor, scope: Scope, said: Mapping[str, str]) -> Asked:
    """Return what an address asks, limited to ``scope``; what cannot be understood gives way to what is usual."""
    faults = [f"筛选条件“{name[:50]}”不认识，已忽略" for name in said if name not in NAMES]
    kept = {name: said[name].strip()[:60] for name in NAMES if said.get(name, "").strip()}
    days = _days(kept, faults)
    _keep_known(kept, "against", AGAINST, faults)
    _keep_known(kept, "by", tuple(Grouping), faults)
    _keep_known(kept, "areas", AREAS_WORDS, faults)
    _keep_area(reading, by, kept, faults)
    _keep_instant(reading, by, scope, kept, faults)
    request = _request(reading, by, scope, days, kept)
    word = PERIODS.get(days, "") if isinstance(days, Named) else ""
    return Asked(kept, request, word, tuple(faults))


def _request(reading: Reading, by: Actor, scope: Scope, days: Period | Named, kept: Mapping[str, str]) -> Request:
    return requests.request_for(
        reading,
        by,
        scope,
        days=days,
        area=kept.get("area"),
        grouping=Grouping(kept["by"]) if "by" in kept else None,
        against=AGAINST[kept.get("against", BEFORE)],
        as_of=kept.get("as_of"),
        as_recorded=kept.get("areas") == RECORDED,
    )


def _days(kept: dict[str, str], faults: list[str]) -> Period | Named:
    if "from" in kept or "to" in kept:
        kept.pop("period", None)
        try:
            return periods.between(date.fromisoformat(kept.get("from", "")), date.fromisoformat(kept.get("to", "")))
        except Refusal as refusal:
            faults.append(refusal.message)
        except ValueError:
            faults.append("起止日期要一起给，写成 2026-04-01 这样。")
        kept.pop("from", None)
        kept.pop("to", None)
        return DEFAULT
    _keep_known(kept, "period", tuple(PERIODS), faults)
    return Named(kept.get("period", DEFAULT))


def _keep_known(kept: dict[str, str], name: str, known: Any, faults: list[str]) -> None:
    if name in kept and kept[name] not in known:
        faults.append(f"筛选条件“{kept.pop(name)}”不认识，已忽略")


def _keep_area(reading: Reading, by: Actor, kept: dict[str, str], faults: list[str]) -> None:
    try:
        if "area" in kept:
            visibility.get_visible(reading, kept["area"], by)
    except Refusal as refusal:
        faults.append(refusal.message)
        del kept["area"]


def _keep_instant(reading: Reading, by: Actor, scope: Scope, kept: dict[str, str], faults: list[str]) -> None:
    try:
        requests.request_for(reading, by, scope, days=DEFAULT, as_of=kept.get("as_of"))
    except Refusal as refusal:
        faults.append(refusal.message)
        del kept["as_of"]


def _written(path: str, words: Mapping[str, str]) -> str:
    query = urlencode({name: value for name, value in words.items() if value})
    return f"{path}?{query}" if query else path


def area_name(area: Area | None, whole: str) -> str:
    """Return what an area is called on the page; whole: what all of the reader's areas are called."""
    return whole if area is None else short_name(area.name)
