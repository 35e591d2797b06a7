"""What an address of the board asks for: a tab, filters, an order, a case beside the list; and the address of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from server.cases.usecases import waiting
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.store import codes
from server.grid.domain.areas import Area
from server.instants import FOREVER, Instant
from server.office.cases import case_facts
from server.office.cases.acting import read_uuid
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.records.domain.status import ENDED, OPEN, Status
from server.records.store import record_lists, reply_lists
from server.records.store.record_lists import DuePosition, Filters
from server.records.usecases.disclosing import RecordMask
from sync.flags import Flag

Q_CHARS_MAX, SAID_CHARS_MAX = 100, 50


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

TICKS = {
    "overdue": "已超期",
    "soon": "今明到期",
    "untaken": "超期未签收",
    "conflict": "有两个值",
    "requests": "有申请",
    "reply": "12345待答复",
    "unanswered": "已过答复期限",
    "placed": "有定位",
    "unplaced": "无定位",
}
"""Filters that are on or off, with what a page calls them."""

FLAGS = {
    Flag.EVIDENCE_MISSING.value: "缺照片",
    Flag.REWORKED.value: "返工",
    record_lists.SUPERVISED: "督办",
    Flag.MAJOR.value: "重大隐患",
}
CODED = {"category": "hazard_categories", "item": "hazard_items", "source": "hazard_sources"}
VALUES = ("category", "item", "severity", "source", "handler", "flag")
"""Filters that hold a value. Those of ``CODED`` are codes of a list."""

WORDS = {"category": "类别", "item": "隐患", "severity": "等级", "source": "来源", "handler": "承办", "flag": "标记"}
NEWEST = "-created"
SORTS = ("due", NEWEST)
SILENT = ("cursor", "case", "map", "poll", "since", "format", "kind", "panel", "bulk")
"""What an address may say besides what its list is narrowed to."""

NAMES = frozenset({"tab", "area", "q", "sort", *TICKS, *VALUES, *SILENT})


class Chip(NamedTuple):
    """A filter that is set. without: the address of the list that is not narrowed by it."""

    said: str
    without: str


class Asked(NamedTuple):
    """What an address asks of the board.

    ticks: filters that are on. values: the others, by name. after: where the page before ended. case: that stands open
    beside the list, empty for none. map: it is open. ignored: what of the address nobody knows. shown_label,
    given_before: of ``Filters``.
    """

    tab: Tab
    area: Area | None
    ticks: frozenset[str]
    values: Mapping[str, str]
    q: str
    sort: str
    after: DuePosition | None
    case: str
    map: bool
    ignored: tuple[str, ...]
    shown_label: Callable[[Row], str] | None = None
    given_before: Instant | None = None

    def said(self, **other: str) -> dict[str, str]:
        """Return what the address of the same list says but for ``other``; an empty value leaves a filter out."""
        found = {
            "tab": self.tab.key,
            "area": "" if self.area is None else self.area.code,
            **{name: "1" for name in TICKS if name in self.ticks},
            **self.values,
            "q": self.q,
            "sort": "" if self.sort == SORTS[0] else self.sort,
            "map": "1" if self.map else "",
            **other,
        }
        return {name: value for name, value in found.items() if value}

    def address(self, path: str = "/office/board", **other: str) -> str:
        """Return the address of the same list but for ``other``, under ``path``."""
        return f"{path}?{urlencode(self.said(**other))}"

    @property
    def is_by_reply(self) -> bool:
        """Whether the list is in the order of answers to the hotline."""
        return self.sort == SORTS[0] and not self.ticks.isdisjoint(("reply", "unanswered"))

    @property
    def unfiltered(self) -> str:
        return f"/office/board?{urlencode({'tab': self.tab.key})}"

    @property
    def is_filtered(self) -> bool:
        return bool(self.area or self.ticks or self.values or self.q)

    @property
    def filters(self) -> Filters:
        columns: dict[str, str | bool] = {
            name: value for name, value in self.values.items() if name not in ("handler", "flag")
        }
        if "handler" in self.values:
            columns["assignee"] = self.values["handler"]
        if "conflict" in self.ticks:
            columns["conflict"] = True
        return Filters(
            columns=columns,
            statuses=tuple(status.value for status in self.tab.statuses),
            place=None if self.area is None else self.area.place,
            overdue=True if "overdue" in self.ticks else None,
            soon="soon" in self.ticks,
            given_before=self.given_before,
            placed=True if "placed" in self.ticks else False if "unplaced" in self.ticks else None,
            reply="reply" in self.ticks,
            unanswered="unanswered" in self.ticks,
            has_request=True if "requests" in self.ticks else None,
            flag=self.values.get("flag"),
            q=self.q or None,
            shown_label=self.shown_label,
        )


def read(reading: Reading, said: Mapping[str, str], by: Actor) -> Asked:
    """Return what an address asks for; what nobody knows is told, and ignored."""
    ignored = [name for name in said if name not in NAMES]
    tab = BY_KEY.get(said.get("tab", DEFAULT.key))
    area = None
    if code := said.get("area", ""):
        try:
            area = visibility.get_visible(reading, code, by)
        except NotFound:
            ignored.append(code)
    values = {name: said[name][:Q_CHARS_MAX] for name in VALUES if said.get(name)}
    unknown = [each for each, value in values.items() if not _is_known(reading, each, value)]
    ignored += map(values.pop, unknown)
    if tab is None:
        ignored.append(said["tab"])
    sort = said.get("sort") or (NEWEST if tab is ENDED_TAB else SORTS[0])
    return Asked(
        tab or DEFAULT,
        area,
        frozenset(name for name in TICKS if said.get(name) == "1"),
        values,
        said.get("q", "").strip()[:Q_CHARS_MAX],
        sort if sort in SORTS else SORTS[0],
        _position(said.get("cursor", "")),
        read_uuid(said.get("case", "")) or "",
        said.get("map") == "1",
        tuple(each[:SAID_CHARS_MAX] for each in ignored),
        RecordMask(reading, by).shown_label if said.get("q") else None,
        waiting.given_too_long_ago(reading) if said.get("untaken") == "1" else None,
    )


def cursor(row: Row, asked: Asked) -> str:
    """Return what an address says of the row after which its page begins."""
    last = reply_lists.position(row) if asked.is_by_reply else record_lists.due_position(row)
    return f"{last.due_at}~{last.born_seq}"


def chips(asked: Asked, names: Mapping[str, str], say: Callable[[str], str]) -> list[Chip]:
    """Return the filters that are set, each with the address without it. names: what areas and handlers are called."""
    found: list[tuple[str, str]] = []
    if asked.area is not None:
        found.append(("area", names.get(asked.area.code, asked.area.name)))
    found += [(name, say(TICKS[name])) for name in TICKS if name in asked.ticks]
    for name, value in asked.values.items():
        found.append((name, f"{say(WORDS[name])} {names.get(value, value)}" if name != "flag" else say(FLAGS[value])))
    if asked.q:
        found.append(("q", f"“{asked.q}”"))
    return [Chip(said, asked.address(**{name: ""})) for name, said in found]


def _is_known(reading: Reading, name: str, value: str) -> bool:
    if name == "flag":
        return value in FLAGS
    if name in CODED:
        listed = codes.of_list(reading, CODED[name])
        return value in listed or (name == "source" and not listed)  # a county may ask it with codes of its own
    if name == "severity":
        return value in case_facts.SEVERITIES
    return name != "handler" or value.partition(":")[0] in ("user", "body")


def _position(said: str) -> DuePosition | None:
    due_at, _, born_seq = said.partition("~")
    if len(due_at) not in (len(FOREVER), len("2026-12-31")) or not (
        born_seq.isascii() and born_seq.isdigit() and len(born_seq) <= 18
    ):
        return None
    return DuePosition(due_at, int(born_seq))
