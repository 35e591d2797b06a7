"""Deletes the files that no row names any more, once nobody can just be receiving the same content again.

A server that receives a file trusts what is on disk, so ``delete`` runs before one serves, or when none does, and
beside one only what nobody has received for a day is deleted. What is true if we die after each step: a file that has
gone is named by no row; one that is still there is deleted the next time.
"""

from __future__ import annotations

from datetime import timedelta

from server import instants
from server.admin.store import sent_traces
from server.admin.store.sent_traces import Placeholder
from server.db.database import Database
from server.errors import Busy, Unavailable
from server.log import log
from server.photos.store.thumbnail_files import ThumbnailFiles
from server.submissions.store import sent_files, thumbnails
from server.submissions.store.blobs import BlobStore

_BLANK = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63b80b0000df00de297970b60000000049454e44ae426082"
)
"""A picture of one grey point."""


def placeholder(blobs: BlobStore) -> Placeholder:
    """Return what stands in the place of a deleted file, once it is on disk."""
    incoming = blobs.incoming()
    incoming.write(_BLANK)
    kept = blobs.keep(incoming)
    return Placeholder(kept.sha256, kept.size, "image/png")


def delete(database: Database, blobs: BlobStore) -> int | None:
    """Delete the files that are to be deleted and that no row names; return how many, None beside another server.

    That one does it itself when it starts again. One of this process must not have begun to receive.
    """
    with database.reading() as reading:
        found = sent_traces.to_delete(reading)
    if not found:
        return 0
    try:
        with database.engine.alone():
            drawn = ThumbnailFiles(database.folder)
            for sha256 in found:
                blobs.delete(sha256)
                drawn.delete(sha256)
            _forget(database, found)
    except Busy:
        return None
    return len(found)


def _forget(database: Database, found: list[str]) -> None:
    try:
        database.write(lambda tx: sent_traces.forget_deleted(tx, found))
    except Unavailable as error:  # on a full disk serving begins all the same; the next start finds nothing to delete
        log.error("deleted files not noted", cause=repr(error.__cause__ or error))


def delete_beside(database: Database, blobs: BlobStore) -> int:
    """Do so beside a server that receives, as far as files have not been touched for a day; return how many went.

    What was sent apart from a submission a month ago and that no change has named is given up first.
    """
    before = instants.later(database.now(), -UNNAMED)
    with database.reading() as reading:  # it looks through years of photos, so not in the writer
        given_up = sent_files.unnamed(reading, before, AT_ONCE)
    if given_up:
        database.write(lambda tx: sent_files.let_go(tx, given_up, before))
    with database.reading() as reading:
        found = sent_traces.to_delete(reading)
    gone = [sha256 for sha256 in found if blobs.delete_unneeded(sha256, UNTOUCHED_S)]
    if gone:
        database.write(lambda tx: thumbnails.forget(tx, gone))
        drawn = ThumbnailFiles(database.folder)
        for sha256 in gone:  # after their rows, so that one that is drawn right now finds none and deletes its own
            drawn.delete(sha256)
        database.write(lambda tx: sent_traces.forget(tx, gone))
    return len(gone)


UNNAMED = timedelta(days=30)
"""How long a photo waits for the change that names it: a device may be away for weeks."""

UNTOUCHED_S = 86_400
AT_ONCE = 500
