"""Takes the photos of a page's form: each is judged and kept before the change that names it is written.

What is true if we die after each step of ``receive``: 1. the bytes are on the disk, and no row names them: the next
start of the server removes what was unfinished, and the same photo sent again is found there. 2. A row says that its
author has sent them; no change names them yet. Either way they are deleted once nobody has named them for a month.
"""

from __future__ import annotations

from typing import BinaryIO

from server.db.database import Database
from server.errors import Invalid, TooLarge
from server.people.domain.actors import Actor
from server.photos.usecases import uploads
from server.submissions.store import sent_files
from server.submissions.store.blobs import BlobStore, IncomingBlob
from server.submissions.store.sent_files import SentFile
from sync import images
from sync.changes import AttachmentName
from sync.images import Image, NotAPhoto

FORM_PHOTOS_MAX = 9
"""How many photos one form takes."""

PHOTO_BYTES_MAX = 10_000_000
"""The size of one of them, in bytes."""

FORM_BYTES_MAX = FORM_PHOTOS_MAX * PHOTO_BYTES_MAX + 1_000_000
"""The size of the body of such a form, with all that is typed into it (``request.max_content_length``)."""

_CHUNK_BYTES = 256 * 1024


def receive(
    database: Database,
    blobs: BlobStore,
    stream: BinaryIO,
    name: str,
    media_type: str,
    *,
    by: Actor,
    free_bytes_min: int = 0,
) -> AttachmentName:
    """Keep one photo of a form, and return what the change of the same form shall name as its attachment.

    stream: its bytes, open to be read from anywhere, as Werkzeug gives a posted file. name, media_type: as the browser
    calls it; what it is, its bytes say. free_bytes_min: the room on the disk below which none is taken. Raises TooLarge
    above ``PHOTO_BYTES_MAX``, Invalid for what is no photo (``sync.images``), and QuotaExceeded and DiskFull as an
    upload does.
    """
    uploads.require_room(blobs, free_bytes_min)
    incoming = blobs.incoming()
    try:
        _copy(stream, incoming, name)
        image = _judged(stream, name, media_type)
        with database.reading() as reading:
            uploads.require_quota(reading, by, incoming.size, incoming.sha256)
        kept = blobs.keep(incoming)
    finally:
        incoming.discard()
    file = SentFile(kept.sha256, kept.size, image.media_type)
    database.write(lambda tx: sent_files.add(tx, file, by.name))
    called = images.name_of(name, image.media_type, kept.sha256)
    return AttachmentName(called, kept.sha256, kept.size, image.media_type)


def require_few(count: int) -> None:
    """Do nothing for as many photos as one form takes. Raises TooLarge."""
    if count > FORM_PHOTOS_MAX:
        raise TooLarge(f"一次最多附 {FORM_PHOTOS_MAX} 张照片，选了 {count} 张；请分几次办。", most=FORM_PHOTOS_MAX)


def _copy(stream: BinaryIO, incoming: IncomingBlob, name: str) -> None:
    stream.seek(0)
    while chunk := stream.read(_CHUNK_BYTES):
        if incoming.size + len(chunk) > PHOTO_BYTES_MAX:
            most = PHOTO_BYTES_MAX // 1_000_000
            raise TooLarge(f"“{name[:100]}”超过 {most} MB；请缩小后再附。", name=name[:300], most=PHOTO_BYTES_MAX)
        incoming.write(chunk)


def _judged(stream: BinaryIO, name: str, media_type: str) -> Image:
    try:
        return images.read_image(stream)
    except NotAPhoto as error:
        wrong = f"“{name[:100]}”：{error}"
        raise Invalid(wrong, errors=[{"field": "photos", "message": str(error)}], media_type=media_type) from error
