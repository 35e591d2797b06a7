"""Writes the head of the audit's chain down each day, in the log and in a file, so that a rewritten chain shows.

Whoever rewrites the database can chain it anew; but not what the log of the machine, or a copy of this file elsewhere,
says of a day that is past.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from server import instants
from server.audit.store import heads
from server.audit.store.heads import Head
from server.db.database import Database
from server.db.transactions import Reading
from server.log import log

FILE_NAME = "audit-heads.txt"
"""One line a day: local day, number and hash of the newest entry, and epoch; only ever appended to."""

_LINE = re.compile(r"(\d{4}-\d\d-\d\d) (\d+) ([0-9a-f]{64}|-) ([0-9a-f]+)")


def note(database: Database) -> None:
    """Write the head of today down, unless it is there; what the disk does not take is tried again a minute later."""
    path = database.folder / FILE_NAME
    with database.reading() as reading:
        head = heads.current(reading, instants.local_day(reading.now))
    if _last_day(path) == head.day:
        return
    try:
        _append(path, f"{head.day} {head.number} {head.hash or '-'} {head.epoch}\n")
    except OSError as error:
        log.error("audit head not in the file", cause=repr(error))
        return
    log.info("audit head", day=head.day, number=head.number, hash=head.hash)


def broken(reading: Reading, folder: Path) -> Iterator[str]:
    """Yield the days of the file of which the audit now says something else, and the lines that are no head."""
    path = folder / FILE_NAME
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    known = []
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        if found is None:
            yield f"{FILE_NAME} line {number}: not a head"
        else:
            day, entry, hash, epoch = found.groups()
            known.append(Head(day, int(entry), hash.replace("-", ""), epoch))
    for head in heads.contradicted(reading, known):
        yield f"{FILE_NAME}: entry {head.number} was another on {head.day}"


def _last_day(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 200))
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return None
    return lines[-1].split(" ")[0] if lines else None


def _append(path: Path, line: str) -> None:
    """Append a whole line, durably, or nothing. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    size = os.fstat(descriptor).st_size
    try:
        _write_all(descriptor, line.encode())
    except OSError:
        os.ftruncate(descriptor, size)
        raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)
