"""Uploads in parts that survive a broken line and a restart (tus 1.0), each whole one kept by its hash.

What is true if we die after each step of ``append``: 1. bytes stand behind those that count: the next request writes
over them. 2. They are fsynced and the row says so: the client goes on behind them. Of the last part: 3. the row says
what all of it is; 4. its file has moved to its place: ``finish`` begins again when the client asks, and finds the file
in either place. 5. One commit says that its author has sent it, and ends the upload.
"""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from io import BufferedRandom
from typing import IO

from server import instants
from server.db.database import Database
from server.db.transactions import Reading, Transaction
from server.errors import ChecksumMismatch, Conflict, DiskFull, Invalid, NotAllowed, NotFound, QuotaExceeded, TooLarge
from server.people.domain.actors import Actor
from server.photos.domain.tus import Checksum
from server.photos.store import uploads
from server.photos.store.uploads import Upload, UploadFiles
from server.submissions.store import sent_files
from server.submissions.store.blobs import Blob, BlobStore
from server.submissions.store.sent_files import SentFile
from sync import images
from sync.images import NotAPhoto

LIFE = timedelta(days=7)
"""How long an upload waits for its next part; a whole one, for its client to learn of it."""

PERSON_BYTES_MAX = 500_000_000
"""What one person may have lying here: unfinished, or whole and named by no change."""

DEVICE_BYTES_MAX = 200_000_000
"""What one device may have lying here unfinished."""

UNFINISHED_MAX = 100
"""How many uploads of one person may be unfinished."""

CLEANED_AT_ONCE = 100
_CHUNK_BYTES = 256 * 1024


