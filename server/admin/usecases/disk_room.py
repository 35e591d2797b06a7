"""Tells that a disk becomes full before it hurts: on the page of health, at ``/readyz`` and in the log.

Below ``LOW_TIMES`` the room that the server needs it is announced. Below that room itself the server is not ready and
takes no large bodies, photos first; records are taken until the disk is full.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from server.log import log

LOW_TIMES = 5
"""How many times the least room a disk has to have free for nobody to be warned."""


def free_bytes(folder: Path) -> int:
    """Return how many bytes are free on the disk of a folder."""
    return shutil.disk_usage(folder).free


def unwritable(folder: Path) -> list[str]:
    """Return the names of those folders of a data folder, for photos, that are there and cannot be written to."""
    found = (name for name in _OF_FILES if (folder / name).is_dir())
    return [name for name in found if not os.access(folder / name, os.W_OK | os.X_OK)]


_OF_FILES = ("blobs", "blobs/incoming", "blobs/uploads")


def is_low(free: int, disk_free_bytes_min: int) -> bool:
    """Say whether so little is free that whoever looks after the server should act now."""
    return free < LOW_TIMES * disk_free_bytes_min


class DiskWatch:
    """Looks after one disk, and says in the log when its room becomes low and when it is enough again."""

    def __init__(self, folder: Path, disk_free_bytes_min: int) -> None:
        self._folder = folder
        self._least = disk_free_bytes_min
        self._was_low = False

    def round(self) -> None:
        """Look once; what has been said already is not said again."""
        free = free_bytes(self._folder)
        low = is_low(free, self._least)
        if low and not self._was_low:
            log.warning("disk low", disk_free_bytes=free, refused_below=self._least)
        if self._was_low and not low:
            log.info("disk has room again", disk_free_bytes=free)
        self._was_low = low
