"""Sends the photos that records name to browsers: to who may see the record, as images and as nothing else."""

from __future__ import annotations

from flask import Response, send_file

from server.db.transactions import Reading
from server.errors import NotFound
from server.records.domain.records import Record
from server.submissions.store import submissions
from server.submissions.usecases import case_details
from server.web import context

IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""What a page shows of what phones sent; nothing that a browser could run."""


def send(reading: Reading, record: Record, version: int, name: str) -> Response:
    """Answer with the photo that one version of a record names.

    record: one that the caller has found inside a scope. Raises NotFound for what is not here, and for what is no image
    of ``IMAGES``.
    """
    wanted = [each for each in case_details.photos(reading, record) if (each.version, each.name) == (version, name)]
    sources = {each.submission for each in wanted if each.submission and each.is_here}
    files = [file for id in sources for file in submissions.attachments_of(reading, id) if file.name == name]
    for file in files:
        kind = file.media_type.split(";")[0].strip().lower()
        if kind in IMAGES:
            context.blobs().open(file.sha256).close()
            response = send_file(context.blobs().path(file.sha256), mimetype=kind, conditional=True, etag=file.sha256)
            response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
            response.headers["Cache-Control"] = "private, no-cache"  # asked for again, also after signing out
            response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
            return response
    raise NotFound("这张照片还没有传到，或不是图片；原件在提交里。", name=name)
