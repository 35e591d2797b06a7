"""Tells a data folder from its copies: the database remembers on which machine it is, and which file it is there.

A copy of the file is another file, whoever made it and by whatever means: its inode has another number, or, where that
of a deleted one was given out again, was made at another time. A copy of the whole disk is on another machine. What is
not known, such as the id of a machine in a container, decides nothing.
"""

from __future__ import annotations

import ctypes
import hmac
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from server.db.folder import FILE_NAME
from server.db.transactions import Reading, Transaction

MACHINE_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
"""Where systemd, and D-Bus without it, keep the id of a machine (``machine-id(5)``)."""

_SET = """
    INSERT INTO setting (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""


class Identity(NamedTuple):
    """Where a database is.

    machine: a hash of the machine's id. inode: number of its file there. born: when that file was made, in nanoseconds.
    Empty for what is not known.
    """

    machine: str
    inode: str
    born: str

    def is_same(self, other: Identity) -> bool:
        """Say whether both may be one place: what both know is the same."""
        return all(ours == theirs for ours, theirs in zip(self, other, strict=True) if ours and theirs)


def here(folder: Path, machine: str | None = None) -> Identity:
    """Return where the database of ``folder`` is now. machine: a name to use in place of the machine's own id."""
    id = machine or _machine_id()
    # Not the id itself: machine-id(5) asks that nobody else be shown it.
    hashed = hmac.digest(id.encode(), b"firegrid data folder", "sha256").hex()[:32] if id else ""
    path = folder / FILE_NAME
    return Identity(hashed, str(path.stat().st_ino), _born(path))


def recorded(reading: Reading) -> Identity | None:
    """Return where the database was when it was last told so; None when it never was."""
    rows = reading.sql.rows("SELECT name, value FROM setting WHERE name IN ('machine', 'inode', 'born')")
    return Identity(**{row["name"]: row["value"] for row in rows}) if rows else None


def record(tx: Transaction, identity: Identity) -> None:
    """Remember where the database is."""
    tx.sql.run_each(_SET, ({"name": name, "value": value} for name, value in identity._asdict().items()))


def _machine_id() -> str:
    for path in MACHINE_FILES:
        with suppress(OSError):  # a container may have neither
            id = path.read_text(encoding="ascii", errors="replace").strip()
            if id and id != "uninitialized":
                return id
    return ""


def _born(path: Path) -> str:
    """Return when a file was made, in nanoseconds; empty where the system does not say. ``os.stat`` never does."""
    try:
        statx = ctypes.CDLL(None, use_errno=True).statx
    except AttributeError:  # a C library without it
        return ""
    answer = ctypes.create_string_buffer(_STATX_BYTES)
    if statx(_AT_FDCWD, os.fsencode(path), 0, _STATX_BTIME, answer) != 0:
        return ""
    (known,) = struct.unpack_from("=I", answer)
    seconds, nanoseconds = struct.unpack_from("=qI", answer, _BTIME_AT)
    return str(seconds * 1_000_000_000 + nanoseconds) if known & _STATX_BTIME else ""


_AT_FDCWD, _STATX_BTIME, _STATX_BYTES, _BTIME_AT = -100, 0x800, 256, 80
"""From ``linux/fcntl.h`` and ``linux/stat.h``: struct statx begins with the mask of what is known."""
