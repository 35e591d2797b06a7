"""Lays the temporary folders of a test run in memory, where there is room: else each commit of a test waits for a disk.

Nothing that tests look at differs there: a file system in memory keeps what was written whoever is killed, and what a
power cut would take is nobody's test.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

IN_MEMORY = Path("/dev/shm")
ROOM_BYTES_MIN = 4 << 30
"""What slow tests may hold at once: environments with the product installed, demonstrations, databases."""


def choose() -> None:
    """Choose where this process and its children make temporary folders; whoever has set TMPDIR has chosen already.

    Called before anything has asked for a temporary folder.
    """
    if "TMPDIR" not in os.environ and _fits():
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)


def _fits() -> bool:
    """Return whether files can be made there, be run (some mount it without), and have the room that they need."""
    if not os.access(IN_MEMORY, os.W_OK | os.X_OK) or os.statvfs(IN_MEMORY).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(IN_MEMORY).free >= ROOM_BYTES_MIN
