"""Format the cases behind a figure: as JSON with codes, and as a table with what people read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from server.cases.usecases import parties
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.store import codes as code_lists
from server.grid.domain.areas import code_of
from server.grid.store import areas
from server.people.store import display_names
from server.records.domain.case_facts import CaseFacts
from server.records.domain.status import STATUS_LABELS
from server.summaries.store import counted_cases
from server.summaries.store.counted_cases import Cursor
from server.summaries.store.held_cases import SOME_PERSON
from server.summaries.usecases import handlers
from server.summaries.usecases.closure_summary import CasePage, Query
from server.summaries.usecases.spreadsheets import Days, Value
from server.summaries.usecases.summary_tables import RESULTS, local

CATEGORIES = "hazard_categories"
"""Code list that names the categories."""

CASES_AT_ONCE = 2_000

Json = dict[str, Any]
Label = Callable[[Row], str]


CASE_COLUMNS: Mapping[str, str] = {
    "case_no": "编号",
    "label": "事项",
    "area": "网格代码",
    "area_name": "网格",
    "category": "类别",
    "status": "状态",
    "assignee": "承办",
    "received_at": "收到",
    "registered_at": "立项",
    "handle_due_at": "处置时限",
    "close_due_at": "结案时限",
    "fed_back_at": "反馈",
    "closed_at": "办结",
    "handled_days": "处置天数",
    "result_code": "结果",
    "discovered_at": "发现（手机时间）",
    "id": "记录",
}
"""What a case behind a figure is shown by. Instants and status are as of the instant of the summary."""


def pages(
    reading: Reading,
    query: Query,
    figure: str,
    row: str | None,
    label: Label | None = None,
    handler: str | None = None,
) -> Iterator[list[Json]]:
    """Yield the cases behind a figure, as many as it says, page after page.

    row: key of a row, None for the total. label: as for ``counted_cases.record_columns``. handler: as for
    ``handlers.drill_down``.
    """
    after: Cursor | None = Cursor()
    while after is not None:
        found = handlers.drill_down(reading, query, figure, row, handler, after, CASES_AT_ONCE)
        yield as_json(reading, query, found, label)
        after = found.after


def as_json(reading: Reading, query: Query, found: CasePage, label: Label | None = None) -> list[Json]:
    """Return a page of cases behind a figure, with codes and UTC. label: as for ``pages``."""
    shown = counted_cases.record_columns(reading, {case.id for case in found.cases}, query.as_of or reading.now, label)
    named = areas.full_names(reading, {row["area"] for row in shown.values()})
    return [_case(case, shown.get(case.id, {}), named) for case in found.cases]


def as_codes(items: Sequence[Json]) -> list[list[Value]]:
    """Return cases as rows of CASE_COLUMNS, with codes and UTC as JSON has them, for a file: no person is told."""
    return [[_nobody(item[name]) if name == "assignee" else item[name] for name in CASE_COLUMNS] for item in items]


def as_texts(reading: Reading, items: Sequence[Json], *, names_people: bool = False) -> list[list[Value]]:
    """Return cases as rows of CASE_COLUMNS: statuses, categories, results and parties in words, Beijing time.

    names_people: for a page; a file names a body, or a person by role and town (网格员·白石山镇).
    """
    labels: Mapping[str, Mapping[str, str]] = {
        "status": {status.value: label for status, label in STATUS_LABELS.items()},
        "result_code": _labels(reading, RESULTS, (item["result_code"] for item in items)),
        "category": _labels(reading, CATEGORIES, (item["category"] for item in items)),
    }
    handlers = {(item["assignee"], item["area"]) for item in items if item["assignee"]}
    if names_people:
        display = display_names.of_assignees(reading, {mark for mark, _ in handlers})
        called: Mapping[tuple[str, str], str] = {(mark, area): display[mark] for mark, area in handlers}
    else:
        called = parties.parties(reading, handlers)
    return [
        [
            called.get((item[name], item["area"]), "")
            if name == "assignee"
            else _text(item[name], name, labels.get(name, {}))
            for name in CASE_COLUMNS
        ]
        for item in items
    ]


def _nobody(assignee: str | None) -> str | None:
    """Return an assignee as codes tell it in a file: a body by its code, a person only as one."""
    return SOME_PERSON if assignee and assignee.startswith(SOME_PERSON) else assignee


def _case(case: CaseFacts, record: Mapping[str, Any], area_names: Mapping[str, str]) -> Json:
    """Return one case. record: see ``counted_cases.record_columns``. area_names: by code."""
    code = code_of(case.path)
    took = case.handled_s
    return {
        "case_no": record.get("case_no"),
        "label": record.get("label", ""),
        "area": code,
        "area_name": area_names.get(code, ""),
        "category": case.category,
        "status": case.status.value,
        "assignee": record.get("assignee"),
        "received_at": case.received_at,
        "registered_at": case.registered_at,
        "handle_due_at": case.handle_due_at,
        "close_due_at": case.close_due_at,
        "fed_back_at": case.fed_back_at,
        "closed_at": case.closed_at,
        "handled_days": None if took is None else float(Fraction(took, 86_400)),
        "result_code": case.result_code,
        "discovered_at": case.discovered_at,
        "id": case.id,
    }


def _text(stored: Any, name: str, labels: Mapping[str, str]) -> Value:
    if stored is None or stored == "":
        return ""
    if name == "handled_days":
        return Days(Fraction(stored))
    return local(stored) if name.endswith("_at") else labels.get(stored, str(stored))


def _labels(reading: Reading, name: str, found: Iterable[str | None]) -> dict[str, str]:
    known = {code: code_lists.current(reading, name, code) for code in set(found) if code}
    return {code: code if row is None else row.label for code, row in known.items()}
