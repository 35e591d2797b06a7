"""Answers the closure summary, and opens each of its figures into the cases behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, url_for

from schemas.lists import page_of
from schemas.summaries import ClosureCasesQuery, ClosureQuery, ClosureSchema, CountedCaseSchema
from server import instants
from server.api import responses
from server.api.blueprints import door as make_door
from server.db.transactions import Reading
from server.errors import Invalid, NotAllowed
from server.grid.domain.areas import Area
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import Instant
from server.people.domain import rights, roles
from server.people.usecases import visibility
from server.summaries.domain import periods
from server.summaries.domain.periods import Beside, Period, Span
from server.summaries.store import counted_cases
from server.summaries.store.counted_cases import Mark
from server.summaries.usecases import closure_summary, spreadsheets, summary_tables
from server.summaries.usecases.closure_summary import Asked, Behind, By, Told
from server.web import context

door = make_door("summaries", "汇总 · summaries, and the cases behind every figure")

FIGURE = "cases"
"""The figure that is opened when none is named."""

CSV_CASES = 2_000
"""How many cases are read at once for a file."""

_PAGE = page_of(CountedCaseSchema)
_CSV = {"text/csv": {"schema": {"type": "string"}}}
_XLSX = {spreadsheets.XLSX_TYPE: {"schema": {"type": "string", "format": "binary"}}}


def _shapes(content: dict[str, Any]) -> dict[str, Any]:
    """Return how OpenAPI describes an answer of several media types, of which ``format`` chooses one."""
    return {"200": {"description": "by `format`", "content": content}}


@door.route("/summaries/closure")
@door.doc(responses=_shapes({"application/json": {"schema": ClosureSchema}, **_CSV, **_XLSX}))
@door.arguments(ClosureQuery, location="query")
@door.response(200, ClosureSchema)
@door.alt_response(403, success=False, description="the caller's duties show them no summaries")
@door.alt_response(404, success=False, description="the area is unknown, or out of reach")
def closure_summary_of(query: dict[str, Any]) -> Response:
    """Sum up how cases were closed, by town, village, unit, category or month, as of an instant.

    Days are Beijing days, both included; without any, this month. Every count has its cases: put its code for
    `figure` into the address under `cases`. A share of nothing is null. As `csv` (UTF-8 with BOM) or `xlsx`, a file.
    """
    with _named(), context.database().reading() as reading:
        spoken = _spoken_of(reading, query)
        told = closure_summary.summarise(reading, spoken.asked(reading.now))
        before = None
        if spoken.beside is not None:
            before = closure_summary.summarise(reading, spoken.asked(told.as_of, spoken.beside.before))
        if query["format"] == "json":
            return responses.json(_whole(reading, spoken, told, before))
        sheet = summary_tables.sheet(reading, told)
        if spoken.beside is not None and before is not None:
            names = spoken.beside.names
            sheet = summary_tables.beside((names[0], sheet), (names[1], summary_tables.sheet(reading, before)))
    rows = sheet.with_titles(told)
    if query["format"] == "csv":
        return responses.download(spreadsheets.as_csv(rows), spreadsheets.CSV_TYPE, _file_name(told, "csv"))
    return responses.download(spreadsheets.as_xlsx(rows, "汇总"), spreadsheets.XLSX_TYPE, _file_name(told, "xlsx"))


@door.route("/summaries/closure/cases")
@door.doc(responses=_shapes({"application/json": {"schema": _PAGE}, **_CSV}))
@door.arguments(ClosureCasesQuery, location="query")
@door.response(200, _PAGE)
@door.alt_response(403, success=False, description="the caller's duties show them no summaries")
@door.alt_response(404, success=False, description="the area is unknown, or out of reach")
def closure_cases_of(query: dict[str, Any]) -> Response:
    """List exactly the cases that a figure counts, those received first first.

    Over all pages there are as many items as the figure says; a figure of dispatches lists a case once for each.
    Without `figure` it is `cases`. Pages go on as of the same instant only when `as_of` is given.
    """
    figure = query.get("figure", FIGURE)
    with _named(), context.database().reading() as reading:
        spoken = _spoken_of(reading, query)
        asked = spoken.asked(reading.now)
        row = summary_tables.row_key(closure_summary.by_of(asked), query.get("row"))
        if query["format"] == "csv":
            return _file_of_cases(reading, asked, figure, row)
        found = closure_summary.behind(reading, asked, figure, row, _mark_of(query.get("cursor")), query["limit"])
        items = _cases(reading, found)
    return responses.json({"items": items, "next": None if found.after is None else _cursor(found.after)})


class _SpokenOf:
    """What a query asks for, as far as the caller may see it."""

    def __init__(self, scope: Scope, area: Area | None, by: By | None, period: Period, query: dict[str, Any]) -> None:
        self.scope, self.area, self.by, self.period = scope, area, by, period
        self.as_of = _instant(query.get("as_of"))
        self.beside: Beside | None = None

    def asked(self, now: Instant, period: Period | None = None) -> Asked:
        as_of = self.as_of if self.as_of is not None and self.as_of != now else None
        return Asked(self.scope, self.area, self.by, period or self.period, as_of)


def _spoken_of(reading: Reading, query: dict[str, Any]) -> _SpokenOf:
    by = context.caller()
    scope = rights.scope_for(by, "summary", "read")
    if not scope.places and not scope.assignees:
        names = "、".join(roles.label(role, by.at) for role in rights.holders_of("summary", "read", by.at))
        raise NotAllowed(f"您的岗位不能查看汇总；可以查看的有：{names}。", object="summary", action="read")
    area = visibility.get_visible(reading, query["area"], by) if "area" in query else None
    span = Span(query.get("period", Span.MONTH))
    day = periods.day_of(_instant(query.get("as_of")) or reading.now)
    beside = periods.beside(span, day)
    period = periods.between(query["from_"], query["to"]) if "from_" in query else beside.now
    spoken = _SpokenOf(scope, area, By(query["by"]) if "by" in query else None, period, query)
    spoken.beside = beside if "period" in query else None
    return spoken


def _whole(reading: Reading, spoken: _SpokenOf, told: Told, before: Told | None) -> dict[str, Any]:
    names = (None, None) if spoken.beside is None else spoken.beside.names
    return {
        **_part(reading, told, names[0]),
        "figures": summary_tables.legend(told.as_of),
        "before": None if before is None else _part(reading, before, names[1]),
    }


def _part(reading: Reading, told: Told, name: str | None) -> dict[str, Any]:
    """Return one period with the addresses of its cases, which say the instant: what is counted later is another."""
    said = summary_tables.as_json(reading, told)
    asked = {key: said[key] for key in ("area", "by", "from", "to", "as_of") if said[key] is not None}
    address = f"{url_for(f'{door.name}.closure_cases_of')}?{urlencode(asked)}"
    rows = [{**row, "cases": f"{address}&row={quote(row['key'])}{{&figure}}"} for row in said["rows"]]
    return {"name": name, **said, "rows": rows, "cases": f"{address}{{&figure}}"}


def _cases(reading: Reading, found: Behind) -> list[dict[str, Any]]:
    shown = counted_cases.shown(reading, {case.id for case in found.cases})
    named = areas.full_names(reading, {row["area"] for row in shown.values()})
    return [summary_tables.case_json(case, shown.get(case.id, {}), named) for case in found.cases]


def _file_of_cases(reading: Reading, asked: Asked, figure: str, row: str | None) -> Response:
    lines: list[bytes] = [spreadsheets.as_csv([list(summary_tables.CASE_COLUMNS.values())])]
    after: Mark | None = Mark()
    while after is not None:
        found = closure_summary.behind(reading, asked, figure, row, after, CSV_CASES)
        items = _cases(reading, found)
        lines.append(spreadsheets.csv_lines([item[name] for name in summary_tables.CASE_COLUMNS] for item in items))
        after = found.after
    return responses.download(b"".join(lines), spreadsheets.CSV_TYPE, f"{figure.replace(':', '-')}.csv")


def _instant(written: str | None) -> Instant | None:
    if written is None:
        return None
    try:
        return instants.text(instants.parse(written))
    except ValueError as error:
        wrong = "应为时刻，如 2026-05-01T00:00:00+08:00；不写时区按北京时间。"
        raise Invalid(f"请求有误。as_of：{wrong}", errors=[{"field": "as_of", "message": wrong}]) from error


def _cursor(mark: Mark) -> str:
    return responses.cursor(" ".join((mark.received_at, mark.id, str(mark.times))))


def _mark_of(cursor: str | None) -> Mark:
    text = responses.mark_of(cursor)
    if text is None:
        return Mark()
    parts = text.split(" ")
    if len(parts) != 3 or not parts[2].isdigit() or len(parts[2]) > 9:
        raise responses.bad_cursor()
    return Mark(parts[0], parts[1], int(parts[2]))


def _file_name(told: Told, ending: str) -> str:
    return f"closure-{told.by}-{told.period.first}-{told.period.last}.{ending}"


@contextmanager
def _named() -> Iterator[None]:
    """Name the field that a rule of the core found wrong the way every other bad field is named."""
    try:
        yield
    except Invalid as refused:
        if "errors" in refused.data or "field" not in refused.data:
            raise
        field = str(refused.data["field"])
        errors = [{"field": field, "message": refused.message}]
        raise Invalid(f"请求有误。{field}：{refused.message}", errors=errors) from refused
