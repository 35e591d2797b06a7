"""Exports the photos of one record as an archive for every door: who may, what is masked, what the audit is told."""

from __future__ import annotations

from flask import Response

from server import table_files
from server.errors import NotAllowed, NotFound
from server.photos.usecases import record_archive
from server.records.store import records
from server.web import context, downloads, record_exports


def as_zip(record_id: str) -> Response:
    """Return the photos of a record as an archive, sent while it is made.

    Raises NotFound out of the caller's scope, NotAllowed where their duties do not let them export this record,
    DiskFull where it cannot be noted down.
    """
    by = context.caller()
    with context.database().reading() as reading:
        record = records.get(reading, record_id, by.scope)
        scope = record_exports.scope_of(by)
        try:
            records.get(reading, record_id, scope)
        except NotFound as error:
            raise NotAllowed("您的岗位不能导出这条记录；请联系能导出的人。", object="export", action="read") from error
        photos = record_archive.named(reading, record, record_exports.mask_for(reading, by))
        at = reading.now
    export = record_exports.begin("photos.export", record.id, {"type": record.type})
    parts = record_archive.parts(export, photos, context.blobs(), at)
    return downloads.exported(export, parts, table_files.ZIP_TYPE, f"{record.case_no or record.id}-photos.zip")
