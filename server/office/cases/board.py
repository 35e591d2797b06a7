"""The board (看板): every case of a person's areas, by tabs, filters and limits, the most overdue first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flask import Response, request
from markupsafe import Markup

from server.cases.usecases import calendars, waiting
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.forms.domain.outline import Language, Wording
from server.instants import BEIJING, parse
from server.office import layout, pages
from server.office.cases import board_choices, board_query, bulk, case_rows, case_view
from server.office.cases.board_query import BY_KEY, ENDED_TAB, MINE, NEWEST, TABS, Asked, Tab
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.records.store import record_lists, reply_lists
from server.replication.store import pulls
from server.web import context, record_exports
from server.web.record_exports import Wanted, listed

blueprint = layout.create_blueprint("office-board", __name__)

ROWS = 50
COUNTED_MOST, SEARCHED_COUNTED_MOST, ENDED_COUNTED_MOST = 9_999, 300, 300
"""As far as a tab counts: beyond it a plus says that there are more. Whoever searches narrows the search first, and of
what is over nobody has work."""

OF_OPEN_CASES = frozenset({"overdue", "soon", "untaken", "requests", "reply", "unanswered"})
"""Filters that no ended case meets: it has no limit, no handler and no request."""

CHANGED_MOST = 200
"""How many changes since a page was made are looked at to tell how many of its cases they concern."""


@blueprint.get("/office/board")
@signed_in
def board() -> Response:
    """Show one tab of the cases in the caller's scope, and beside it the case that the address names."""
    by = context.caller()
    with context.database().reading() as reading:
        asked = board_query.read(reading, request.args, by)
        mine = waiting.for_person(reading, by, asked.filters)
        rows = _mine(mine) if asked.tab is MINE else page_of(reading, by, asked, ROWS + 1)
        values = {
            **_head(reading, by, asked, mine),
            **board_choices.offered(reading, by, asked),
            "rows": case_rows.shown(reading, rows[:ROWS], by, layout.language()),
            "next": _next(asked, rows),
            "listed_first": ROWS if asked.tab is MINE and _goes_on(mine, rows) else 0,
            **bulk.on_board(by, request.args),
            "can_export": record_exports.may_export(by),
            "holidays_missing": calendars.missing_year(reading),
            "overdue": _overdue(reading, by, asked, mine),
            "clock": f"{parse(reading.now).astimezone(BEIJING):%H:%M}",
            "panel": _panel(reading, asked),
        }
        return layout.show(reading, "cases/board.html", layout.BOARD.key, values)


@blueprint.get("/office/board/tabs")
@signed_in
def tabs() -> Response:
    """Show the tabs alone, with their counts as of now; 304 while they are what the page has."""
    by = context.caller()
    with context.database().reading() as reading:
        asked = board_query.read(reading, request.args, by)
        values = _head(reading, by, asked, waiting.for_person(reading, by, asked.filters))
    response = pages.respond("cases/tabs.html", layout.language(), values)
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/office/board/export.<any(csv, xlsx):format>")
@signed_in
def export(format: str) -> Response:
    """Answer with a file of exactly this list. Raises NotAllowed where the caller may not export."""
    by = context.caller()
    with context.database().reading() as reading:
        asked = board_query.read(reading, request.args, by)
        _require_known(asked)
        filters = asked.filters
        if asked.tab is MINE:
            ids = {row["id"] for row in _mine(waiting.for_person(reading, by, filters))}
            filters = replace(filters, ids=frozenset(ids))
    wording = Wording(True, Language.ENGLISH if layout.language() == pages.ENGLISH else Language.CHINESE)
    wanted = Wanted(None, asked.said(), listed(filters), "案件", "cases")
    return record_exports.as_csv(wanted, wording) if format == "csv" else record_exports.as_workbook(wanted, wording)


def _require_known(asked: Asked) -> None:
    """Do nothing where all filters are known. Raises Invalid: a page can say that one is ignored, and a file cannot."""
    if asked.ignored:
        names = "、".join(f"“{name}”" for name in asked.ignored)
        said = f"筛选条件{names}不认识，没有导出；请回到看板，去掉这个条件再导出。"
        raise Invalid(said, errors=[{"field": name, "message": "没有这个筛选条件"} for name in asked.ignored])


def _panel(reading: Reading, asked: Asked) -> Markup:
    """Return the case beside the list; nothing for none, and for one that the caller may not see."""
    if not asked.case:
        return Markup()
    try:
        values = {**layout.bare(), **case_view.shown(reading, asked.case), "is_panel": True}
    except NotFound:
        return Markup()
    return Markup(pages.text("cases/body.html", layout.language(), values))  # noqa: S704 - a template escapes it


