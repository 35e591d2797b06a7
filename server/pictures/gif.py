"""GIF (version 89a) without the blocks in which words and XMP stand."""

from __future__ import annotations

from typing import BinaryIO

from server.pictures.pieces import Kept, Piece

_EXTENSION, _PICTURE, _TRAILER = 0x21, 0x2C, 0x3B
_HOW_SHOWN, _APPLICATION = 0xF9, 0xFF
_KEPT = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"})
"""Application data that says how often pictures are repeated, and how points are read as colours."""

_HEAD_BYTES, _PICTURE_HEAD_BYTES = 13, 10
_BLOCKS_MAX = 1_000_000


def pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return what of a GIF is left: every point of each picture as it was coded, its colours, and how long it is shown.

    What stands behind its end is left out. One that breaks off is taken as far as it goes. Raises ValueError.
    """
    at = _HEAD_BYTES + _colours(_byte(file, 10))
    found: list[Piece] = [Kept(0, min(at, size))]
    for _ in range(_BLOCKS_MAX):
        if at >= size:
            return found
        kind = _byte(file, at)
        if kind == _TRAILER:
            return [*found, Kept(at, 1)]
        if kind == _PICTURE:
            head = _PICTURE_HEAD_BYTES + _colours(_byte(file, at + 9)) + 1
            stays = True
        elif kind == _EXTENSION:
            head, stays = 2, _stays(file, at)
        else:
            raise ValueError("no block where one has to be")
        end = min(_end_of_blocks(file, at + head), size)
        if stays and end > at:
            found.append(Kept(at, end - at))
        at = end
    raise ValueError("too many blocks")


def _stays(file: BinaryIO, at: int) -> bool:
    label = _byte(file, at + 1)
    if label == _APPLICATION:
        file.seek(at + 3)
        return file.read(11) in _KEPT
    return label == _HOW_SHOWN


def _end_of_blocks(file: BinaryIO, at: int) -> int:
    """Return where a row of blocks ends, each led by its length; an empty one is the last."""
    for _ in range(_BLOCKS_MAX):
        length = _byte(file, at)
        at += 1 + length
        if length == 0:
            return at
    raise ValueError("too many blocks")


def _colours(flags: int) -> int:
    """Return how many bytes the table of colours has that ``flags`` state; 0 for none."""
    return 3 << (1 + (flags & 7)) if flags & 0x80 else 0


def _byte(file: BinaryIO, at: int) -> int:
    """Return a byte; 0 behind the end."""
    file.seek(at)
    return int.from_bytes(file.read(1))
