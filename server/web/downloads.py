"""Answers with files to be saved: whole, in parts, or as a workbook that grows on the disk; no browser runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import BinaryIO
from urllib.parse import quote

from flask import Response, request, send_file

from server.audit.usecases.exports import Export
from server.pictures import media_types
from server.table_files import XLSX_TYPE, Workbook
from server.web import byte_ranges, context

INLINE_TYPES = frozenset(
    {
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "audio/mpeg", "audio/mp4", "audio/aac",
        "audio/amr", "audio/amr-wb", "audio/3gpp", "audio/flac", "audio/ogg", "audio/wav", "audio/webm", "video/mp4",
        "video/3gpp", "video/ogg", "video/quicktime", "video/webm", "text/plain", "text/csv",
    }
)  # fmt: skip
"""What a browser shows and never runs; everything else is offered for download as plain bytes."""


def download(content: bytes | Iterable[bytes], media_type: str, name: str) -> Response:
    """Return a file to be saved under ``name``, whole or in parts; none is cached, since the next may differ."""
    response = Response(content, 200, content_type=media_type)
    name_file(response, name)
    response.headers["Cache-Control"] = "no-store"
    return sandboxed(response)


def name_file(response: Response, name: str) -> None:
    """Say under which name an answer is saved, in whatever script: headers hold Latin letters alone (RFC 6266)."""
    if name.isascii():
        response.headers.set("Content-Disposition", "attachment", filename=name)
        return
    plain = "file" + PurePath(name).suffix
    ending = plain if plain.isascii() else "file"
    said = {"filename": ending, "filename*": f"UTF-8''{quote(name, safe='')}"}
    response.headers.set("Content-Disposition", "attachment", **said)


def exported(export: Export, parts: Iterable[bytes], media_type: str, name: str) -> Response:
    """Return an export as a file to be saved under ``name``; it ends in the audit when the answer ends, however."""
    return download(export.sending(parts), media_type, name)


def workbook(export: Export, fill: Callable[[Workbook], None], name: str) -> Response:
    """Return the workbook that ``fill`` writes, to be saved under ``name``; it grows on the disk, not in memory."""
    with export.ending_where_it_fails(), TemporaryDirectory(prefix="firegrid-") as folder:
        path = Path(folder) / "book.xlsx"
        book = Workbook(path)
        fill(book)
        book.close()
        content = path.open("rb")  # outlives its name
    response = exported(export, _chunks(content), XLSX_TYPE, name)
    response.call_on_close(content.close)  # whose reader went away before the end
    return response


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    with content:
        yield from iter(lambda: content.read(_CHUNK_BYTES), b"")


_CHUNK_BYTES = 256 * 1024


def stored_file(sha256: str, media_type: str, name: str) -> Response:
    """Return a stored file, whole or in parts, to be shown where a browser only shows its kind; else to be saved.

    media_type: as it is known; what it is, its bytes say. Raises NotFound where the disk has it no more.
    """
    shown = true_type(sha256, media_type)
    harmless = shown in INLINE_TYPES
    path = context.blobs().path(sha256)
    byte_ranges.narrow(request.environ, path.stat().st_size)
    response = send_file(
        path,
        mimetype=shown if harmless else "application/octet-stream",
        as_attachment=not harmless,
        download_name=name,
        conditional=True,
        etag=sha256,
    )
    return sandboxed(response)


def true_type(sha256: str, declared: str) -> str:
    """Return the media type of a stored file, by its bytes. Raises NotFound where the disk has it no more.

    declared: as it was called, for where they leave a choice.
    """
    with context.blobs().open(sha256) as content:
        return media_types.of(content.read(media_types.HEAD_BYTES), declared)


def sandboxed(response: Response) -> Response:
    """Return a response that no browser may run as a page of ours."""
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