def page_of(reading: Reading, by: Actor, asked: Asked, limit: int) -> list[Row]:
    """Return up to ``limit`` cases of the list that an address asks for, in its order."""
    if asked.tab is MINE:
        return _mine(waiting.for_person(reading, by, asked.filters))[:limit]
    if asked.tab is ENDED_TAB and asked.ticks & OF_OPEN_CASES:
        return []
    if asked.tab is ENDED_TAB or asked.sort == NEWEST:
        before = None if asked.after is None else asked.after.born_seq
        return record_lists.page(reading, by.scope, asked.filters, before=before, limit=limit)
    page = reply_lists.page if asked.is_by_reply else record_lists.page_by_due
    return page(reading, by.scope, asked.filters, after=asked.after, limit=limit)


def _mine(found: Iterable[waiting.Waiting]) -> list[Row]:
    rows = [row for each in found for row in each.rows]
    return sorted({row["id"]: row for row in rows}.values(), key=record_lists.due_position)


def _goes_on(mine: Iterable[waiting.Waiting], rows: list[Row]) -> bool:
    """Say whether more waits for somebody than their tab lists; that has no next page, and fills up as they work."""
    return len(rows) > ROWS or any(each.more for each in mine)


def _next(asked: Asked, rows: list[Row]) -> str:
    """Return the address of the next page, empty on the last one."""
    if len(rows) <= ROWS or asked.tab is MINE:
        return ""
    return asked.address(cursor=board_query.cursor(rows[ROWS - 1], asked))


def _head(reading: Reading, by: Actor, asked: Asked, mine: Iterable[waiting.Waiting]) -> dict[str, Any]:
    """Return the tabs with their counts, and how many cases of the list have changed since the page was made."""
    wanted = asked._replace(tab=BY_KEY["open"]).filters
    most = _counted_most(asked)
    counts = record_lists.count_by_status(reading, by.scope, wanted, most + 1)
    ended = record_lists.count_ended(reading, by.scope, wanted, ENDED_COUNTED_MOST + 1)
    shown = [_tab(tab, asked, counts, most, ended, mine) for tab in TABS]
    newest, since = pulls.current_seq(reading), request.args.get("since", "")
    changed = 0
    if since.isascii() and since.isdigit() and len(since) <= 18:
        changed = record_lists.count_changed(reading, by.scope, asked.filters, int(since), CHANGED_MOST)
    else:
        since = str(newest)
    return {
        "asked": asked,
        "tabs": shown,
        "total": next(tab["count"] for tab in shown if tab["is_current"]),
        "counts_address": asked.address("/office/board/tabs", poll="1", since=since),
        "changed": changed,
    }


def _overdue(reading: Reading, by: Actor, asked: Asked, mine: Iterable[waiting.Waiting]) -> str:
    """Return how many cases of the list are overdue; empty where an ended case has no limit, and where none is."""
    if asked.tab is ENDED_TAB:
        return ""
    if asked.tab is MINE:
        count = sum(row["due_at"] is not None and row["due_at"] <= reading.now for row in _mine(mine))
    else:
        wanted = asked._replace(ticks=asked.ticks | {"overdue"}).filters
        count = sum(record_lists.count_by_status(reading, by.scope, wanted, _counted_most(asked) + 1).values())
    most = _counted_most(asked)
    return f"{min(count, most)}{'+' if count > most else ''}" if count else ""


def _counted_most(asked: Asked) -> int:
    """Return as far as each status of a list is counted."""
    return SEARCHED_COUNTED_MOST if asked.q else COUNTED_MOST


def _tab(
    tab: Tab, asked: Asked, counts: Mapping[str, int], most: int, ended: int, mine: Iterable[waiting.Waiting]
) -> dict[str, Any]:
    """Return a tab as the page shows it. most: as far as each status was counted."""
    if tab is MINE:
        # A case may wait for two kinds of work; it is listed once.
        count, more = len({row["id"] for each in mine for row in each.rows}), any(each.more for each in mine)
    elif tab is ENDED_TAB:
        most = ENDED_COUNTED_MOST
        count, more = ended, ended > most
    else:
        count = sum(counts.get(each, 0) for each in tab.statuses)
        more = count > most
    return {
        "word": tab.word,
        "key": tab.key,
        "count": f"{min(count, most)}{'+' if more else ''}",
        "address": asked.address(tab=tab.key),
        "is_current": tab.key == asked.tab.key,
    }
