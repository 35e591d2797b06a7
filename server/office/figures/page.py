"""The page of figures (汇总): how cases were closed in a period, each number with its cases, as of an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from flask import Response, request

from server.cases.usecases import calendars
from server.db.transactions import Reading
from server.errors import Invalid, Refusal
from server.grid.domain.scope import Scope
from server.monthly_reports.domain import hazard_lists
from server.monthly_reports.usecases import drawing
from server.office import layout, pages
from server.office.figures import asked as addresses
from server.office.figures import pickers, row_names, sentence_words, shown
from server.office.figures.asked import Asked
from server.office.layout import signed_in
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.summaries.domain import periods
from server.summaries.usecases import closure_summary, daily, handlers, requests, summary_tables, untimed
from server.summaries.usecases.closure_summary import Result
from server.summaries.usecases.groupings import BY_CASE, ROW_TITLES, Grouping
from server.web import context

blueprint = layout.create_blueprint("office-figures", __name__)

SWITCHES = {Grouping.CATEGORY: "类别", Grouping.MONTH: "月份"}

MORE_ROWS = tuple(each for each in Grouping if each in BY_CASE)
"""Rows that take longer: a menu offers them."""


class Found(NamedTuple):
    """What an address asks, and its summary."""

    asked: Asked
    result: Result


@blueprint.get(addresses.PAGE)
@signed_in
def figures() -> Response:
    """Show the summary with its charts, its parts and, for who asks for it here, what stands beside it."""
    by = context.caller()
    scope = requests.reading_scope(by)
    with context.database().reading() as reading:
        found = find(reading, by, scope, request.args)
        asked, result = found
        before = _before(reading, found) if "beside" in request.args else None
        values = {
            **_frame_values(reading, by, found),
            **_parts(reading, found),
            "kpi": shown.kpis(asked, result, before),
            "controls": shown.controls(asked, result, layout.language()),
            "before_name": _before_name(asked),
            "beside_address": asked.address("/office/figures/beside", as_of=result.as_of),
            "with_beside": asked.address(beside="1"),
            "is_beside": "beside" in request.args,
        }
        return layout.show(reading, "figures/figures.html", layout.FIGURES.key, values)


@blueprint.get("/office/figures/beside")
@signed_in
def beside() -> Response:
    """Show what stands beside the summary alone: a past instant takes longer than the page, which does not wait."""
    by = context.caller()
    with context.database().reading() as reading:
        found = find(reading, by, requests.reading_scope(by), request.args)
        before = _before(reading, found)
    values = {"before": shown.beside(found.asked, found.result, before), "before_name": _before_name(found.asked)}
    return pages.respond("figures/beside.html", layout.language(), values)


@blueprint.get("/office/figures/rows")
@signed_in
def rows() -> Response:
    """Show the rows below one of the table, to be put under it."""
    by = context.caller()
    with context.database().reading() as reading:
        asked, result = find(reading, by, requests.reading_scope(by), request.args)
        of = asked.request.area
        values = {
            "table": _table(reading, asked, result, is_whole="all" in request.args),
            "under": "" if of is None else of.code,
            "depth": 0 if of is None else of.path.count("/"),
        }
    return pages.respond("figures/rows.html", layout.language(), values)


def find(reading: Reading, by: Actor, scope: Scope, said: Mapping[str, str]) -> Found:
    """Return what an address asks and its summary; rows or an area that are not there give way, and it is said."""
    asked = addresses.read(reading, by, scope, said)
    try:
        return Found(asked, closure_summary.summarise(reading, asked.request.query(reading.now)))
    except Refusal as refusal:
        plain = {name: value for name, value in said.items() if name not in ("area", "by")}
        asked = addresses.read(reading, by, scope, plain)
        asked = asked._replace(faults=(*asked.faults, refusal.message))
        return Found(asked, closure_summary.summarise(reading, asked.request.query(reading.now)))


def get(reading: Reading, by: Actor, scope: Scope, said: Mapping[str, str]) -> Found:
    """Return the same for what is signed or taken along. Raises Invalid where ``find`` would give something else."""
    found = find(reading, by, scope, said)
    if found.asked.faults:
        raise Invalid(found.asked.faults[0])
    return found


def _before(reading: Reading, found: Found) -> Result | None:
    """Return the total of the period beside, None without one, or where no figure is defined so long ago."""
    asked, result = found
    comparison = asked.request.comparison
    if comparison is None or result.training:
        return None
    try:
        query = asked.request.query_beside(result, comparison)
    except Invalid:
        return None
    return closure_summary.summarise(reading, replace(query, by=Grouping.MONTH))


def _before_name(asked: Asked) -> str:
    comparison = asked.request.comparison
    return "" if comparison is None else comparison.names[1]


def _parts(reading: Reading, found: Found) -> dict[str, Any]:
    """Return the parts beside the table: days, months, who has what is overdue, categories."""
    asked, result = found
    query = replace(asked.request.query(reading.now), by=result.by)
    try:
        each_day = shown.days(asked, result.as_of, daily.by_day(reading, query))
        no_days = ""
    except Invalid as refusal:
        each_day, no_days = [], refusal.message
    by_category = result.summary
    if result.by is not Grouping.CATEGORY:
        by_category = untimed.summarise(reading, replace(query, by=Grouping.CATEGORY))
    return {
        "days": each_day,
        "no_days": no_days,
        "months": shown.months(reading, asked, query, result.as_of),
        "overdue": shown.overdue_lines(asked, result.as_of, handlers.overdue(reading, query)),
        "categories": shown.category_lines(asked, result.as_of, by_category, row_names.of(reading, Grouping.CATEGORY)),
    }


def _frame_values(reading: Reading, by: Actor, found: Found) -> dict[str, Any]:
    asked, result = found
    is_whole = "all" in request.args
    level = closure_summary.grouping_of(replace(asked.request.query(reading.now), by=None))
    titles = {level: ROW_TITLES[level], **SWITCHES}
    return {
        "asked": asked,
        "result": result,
        "has_begun": summary_tables.has_begun(result),
        "sentence": sentence_words.told(result, layout.language()),
        "until": summary_tables.local(result.as_of)[5:],
        "is_now": "as_of" not in asked.said,
        "running": _running(result),
        "holidays_missing": calendars.missing_year(reading),
        "table": _table(reading, asked, result, is_whole=is_whole),
        "total": shown.total(asked, result),
        "row_title": ROW_TITLES[result.by],
        "switches": _switches(asked, result, titles),
        "more_rows": _switches(asked, result, {each: ROW_TITLES[each] for each in MORE_ROWS}),
        "pickers": pickers.shown(reading, by, asked),
        "links": _links(by, asked, result),
        "lists": _lists(by),
        "depth": 0,
        "under": "",
    }


def _switches(asked: Asked, result: Result, titles: Mapping[Grouping, str]) -> list[tuple[str, str, bool]]:
    """Return what rows may be of: what it is called, its address, and whether they are now."""
    return [(word, asked.address(by=each.value), each is result.by) for each, word in titles.items()]


def _table(reading: Reading, asked: Asked, result: Result, *, is_whole: bool) -> dict[str, Any]:
    """Return the rows to show, and how many without cases are folded into one line, with the address of all."""
    found = shown.table(asked, result, row_names.of(reading, result.by))
    kept = [row for row in found if row.has_cases or result.by is Grouping.MONTH]
    if is_whole or len(found) - len(kept) < 2:
        return {"rows": found, "folded": 0, "all": "", "title": ROW_TITLES[result.by]}
    folded = len(found) - len(kept)
    title = ROW_TITLES[result.by]
    return {"rows": kept, "folded": folded, "all": asked.address(all="1"), "title": title}


def _running(result: Result) -> dict[str, Any] | None:
    """Return how far a period has got that is not over; None for one that is, or has not begun."""
    if result.over or not summary_tables.has_begun(result):
        return None
    day = (periods.day_of(result.as_of) - result.period.first).days + 1
    return {"day": day, "days": (result.period.last - result.period.first).days + 1}


def _lists(by: Actor) -> list[tuple[str, str]]:
    """Return the lists of hazards that somebody may print or take along: what each is called, and its address."""
    if rights.scope_for(by, "export", "read") == Scope():
        return []
    is_english = layout.language() == pages.ENGLISH
    known = hazard_lists.lists_at(by.at)
    return [(each.title_en if is_english else each.title, f"{addresses.LISTS}/{each.key}") for each in known]


def _links(by: Actor, asked: Asked, result: Result) -> dict[str, str]:
    """Return where the figures go on: words, print and, for who may, files."""
    found = {
        "words": addresses.WORDS,
        "review": asked.address(addresses.REVIEW, as_of="", by="", against=""),
        "monthly": addresses.MONTHLY if drawing.is_whole(requests.reading_scope(by)) else "",
        "print": asked.address(addresses.PRINT, as_of=result.as_of),
        **dict.fromkeys(("xlsx", "csv"), ""),
    }
    if rights.scope_for(by, "export", "read", requests.READ) != Scope():
        for ending in ("xlsx", "csv"):
            found[ending] = asked.address(f"/office/figures/table.{ending}", as_of=result.as_of)
    return found
