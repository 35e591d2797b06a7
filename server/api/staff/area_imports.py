"""Imports the good rows of a grid file, or looks at what that would do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, request

from schemas.rosters import AreaImportQuery, AreaImportSchema
from server.api import responses
from server.api.blueprints import admit_uploads, create_blueprint, import_body
from server.errors import Invalid
from server.grid.usecases import files
from server.people.domain.actors import Actor
from server.staffing.usecases import grid_import
from server.staffing.usecases.grid_import import DryRun
from server.web import context

blueprint = create_blueprint("area-imports", "网格导入 · a grid file: look first, then import its good rows")

UPLOAD_BYTES_MAX = files.FILE_BYTES_MAX + 100_000
UPLOAD = import_body("the grid file, .xlsx or CSV (UTF-8 or GB18030), at most 20,000 rows")


def _require_right(by: Actor) -> None:
    with context.database().reading() as reading:
        grid_import.require_right(reading, by)


admit_uploads(blueprint, _require_right, UPLOAD_BYTES_MAX, "import_areas")


@blueprint.route("/areas/import", methods=("POST",))
@blueprint.needs(("configuration", "edit"))
@blueprint.doc(requestBody=UPLOAD)
@blueprint.arguments(AreaImportQuery, location="query")
@blueprint.response(200, AreaImportSchema)
@blueprint.alt_response(403, success=False, description="the caller may not change the grid")
@blueprint.alt_response(404, success=False, description="the token is unknown, another's, or past its 24 hours")
@blueprint.alt_response(413, success=False, description="the file or a sheet of it is too large")
def import_areas(query: dict[str, Any]) -> Response:
    """Import the good rows of a grid file, or only look with `dry_run`; the same file again changes nothing.

    Areas that the file does not mention stay as they are; duties of an area that ends go on in its successor.
    """
    by, token = context.caller(), request.form.get("token", "")
    uploaded = request.files.get("file")
    if not token:
        if uploaded is None:
            raise Invalid("请上传网格表（file），或给出核对时的 token。", field="file")
        content, name = uploaded.read(), uploaded.filename or ""
        token = context.write(lambda tx: grid_import.keep(tx, content, name, by=by))
    if not query.get("dry_run"):
        context.write(lambda tx: grid_import.carry_out(tx, token, by=by))
    with context.database().reading() as reading:
        return responses.json(_told(grid_import.get(reading, token, by=by)))


def _told(found: DryRun) -> responses.Json:
    plan, done = found.plan, found.done
    return {
        "token": found.token,
        "file": found.file_name,
        "rows": len(found.rows),
        "counts": dict(plan.counts) if done is None else done["counts"],
        "carried": plan.carried if done is None else done["carried"],
        "ended": plan.ended if done is None else done["ended"],
        "faulty": len({each.line for each in plan.faults}) if done is None else done["faulty"],
        "done": done is not None,
        "notes": list(found.notes),
        "warnings": [] if done else [{"line": each.line, "message": each.message} for each in plan.warnings],
        "faults": [asdict(each) for each in plan.faults],
    }
