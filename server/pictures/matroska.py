"""WebM and Matroska (RFC 9559) without tags, attachments, title and date; nothing moves.

What goes becomes a ``Void`` element of the same length (RFC 8794, 11.3.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from server.pictures.boxes import bytes_at
from server.pictures.pieces import Piece, merged

_SEGMENT, _INFO = b"\x18S\x80g", b"\x15I\xa9f"
_OPENED = frozenset({_SEGMENT, _INFO})
_GO = frozenset(
    {b"\x12T\xc3g", b"\x19A\xa4i", b"\x7b\xa9", b"D\x61", b"s\x84", b"s\xa4", b"\x3c\xb8\x3a\xb9", b"\xbf", b"\xec"}
)
"""Tags, attachments; title, date, name and id of the file, checksums over them, and what stands in voids already."""

_ELEMENTS_MAX = 200_000


class _Element(NamedTuple):
    """id: with its length marker. start, content, end: in the file."""

    id: bytes
    start: int
    content: int
    end: int


def pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return a film or sound of the same size with nothing but its tracks. Raises ValueError."""
    written: dict[int, bytes] = {}
    kept: list[tuple[int, int]] = []
    at = 0
    for each in _elements(file, 0, size):
        if each.id in _GO:
            kept.append((at, each.start))
            written[each.start] = _void(each.end - each.start)
            at = each.end
    return list(merged([*kept, (at, size)], written, size))


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[_Element]:
    """Yield the elements of a file, those within a segment and its description too."""
    waiting = [(start, end)]
    for _ in range(_ELEMENTS_MAX):
        while waiting and waiting[-1][0] >= waiting[-1][1]:
            waiting.pop()
        if not waiting:
            return
        at, until = waiting.pop()
        found = _element(file, at, until)
        yield found
        waiting.append((found.end, until))
        if found.id in _OPENED:
            waiting.append((found.content, found.end))
    raise ValueError("too many elements")


def _element(file: BinaryIO, at: int, until: int) -> _Element:
    head = bytes_at(file, at, 12)
    wide = _width(head[:1])
    sized = _width(head[wide : wide + 1])
    content = at + wide + sized
    stated = int.from_bytes(head[wide : wide + sized]) & (1 << 7 * sized) - 1
    is_open = stated == (1 << 7 * sized) - 1
    if is_open and head[:wide] != _SEGMENT:
        raise ValueError("an element whose length is not told")
    end = until if is_open else content + stated
    if wide > 4 or end > until:
        raise ValueError("an element goes beyond what it is in")
    return _Element(head[:wide], at, content, end)


def _width(first: bytes) -> int:
    """Return how many bytes a number has that begins with this one: as many as there are zeros in front of a one."""
    if not first or first == b"\x00":
        raise ValueError("no element where one has to be")
    return 9 - first[0].bit_length()


def _void(length: int) -> bytes:
    """Return the head of an element that says nothing; zeros follow. length: of all of it, at least two bytes."""
    if length < 130:
        return b"\xec" + bytes([0x80 | length - 2]) + bytes(length - 2)
    return b"\xec\x01" + (length - 9).to_bytes(7)
