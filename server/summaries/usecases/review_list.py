"""Lists signs that are worth a look (线索清单), for whoever reads the summaries of a place: no verdict (ADR 0079)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from server.db import training
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import Invalid
from server.grid.domain.areas import code_of
from server.grid.store import areas
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import periods, review_rules
from server.summaries.domain.review_signs import MONTH_END, QUICK_CLOSE, SAME_PHOTO, Finding, Sign, signs_at
from server.summaries.store import counted_cases, reviewed_cases
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import Query, View
from server.summaries.usecases.spreadsheets import Value

LOOKED_AT_MOST = 40_000
"""Cases that one answer looks at; a time or place with more of them is asked for in parts."""

CASES_SHOWN = 50
"""Cases that one line names; how many there are is said."""

COLUMNS = ("线索", "看到的情况", "网格代码", "网格", "案件数", "案件")
"""Headings of the list as a file."""

Label = Callable[[Row], str]
Json = dict[str, Any]


class Line(NamedTuple):
    """A line of the list. area: code of where all its cases lie. note: a sentence in Chinese, note_en: in English.

    cases: the first of them, each with id, case_no and label as the reader sees it. number: how many there are.
    """

    sign: Sign
    area: str
    area_name: str
    note: str
    note_en: str
    cases: Sequence[Json]
    number: int


def find(reading: Reading, query: Query) -> list[Finding]:
    """Return what was seen in the period of a query, by sign, place and case: as things are now, nothing in training.

    Both cases of a pair lie where the reader may see them. Raises NotFound as ``closure_summary.view_of`` does, and
    Invalid where more than LOOKED_AT_MOST cases would have to be looked at.
    """
    view = closure_summary.view_of(reading, query)
    if training.is_on(reading):
        return []
    signs = signs_at(reading.now)
    found = [
        *_same_photo(reading, view, signs.get(SAME_PHOTO)),
        *_of_closed(reading, view, signs),
        *_overdue_acts(reading, view, signs),
    ]
    order = list(signs)
    return sorted(found, key=lambda each: (order.index(each.sign), each.path, each.cases))


def lines(reading: Reading, found: Iterable[Finding], label: Label | None) -> list[Line]:
    """Return what was seen as lines. label: what the reader sees of a row's label, None for one who sees all."""
    shown, signs = list(found), signs_at(reading.now)
    ids = {id for each in shown for id in each.cases[:CASES_SHOWN]}
    records = counted_cases.record_columns(reading, ids, reading.now, label)
    names = areas.full_names(reading, {code_of(each.path) for each in shown})
    return [_line(each, signs[each.sign], names, records) for each in shown]


def as_rows(told: Iterable[Line]) -> list[list[Value]]:
    """Return lines as rows of COLUMNS: cases by their number, or by their id where they have none."""
    return [
        [
            each.sign.label,
            each.note,
            each.area,
            each.area_name,
            each.number,
            " ".join(case["case_no"] or case["id"] for case in each.cases),
        ]
        for each in told
    ]


def _line(found: Finding, sign: Sign, names: Mapping[str, str], records: Mapping[str, Mapping[str, Any]]) -> Line:
    cases = [
        {"id": id, "case_no": records[id]["case_no"], "label": records[id]["label"]}
        for id in found.cases[:CASES_SHOWN]
        if id in records
    ]
    area = code_of(found.path)
    said, said_en = sign.said(found.values), sign.said(found.values, in_english=True)
    return Line(sign, area, names.get(area, area), said, said_en, cases, len(found.cases))


def _same_photo(reading: Reading, view: View, sign: Sign | None) -> list[Finding]:
    if sign is None:
        return []
    looked_at = _covered(view, reviewed_cases.received_or_closed(reading, view.inside, view.period, LOOKED_AT_MOST + 1))
    mine = reviewed_cases.photos(reading, [case.id for case in looked_at])
    ids = reviewed_cases.cases_with(reading, mine) - {case.id for case in looked_at}
    others = [case for case in reviewed_cases.named(reading, view.inside, ids) if view.includes(case)]
    for sha256, uses in reviewed_cases.photos(reading, [case.id for case in others]).items():
        if sha256 in mine:
            mine[sha256] |= uses
    shared = {sha256: uses for sha256, uses in mine.items() if len({use.case for use in uses}) > 1}
    places = reviewed_cases.places(reading, {use.case for uses in shared.values() for use in uses})
    paths = {case.id: case.path for case in (*looked_at, *others)}
    return review_rules.same_photo(sign, shared, places, paths)


def _of_closed(reading: Reading, view: View, signs: Mapping[str, Sign]) -> list[Finding]:
    """Return what is seen in cases that stand closed: since when, and how many of a month at its end."""
    first = view.period.first.replace(day=1)
    found = reviewed_cases.closed(reading, view.inside, first, view.period.last, LOOKED_AT_MOST + 1)
    closed = [case for case in _covered(view, found) if not case.spot]
    seen: list[Finding] = []
    if QUICK_CLOSE in signs:
        checked = {case.id: case.path for case in closed if not case.site_closed and view.period.holds(case.closed_at)}
        acts = reviewed_cases.feedbacks_and_closings(reading, checked)
        seen += review_rules.quick_close(signs[QUICK_CLOSE], acts, checked, view.period)
    if MONTH_END in signs:
        today = periods.day_of(reading.now)
        seen += review_rules.month_end(signs[MONTH_END], closed, view.period, today)
    return seen


def _overdue_acts(reading: Reading, view: View, signs: Mapping[str, Sign]) -> list[Finding]:
    found = reviewed_cases.ended_or_extended(reading, view.inside, view.period, LOOKED_AT_MOST + 1)
    by_id = {case.id: case for case in _covered(view, found)}
    return [
        seen
        for id, steps in reviewed_cases.histories(reading, by_id)
        for seen in review_rules.overdue_acts(signs, by_id[id], steps, view.period)
    ]


def _covered(view: View, found: Sequence[CaseFacts]) -> list[CaseFacts]:
    if len(found) > LOOKED_AT_MOST:
        raise Invalid("范围太大，一次看不完；请缩短时段，或先选一个乡镇或村。", field="area")
    return [case for case in found if view.includes(case)]
