"""Writes the head of the audit's chain down each day, in the log and in a file, so that a rewritten chain shows.

Whoever rewrites the database can chain it anew, and is told by the file beside it as long as they leave that alone. The
file has no key, which would lie beside it: whoever can write both files can write both anew. What such a person does is
told by the log of the machine, where it is sent elsewhere, and by a copy of the file on another machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from server import instants
from server.audit.store import heads
from server.audit.store.heads import Head
from server.db.database import Database
from server.db.transactions import Reading
from server.log import log

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

FILE_NAME = "audit-heads.txt"
"""One line a day: local day, number and hash of the newest entry, epoch, and seal; only ever appended to.

The seal is over the line and all before it, so that a changed sign shows, of the day too, which no entry tells of. It
is a checksum: it tells a slip or a line taken out, not somebody who seals all lines anew. Lines that were written
before there were seals have none; after one that has, each has.
"""

_LINE = re.compile(r"(\d{4}-\d\d-\d\d) (\d+) ([0-9a-f]{64}|-) ([0-9a-f]+)(?: ([0-9a-f]{16}))?")
_SEAL_SIGNS = 16


def note(database: Database) -> None:
    """Write the head of today down, unless it is there; what the disk does not take is tried again a minute later."""
    path = database.folder / FILE_NAME
    with database.reading() as reading:
        head = heads.current(reading, instants.local_day(reading.now))
    if _last_day(path) == head.day:
        return
    line = f"{head.day} {head.number} {head.hash or '-'} {head.epoch}"
    try:
        before = sha256(path.read_bytes() if path.exists() else b"")
        _append(path, f"{line} {_seal(before, line)}\n")
    except OSError as error:
        log.error("audit head not in the file", cause=repr(error))
        return
    log.info("audit head", day=head.day, number=head.number, hash=head.hash)


def broken(reading: Reading, folder: Path) -> Iterator[str]:
    """Yield the days of the file of which the audit now says something else, and the lines that are no head."""
    return broken_in(reading, folder / FILE_NAME)


def broken_in(reading: Reading, path: Path) -> Iterator[str]:
    """Do so for a copy of the file, which ``path`` names, or for none at all."""
    content = path.read_bytes() if path.exists() else b""
    known, before, is_sealed = [], sha256(), False
    for number, whole in enumerate(content.splitlines(keepends=True), start=1):
        line = whole.decode(errors="replace").removesuffix("\n")
        found = _LINE.fullmatch(line)
        if found is None:
            yield f"{path.name} line {number}: not a head"
        else:
            day, entry, hash, epoch, seal = found.groups()
            known.append(Head(day, int(entry), hash.replace("-", ""), epoch))
            if (is_sealed or seal is not None) and seal != _seal(before, line.removesuffix(f" {seal}")):
                yield f"{path.name} line {number}: changed, or one before it was"
            is_sealed = is_sealed or seal is not None
        before.update(whole)
    for head in heads.contradicted(reading, known):
        yield f"{path.name}: entry {head.number} was another on {head.day}"


def _seal(before: Hash, line: str) -> str:
    """Return what seals a line. before: of all that stands before it in the file."""
    whole = before.copy()
    whole.update(line.encode())
    return whole.hexdigest()[:_SEAL_SIGNS]


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
