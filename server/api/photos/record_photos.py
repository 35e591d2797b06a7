"""Give the photos of records: one by one, small, and all of a record as an archive."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from schemas.uploads import PhotoQuery
from server import table_files
from server.api.blueprints import create_blueprint
from server.records.store import records
from server.records.usecases.disclosing import RecordMask
from server.submissions.usecases import case_details
from server.web import context, photo_exports, photo_files

blueprint = create_blueprint("record-photos", "照片 · photos of records")


@blueprint.route("/records/<uuid:record_id>/attachments/<int:version>/<path:name>")
@blueprint.arguments(PhotoQuery, location="query")
@blueprint.response(
    200,
    {"type": "string", "format": "binary"},
    content_type="*/*",
    headers={"ETag": {"description": "of this content in this size", "schema": {"type": "string"}}},
)
@blueprint.alt_response(
    206, schema={"type": "string", "format": "binary"}, content_type="*/*", description="the part that `Range` names"
)
@blueprint.alt_response(304, success=False, description="the client has it")
@blueprint.alt_response(416, success=False, description="the file has no such part; `Content-Range` tells its length")
@blueprint.alt_response(404, success=False, description="unknown, out of scope, under way, or not this reader's to see")
def get_attachment(query: dict[str, str], record_id: UUID, version: int, name: str) -> Response:
    """Get a photo that the history of a record names, by the version with which it came; `size=thumb` gets it small.

    As it was sent to who is shown the record whole; to others, and small, without where and when it was taken.
    """
    with context.database().reading() as reading:
        by = context.caller()
        found, mask = records.get(reading, str(record_id), by.scope), RecordMask(reading, by)
        file = case_details.file_of(reading, found, version, name, mask)
        is_whole = not mask.hides(found)
    return photo_files.as_asked(file, query.get("size"), is_whole=is_whole)


@blueprint.route("/records/<uuid:record_id>/photos.zip")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=table_files.ZIP_TYPE)
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export it")
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
def get_photos(record_id: UUID) -> Response:
    """Export the photos of a record as an archive, without where and when they were taken.

    Each is named by the version with which it came and by its own name; `missing.txt` lists those under way,
    `damaged.txt` those too damaged, or of a format too strange, to tell what they would tell.
    """
    return photo_exports.as_zip(str(record_id))
