"""Looks at a list of last year's open hazards, takes its good rows over, and takes that back."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from schemas.rosters import CarriedImportQuery, CarriedImportSchema
from server.api import responses
from server.api.blueprints import admit_uploads, create_blueprint, import_body
from server.api.staff.list_imports import told
from server.errors import Invalid
from server.staffing.usecases import carried_import, list_imports
from server.web import context

blueprint = create_blueprint("carried-imports", "上年结转 · last year's hazards: look first, then take the good rows")

UPLOAD_BYTES_MAX = list_imports.FILE_BYTES_MAX + 100_000
UPLOAD = import_body("the list, .xlsx or CSV (UTF-8 or GB18030), at most 2,000 rows")
_KEPT = "the token is unknown, another's, or past its 24 hours; or no form of hazards is published"


admit_uploads(blueprint, carried_import.IMPORT.require_right, UPLOAD_BYTES_MAX, "import_carried")


@blueprint.route("/carried/import", methods=("POST",))
@blueprint.needs((carried_import.SUBJECT, list_imports.ACTION))
@blueprint.doc(requestBody=UPLOAD)
@blueprint.arguments(CarriedImportQuery, location="query")
@blueprint.response(200, CarriedImportSchema)
@blueprint.alt_response(403, success=False, description="the caller may take last year's hazards over nowhere")
@blueprint.alt_response(404, success=False, description=_KEPT)
@blueprint.alt_response(413, success=False, description="the file or a sheet of it is too large")
def import_carried(query: dict[str, Any]) -> Response:
    """Look at a list of last year's open hazards; with `good_rows` take them over. The same list again takes none."""
    by, token = context.caller(), request.form.get("token", "")
    uploaded = request.files.get("file")
    if not token:
        if uploaded is None:
            raise Invalid("请上传上年结转名单（file），或给出核对时的 token。", field="file")
        content, name = uploaded.read(), uploaded.filename or ""
        token = context.write(lambda tx: carried_import.IMPORT.keep(tx, content, name, by=by))
    if query.get("good_rows"):
        context.write(lambda tx: carried_import.IMPORT.carry_out(tx, token, by=by))
    with context.database().reading() as reading:
        return responses.json(told(carried_import.IMPORT, carried_import.IMPORT.get(reading, token, by=by)))


@blueprint.route("/carried/import/<token>/undo", methods=("POST",))
@blueprint.needs((carried_import.SUBJECT, list_imports.ACTION))
@blueprint.response(200, CarriedImportSchema)
@blueprint.alt_response(403, success=False, description="the caller may take last year's hazards over nowhere")
@blueprint.alt_response(404, success=False, description=_KEPT)
@blueprint.alt_response(409, success=False, description="the list was not imported")
def undo_import(token: str) -> Response:
    """Take an import back within 24 hours: what nobody has touched since is void."""
    by = context.caller()
    return responses.json(
        told(carried_import.IMPORT, context.write(lambda tx: carried_import.IMPORT.undo(tx, token, by=by)))
    )
