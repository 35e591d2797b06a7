"""The board (看板): every case of a person's areas, by tabs, filters and limits, the most overdue first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Response, request

from server.cases.usecases import waiting
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import NotFound
from server.grid.domain.areas import Area, Level, short_name
from server.grid.store import areas
from server.instants import FOREVER
from server.office import layout, pages
from server.office.cases import bulk, case_rows
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.records.domain.status import ENDED, OPEN, Status
from server.records.store import record_lists
from server.records.store.record_lists import DuePosition, Filters
from server.records.usecases.disclosing import RecordMask
from server.web import context

blueprint = layout.create_blueprint("office-board", __name__)

ROWS = 50
COUNTED_MOST, ENDED_COUNTED_MOST = 9_999, 300
"""As far as a tab counts: beyond it a plus says that there are more. Of what is over nobody has work."""

Q_CHARS_MAX = 100


class Tab(NamedTuple):
    """A tab of the board. statuses: of its cases; of the first they are those that wait for the reader."""

    key: str
    word: str
    statuses: tuple[Status, ...]


MINE = Tab("mine", "待我办", waiting.STATUSES)
ENDED_TAB = Tab("ended", "已结束", tuple(ENDED))
TABS = (
    MINE,
    Tab("open", "全部在办", tuple(OPEN)),
    Tab("reported", "待受理", (Status.REPORTED,)),
    Tab("registered", "待派遣", (Status.REGISTERED,)),
    Tab("assigned", "待签收", (Status.ASSIGNED,)),
    Tab("handling", "处置中", (Status.ACCEPTED, Status.HANDLING)),
    Tab("feedback", "待核查", (Status.FEEDBACK,)),
    Tab("held", "挂账移交", (Status.SUSPENDED, Status.TRANSFERRED)),
    ENDED_TAB,
)
BY_KEY = {tab.key: tab for tab in TABS}
DEFAULT = BY_KEY["open"]

NAMES = ("tab", "area", "overdue", "conflict", "requests", "q", "cursor", "poll", "bulk")
"""What an address of the board may say; all else is told and ignored."""


class Asked(NamedTuple):
    """What an address asks of the board. ignored: what of it nobody knows. shown_label: of ``Filters``."""

    tab: Tab
    area: Area | None
    overdue: bool
    conflict: bool
    requests: bool
    q: str
    after: DuePosition | None
    ignored: tuple[str, ...]
    shown_label: Callable[[Row], str] | None = None

    def address(self, **other: str) -> str:
        """Return the address of the same list but for ``other``; an empty value leaves a filter out."""
        said = {
            "tab": self.tab.key,
            "area": "" if self.area is None else self.area.code,
            "overdue": "1" if self.overdue else "",
            "conflict": "1" if self.conflict else "",
            "requests": "1" if self.requests else "",
            "q": self.q,
            **other,
        }
        return f"/office/board?{urlencode({name: value for name, value in said.items() if value})}"

    def counts_address(self) -> str:
        """Return where a page asks, from time to time, for the tabs with their counts."""
        return self.address(poll="1").replace("/office/board?", "/office/board/tabs?")

    @property
    def filters(self) -> Filters:
        return Filters(
            columns={"conflict": True} if self.conflict else {},
            statuses=tuple(status.value for status in self.tab.statuses),
            place=None if self.area is None else self.area.place,
            overdue=True if self.overdue else None,
            has_request=True if self.requests else None,
            q=self.q or None,
            shown_label=self.shown_label,
        )


@blueprint.get("/office/board")
@signed_in
def board() -> Response:
    """Show one tab of the cases in the caller's scope."""
    by = context.caller()
    with context.database().reading() as reading:
        asked = _asked(reading, request.args, by)
        mine = waiting.for_person(reading, by, asked.filters)
        rows = _mine(mine) if asked.tab is MINE else _page(reading, by, asked)
        values = {
            "asked": asked,
            "tabs": _tabs(reading, by, asked, mine),
            "rows": case_rows.shown(reading, rows[:ROWS], by, layout.language()),
            "next": _next(asked, rows),
            "listed_first": ROWS if asked.tab is MINE and _goes_on(mine, rows) else 0,
            "choices": _area_choices(reading, by),
            **bulk.on_board(by, request.args),
            "is_filtered": bool(asked.area or asked.overdue or asked.conflict or asked.requests or asked.q),
        }
        return layout.show(reading, "cases/board.html", layout.BOARD.key, values)


