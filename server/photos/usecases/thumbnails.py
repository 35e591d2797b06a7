"""Makes thumbnails beside the server, once for each photo, and says which of them may be shown.

What is true if we die after each step: 1. a photo waits, as a row says since the commit that named it. 2. Its
thumbnail stands on disk: the photo still waits, and it is drawn again. 3. The row says that it is made.
"""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path

from server.db.database import Database
from server.errors import NotFound, Unavailable
from server.log import log
from server.photos.store.thumbnail_files import Drawer, Drawn, Outcome, ThumbnailFiles
from server.submissions.store import thumbnails
from server.submissions.store.blobs import BlobStore
from server.submissions.store.thumbnails import State, Waiting

EVERY_S = 2.0
"""Seconds between two looks for photos that wait."""

TRIES_MAX = 3
"""How often the process that draws may die of a photo; the machine may have been short of memory."""

AT_ONCE = 50


def round_of(database: Database, blobs: BlobStore, stopping: threading.Event, free_bytes_min: int = 0) -> int:
    """Make the thumbnails of all photos that wait, until ``stopping`` is set; return how many were made.

    free_bytes_min: the room on the disk below which none is made.
    """
    files, made = ThumbnailFiles(database.folder), 0
    with Drawer(files, stopping) as drawer:
        while not stopping.is_set() and _has_room(database.folder, free_bytes_min):
            with database.reading() as reading:
                found = thumbnails.waiting(reading, AT_ONCE)
            if not found:
                break
            for each in found:
                drawn = _draw(drawer, blobs, each)
                if drawn is not None and drawn.outcome in (Outcome.FULL, Outcome.STOPPED):
                    return made
                _note(database, files, each, drawn)
                made += 1
    return made


def file_of(database: Database, sha256: str) -> Path | None:
    """Return the file of a photo's thumbnail, None while there is none; one that is lost is made again."""
    path = ThumbnailFiles(database.folder).thumbnail(sha256)
    if path.exists():
        return path
    if thumbnails.states(database.single_read(), [sha256]).get(sha256) in (None, State.MADE):
        try:
            database.write(lambda tx: thumbnails.ask_again(tx, sha256))
        except Unavailable as error:  # on a full disk photos are shown all the same
            log.error("thumbnail not asked for", cause=repr(error.__cause__ or error))
    return None


def large_file_of(database: Database, sha256: str) -> Path | None:
    """Return a JPEG of a photo that browsers do not show, large where there is one, None while there is none."""
    path = ThumbnailFiles(database.folder).large(sha256)
    return path if path.exists() else file_of(database, sha256)


def state_of(database: Database, sha256: str) -> State | None:
    """Return how far the thumbnail of a photo is, None for one that gets none."""
    return thumbnails.states(database.single_read(), [sha256]).get(sha256)


def _draw(drawer: Drawer, blobs: BlobStore, photo: Waiting) -> Drawn | None:
    """Draw the thumbnail of a photo; None where it has been deleted."""
    try:
        blobs.open(photo.sha256).close()
    except NotFound:
        return None
    return drawer.draw(blobs.path(photo.sha256), photo.sha256)


def _note(database: Database, files: ThumbnailFiles, photo: Waiting, drawn: Drawn | None) -> None:
    if drawn is None:
        database.write(lambda tx: thumbnails.forget(tx, [photo.sha256]))
        return
    tries = photo.tries + 1 if drawn.outcome is Outcome.DIED else 0
    state = _STATES.get(drawn.outcome, State.DAMAGED)
    if 0 < tries < TRIES_MAX:
        state = State.WAITING
    if state is State.DAMAGED:
        log.warning("photo cannot be read", sha256=photo.sha256, reason=drawn.reason)
    if not database.write(partial(thumbnails.note, sha256=photo.sha256, state=state, tries=tries)):
        files.delete(photo.sha256)


_STATES = {Outcome.MADE: State.MADE, Outcome.UNDRAWN: State.UNDRAWN}


def _has_room(folder: Path, free_bytes_min: int) -> bool:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize >= free_bytes_min
