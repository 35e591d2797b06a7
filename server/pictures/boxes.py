"""Boxes of ISO media files (ISO/IEC 14496-12, 4.2), of which HEIC, MP4, 3GP and MOV are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_BOXES_MAX = 20_000


class Box(NamedTuple):
    """start, end: in the file. content: where it begins, behind type and length."""

    kind: bytes
    start: int
    content: int
    end: int


def within(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets. Raises ValueError for one that goes beyond, and for too many."""
    at = start
    for _ in range(_BOXES_MAX):
        if at + 8 > end:
            return
        length, content = number(file, at, 4), at + 8
        if length == 1:
            length, content = number(file, at + 8, 8), at + 16
        elif length == 0:
            length = end - at
        if length < content - at or at + length > end:
            raise ValueError("a box goes beyond what it is in")
        yield Box(bytes_at(file, at + 4, 4), at, content, at + length)
        at += length
    raise ValueError("too many boxes")


def only(boxes: list[Box], kind: bytes) -> Box:
    """Return the one box of a kind. Raises ValueError."""
    found = [box for box in boxes if box.kind == kind]
    if len(found) != 1:
        raise ValueError(f"not one {kind!r}")
    return found[0]


def number(file: BinaryIO, at: int, length: int) -> int:
    """Return the number that stands at an offset."""
    return int.from_bytes(bytes_at(file, at, length))


def bytes_at(file: BinaryIO, at: int, count: int) -> bytes:
    """Return the bytes at an offset, fewer at the end of the file."""
    file.seek(at)
    return file.read(count)
