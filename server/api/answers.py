"""Serve the answers of a form as files: CSV, an archive of CSV files with photos, and a workbook."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from schemas.exports import AnswerArchiveQuery, AnswerQuery, AnswerTableQuery
from server import table_files
from server.api import exports, responses
from server.api.areas import place_of
from server.api.blueprints import create_blueprint
from server.errors import Invalid
from server.forms.usecases import management
from server.submissions.usecases import answer_export, answer_files
from server.submissions.usecases.answer_export import AnswerExport
from server.submissions.usecases.answer_tables import AnswerOptions
from server.web import context, downloads, record_exports

blueprint = create_blueprint("answers", "填报内容 · the answers of every form, as files")

_REFUSED = "the caller's duties do not let them export"
_UNKNOWN = "the form or the area is unknown, or out of reach"


@blueprint.route("/forms/<form_id>/answers.csv")
@blueprint.arguments(AnswerTableQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
@blueprint.alt_response(403, success=False, description=_REFUSED)
@blueprint.alt_response(404, success=False, description=_UNKNOWN)
def answers_csv(query: dict[str, Any], form_id: str) -> Response:
    """Export one table of a form's answers as CSV (UTF-8 with BOM), newest first; a repeat is a table of its own.

    Submissions of the caller's areas and their own, of every version of the form, with or without a record type.
    `KEY` and `PARENT_KEY` join the tables; what no version asks stands in the last column as JSON.
    """
    export = _begun("csv", query, form_id)
    path = query.get("table", "")
    with export.audited.ending_where_it_fails():
        if path not in export.tables.tables:
            known = "、".join(filter(None, export.tables.tables)) or "没有重复组，不用写 table"
            wrong = f"表单里没有重复组“{path}”；可选：{known}。"
            raise Invalid(f"请求有误。table：{wrong}", errors=[{"field": "table", "message": wrong}])
    name = f"{export.tables.tables[path].name}.csv"
    return downloads.exported(export.audited, answer_files.csv_parts(export, path), table_files.CSV_TYPE, name)


@blueprint.route("/forms/<form_id>/answers.zip")
@blueprint.arguments(AnswerArchiveQuery, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=table_files.ZIP_TYPE)
@blueprint.alt_response(403, success=False, description=_REFUSED)
@blueprint.alt_response(404, success=False, description=_UNKNOWN)
def answers_zip(query: dict[str, Any], form_id: str) -> Response:
    """Export all tables of a form's answers as CSV files in an archive, with the photos.

    A photo is named by the receipt number of its submission, its question, and the name that the phone gave it.
    """
    export = _begun("zip", query, form_id, with_photos=query.get("photos", True))
    parts = answer_files.zip_parts(export, context.blobs())
    return downloads.exported(export.audited, parts, table_files.ZIP_TYPE, f"{form_id}.zip")


@blueprint.route("/forms/<form_id>/answers.xlsx")
@blueprint.arguments(AnswerQuery, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=table_files.XLSX_TYPE)
@blueprint.alt_response(403, success=False, description=_REFUSED)
@blueprint.alt_response(404, success=False, description=_UNKNOWN)
def answers_xlsx(query: dict[str, Any], form_id: str) -> Response:
    """Export all tables of a form's answers as a workbook, a sheet each.

    Numbers are numbers where a spreadsheet holds them exactly, all else is text. After 1,048,575 rows a table goes on
    in another sheet.
    """
    export = _begun("xlsx", query, form_id)
    return downloads.workbook(export.audited, lambda book: answer_files.write_workbook(export, book), f"{form_id}.xlsx")


def _begun(format: str, query: dict[str, Any], form_id: str, *, with_photos: bool = False) -> AnswerExport:
    """Check and note down who exports what; return the export."""
    by = context.caller()
    with responses.naming_fields(), context.database().reading() as reading:
        form, scope = management.get_visible(reading, form_id, by), record_exports.scope_of(by)
        mask = record_exports.mask_for(reading, by)
        filters = answer_export.filters(form, place_of(reading, query, by), query.get("from_"), query.get("to"))
    return answer_export.begin(
        context.database(),
        form,
        filters,
        AnswerOptions(exports.wording_of(query), query.get("split", False)),
        scope=scope,
        mask=mask,
        with_photos=with_photos,
        by=by.name,
        address=request.remote_addr or "",
        noted={"format": format, "filters": {name.rstrip("_"): str(value) for name, value in query.items()}},
    )
