"""Sends the photos that records name to browsers: to who may see them, as images and as nothing else."""

from __future__ import annotations

from flask import Response, request

from server.db.transactions import Reading
from server.records.domain.records import Record
from server.records.usecases.disclosing import RecordMask
from server.submissions.usecases import case_details
from server.web import context, photo_files


def send(reading: Reading, record: Record, version: int, name: str) -> Response:
    """Answer with the photo that one version of a record names, whole or in parts, or its thumbnail (``size=thumb``).

    record: one that the caller has found inside a scope. Raises NotFound for what is not here, and for what is no
    image.
    """
    file = case_details.file_of(reading, record, version, name, RecordMask(reading, context.caller()))
    return photo_files.on_page(file, request.args.get("size"))


def thumbnail(address: str) -> str:
    """Return where the thumbnail is of the photo at an address of ours; empty for none."""
    return f"{address}?size={photo_files.THUMB}" if address else ""
