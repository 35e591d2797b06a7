"""The sheets of months (月报): which were filed, the one to print, its files, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Response, request

from server import table_files
from server.db.transactions import Reading
from server.errors import Refusal
from server.grid.domain.areas import short_name
from server.monthly_reports.domain import changes, months, sheets
from server.monthly_reports.domain.changes import Kind
from server.monthly_reports.domain.corrections import Correction
from server.monthly_reports.domain.frozen import FrozenReport
from server.monthly_reports.domain.sheets import Sheet
from server.monthly_reports.store import reports
from server.monthly_reports.usecases import changes_since, drawing, freezing, sheet_files
from server.monthly_reports.usecases.drawing import Heading
from server.office import layout, pages
from server.office.figures import sentence_words
from server.office.figures.asked import MONTHLY
from server.office.figures.sheet import Line, headings, parts_of
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.summaries.usecases import requests, summary_tables
from server.summaries.usecases.groupings import ROW_TITLES, Grouping
from server.web import context, downloads, record_exports
from server.web.problem_details import status_of

blueprint = layout.create_blueprint("office-figures-monthly", __name__)

MONTHS_SHOWN = 12
"""How many months that are over can be filed on the page; older ones by command or API."""

CHANGES_SHOWN = 200


@blueprint.get(MONTHLY)
@signed_in
def overview() -> Response:
    """Show the last months: which were filed, with their hash, and a button for who may file the others."""
    return _overview()


@blueprint.post(f"{MONTHLY}/<month>/freeze")
@signed_in
def freeze(month: str) -> Response:
    """File a month; sent twice, it changes nothing more."""
    by = context.caller()
    scope = drawing.require(by, "freeze")
    try:
        said = _heading()
        context.carry_out(lambda database: freezing.freeze(database, scope, month, said, as_of=None, by=by.name))
    except Refusal as refusal:
        return _overview(refusal.message, status_of(refusal))
    return pages.see_other(f"{MONTHLY}?done={month}")


@blueprint.get(f"{MONTHLY}/<month>")
@signed_in
def printed(month: str) -> Response:
    """Show the sheet of a month to print and sign: as it was filed, else as it would be now."""
    by = context.caller()
    scope = drawing.reading_scope(by)
    with context.database().reading() as reading:
        report = reports.find(reading, month)
        sheet = drawing.draw(reading, scope, month, _heading()) if report is None else report.sheet
    values = {**layout.bare(), **_printed(sheet, report), "author": by.display if report is None else ""}
    return pages.respond("figures/sheet.html", layout.language(), values)


@blueprint.get(f"{MONTHLY}/<month>.<any(csv, xlsx, json):ending>")
@signed_in
def as_file(month: str, ending: str) -> Response:
    """Send the sheet of a month as a file; json is the filed one in canonical form, whose SHA-256 is its hash.

    That one is no export: whoever reads the sheet may compute its hash, by the API as here.
    """
    by = context.caller()
    drawing.reading_scope(by)
    if ending == "json":
        with context.database().reading() as reading:
            filed = freezing.get(reading, month)
        return downloads.download(filed.content, "application/json", sheet_files.file_name(filed.sheet, "json"))
    scope = drawing.whole(record_exports.scope_of(by, requests.READ))
    with context.database().reading() as reading:
        report = reports.find(reading, month)
        sheet = drawing.draw(reading, scope, month, _heading()) if report is None else report.sheet
    export = record_exports.begin("monthly_reports.export", month, {"format": ending})
    export.rows = len(sheet.rows)
    with export.ending_where_it_fails():
        content, type = _content(sheet, report, ending)
    return downloads.exported(export, [content], type, sheet_files.file_name(sheet, ending))


@blueprint.get(f"{MONTHLY}/<month>/changes")
@signed_in
def changed(month: str) -> Response:
    """Show what has changed since a month was filed: column by column, and case by case."""
    by = context.caller()
    scope = drawing.reading_scope(by)
    asked = request.args.get("kind", "")
    kind = Kind(asked) if asked in tuple(Kind) else None
    with context.database().reading() as reading:
        found = changes_since.since(reading, scope, freezing.get(reading, month))
        wanted = found.of_kind(kind)
        items = changes_since.listed(reading, wanted[:CHANGES_SHOWN], _label(reading, by))
        names = changes.labels(found.now, english=layout.language() == pages.ENGLISH)
        values = {
            "month": sentence_words.month(month, layout.language()),
            "address_of_sheet": f"{MONTHLY}/{month}",
            "filed_at": summary_tables.local(found.report.as_of),
            "until": summary_tables.local(found.now),
            "columns": found.columns,
            "kinds": [
                (names[each], found.count(each), f"{MONTHLY}/{month}/changes?kind={each.value}", each is kind)
                for each in Kind
                if found.count(each)
            ],
            "all": f"{MONTHLY}/{month}/changes",
            "rows": list(_rows(items, names, found.columns)),
            "more": max(len(wanted) - CHANGES_SHOWN, 0),
        }
        return layout.show(reading, "figures/changes.html", layout.FIGURES.key, values)


def _rows(items: list[dict[str, Any]], names: Mapping[str, str], columns: Any) -> Iterator[dict[str, str]]:
    for item in items:
        yield {
            **{name: item[name] for name in ("id", "case_no", "label", "area_name")},
            "kinds": "、".join(names[kind] for kind in item["kinds"]),
            "told": changes_since.words(item, columns),
        }


def _overview(said: str = "", status: int = 200) -> Response:
    by = context.caller()
    drawing.reading_scope(by)
    with context.database().reading() as reading:
        known = {report.month: report for report in reports.list_all(reading)}
        done = request.args.get("done", "")
        values = {
            "rows": [
                _month(month, known.get(month), reports.corrections_of(reading, month))
                for month in _shown(known, reading)
            ],
            "may_freeze": drawing.may(by, "freeze"),
            "may_correct": drawing.may(by, "correct"),
            "may_export": record_exports.may_export(by),
            "said": said,
            "done": sentence_words.month(done, layout.language()) if done in known and not said else "",
        }
        return layout.show(reading, "figures/monthly.html", layout.FIGURES.key, values, status)


def _shown(known: Mapping[str, FrozenReport], reading: Reading) -> list[str]:
    """Return the last months that are over and those that were filed, the newest first."""
    found, month = set(known), months.last_over(reading.now)
    for _ in range(MONTHS_SHOWN):
        found.add(month)
        month = months.before(month)
    return sorted(found, reverse=True)


def _month(month: str, report: FrozenReport | None, corrections: Sequence[Correction]) -> dict[str, Any]:
    return {
        "month": month,
        "words": sentence_words.month(month, layout.language()),
        "address": f"{MONTHLY}/{month}",
        "as_of": "" if report is None else summary_tables.local(report.as_of),
        "frozen_at": "" if report is None else summary_tables.local(report.frozen_at),
        "sha256": "" if report is None else report.sha256,
        "corrections": [each.number for each in corrections],
    }


def _printed(sheet: Sheet, report: FrozenReport | None) -> dict[str, Any]:
    language = layout.language()
    known = sheet.definition
    lines = [
        Line(str(n), short_name(line.name), sheets.cells(known, line)) for n, line in enumerate(sheet.lines, start=1)
    ]
    late = pages.say(language, sheets.LATE, n=sheet.late_reports)
    carried = sheet.carried
    memo = () if carried is None else (pages.say(language, sheets.CARRIED, **sheets.carried_words(carried)),)
    is_english = language == pages.ENGLISH
    return {
        **headings(known, language),
        "title": sheet.title,
        "unit": sheet.unit,
        "parts": parts_of(lines),
        "total": Line("", "", sheets.cells(known, sheet.total)),
        "row_title": ROW_TITLES[Grouping.TOWN],
        "period": sentence_words.period(sheet.period.first, sheet.period.last, language),
        "at": sentence_words.instant(sheet.as_of, language),
        "sentence": sheet.sentence,
        "boxed": "" if report is not None else "未报送 · 非最终数" if sheet.is_over else "时段未结束 · 非最终数",
        "back": MONTHLY,
        "filed": (late, *memo, *(_filed_in_english(report) if is_english else sheet_files.filed_words(report))),
    }


def _filed_in_english(report: FrozenReport | None) -> tuple[str, ...]:
    if report is None:
        return ()
    return (f"Filed {sheet_files.clock(report.frozen_at)}; SHA-256: {report.sha256}",)


def _content(sheet: Sheet, report: FrozenReport | None, ending: str) -> tuple[bytes, str]:
    if ending == "csv":
        return sheet_files.as_csv(sheet), table_files.CSV_TYPE
    return sheet_files.as_xlsx(sheet, sheet_files.filed_words(report)), table_files.XLSX_TYPE


def _label(reading: Reading, by: Actor) -> Any:
    """Return what shows the caller the label of a record, None where nothing is masked."""
    mask = record_exports.mask_for(reading, by)
    return mask.row_label if mask.masks_phones or mask.disclosure.sight.hidden else None


def _heading() -> Heading:
    settings = context.settings()
    return Heading(settings.report_title, settings.report_unit)
