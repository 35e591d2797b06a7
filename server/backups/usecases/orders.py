"""What a backup is asked for, and whether it can be made: its folder is this county's alone, and its disk has room."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pyrage.x25519 import Recipient

from server.backups.store import set_folder
from server.backups.store.copying import Pace
from server.backups.store.set_folder import ENCRYPTED
from server.db import folder as folders
from server.errors import Conflict, DiskFull, Invalid

SPARE_BYTES = 50_000_000
"""Room that a backup leaves on its own disk, in bytes; on the disk of the data folder it leaves what that needs."""


@dataclass(frozen=True)
class Order:
    """A backup that somebody asks for.

    to: the folder of backups. by: who asks, for the audit. recipients: who can open it; nobody for plain. pace: how
    fast it goes. disk_free_bytes_min: the room that the disk of the data folder has to keep.
    """

    to: Path
    by: str
    recipients: Sequence[Recipient] = ()
    pace: Pace = field(default_factory=Pace)
    disk_free_bytes_min: int = 0

    def file(self, made: Path, name: str) -> Path:
        """Return where a file of the set in the making stands. name: as in a data folder."""
        return made / (name + (ENCRYPTED if self.recipients else ""))

    def photo(self, sha256: str) -> Path:
        """Return where a photo stands among those that the sets share, or would stand."""
        return set_folder.photo_path(self.to, sha256, is_encrypted=bool(self.recipients))

    def has_photo(self, sha256: str, size: int) -> bool:
        """Say whether a photo is there from an earlier backup; a plain one of another size is damaged, and is not."""
        path = self.photo(sha256)
        return path.is_file() and (bool(self.recipients) or path.stat().st_size == size)


@contextmanager
def in_words(to: Path) -> Iterator[None]:
    """Turn what the system refuses in a folder that is written to into a refusal that names the folder and the cure."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full(to) from error
        raise Invalid(
            f"{to} 写不了（{error.filename or ''} {error.strerror or error}）；"
            "请检查磁盘是否接好、是否只读，以及目录的权限。",
            folder=str(to),
        ) from error


def full(to: Path) -> DiskFull:
    """Return the refusal of a backup, or of a restore, whose disk has become full on the way."""
    return DiskFull(f"磁盘已满，没有做完：{to}。请清理这块磁盘，或换一块大的。")


def require_apart(data: Path, to: Path) -> None:
    """Raise Invalid for a folder of backups that would be lost with the data, or is a data folder itself."""
    if to.resolve().is_relative_to(data.resolve()):
        raise Invalid(f"备份目录 {to} 在数据目录里面，会和数据一起丢失；请写另一块磁盘上的目录。", folder=str(to))
    if (to / folders.FILE_NAME).exists():
        raise Invalid(f"{to} 是一个数据目录，不能用来放备份；请换一个目录。", folder=str(to))


def require_own(to: Path, series: str) -> None:
    """Raise Conflict for a folder with backups of another county: each would delete the other's."""
    if any(each.manifest.series != series for each in set_folder.sets(to)):
        raise Conflict(f"{to} 里是另一个数据目录的备份；请换一个目录，免得互相清理。", folder=str(to))


def require_room(data: Path, order: Order, database_bytes: int, photos: Sequence[tuple[str, int]]) -> None:
    """Raise DiskFull unless there is room for all that is to be copied, before anything is.

    photos: hash and size of each that the set names; those of earlier sets are there already.
    """
    needed = database_bytes + sum(size for sha256, size in photos if not order.has_photo(sha256, size))
    is_same_disk = data.stat().st_dev == order.to.stat().st_dev
    left = max(SPARE_BYTES, order.disk_free_bytes_min) if is_same_disk else SPARE_BYTES
    twice = database_bytes if order.recipients else 0  # an encrypted database stands beside the data first
    require_free(order.to, needed + left + (twice if is_same_disk else 0))
    require_free(data, twice + order.disk_free_bytes_min if twice else 0)


def require_free(folder: Path, needed: int) -> None:
    """Raise DiskFull unless the disk of a folder has so many bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskFull(
            f"磁盘空间不够，没有开始：{folder} 要 {needed / 1e6:.0f} MB，只有 {free / 1e6:.0f} MB。"
            "请清理这块磁盘，或换一块大的。"
        )
