"""Sends the photos that records name to browsers: to who may see them, as images and as nothing else."""

from __future__ import annotations

from flask import Response

from server.db.transactions import Reading
from server.errors import NotFound
from server.records.domain.records import Record
from server.records.usecases.disclosing import RecordMask
from server.submissions.usecases import case_details
from server.web import context, downloads

IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""What a page shows of what was sent; nothing that a browser could run."""


def send(reading: Reading, record: Record, version: int, name: str) -> Response:
    """Answer with the photo that one version of a record names, whole or in parts.

    record: one that the caller has found inside a scope. Raises NotFound for what is not here, and for what is no image
    of ``IMAGES``.
    """
    file = case_details.file_of(reading, record, version, name, RecordMask(reading, context.caller()))
    kind = _kind(file.media_type)
    if kind not in IMAGES:
        raise NotFound("这份附件不是浏览器能显示的图片；原件在提交里。", name=name)
    response = downloads.stored_file(file.sha256, kind, file.name)
    response.headers["Cache-Control"] = "private, no-cache"  # asked for again, also after signing out
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def is_shown(media_type: str) -> bool:
    """Say whether a page shows files of a media type."""
    return _kind(media_type) in IMAGES


def _kind(media_type: str) -> str:
    return media_type.split(";")[0].strip().lower()
