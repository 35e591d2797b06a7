"""Puts a backup set back as a data folder of its own.

Steps, and what is true if we die after each:

1. ``verify`` has read every file of the set, opened what is encrypted, and compared its hash: nothing is written.
2. ``put_back`` has copied all of it into a folder that nobody serves: it can be deleted.
3. ``settle`` has committed there: the folder knows that it was restored, from which set, and has taken a new epoch.
4. Whoever calls gives the folder its name: from now on it can be served.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pyrage.x25519 import Identity as SecretKey

from server.admin.store import backup_facts, lost_photos
from server.admin.store.lost_photos import LostPhoto
from server.audit.domain.entries import COMMAND
from server.audit.domain.entries import Entry as AuditEntry
from server.audit.usecases import daily_heads
from server.audit.usecases.recording import record
from server.backups.domain.manifests import Entry, Manifest
from server.backups.store import copying, set_folder
from server.backups.store.copying import Pace
from server.backups.store.set_folder import PHOTO_LIST, BackupSet
from server.backups.usecases import forgotten, orders
from server.db import folder as folders
from server.db import identity
from server.db.identity import Identity
from server.db.migrations import STEPS
from server.db.transactions import Transaction
from server.errors import Damaged, DatabaseTooNew, Invalid
from server.replication.store import epochs
from server.replication.usecases import restoring
from server.submissions.store.blobs import BlobStore

NAMES = frozenset({folders.FILE_NAME, folders.SECRET_FILE, daily_heads.FILE_NAME, PHOTO_LIST})
"""The files of a set; no other name is taken from a manifest, which may come from anywhere."""

_PHOTO_CURE = (
    "这张照片是各份备份共用的；原来的数据还在的，删去 {path} 再备份一次，就会重新拷贝。"
    "原来的数据已经没有的，恢复时加 --without-damaged-photos，其余的都恢复，并列出缺哪些照片。"
)
"""No later backup copies a photo again that is there, and another set has no other copy of it."""


_LOST_TOLD = 100
"""So many hashes of photos that were left out stand in the audit; the set has the list of all."""


class Verified(NamedTuple):
    """What was read of a set. photos: how many are sound. damaged: hashes of those that are broken or gone."""

    photos: int
    damaged: tuple[str, ...] = ()


class Source(NamedTuple):
    """A set that is to be put back. keys: what opens it, None where it is plain."""

    set: BackupSet
    keys: Sequence[SecretKey] | None


def find(path: Path, keys: Sequence[SecretKey] = ()) -> Source:
    """Return the set at ``path``, or the newest of a folder of backups.

    keys: secret keys, for a set that is encrypted. Raises NotFound where there is none, Damaged for one whose manifest
    was changed, DatabaseTooNew for one of a newer program, Invalid for an encrypted one without keys.
    """
    path = set_folder.newest(path) or path
    try:
        chosen = set_folder.open_set(path)
    except Invalid as error:
        raise _damaged(path, error.message) from error
    manifest = chosen.manifest
    unknown = sorted(set(manifest.schema) - set(STEPS))
    if unknown:
        message = f"这份备份由更新的 Firegrid（{manifest.program}）写成；请先升级程序，再恢复。"
        raise DatabaseTooNew(message, steps=unknown)
    if manifest.files.keys() != NAMES:
        raise _damaged(chosen.path, "清单里的文件不全")
    if manifest.is_encrypted and not keys:
        raise Invalid("这份备份是加密的；请用 --identity 给出 age 私钥文件。")
    return Source(chosen, keys if manifest.is_encrypted else None)


def verify(source: Source, pace: Pace | None = None, *, without_damaged_photos: bool = False) -> Verified:
    """Read everything of a set, and return how many photos it has. Raises Damaged that names the first broken file.

    without_damaged_photos: photos that are broken or gone are returned in place of that; other files never are.
    """
    pace = pace or Pace()
    chosen = source.set
    for name, entry in chosen.manifest.files.items():
        keys = None if name == PHOTO_LIST else source.keys
        _require_sound(chosen, chosen.file(name), entry, keys, pace)
    number, damaged = 0, []
    for sha256, size in _photos(chosen):
        try:
            _require_sound(chosen, chosen.photo(sha256), Entry(sha256, size), source.keys, pace)
            number += 1
        except Damaged as error:
            if not without_damaged_photos:
                cure = _PHOTO_CURE.format(path=chosen.photo(sha256))
                raise Damaged(f"{error.message}{cure}", **error.data) from error
            damaged.append(sha256)
    return Verified(number, tuple(damaged))


def put_back(source: Source, folder: Path, without: Collection[str] = ()) -> None:
    """Copy everything of a verified set into an empty folder. Raises Damaged where it was changed since, DiskFull.

    without: hashes of photos that are left out.
    """
    chosen = source.set
    with orders.in_words(folder):
        orders.require_free(folder, chosen.manifest.size() + orders.SPARE_BYTES)
        for name, entry in chosen.manifest.files.items():
            if name != PHOTO_LIST:
                _copy_file(source, name, entry, folder)
        blobs = BlobStore(folder / "blobs")
        for sha256, size in _photos(chosen):
            if sha256 in without:
                continue
            incoming = blobs.incoming()
            try:
                with chosen.photo(sha256).open("rb") as content:
                    found = copying.read(content, incoming, source.keys, Pace())  # type: ignore[arg-type]  # it writes
                if found != Entry(sha256, size):
                    raise _damaged(chosen.path, f"附件 {sha256} 与清单不符")
                blobs.keep(incoming)
            finally:
                incoming.discard()


def settle(tx: Transaction, here: Identity, source: Source, without: Sequence[str] = ()) -> list[LostPhoto]:
    """Let the database be ``here`` and take a new epoch; the audit tells from which set it came.

    without: hashes of photos that were left out: they are marked as not here, and what names them is returned. The
    epoch's number is above that of every set beside it, so that one set that is put back twice gives no version twice.
    """
    chosen = source.set
    beside = max(each.manifest.restores for each in (*set_folder.sets(chosen.path.parent), chosen))
    restoring.take_new_epoch(tx, COMMAND, after=beside)
    lost = lost_photos.mark(tx, without)
    forgotten.again(tx, forgotten.since(chosen.path.parent, chosen.manifest.made_at), by=COMMAND)
    identity.record(tx, here)
    epochs.cover(tx, chosen.manifest.seq)
    parent = str(chosen.path.parent.resolve())
    backup_facts.record_finished(tx, parent, chosen.path.name, chosen.manifest.made_at)
    told = _told(chosen.path.name, chosen.manifest)
    if without:
        told |= {"photos_lost": len(without), "lost": list(without[:_LOST_TOLD])}
    record(tx, AuditEntry("folder.restored", COMMAND, "folder", told))
    return lost


def _told(name: str, manifest: Manifest) -> dict[str, object]:
    return {
        "set": name,
        "seal": manifest.seal,
        "made_at": manifest.made_at,
        "seq": manifest.seq,
        "audit": f"{manifest.audit_number} {manifest.audit_hash}",
    }


def _photos(chosen: BackupSet) -> Iterator[tuple[str, int]]:
    """Yield hash and size of each photo that the set has: what it lacked when it was made, nobody can put back."""
    missing = frozenset(chosen.manifest.missing)
    try:
        listed = set_folder.photos_of(chosen)
    except (Invalid, OSError) as error:
        raise _damaged(chosen.path, f"照片清单 {PHOTO_LIST} 被改动过") from error
    return (each for each in listed if each[0] not in missing)


def _require_sound(chosen: BackupSet, path: Path, entry: Entry, keys: Sequence[SecretKey] | None, pace: Pace) -> None:
    try:
        with path.open("rb") as content:
            found = copying.read(content, None, keys, pace)
    except FileNotFoundError as error:
        raise _damaged(chosen.path, f"缺少文件 {path.name}") from error
    except Invalid as error:
        raise _damaged(chosen.path, f"文件 {path.name} {error.message}") from error
    if found != entry:
        raise _damaged(chosen.path, f"文件 {path.name} 与清单不符")


def _copy_file(source: Source, name: str, entry: Entry, folder: Path) -> None:
    target = folder / name
    with (
        source.set.file(name).open("rb") as content,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
    ):
        if copying.read(content, file, source.keys, Pace()) != entry:
            raise _damaged(source.set.path, f"文件 {name} 与清单不符")
        file.flush()
        os.fsync(file.fileno())


def _damaged(path: Path, what: str) -> Damaged:
    message = f"备份 {path} 不完整或被改动过：{what}。没有恢复任何内容；请换一份备份，或从另一处取回这份备份。"
    return Damaged(message, folder=str(path))