class Uploads:
    """The uploads of one server. free_bytes_min: the room on the disk below which none is taken."""

    def __init__(self, database: Database, blobs: BlobStore, free_bytes_min: int) -> None:
        self._database = database
        self._blobs = blobs
        self._files = UploadFiles(blobs.folder)
        self._free_bytes_min = free_bytes_min

    def require_room(self) -> None:
        """Raise DiskFull on a disk that is nearly full."""
        require_room(self._blobs, self._free_bytes_min)

    def create(self, size: int, metadata: str, stated_sha256: str | None, *, by: Actor) -> Upload:
        """Begin an upload and return it.

        size: of all of it, in bytes. metadata: ``Upload-Metadata`` as it came. stated_sha256: of all of it, in hex,
        None where the client does not say. Raises NotAllowed for who only looks, QuotaExceeded, DiskFull.
        """
        require_may_upload(by)
        self.require_room()

        def begin(tx: Transaction) -> Upload:
            require_quota(tx, by, size)
            until = instants.later(tx.now, LIFE)
            upload = Upload(
                tx.new_id(), by.name, by.key_id, size, 0, metadata, stated_sha256, None, tx.now, until, None
            )
            uploads.add(tx, upload)
            return upload

        return self._database.write(begin)

    def get(self, id: str, *, by: Actor) -> Upload:
        """Return an upload of ``by``, whose last part may still have to be looked at. Raises as ``append``."""
        upload = self._present(self._find(id, by))
        return self.finish(upload) if upload.received == upload.size else upload

    def judge(self, id: str, offset: int, count: int, *, by: Actor) -> Upload:
        """Return the upload that ``count`` bytes from ``offset`` are for, before they are read.

        Raises NotFound, Conflict where it goes on elsewhere, TooLarge beyond what was declared, DiskFull.
        """
        upload = self._present(self._find(id, by))
        _require_offset(upload, offset)
        if count > upload.size - offset:
            raise _beyond(upload)
        self.require_room()
        return upload

    def append(self, id: str, offset: int, stream: IO[bytes], checksum: Checksum | None, *, by: Actor) -> Upload:
        """Add the bytes of ``stream`` at ``offset``, and return the upload as it then is.

        checksum: of these bytes, None where the client states none. Raises NotFound, Conflict (another offset),
        TooLarge (more than was declared), ChecksumMismatch (nothing of it counts), Busy; once all is there, Invalid for
        what is no photo and ChecksumMismatch for what is not the stated whole, and then the upload has gone.
        """
        upload = self._find(id, by)
        _require_offset(upload, offset)
        if upload.received == upload.size:
            return self.finish(upload)  # its file may have moved to its place: to open it would make another one
        with self._files.opened(id) as file:
            upload = self._find(id, by)
            _require_offset(upload, offset)
            received = offset + _write(file, upload, stream, checksum)
            os.fsync(file.fileno())
            self._database.write(lambda tx: uploads.advance(tx, id, received, instants.later(tx.now, LIFE)))
        upload = self._find(id, by)
        return self.finish(upload) if received == upload.size else upload

    def finish(self, upload: Upload) -> Upload:
        """Keep the content of an upload of which all is there, and return it as it then is. Raises as ``append``."""
        if upload.completed_at is not None:
            return upload
        try:
            with self._files.opened(upload.id, flags=0) as file:
                sha256, media_type = self._judged(upload, file)
        except FileNotFoundError:
            return self._moved(self._again(upload))
        self._database.write(lambda tx: uploads.note_sha256(tx, upload.id, sha256))
        blob = Blob(sha256, upload.size)
        self._blobs.adopt(self._files.path(upload.id), blob)
        return self._kept(upload, blob, media_type)

    def delete(self, id: str, *, by: Actor) -> None:
        """End an upload and free its room; what was kept already stays. Raises NotFound."""
        self._remove(self._find(id, by).id)

    def clean(self, limit: int = CLEANED_AT_ONCE) -> int:
        """Delete uploads whose time is over, and files that belong to none; return how many went."""
        with self._database.reading() as reading:
            gone = uploads.expired(reading, limit)
        for id in gone:
            self._remove(id)
        files = self._files.ids()  # before the rows: a file is made after its row
        with self._database.reading() as reading:
            orphans = files - uploads.all_ids(reading)
        for id in orphans:
            self._files.delete(id)
        return len(gone) + len(orphans)

    def _find(self, id: str, by: Actor) -> Upload:
        found = uploads.find(self._database.single_read(), id, by.name)
        if found is None:
            raise NotFound("没有这次上传，或它已过期；请从头再传。", upload=id)
        return found

    def _judged(self, upload: Upload, file: BufferedRandom) -> tuple[str, str]:
        """Return the hash and the media type of a whole upload. Raises what ends it, and ends it."""
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if upload.stated_sha256 not in (None, sha256):
            self._remove(upload.id)
            raise ChecksumMismatch("传到的照片和原来的不一样，已丢弃；请从头再传。", upload=upload.id)
        try:
            return sha256, images.read_image(file).media_type
        except NotAPhoto as error:
            self._remove(upload.id)
            raise Invalid(str(error), errors=[{"field": "file", "message": str(error)}]) from error

    def _moved(self, upload: Upload) -> Upload:
        """Keep the content of an upload whose file has moved to its place: before a crash, or by another request."""
        if upload.completed_at is not None:
            return upload
        known = Blob(upload.sha256 or "", upload.size)
        with self._blobs.open(known.sha256) as content:
            return self._kept(upload, known, images.read_image(content).media_type)

    def _kept(self, upload: Upload, blob: Blob, media_type: str) -> Upload:
        def keep(tx: Transaction) -> None:
            sent_files.add(tx, SentFile(blob.sha256, blob.size, media_type), upload.author)
            uploads.complete(tx, upload.id)

        self._database.write(keep)
        return self._again(upload)

    def _present(self, upload: Upload) -> Upload:
        """Return an upload; one whose bytes are not on this disk, since a backup was put back, begins anew."""
        path = self._files.path(upload.id)
        here = path.stat().st_size if path.exists() else 0
        is_kept = upload.sha256 is not None and self._blobs.has(Blob(upload.sha256, upload.size))
        if upload.completed_at is not None or here >= upload.received or is_kept:
            return upload
        self._database.write(lambda tx: uploads.advance(tx, upload.id, 0, upload.expires_at))
        return self._again(upload)

    def _again(self, upload: Upload) -> Upload:
        found = uploads.find(self._database.single_read(), upload.id, upload.author)
        if found is None:
            raise NotFound("没有这次上传，或它已过期；请从头再传。", upload=upload.id)
        return found

    def _remove(self, id: str) -> None:
        self._database.write(lambda tx: uploads.delete(tx, id))
        self._files.delete(id)