@blueprint.get("/office/board/tabs")
@signed_in
def tabs() -> Response:
    """Show the tabs alone, with their counts as of now; 304 while they are what the page has."""
    by = context.caller()
    with context.database().reading() as reading:
        asked = _asked(reading, request.args, by)
        found = _tabs(reading, by, asked, waiting.for_person(reading, by, asked.filters))
    response = pages.respond("cases/tabs.html", layout.language(), {"asked": asked, "tabs": found})
    response.add_etag()
    response.make_conditional(request)
    return response


def _asked(reading: Reading, said: Mapping[str, str], by: Actor) -> Asked:
    ignored = [name for name in said if name not in NAMES]
    tab = BY_KEY.get(said.get("tab", DEFAULT.key))
    area = None
    if code := said.get("area", ""):
        try:
            area = visibility.get_visible(reading, code, by)
        except NotFound:
            ignored.append(code)
    after = _position(said.get("cursor", ""))
    if tab is None:
        ignored.append(said["tab"])
    return Asked(
        tab or DEFAULT,
        area,
        said.get("overdue") == "1",
        said.get("conflict") == "1",
        said.get("requests") == "1",
        said.get("q", "").strip()[:Q_CHARS_MAX],
        after,
        tuple(each[:50] for each in ignored),
        RecordMask(reading, by).shown_label if said.get("q") else None,
    )


def _page(reading: Reading, by: Actor, asked: Asked) -> list[Row]:
    if asked.tab is ENDED_TAB:  # what is over has no limit and no request: the newest first
        if asked.overdue or asked.requests:
            return []
        before = None if asked.after is None else asked.after.born_seq
        return record_lists.page(reading, by.scope, asked.filters, before=before, limit=ROWS + 1)
    return record_lists.page_by_due(reading, by.scope, asked.filters, after=asked.after, limit=ROWS + 1)


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
    last = record_lists.due_position(rows[ROWS - 1])
    return asked.address(cursor=f"{last.due_at}~{last.born_seq}")


def _position(cursor: str) -> DuePosition | None:
    due_at, _, born_seq = cursor.partition("~")
    if len(due_at) != len(FOREVER) or not (born_seq.isascii() and born_seq.isdigit() and len(born_seq) <= 18):
        return None
    return DuePosition(due_at, int(born_seq))


def _tabs(reading: Reading, by: Actor, asked: Asked, mine: Iterable[waiting.Waiting]) -> list[dict[str, Any]]:
    wanted = asked._replace(tab=BY_KEY["open"]).filters
    counts = record_lists.count_by_status(reading, by.scope, wanted, COUNTED_MOST + 1)
    ended = record_lists.count_ended(reading, by.scope, wanted, ENDED_COUNTED_MOST + 1)
    return [_tab(tab, asked, counts, ended, mine) for tab in TABS]


def _tab(
    tab: Tab, asked: Asked, counts: Mapping[str, int], ended: int, mine: Iterable[waiting.Waiting]
) -> dict[str, Any]:
    most = COUNTED_MOST
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


def _area_choices(reading: Reading, by: Actor) -> list[tuple[str, str]]:
    """Return the areas that the list may be narrowed to: towns of a county, villages of a town, units of a village."""
    scope = visibility.of(by)
    found: list[tuple[str, str]] = []
    for place in scope.places:
        covered = areas.list_inside(reading, place, scope)
        below = [area for area in covered if area.in_force(reading.now) and area.path.count("/") == _below(place.path)]
        found += [(area.code, short_name(area.name)) for area in below]
    return found if len(found) > 1 else []


def _below(path: str) -> int:
    """Return the depth of the areas below one: of a unit, its own."""
    return min(path.count("/") + 1, len(Level) - 1)
