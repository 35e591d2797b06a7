"""Serve the sheet of a month: as it would be now, as it was filed, and the filing of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from schemas.figures.monthly_reports import (
    ChangesQuery,
    ChangesSchema,
    CorrectionSchema,
    CorrectSchema,
    FreezeSchema,
    FrozenReportSchema,
    MonthlyReportQuery,
    MonthlyReportSchema,
    MonthlyReportsQuery,
)
from schemas.lists import page_of
from server import table_files
from server.api import responses
from server.api.blueprints import create_blueprint
from server.db.sql import Row
from server.db.transactions import Reading
from server.monthly_reports.domain import changes, corrections
from server.monthly_reports.domain.changes import Change, Kind
from server.monthly_reports.domain.corrections import Correction
from server.monthly_reports.store import reports
from server.monthly_reports.usecases import changes_since, correcting, drawing, freezing, sheet_files, sheet_json
from server.monthly_reports.usecases.changes_since import Comparison
from server.monthly_reports.usecases.drawing import Heading
from server.summaries.usecases import requests
from server.web import context, downloads, record_exports

blueprint = create_blueprint("monthly-reports", "月报 · the sheet of a month, as it was filed")

WHOLE = "the caller's duties do not cover the whole county"
REFUSED = "the caller's duties do not let them do this"


def heading() -> Heading:
    """Return what this county has set to stand above its sheet."""
    settings = context.settings()
    return Heading(settings.report_title, settings.report_unit)


@blueprint.route("/monthly-reports")
@blueprint.arguments(MonthlyReportsQuery, location="query")
@blueprint.response(200, page_of(FrozenReportSchema))
@blueprint.alt_response(403, success=False, description="the caller's duties show them no summaries")
def list_monthly_reports(query: dict[str, Any]) -> Response:
    """List the months that were filed, the newest first; none to who does not see the whole county."""
    scope = requests.reading_scope(context.caller())
    with context.database().reading() as reading:
        found = reports.list_all(reading) if drawing.is_whole(scope) else []
    return responses.single_page([sheet_json.frozen(each) for each in found])


@blueprint.route("/monthly-reports/<month>")
@blueprint.doc(
    responses={
        "200": {
            "description": "by `format`",
            "content": {
                "application/json": {"schema": MonthlyReportSchema},
                "text/csv": {"schema": {"type": "string"}},
                table_files.XLSX_TYPE: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    }
)
@blueprint.arguments(MonthlyReportQuery, location="query")
@blueprint.response(200, MonthlyReportSchema)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description=WHOLE)
def get_monthly_report(query: dict[str, Any], month: str) -> Response:
    """Return the sheet of a month: as it was filed, or, where it was not or with `live`, as it would be now.

    Every rate can be computed again from the counts of its row. With `corrected` what corrections (更正表) say
    stands in the place of what was filed; `corrections` names them either way. As `csv` (UTF-8 with BOM, codes as
    headings) or `xlsx`, a file.
    """
    by = context.caller()
    scope = drawing.reading_scope(by)
    if query["format"] != "json":
        scope = drawing.whole(record_exports.scope_of(by, requests.READ))
    with responses.naming_fields(), context.database().reading() as reading:
        report = None if query.get("live") else reports.find(reading, month)
        sheet = drawing.draw(reading, scope, month, heading()) if report is None else report.sheet
        known = [] if report is None else reports.corrections_of(reading, month)
    if query.get("corrected"):
        sheet = correcting.as_corrected(sheet, known)
    if query["format"] == "json":
        return responses.json({**sheet_json.as_json(sheet, report), "corrections": list(map(_named, known))})
    export = record_exports.begin("monthly_reports.export", month, {"format": query["format"]})
    export.rows = len(sheet.rows)
    with export.ending_where_it_fails():
        if query["format"] == "csv":
            content, type = sheet_files.as_csv(sheet), table_files.CSV_TYPE
        else:
            content, type = sheet_files.as_xlsx(sheet, sheet_files.filed_words(report)), table_files.XLSX_TYPE
    return downloads.exported(export, [content], type, sheet_files.file_name(sheet, query["format"]))


@blueprint.route("/monthly-reports/<month>/content")
@blueprint.response(200, {"type": "object"}, content_type="application/json")
@blueprint.alt_response(404, success=False, description="the month was not filed, or " + WHOLE)
@blueprint.alt_response(422, success=False, description="what is named is no month")
def get_content(month: str) -> Response:
    """Return the sheet of a month as it was filed, byte for byte in canonical form (RFC 8785).

    The SHA-256 of these bytes is the hash that the sheet was filed with: `sha256sum` of the file gives it.
    """
    drawing.reading_scope(context.caller())
    with responses.naming_fields(), context.database().reading() as reading:
        report = freezing.get(reading, month)
    return Response(report.content, 200, content_type="application/json")


@blueprint.route("/monthly-reports/<month>/changes")
@blueprint.arguments(ChangesQuery, location="query")
@blueprint.response(200, ChangesSchema)
@blueprint.alt_response(404, success=False, description="the month was not filed, or " + WHOLE)
def get_changes(query: dict[str, Any], month: str) -> Response:
    """List what has changed since a month was filed, those received first first.

    Closings, voids, mergers, reopenings, corrections, and limits that have passed; over all pages their differences add
    up to those of the columns. `late` (补报) came in after it was filed and counts in its own month.
    """
    scope = drawing.reading_scope(context.caller())
    after = responses.decode_text(query.get("cursor"))
    with responses.naming_fields(), context.database().reading() as reading:
        found = changes_since.since(reading, scope, freezing.get(reading, month))
        wanted = found.of_kind(Kind(query["kind"]) if "kind" in query else None)
        ahead = [change for change in wanted if position(change) > after]
        page = ahead[: query["limit"]]
        items = changes_since.listed(reading, page, label_for(reading))
    following = position(page[-1]) if len(page) < len(ahead) else None
    return responses.json(
        {
            "items": items,
            "next": None if following is None else responses.encode_cursor(following),
            "frozen": sheet_json.frozen(found.report),
            "now": found.now,
            "columns": [
                {
                    "code": each.code,
                    "label": each.label,
                    "then": each.then,
                    "now": each.now,
                    "difference": each.now - each.then,
                }
                for each in found.columns
            ],
            "kinds": _kinds(found),
        }
    )


@blueprint.route("/monthly-reports/<month>/corrections")
@blueprint.response(200, page_of(CorrectionSchema))
@blueprint.alt_response(404, success=False, description="the month was not filed, or " + WHOLE)
@blueprint.alt_response(422, success=False, description="what is named is no month")
def list_corrections(month: str) -> Response:
    """List the corrections (更正表) of a filed month in their order; the filed sheet itself stays what it was."""
    drawing.reading_scope(context.caller())
    with responses.naming_fields(), context.database().reading() as reading:
        freezing.get(reading, month)
        found = reports.corrections_of(reading, month)
    return responses.single_page([sheet_json.correction(each) for each in found])


@blueprint.route("/monthly-reports/<month>/corrections", methods=["POST"])
@blueprint.needs(("monthly_report", "correct"))
@blueprint.arguments(CorrectSchema)
@blueprint.response(201, CorrectionSchema)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description="the month was not filed, or " + WHOLE)
@blueprint.alt_response(409, success=False, description="`stale-version`: there is a newer correction")
def correct(body: dict[str, Any], month: str) -> Response:
    """Issue a correction of a filed month: what was and what is, why, and who signs.

    Each row must still add up, and no part of a column may exceed it; the total follows from the rows. A cell is named
    once. Every fault is told at once.
    """
    by = context.caller()
    drawing.require(by, "correct")
    told = {name: body[name] for name in ("previous", "reason", "signer")}
    with responses.naming_fields():
        asked = corrections.asked_once(((cell["row"], cell["figure"]), cell["is_"]) for cell in body["cells"])
        made = context.write(lambda tx: correcting.correct(tx, month, asked, by=by.name, **told))
    return responses.json(sheet_json.correction(made), 201)


def _named(made: Correction) -> dict[str, Any]:
    told = sheet_json.correction(made)
    return {name: told[name] for name in ("number", "sha256", "made_at", "signer", "reason")}


def position(change: Change) -> str:
    """Return where a change stands in the list."""
    return f"{change.received_at} {change.id}"


def label_for(reading: Reading) -> Callable[[Row], str] | None:
    """Return what shows the caller the label of a record, None where nothing is masked."""
    mask = record_exports.mask_for(reading, context.caller())
    return mask.row_label if mask.masks_phones or mask.disclosure.sight.hidden else None


def _kinds(found: Comparison) -> list[dict[str, Any]]:
    english = changes.labels(found.now, english=True)
    return [
        {"kind": kind, "label": label, "label_en": english[kind], "cases": found.count(Kind(kind))}
        for kind, label in changes.labels(found.now).items()
    ]


@blueprint.route("/monthly-reports/<month>/freeze", methods=["POST"])
@blueprint.needs(("monthly_report", "freeze"))
@blueprint.arguments(FreezeSchema)
@blueprint.response(200, FrozenReportSchema)
@blueprint.alt_response(201, schema=FrozenReportSchema, description="it was filed just now")
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description=WHOLE)
@blueprint.alt_response(409, success=False, description="`month-frozen`: it was filed as of another instant")
def freeze(body: dict[str, Any], month: str) -> Response:
    """File the sheet of a month that is over: it is kept with its hash and never changes.

    Asked again it answers the same. What was wrong in it is told by a correction.
    """
    by = context.caller()
    scope = drawing.require(by, "freeze")
    with responses.naming_fields():
        said, as_of = heading(), body.get("as_of")
        found = context.carry_out(
            lambda database: freezing.freeze(database, scope, month, said, as_of=as_of, by=by.name)
        )
    return responses.json(sheet_json.frozen(found.report), 201 if found.is_new else 200)
