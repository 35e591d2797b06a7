"""Answers with photos: as they were sent, without place and time, or small; whole or in parts (RFC 9110, 14)."""

from __future__ import annotations

from pathlib import Path

from flask import Response, request, send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from server.errors import NotFound
from server.photos.usecases import thumbnails
from server.pictures import copies, media_types
from server.submissions.store.thumbnails import State
from server.submissions.usecases.case_details import PhotoFile
from server.web import byte_ranges, context, downloads

THUMB = "thumb"
"""What ``size`` asks for in an address: the thumbnail."""

PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""What browsers show of what was sent; nothing that they could run."""

CONVERTED = media_types.DRAWN - PICTURES
"""Pictures that not every browser shows (HEIC, AVIF, TIFF): pages show a JPEG made of them."""


def as_asked(photo: PhotoFile, size: str | None, *, is_whole: bool) -> Response:
    """Answer with a photo as a program asks for it.

    size: ``THUMB`` or None for all of it; one whose thumbnail is not made yet, or is none, comes as it is. is_whole:
    the reader may know where and when it was taken; else it comes without. Raises NotFound where the disk has it no
    more, and for one so damaged that nobody can tell what it tells.
    """
    photo = _as_it_is(photo)
    if size == THUMB and _is_picture(photo):
        path = thumbnails.file_of(context.database(), photo.sha256)
        if path is not None:
            return _drawn(photo, path, THUMB)
        is_whole = False  # where a thumbnail stands next time
    if is_whole:
        return downloads.stored_file(photo.sha256, photo.media_type, photo.name)
    try:
        return _plain(photo)
    except copies.Unreadable as error:
        raise NotFound("照片损坏，不能确定里面有没有拍摄位置，不能给您看；原件留着。", name=photo.name) from error


def on_page(photo: PhotoFile, size: str | None) -> Response:
    """Answer with a photo as a page shows it, without place and time.

    A HEIC, AVIF or TIFF comes as JPEG; one that nothing here draws is offered to be saved. One that has not been made
    yet, and a photo that cannot be read, come as a picture that says so: a page never shows a broken one. Raises
    NotFound for what is no picture, and where the disk has it no more.
    """
    photo = _as_it_is(photo)
    if not _is_picture(photo):
        raise NotFound("这份附件不是浏览器能显示的图片；原件在提交里。", name=photo.name)
    database = context.database()
    path = thumbnails.file_of(database, photo.sha256) if size == THUMB else None
    if path is not None:
        response = _drawn(photo, path, THUMB)
    elif photo.media_type in CONVERTED and (size == THUMB or not _is_undrawn(photo)):
        path = thumbnails.large_file_of(database, photo.sha256)
        response = _said(photo) if path is None else _drawn(photo, path, "large")
    elif photo.media_type not in media_types.DRAWN or (size == THUMB and _is_damaged(photo)):
        response = _said(photo)
    else:
        try:
            response = _plain(photo)
        except copies.Unreadable:
            response = _said(photo)
    if not response.cache_control.no_store:
        response.headers["Cache-Control"] = "private, no-cache"  # asked for again, also after signing out
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _is_damaged(photo: PhotoFile) -> bool:
    return thumbnails.state_of(context.database(), photo.sha256) is State.DAMAGED


def _is_undrawn(photo: PhotoFile) -> bool:
    return thumbnails.state_of(context.database(), photo.sha256) is State.UNDRAWN


def _as_it_is(photo: PhotoFile) -> PhotoFile:
    """Return a photo with the media type that its bytes have; rows of before say what the phone called it."""
    declared = photo.declared_type or photo.media_type
    return photo._replace(media_type=downloads.true_type(photo.sha256, declared), declared_type=declared)


def _is_picture(photo: PhotoFile) -> bool:
    return media_types.is_picture(photo.media_type, photo.declared_type)


def _drawn(photo: PhotoFile, path: Path, size: str) -> Response:
    byte_ranges.narrow(request.environ, path.stat().st_size)
    response = send_file(
        path,
        mimetype="image/jpeg",
        download_name=f"{Path(photo.name).stem}-{size}.jpg",
        conditional=True,
        etag=f"{photo.sha256}-{size}",
    )
    return downloads.sandboxed(response)


def _plain(photo: PhotoFile) -> Response:
    """Answer with a copy of a photo that has every point of it, and neither place, time nor device.

    Raises NotFound, and Unreadable for one so damaged that nobody can tell what it tells.
    """
    content = context.blobs().open(photo.sha256)
    try:
        copy = copies.without_metadata(content)
    except copies.Unreadable:
        content.close()
        raise
    is_shown = photo.media_type in downloads.INLINE_TYPES
    response = Response(
        wrap_file(request.environ, copy),  # type: ignore[arg-type]  # any file that reads bytes
        content_type=photo.media_type if is_shown else "application/octet-stream",
        direct_passthrough=True,
    )
    response.content_length = copy.size
    response.set_etag(f"{photo.sha256}-plain")
    byte_ranges.narrow(request.environ, copy.size)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=copy.size)
    except RequestedRangeNotSatisfiable:
        copy.close()
        raise
    if not is_shown:
        downloads.name_file(response, photo.name)
    return downloads.sandboxed(response)


def _said(photo: PhotoFile) -> Response:
    """Answer with a picture that says why there is none."""
    if _is_damaged(photo) or photo.media_type not in CONVERTED:
        says, below = "照片损坏", "原件留着，请重新拍照"
    elif _is_undrawn(photo):
        says, below = "这种照片这里显示不了", "原件留着，可以下载后打开"
    else:
        says, below = "照片正在处理", "请过一会儿刷新页面"
    response = Response(_SAID.format(says=says, below=below), 200, content_type="image/svg+xml; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return downloads.sandboxed(response)


_SAID = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300" viewBox="0 0 400 300">'
    '<rect width="400" height="300" fill="#eef1f5"/><g fill="#4a5a70" font-family="sans-serif" text-anchor="middle">'
    '<text x="200" y="145" font-size="28">{says}</text><text x="200" y="182" font-size="18">{below}</text></g></svg>'
)
