"""Ogg (RFC 3533) with Vorbis, Opus or Theora, without comments: words, place, time and covers.

Nothing moves: the comments become empty ones, the rest of their packet zeros, and its pages get their checksum anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from server.pictures.boxes import bytes_at
from server.pictures.pieces import Piece, merged

_PAGES_MAX = 500_000
_COMMENT_BYTES_MAX = 2_000_000
_COMMENTS = {b"\x01vorbis": b"\x03vorbis", b"OpusHead": b"OpusTags", b"\x80theora": b"\x81theora"}
"""How the first packet of a stream begins, and the second, in which its comments are."""


_BEGINS = 0x02
"""Flag of a page that is the first of its stream."""


class _Page(NamedTuple):
    """start, content, end: in the file. lacing: lengths of the segments."""

    start: int
    content: int
    end: int
    flags: int
    serial: bytes
    lacing: bytes


@dataclass
class _Comments:
    """The comments of a stream. magic: how they begin. pages: on which they are. parts: where, start and end."""

    magic: bytes
    pages: list[_Page] = field(default_factory=list)
    parts: list[tuple[int, int]] = field(default_factory=list)


def pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return a sound or film of the same size without its comments. Raises ValueError for other streams."""
    begun: dict[bytes, _Comments | None] = {}
    """By serial: the comments that are still to come, None once they are whole."""
    written: dict[int, bytes] = {}
    end = 0
    for page in _pages(file, size):
        end = page.end
        if page.flags & _BEGINS:
            begun[page.serial] = _Comments(_magic(file, page))
        elif (comments := begun[page.serial]) is not None and _is_whole(comments, page):
            written |= _emptied(file, comments)
            begun[page.serial] = None
            if sum(map(len, written.values())) > _COMMENT_BYTES_MAX:
                raise ValueError("too long comments")
    if not begun or any(each is not None for each in begun.values()):
        raise ValueError("comments that break off")
    return list(merged(_around(written, end), written, size))


def _pages(file: BinaryIO, size: int) -> Iterator[_Page]:
    """Yield the pages of a file. Raises ValueError for what stands between them, and for a stream without a first."""
    at, serials = 0, set[bytes]()
    for _ in range(_PAGES_MAX):
        head = bytes_at(file, at, 27)
        if len(head) < 27:
            return
        lacing = bytes_at(file, at + 27, head[26])
        content = at + 27 + len(lacing)
        page = _Page(at, content, content + sum(lacing), head[5], head[14:18], lacing)
        if page.flags & _BEGINS:
            serials.add(page.serial)
        if head[:5] != b"OggS\x00" or page.end > size or page.serial not in serials:
            raise ValueError("no page where one has to be")
        yield page
        at = page.end
    raise ValueError("too many pages")


def _magic(file: BinaryIO, page: _Page) -> bytes:
    """Return how the comments of a stream begin, by its first page."""
    head = bytes_at(file, page.content, 8)
    for first, second in _COMMENTS.items():
        if head.startswith(first):
            return second
    raise ValueError("a stream whose comments are not known here")


def _is_whole(comments: _Comments, page: _Page) -> bool:
    """Take what a page holds of the comments; say whether they end on it."""
    length, is_whole = 0, False
    for segment in page.lacing:
        length += segment
        if segment < 255:
            is_whole = True
            break
    comments.pages.append(page)
    comments.parts.append((page.content, page.content + length))
    if sum(end - start for start, end in comments.parts) > _COMMENT_BYTES_MAX:
        raise ValueError("too long comments")
    return is_whole


def _emptied(file: BinaryIO, comments: _Comments) -> dict[int, bytes]:
    """Return the pages of comments without them, by their offsets: no vendor, no comment, and for Vorbis a one."""
    length = sum(end - start for start, end in comments.parts)
    left = comments.magic + bytes(8) + (b"\x01" if comments.magic.endswith(b"vorbis") else b"")
    [first, _] = comments.parts[0]
    if length < len(left) or bytes_at(file, first, len(comments.magic)) != comments.magic:
        raise ValueError("no comments where they have to be")
    left += bytes(length - len(left))
    written: dict[int, bytes] = {}
    for page, (start, end) in zip(comments.pages, comments.parts, strict=True):
        content = bytearray(bytes_at(file, page.start, page.end - page.start))
        content[start - page.start : end - page.start] = left[: end - start]
        left = left[end - start :]
        content[22:26] = bytes(4)
        content[22:26] = _checksum(bytes(content)).to_bytes(4, "little")
        written[page.start] = bytes(content)
    return written


def _around(written: dict[int, bytes], end: int) -> Iterator[tuple[int, int]]:
    """Yield what is left of the file between the pages that are written anew."""
    at = 0
    for start in sorted(written):
        yield at, start
        at = start + len(written[start])
    yield at, end


def _checksum(page: bytes) -> int:
    """Return the checksum of a page whose own is zero (RFC 3533, 6: CRC-32 with 0x04c11db7, not reflected)."""
    found = 0
    for byte in page:
        found = (found << 8 & 0xFFFFFFFF) ^ _TABLE[found >> 24 ^ byte]
    return found


def _entry(number: int) -> int:
    found = number << 24
    for _ in range(8):
        found = (found << 1 ^ (0x04C11DB7 if found & 0x80000000 else 0)) & 0xFFFFFFFF
    return found


_TABLE = [_entry(number) for number in range(256)]
