"""Looks at a list of premises, registers its good rows, and takes that back."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from schemas.rosters import PremisesImportQuery, PremisesImportSchema
from server.api import responses
from server.api.blueprints import admit_uploads, create_blueprint, import_body
from server.api.staff.list_imports import told
from server.errors import Invalid
from server.staffing.usecases import list_imports, premises_import
from server.web import context

blueprint = create_blueprint("premises-imports", "场所名单 · a list of premises: look first, then take its good rows")

UPLOAD_BYTES_MAX = list_imports.FILE_BYTES_MAX + 100_000
UPLOAD = import_body("the list, .xlsx or CSV (UTF-8 or GB18030), at most 2,000 rows")
_KEPT = "the token is unknown, another's, or past its 24 hours; or no form of premises is published"


admit_uploads(blueprint, premises_import.IMPORT.require_right, UPLOAD_BYTES_MAX, "import_premises")


@blueprint.route("/premises/import", methods=("POST",))
@blueprint.needs((premises_import.SUBJECT, list_imports.ACTION))
@blueprint.doc(requestBody=UPLOAD)
@blueprint.arguments(PremisesImportQuery, location="query")
@blueprint.response(200, PremisesImportSchema)
@blueprint.alt_response(403, success=False, description="the caller may import premises nowhere")
@blueprint.alt_response(404, success=False, description=_KEPT)
@blueprint.alt_response(413, success=False, description="the file or a sheet of it is too large")
def import_premises(query: dict[str, Any]) -> Response:
    """Look at a list of premises; with `good_rows` register them. The same list again registers nothing."""
    by, token = context.caller(), request.form.get("token", "")
    uploaded = request.files.get("file")
    if not token:
        if uploaded is None:
            raise Invalid("请上传场所名单（file），或给出核对时的 token。", field="file")
        content, name = uploaded.read(), uploaded.filename or ""
        token = context.write(lambda tx: premises_import.IMPORT.keep(tx, content, name, by=by))
    if query.get("good_rows"):
        context.write(lambda tx: premises_import.IMPORT.carry_out(tx, token, by=by))
    with context.database().reading() as reading:
        return responses.json(told(premises_import.IMPORT, premises_import.IMPORT.get(reading, token, by=by)))


@blueprint.route("/premises/import/<token>/undo", methods=("POST",))
@blueprint.needs((premises_import.SUBJECT, list_imports.ACTION))
@blueprint.response(200, PremisesImportSchema)
@blueprint.alt_response(403, success=False, description="the caller may import premises nowhere")
@blueprint.alt_response(404, success=False, description=_KEPT)
@blueprint.alt_response(409, success=False, description="the list was not imported")
def undo_import(token: str) -> Response:
    """Take an import back within 24 hours: premises that nobody has changed since are 登记有误."""
    by = context.caller()
    return responses.json(
        told(premises_import.IMPORT, context.write(lambda tx: premises_import.IMPORT.undo(tx, token, by=by)))
    )