def missing(reading: Reading, sha256s: list[str], *, by: Actor) -> list[str]:
    """Return which of these contents ``by`` has not sent, or not whole."""
    here = {sha256 for sha256, _ in sent_files.sent(reading, ((each, by.name) for each in sha256s))}
    return [each for each in dict.fromkeys(sha256s) if each not in here]


def require_may_upload(by: Actor) -> None:
    """Raise NotAllowed for somebody whose role only looks."""
    if not by.may_write:
        raise NotAllowed("您的岗位只能查看，不能上传照片；请联系管理员。")


def require_room(blobs: BlobStore, free_bytes_min: int) -> None:
    """Raise DiskFull on a disk that is nearly full: records come first, photos stay on the device a while.

    free_bytes_min: the room on the disk of ``blobs`` below which no photo is taken.
    """
    disk = os.statvfs(blobs.folder)
    if disk.f_bavail * disk.f_frsize < free_bytes_min:
        raise DiskFull("服务器磁盘快满了，照片暂时不能上传，记录照常能送；请告诉管理员，照片先留在设备上。")


def require_quota(reading: Reading, by: Actor, size: int, sha256: str | None = None) -> None:
    """Do nothing while ``by`` may send ``size`` bytes more. Raises QuotaExceeded.

    sha256: of them, None where that is not known; what they have sent before takes no room again.
    """
    if sha256 is not None and sent_files.sent(reading, [(sha256, by.name)]):
        return
    of_all, of_device, count = uploads.held_bytes(reading, by.name, by.key_id)
    unnamed = sent_files.unnamed_bytes(reading, by.name)
    if (
        count >= UNFINISHED_MAX
        or of_all + unnamed + size > PERSON_BYTES_MAX
        or (by.key_id is not None and of_device + size > DEVICE_BYTES_MAX)
    ):
        raise QuotaExceeded(
            "没传完的、或没有记录用到的照片太多；请先传完已开始的，把用到它们的记录送上来，或取消不要的，再传新的。",
            unfinished=count,
            bytes=of_all + unnamed,
        )


def _require_offset(upload: Upload, offset: int) -> None:
    if offset != upload.received:
        message = f"服务器已收到 {upload.received} 字节，不是 {offset}；请查 (HEAD) 后从那里接着传。"
        raise Conflict(message, offset=upload.received)


def _beyond(upload: Upload) -> TooLarge:
    return TooLarge(f"传来的内容比开始时说的 {upload.size} 字节多；请从头再传。", most=upload.size)


def _write(file: BufferedRandom, upload: Upload, stream: IO[bytes], checksum: Checksum | None) -> int:
    """Write what comes behind what counts already, and return how many bytes. Raises TooLarge, ChecksumMismatch."""
    file.truncate(upload.received)
    file.seek(upload.received)
    hasher, count = None if checksum is None else checksum.hasher(), 0
    while chunk := stream.read(_CHUNK_BYTES):
        count += len(chunk)
        if upload.received + count > upload.size:
            file.truncate(upload.received)
            raise _beyond(upload)
        file.write(chunk)
        if hasher is not None:
            hasher.update(chunk)
    if checksum is not None and hasher is not None and hasher.digest() != checksum.digest:
        file.truncate(upload.received)
        raise ChecksumMismatch("这一段在路上损坏了，没有算数；请再传一遍这一段。", offset=upload.received)
    file.flush()
    return count
