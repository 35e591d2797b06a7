"""The cases behind a figure (点数字看案件): exactly as many as it says, as of its instant, on a page or as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flask import Response, request

from server import instants, table_files
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.grid.domain.scope import Scope
from server.office import layout, pages
from server.office.figures import asked as addresses
from server.office.figures import page, shown
from server.office.figures.asked import Asked
from server.office.layout import signed_in
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.records.usecases.disclosing import RecordMask
from server.summaries.domain import figure_definitions
from server.summaries.domain.figure_definitions import RESULT
from server.summaries.store.counted_cases import Cursor
from server.summaries.usecases import case_tables, closure_summary, handlers, requests, spreadsheets, summary_tables
from server.summaries.usecases.case_tables import CASE_COLUMNS
from server.summaries.usecases.closure_summary import Query, Result
from server.summaries.usecases.handlers import FIGURE
from server.summaries.usecases.spreadsheets import Value
from server.web import context, downloads, record_exports

blueprint = layout.create_blueprint("office-figures-cases", __name__)

ROWS = 50
SHOWN = ("case_no", "label", "area_name", "status", "assignee", "registered_at", "handle_due_at", "closed_at")
"""What the page shows of a case, of CASE_COLUMNS."""

DEFAULT = "cases"
_NOTHING: Mapping[str, Any] = {
    "title": "", "where": "", "number": 0, "columns": (), "rows": (), "next": "", "files": ()
}  # fmt: skip


class Counted(NamedTuple):
    """A figure of a summary to open. row: its key, None for the total; handler: of ``handlers.overdue``, or None."""

    asked: Asked
    result: Result
    query: Query
    figure: str
    row: str | None
    handler: str | None


@blueprint.get(addresses.CASES)
@signed_in
def cases() -> Response:
    """List the cases behind a figure, those received first first; what is no figure is said on the page."""
    by = context.caller()
    with context.database().reading() as reading:
        found = page.find(reading, by, requests.reading_scope(by), request.args)
        fault, values = "", dict(_NOTHING)
        try:
            values = _listed(reading, by, _counted(reading, found))
        except (Invalid, NotFound) as refusal:
            fault = refusal.message
        values |= {
            "asked": found.asked,
            "fault": fault,
            "period": found.result.period,
            "as_of": summary_tables.local(found.result.as_of),
            "back": found.asked.address(),
        }
        return layout.show(reading, "figures/cases.html", layout.FIGURES.key, values)


@blueprint.get("/office/figures/cases.<any(csv, xlsx):ending>")
@signed_in
def cases_as_file(ending: str) -> Response:
    """Send the cases behind a figure as a file, in words. Raises Invalid for what of the address is not understood."""
    by = context.caller()
    scope = record_exports.scope_of(by, requests.READ)
    with context.database().reading() as reading:
        counted = _counted(reading, page.get(reading, by, scope, request.args))
        label = _label(record_exports.mask_for(reading, by))
        pages = case_tables.pages(reading, counted.query, counted.figure, counted.row, label, counted.handler)
        rows = [row for each in pages for row in case_tables.as_texts(reading, each)]
    lines: list[Sequence[Value]] = [list(CASE_COLUMNS.values()), *rows]
    return _file("cases.export", counted.figure, ending, lines, f"{counted.figure.replace(':', '-')}")


@blueprint.get("/office/figures/table.<any(csv, xlsx):ending>")
@signed_in
def table_as_file(ending: str) -> Response:
    """Send the whole summary as a file, with every figure. Raises Invalid for what is not understood."""
    by = context.caller()
    scope = record_exports.scope_of(by, requests.READ)
    with context.database().reading() as reading:
        result = page.get(reading, by, scope, request.args).result
        lines = list(summary_tables.table(reading, result).with_titles(result))
    name = f"closure-{result.by}-{result.period.first}-{result.period.last}"
    return _file("summaries.export", "closure", ending, lines, name)


def _file(event: str, object: str, ending: str, lines: Sequence[Sequence[Value]], name: str) -> Response:
    """Return a table as a file, and note down who takes it. lines: the titles, then the rows."""
    filters = {key: value for key, value in request.args.items() if key in addresses.NAMES}
    export = record_exports.begin(event, object, {"format": ending, "filters": filters})
    export.rows = len(lines) - 1
    with export.ending_where_it_fails():
        if ending == "csv":
            content, media_type = spreadsheets.as_csv(lines), table_files.CSV_TYPE
        else:
            content, media_type = spreadsheets.as_xlsx(lines, "汇总"), table_files.XLSX_TYPE
    return downloads.exported(export, [content], media_type, f"{name}.{ending}")


def _counted(reading: Reading, found: page.Found) -> Counted:
    """Return which figure is to be opened. Raises Invalid for what is no count, or no row."""
    asked, result = found
    query = asked.request.query(reading.now)
    figure = asked.said.get("figure", DEFAULT)
    figure_definitions.count_rule(figure, result.as_of)
    row = summary_tables.parse_key(closure_summary.grouping_of(query), asked.said.get("row"))
    return Counted(asked, result, query, figure, row, asked.said.get("handler"))


def _listed(reading: Reading, by: Actor, counted: Counted) -> dict[str, Any]:
    asked, query, row = counted.asked, counted.query, counted.row
    found = handlers.drill_down(reading, query, counted.figure, row, counted.handler, _after(), ROWS)
    mask = RecordMask(reading, by)
    items = case_tables.as_json(reading, query, found, _label(mask))
    here = {name: asked.said.get(name, "") for name in ("figure", "row", "handler")}
    may_export = rights.scope_for(by, "export", "read", requests.READ) != Scope()
    of = asked.address(addresses.CASES, **here)
    return {
        "title": _title(counted),
        "where": _where(reading, counted),
        "number": _number(reading, counted),
        "columns": [CASE_COLUMNS[name] for name in SHOWN],
        "rows": list(_rows(reading, items)),
        "next": "" if found.after is None else f"{of}&cursor={_written(found.after)}",
        "files": [asked.address(f"{addresses.CASES}.{each}", **here) for each in ("xlsx", "csv")] if may_export else (),
    }


def _rows(reading: Reading, items: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    texts = case_tables.as_texts(reading, [dict(item) for item in items], names_people=True)
    names = list(CASE_COLUMNS)
    for item, text in zip(items, texts, strict=True):
        said = dict(zip(names, text, strict=True))
        if item["handle_due_at"] is not None:
            said["handle_due_at"] = instants.last_day(item["handle_due_at"])  # its end is the midnight after it
        said["status"] = pages.say(layout.language(), str(said["status"]))
        cells = [str(said[name]) for name in SHOWN]
        yield {"address": f"/office/cases/{item['id']}", "id": item["id"], "cells": cells}


def _title(counted: Counted) -> str:
    if counted.figure.startswith(RESULT):
        return counted.figure.removeprefix(RESULT)
    known = figure_definitions.list_figures(counted.result.as_of)
    return next(shown.label(figure, layout.language()) for figure in known if figure.code == counted.figure)


def _where(reading: Reading, counted: Counted) -> str:
    """Return what the list is narrowed to: the name of a row, or of a line of who has what."""
    if counted.handler is not None:
        lines = handlers.overdue(reading, counted.query)
        return next((line.name for line in lines if line.key == counted.handler), counted.handler)
    if counted.row is None:
        return ""
    return next((row.name for row in counted.result.summary.rows if row.key == counted.row), counted.asked.said["row"])


def _number(reading: Reading, counted: Counted) -> int:
    """Return the figure, which the list has as many cases as."""
    if counted.handler is not None and counted.figure == FIGURE:
        return sum(each.cases for each in handlers.overdue(reading, counted.query) if each.key == counted.handler)
    summary = counted.result.summary
    figures = [row.figures for row in summary.rows if row.key == counted.row] or [summary.total]
    number = summary_tables.value(figures[0], counted.figure)
    return number if isinstance(number, int) else 0


def _label(mask: RecordMask) -> Callable[[Row], str] | None:
    """Return what shows a reader the label of a record, None where nothing is masked."""
    return mask.row_label if mask.masks_phones or mask.disclosure.sight.hidden else None


def _written(cursor: Cursor) -> str:
    return f"{cursor.received_at}~{cursor.id}~{cursor.times}"


def _after() -> Cursor:
    received_at, _, rest = request.args.get("cursor", "").partition("~")
    id, _, times = rest.partition("~")
    if not (times.isascii() and times.isdigit() and len(times) <= 9):
        return Cursor()
    return Cursor(received_at, id, int(times))
