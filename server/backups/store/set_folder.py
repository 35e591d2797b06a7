"""The folder of backups: its sets, each whole or absent, and the photos that they share.

    FOLDER/2026-11-30-023000/    one set: database, secret, audit heads, list of photos, manifest
    FOLDER/blobs/ab/cdef…        photos by the SHA-256 of their plain content, once for all sets

A set is made under another name and gets its own as the last step; what is deleted loses it as the first. A photo is
only deleted while no set names it. One process at a time works in the folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from server.backups.domain import manifests
from server.backups.domain.manifests import Entry, Manifest
from server.backups.store.copying import UNFINISHED, sync_folder
from server.db.locks import held_file
from server.errors import Busy, DatabaseTooNew, Invalid, NotFound
from server.instants import Instant

BLOBS, PHOTO_LIST, ENCRYPTED = "blobs", "photos.txt", ".age"
_MAKING, _DELETING = ".making", ".deleting"
_PHOTO_LINE = re.compile(r"([0-9a-f]{64}) (\d{1,15})")
_PHOTO_NAME = re.compile(r"[0-9a-f]{62}(?:\.age)?")


class BackupSet(NamedTuple):
    """A finished set. path: its folder, whose name is that of the set."""

    path: Path
    manifest: Manifest

    def file(self, name: str) -> Path:
        """Return where a file of the set stands. name: as in a data folder."""
        is_plain = name == PHOTO_LIST or not self.manifest.is_encrypted
        return self.path / (name if is_plain else name + ENCRYPTED)

    def photo(self, sha256: str) -> Path:
        """Return where a photo of the set stands, among those that the sets share."""
        return photo_path(self.path.parent, sha256, is_encrypted=self.manifest.is_encrypted)


def photo_path(folder: Path, sha256: str, *, is_encrypted: bool) -> Path:
    """Return where a photo stands in a folder of backups, or would stand."""
    return folder / BLOBS / sha256[:2] / (sha256[2:] + (ENCRYPTED if is_encrypted else ""))


def photo_lines(photos: Iterable[tuple[str, int]]) -> bytes:
    """Return the list of photos of a set: a line of hash and size for each, in the order of the hashes."""
    return "".join(f"{sha256} {size}\n" for sha256, size in sorted(photos)).encode("ascii")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder of backups for one block, made where it is missing. Raises Busy while another works in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with held_file(folder / "backup.lock") as is_ours:
        if not is_ours:
            raise Busy(f"另一个备份正在使用 {folder}；请等它做完再试。", folder=str(folder))
        yield


def sets(folder: Path) -> list[BackupSet]:
    """Return every whole set in a folder of backups whose manifest can be read, oldest first by what they hold.

    A clock that was set wrong may have named and dated any of them; how far the database had got it cannot change.
    """
    found = []
    for path in paths(folder):
        try:
            found.append(open_set(path))
        except (Invalid, DatabaseTooNew):
            continue  # one that was changed keeps its place; who restores it is told what is wrong with it
    return sorted(found, key=_content_order)


def newest(folder: Path) -> Path | None:
    """Return where the newest set of a folder of backups stands, None for a folder without any.

    One whose manifest cannot be read is taken for the newest if its name is later: it is told, never passed over.
    """
    found = sets(folder)
    names = {each.path.name for each in found[-1:]}
    unread = {path.name for path in paths(folder)} - {each.path.name for each in found}
    return folder / max(names | unread) if names | unread else None


def paths(folder: Path) -> list[Path]:
    """Return where the finished sets of a folder of backups stand, oldest first by their names; none is opened."""
    named = [path.parent for path in folder.glob(f"*/{manifests.FILE_NAME}")]
    return sorted(path for path in named if path.suffix not in (_MAKING, _DELETING))


def _content_order(each: BackupSet) -> tuple[int, int, Instant, str]:
    made = each.manifest
    return made.restores, made.seq, made.made_at, each.path.name


def open_set(path: Path) -> BackupSet:
    """Return the set at ``path``. Raises NotFound where there is none, Invalid, DatabaseTooNew as its manifest."""
    if path.suffix in (_MAKING, _DELETING) or not (path / manifests.FILE_NAME).is_file():
        raise NotFound(f"{path} 不是一份完整的备份：里面没有 {manifests.FILE_NAME}。请换一份。", folder=str(path))
    text = (path / manifests.FILE_NAME).read_text(encoding="utf-8", errors="replace")
    return BackupSet(path, manifests.read(text))


def begin(folder: Path, name: str) -> Path:
    """Return a new, empty folder for the set ``name``, under the name of one that is not finished."""
    made = folder / f"{name}{_MAKING}"
    made.mkdir(mode=0o700)
    return made


def finish(made: Path, manifest: Manifest) -> BackupSet:
    """Give a set its manifest and its name, and return it once it outlives a power cut."""
    path = made / manifests.FILE_NAME
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(manifests.text_of(manifest).encode())
        file.flush()
        os.fsync(file.fileno())
    sync_folder(made)
    whole = made.with_suffix("")
    made.replace(whole)
    sync_folder(whole.parent)
    return BackupSet(whole, manifest)


def delete(each: BackupSet) -> None:
    """Delete a set, but not its photos."""
    gone = each.path.with_name(each.path.name + _DELETING)
    each.path.replace(gone)
    shutil.rmtree(gone)


def sweep_unfinished(folder: Path) -> None:
    """Delete what a backup has left that died halfway."""
    for path in folder.iterdir():
        if path.is_dir() and path.suffix in (_MAKING, _DELETING):
            shutil.rmtree(path)
    for path in folder.glob(f"{BLOBS}/*/*{UNFINISHED}"):
        path.unlink()


def sweep_photos(folder: Path) -> int:
    """Delete the photos that no set names, and return how many; none where it cannot be told what some set names."""
    found = sets(folder)
    try:
        needed = {each.photo(sha256) for each in found for sha256, _ in photos_of(each)}
    except (Invalid, OSError):
        return 0
    if len(found) < len(paths(folder)):
        return 0
    photos = [path for path in folder.glob(f"{BLOBS}/[0-9a-f][0-9a-f]/*") if _PHOTO_NAME.fullmatch(path.name)]
    unneeded = [path for path in photos if path not in needed]
    for path in unneeded:
        path.unlink()
    return len(unneeded)


def photos_of(each: BackupSet) -> list[tuple[str, int]]:
    """Return hash and size of each photo that a set names. Raises Invalid for a list that is not as it was, OSError."""
    content = (each.path / PHOTO_LIST).read_bytes()
    if Entry(hashlib.sha256(content).hexdigest(), len(content)) != each.manifest.files.get(PHOTO_LIST):
        raise Invalid(f"照片清单 {PHOTO_LIST} 被改动过")
    matches = [_PHOTO_LINE.fullmatch(line) for line in content.decode("ascii").splitlines()]
    return [(found[1], int(found[2])) for found in matches if found is not None]
