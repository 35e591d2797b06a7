"""Serve the closure summary, and the cases behind each of its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, url_for

from schemas.lists import page_of
from schemas.summaries import (
    ClosureCasesQuery,
    ClosurePatrolsQuery,
    ClosureQuery,
    ClosureSchema,
    CountedCaseSchema,
    CountedPatrolSchema,
)
from server import table_files
from server.api import responses
from server.api.blueprints import create_blueprint
from server.db.sql import Row
from server.db.transactions import Reading
from server.summaries.domain import periods
from server.summaries.domain.periods import Against, Named, Period
from server.summaries.store.counted_cases import Cursor
from server.summaries.usecases import (
    case_tables,
    closure_summary,
    compared_tables,
    handlers,
    patrol_lists,
    requests,
    spreadsheets,
    summary_tables,
)
from server.summaries.usecases.closure_summary import Result
from server.summaries.usecases.groupings import Grouping
from server.summaries.usecases.requests import Request
from server.summaries.usecases.spreadsheets import Value
from server.web import context, downloads, record_exports

blueprint = create_blueprint("summaries", "汇总 · summaries, and the cases behind every figure")

RECORDED = "recorded"
"""How the query asks for areas as they were when cases were recorded."""

FIGURE = "cases"
"""The figure that is opened when none is named."""

REFUSED = "the caller's duties show them no summaries, or do not let them export"
_PAGE, _PATROLS = page_of(CountedCaseSchema), page_of(CountedPatrolSchema)
_CSV = {"text/csv": {"schema": {"type": "string"}}}
_XLSX = {table_files.XLSX_TYPE: {"schema": {"type": "string", "format": "binary"}}}


def _media_types(content: dict[str, Any]) -> dict[str, Any]:
    """Return how OpenAPI describes an answer of several media types, of which ``format`` chooses one."""
    return {"200": {"description": "by `format`", "content": content}}


@blueprint.route("/summaries/closure")
@blueprint.doc(responses=_media_types({"application/json": {"schema": ClosureSchema}, **_CSV, **_XLSX}))
@blueprint.arguments(ClosureQuery, location="query")
@blueprint.response(200, ClosureSchema)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def closure_summary_of(arguments: dict[str, Any]) -> Response:
    """Sum up how cases were closed, by area, month or what cases are, as of an instant.

    Days are Beijing days, both included; without any, this month. Every count has its cases: put its code for
    `figure` into the address under `cases`. A share of nothing is null. As `csv` (UTF-8 with BOM) or `xlsx`, a file.
    """
    with responses.naming_fields(), context.database().reading() as reading:
        request = request_of(reading, arguments)
        result = closure_summary.summarise(reading, request.query(reading.now))
        previous = None
        if request.comparison is not None:
            previous = closure_summary.summarise(reading, request.query_beside(result, request.comparison))
        if arguments["format"] == "json":
            return responses.json(_whole(reading, request, result, previous))
        if request.comparison is not None and previous is not None:
            names = request.comparison.names
            table = compared_tables.beside(reading, (names[0], result), (names[1], previous))
        else:
            table = summary_tables.table(reading, result)
    export = record_exports.begin("summaries.export", "closure", _told(arguments))
    rows = table.with_titles(result)
    export.rows = len(table.names)
    with export.ending_where_it_fails():
        if arguments["format"] == "csv":
            content, type, name = spreadsheets.as_csv(rows), table_files.CSV_TYPE, _file_name(result, "csv")
        else:
            content, type = spreadsheets.as_xlsx(rows, "汇总"), table_files.XLSX_TYPE
            name = _file_name(result, "xlsx")
    return downloads.exported(export, [content], type, name)


@blueprint.route("/summaries/closure/cases")
@blueprint.doc(responses=_media_types({"application/json": {"schema": _PAGE}, **_CSV}))
@blueprint.arguments(ClosureCasesQuery, location="query")
@blueprint.response(200, _PAGE)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def closure_cases_of(arguments: dict[str, Any]) -> Response:
    """List exactly the cases that a figure counts, those received first first.

    Over all pages there are as many items as the figure says; a figure of dispatches lists a case once for each.
    Without `figure` it is `cases`. Pages go on as of the same instant only when `as_of` is given.
    """
    figure = arguments.get("figure", FIGURE)
    with responses.naming_fields(), context.database().reading() as reading:
        request = request_of(reading, arguments)
        query = request.query(reading.now)
        row = summary_tables.parse_key(closure_summary.grouping_of(query), arguments.get("row"))
        handler = arguments.get("handler")
        if arguments["format"] == "csv":
            pages = case_tables.pages(reading, query, figure, row, _label(reading), handler)
            labels = arguments.get("labels", True)
            rows = (case_tables.as_texts(reading, page) if labels else case_tables.as_codes(page) for page in pages)
            return _file(arguments, figure, case_tables.CASE_COLUMNS, rows)
        after = _cursor_of(arguments.get("cursor"))
        found = handlers.drill_down(reading, query, figure, row, handler, after, arguments["limit"])
        items = case_tables.as_json(reading, query, found, _label(reading))
    return responses.page(items, None if found.after is None else _written(found.after))


@blueprint.route("/summaries/closure/patrols")
@blueprint.doc(responses=_media_types({"application/json": {"schema": _PATROLS}, **_CSV}))
@blueprint.arguments(ClosurePatrolsQuery, location="query")
@blueprint.response(200, _PATROLS)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def closure_patrols_of(arguments: dict[str, Any]) -> Response:
    """List exactly the patrols that 检查N家 counts, those received first first.

    Over all pages their `premises` add up to `visited` of the summary. Of the patrols to one place in one area only
    the one that inspected most counts; one that tells no place counts by itself.
    """
    with responses.naming_fields(), context.database().reading() as reading:
        query = request_of(reading, arguments).query(reading.now)
        found = closure_summary.patrols_behind(reading, query)
        if arguments["format"] == "csv":
            rows = patrol_lists.as_texts if arguments.get("labels", True) else patrol_lists.as_codes
            listed = rows(patrol_lists.items(reading, found, _label(reading)))
            return _file(arguments, "patrols", patrol_lists.COLUMNS, [listed])
        after = _cursor_of(arguments.get("cursor"))
        ahead = [patrol for patrol in found if (patrol.received_at, patrol.id) > (after.received_at, after.id)]
        page = ahead[: arguments["limit"]]
        items = list(patrol_lists.items(reading, page, _label(reading)))
    last = Cursor(page[-1].received_at, page[-1].id, 1) if len(page) < len(ahead) else None
    return responses.page(items, None if last is None else _written(last))


def request_of(reading: Reading, arguments: dict[str, Any]) -> Request:
    """Return what the caller asks for. Raises what ``requests.request_for`` and the scopes of it raise."""
    by = context.caller()
    scope = requests.reading_scope(by)
    if arguments.get("format", "json") != "json":
        scope = record_exports.scope_of(by, requests.READ)
    days: Period | Named = Named(arguments.get("period", Named.MONTH))
    if "from_" in arguments:
        days = periods.between(arguments["from_"], arguments["to"])
    is_compared = "period" in arguments or "compare" in arguments
    return requests.request_for(
        reading,
        by,
        scope,
        days=days,
        area=arguments.get("area"),
        grouping=Grouping(arguments["by"]) if "by" in arguments else None,
        against=Against(arguments.get("compare", Against.PREVIOUS)) if is_compared else None,
        as_of=arguments.get("as_of"),
        as_recorded=arguments.get("areas") == RECORDED,
    )


def _whole(reading: Reading, request: Request, result: Result, previous: Result | None) -> dict[str, Any]:
    names = (None, None) if request.comparison is None else request.comparison.names
    areas = RECORDED if request.as_recorded else None
    return {
        **_summary(reading, result, names[0], areas),
        "figures": summary_tables.legend(result.as_of),
        "before": None if previous is None else _summary(reading, previous, names[1], areas),
        "compared": None if previous is None else compared_tables.as_json(reading, result, previous),
    }


def cases_address(told: Mapping[str, Any]) -> str:
    """Return the address of the cases of a summary that is told by these arguments; None is left out."""
    arguments = {key: value for key, value in told.items() if value is not None}
    return f"{url_for(f'{blueprint.name}.closure_cases_of')}?{urlencode(arguments)}"


def _summary(reading: Reading, result: Result, name: str | None, areas: str | None) -> dict[str, Any]:
    """Return the summary of one period with the addresses of its cases, which hold the instant of the count."""
    summary = summary_tables.as_json(reading, result)
    arguments = {key: summary[key] for key in ("area", "by", "from", "to", "as_of") if summary[key] is not None}
    arguments |= {} if areas is None else {"areas": areas}
    address = cases_address(arguments)
    rows = [{**row, "cases": f"{address}&row={quote(row['key'])}{{&figure}}"} for row in summary["rows"]]
    patrols = f"{url_for(f'{blueprint.name}.closure_patrols_of')}?{urlencode(arguments)}"
    return {"name": name, **summary, "rows": rows, "cases": f"{address}{{&figure}}", "patrols": patrols}


def _label(reading: Reading) -> Callable[[Row], str] | None:
    """Return what shows the caller the label of a record, None where nothing is masked."""
    mask = record_exports.mask_for(reading, context.caller())
    return mask.row_label if mask.masks_phones or mask.disclosure.sight.hidden else None


def _file(
    arguments: Mapping[str, Any],
    figure: str,
    columns: Mapping[str, str],
    pages: Iterable[Sequence[Sequence[Value]]],
) -> Response:
    """Return the list behind a figure as CSV. columns: the title of each value of a row."""
    export = record_exports.begin("cases.export", figure, _told(arguments))
    with export.ending_where_it_fails():
        lines = [spreadsheets.as_csv([list(columns.values())])]
        lines += [spreadsheets.csv_lines(list(export.counted(page))) for page in pages]
    return downloads.exported(export, lines, table_files.CSV_TYPE, f"{figure.replace(':', '-')}.csv")


def _told(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a query as the audit keeps it."""
    filters = {name.rstrip("_"): str(value) for name, value in arguments.items() if name not in ("format", "limit")}
    return {"format": arguments["format"], "filters": filters}


def _written(cursor: Cursor) -> str:
    return " ".join((cursor.received_at, cursor.id, str(cursor.times)))


def _cursor_of(written: str | None) -> Cursor:
    text = responses.decode_cursor(written)
    if text is None:
        return Cursor()
    parts = text.split(" ")
    if len(parts) != 3 or not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) <= 9):
        raise responses.bad_cursor()
    return Cursor(parts[0], parts[1], int(parts[2]))


def _file_name(result: Result, ending: str) -> str:
    return f"closure-{result.by}-{result.period.first}-{result.period.last}.{ending}"
