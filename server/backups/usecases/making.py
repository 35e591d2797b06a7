"""Makes a backup set of a data folder while it is served.

Steps of ``make``, and what is true if we die after each:

1. What an earlier backup left unfinished is deleted, and there is room: nothing new is there.
2. The database is copied as of one commit, into a set under the name of an unfinished one. Photos are on disk before
   the rows that name them, so every photo of that commit is there to be copied. The next backup deletes the set.
3. Each photo that no earlier set has is copied, whole or absent. One without a set is used by the next backup.
4. The manifest is on disk and the set gets its name: it is whole, and could be restored.
5. The database remembers it, and what it covers is durable from now on (``sync.md`` section 5).
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from server import dated, instants
from server.admin.store import backup_facts, invariants
from server.audit.domain.entries import Entry as AuditEntry
from server.audit.store import heads
from server.audit.usecases import daily_heads
from server.audit.usecases.recording import record
from server.backups.domain import keeping
from server.backups.domain.manifests import Entry, Manifest
from server.backups.store import copying, plain_copy, set_folder
from server.backups.store.set_folder import PHOTO_LIST, BackupSet
from server.backups.usecases import forgotten, orders
from server.backups.usecases.orders import Order
from server.db import folder as folders
from server.db.database import Database
from server.db.sqlite.snapshot import Snapshot, snapshot
from server.db.transactions import Transaction
from server.errors import NotFound, Refusal
from server.instants import BEIJING, Instant
from server.log import log
from server.replication.store import epochs
from server.submissions.store.blobs import BlobStore
from sync import build


class Made(NamedTuple):
    """A finished backup: its set, how many photos and bytes of them were copied.

    missing: hashes of photos that the data folder has lost, or has not as they were; the set lacks them, too.
    """

    set: BackupSet
    photos: int
    photo_bytes: int
    missing: Sequence[str]


def make(database: Database, order: Order) -> Made:
    """Make a set of the database's folder and return it once it outlives a power cut.

    Raises Conflict for a folder of another county's backups, Invalid for one within the data folder or that cannot be
    written, Busy while another backup works in it, DiskFull, Damaged, Unavailable when told to stop. Whatever it
    raises, the next backup begins from what is whole.
    """
    try:
        with orders.in_words(order.to):
            return _make(database, order)
    except Refusal as refusal:
        if not order.pace.is_stopping:
            _note_failure(database, refusal)
        raise


def prune(database: Database, to: Path) -> Sequence[str]:
    """Delete the county's sets that ``data/backup_keep.csv`` does not keep, and photos of no set; return their names.

    Where the photos of any set cannot be told, none is deleted.
    """
    with orders.in_words(to), set_folder.locked(to):
        with database.reading() as reading:
            series, rules = backup_facts.series(reading), dated.rows_at("backup_keep", reading.now)
        ours = [each for each in set_folder.sets(to) if each.manifest.series == series]
        kept = keeping.kept((each.manifest.made_at for each in ours), rules)
        # The newest by what it holds stays, also where the clock was set back before it was made.
        gone = [each for each in ours[:-1] if each.manifest.made_at not in kept]
        for each in gone:
            set_folder.delete(each)
        set_folder.sweep_photos(to)  # somebody may have deleted sets by hand
    return tuple(each.path.name for each in gone)


def _make(database: Database, order: Order) -> Made:
    data = database.folder
    orders.require_apart(data, order.to)
    with set_folder.locked(order.to):
        set_folder.sweep_unfinished(order.to)
        plain_copy.sweep(data)
        series = database.write(backup_facts.begin_series)
        orders.require_own(order.to, series)
        small = {  # the heads come before the snapshot: the chain in it holds all that they name
            folders.SECRET_FILE: folders.secret(data).encode("ascii"),
            daily_heads.FILE_NAME: _bytes_of(data / daily_heads.FILE_NAME),
        }
        with snapshot(data, database.now()) as taken:
            photos = list(invariants.referenced_blobs(taken.reading))
            orders.require_room(data, order, taken.size, photos)
            made = set_folder.begin(order.to, _name(order.to, taken.reading.now))
            files = {folders.FILE_NAME: _copy_database(data, taken, made, order)}
            manifest = _manifest(taken, series, photos, order)
        for name, content in small.items():
            files[name] = copying.write(io.BytesIO(content), order.file(made, name), order.pace, order.recipients)
        listed = set_folder.photo_lines(photos)
        files[PHOTO_LIST] = copying.write(io.BytesIO(listed), made / PHOTO_LIST, order.pace)
        copied, missing = _copy_photos(BlobStore(data / "blobs"), photos, order)
        with database.reading() as reading:
            forgotten.keep(reading, order.to)
        finished = set_folder.finish(made, manifest._replace(files=files, missing=tuple(missing)))
    database.write(lambda tx: _finished(tx, finished, order.by))
    return Made(finished, len(copied), sum(copied), missing)


def _manifest(taken: Snapshot, series: str, photos: Sequence[tuple[str, int]], order: Order) -> Manifest:
    """Return what a set says of itself, as far as it is known before its files are there."""
    reading, commit = taken.reading, build.commit()
    mark, head = epochs.mark(reading), heads.current(reading, instants.local_day(reading.now))
    return Manifest(
        series=series,
        made_at=reading.now,
        epoch=mark.epoch,
        restores=mark.restores or 0,
        seq=mark.seq,
        program=version("firegrid") + (f" ({commit})" if commit else ""),
        schema=taken.schema,
        is_encrypted=bool(order.recipients),
        audit_number=head.number,
        audit_hash=head.hash,
        photos=len(photos),
        photo_bytes=sum(size for _, size in photos),
    )


def _copy_database(data: Path, taken: Snapshot, made: Path, order: Order) -> Entry:
    """Copy the database into the set and return its hash and size; an encrypted one first stands beside the data."""
    with plain_copy.held(data) if order.recipients else nullcontext(made) as place:
        plain = place / folders.FILE_NAME
        os.close(os.open(plain, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        taken.copy_to(plain, order.pace.spend)
        with plain.open("rb") as content:
            if order.recipients:
                return copying.write(content, order.file(made, folders.FILE_NAME), order.pace, order.recipients)
            os.fsync(content.fileno())
            return copying.read(content, None, None, order.pace)


def _copy_photos(blobs: BlobStore, photos: Sequence[tuple[str, int]], order: Order) -> tuple[list[int], list[str]]:
    """Copy the photos that no earlier set has; return their sizes, and the hashes of those that are not as they were.

    One that is lost must not keep all others from being backed up.
    """
    copied, missing = [], []
    for sha256, size in photos:
        if order.has_photo(sha256, size):
            continue
        target = order.photo(sha256)
        for folder in (target.parent.parent, target.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        if _is_copied(blobs, Entry(sha256, size), target, order):
            copied.append(size)
        else:
            missing.append(sha256)
    return copied, missing


def _is_copied(blobs: BlobStore, photo: Entry, target: Path, order: Order) -> bool:
    try:
        content = blobs.open(photo.sha256)
    except NotFound:
        return False
    with content:
        is_sound = copying.write(content, target, order.pace, order.recipients) == photo
    if not is_sound:
        target.unlink()
    return is_sound


def _finished(tx: Transaction, finished: BackupSet, by: str) -> None:
    manifest, folder = finished.manifest, finished.path.parent.resolve()
    epochs.cover(tx, manifest.seq)
    backup_facts.record_finished(tx, str(folder), finished.path.name, manifest.made_at)
    details = {
        "set": finished.path.name,
        "seal": manifest.seal,
        "seq": manifest.seq,
        "encrypted": manifest.is_encrypted,
        "photos": manifest.photos,
        "missing": len(manifest.missing),
    }
    record(tx, AuditEntry("backup.make", by, "folder", details))


def _note_failure(database: Database, refusal: Refusal) -> None:
    """Let the office know why a backup was not made; a disk that is full may refuse this as well."""
    try:
        database.write(lambda tx: backup_facts.record_failed(tx, refusal.message))
    except Refusal as error:
        log.error("failure of the backup not noted", cause=repr(error))


def _bytes_of(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _name(to: Path, now: Instant) -> str:
    """Return the name of a new set: the local time, and a number where there is one of that second."""
    name = instants.parse(now).astimezone(BEIJING).strftime("%Y-%m-%d-%H%M%S")
    taken = {path.name for path in to.iterdir()}
    numbered = (f"{name}-{number}" if number > 1 else name for number in range(1, len(taken) + 2))
    return next(each for each in numbered if each not in taken)
