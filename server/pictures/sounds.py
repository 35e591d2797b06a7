"""Sounds without the tags in which words, place and time are written: MPEG audio and AAC (ID3, APE), WAVE, FLAC."""

from __future__ import annotations

from typing import BinaryIO

from server.pictures.boxes import bytes_at
from server.pictures.pieces import Kept, Piece, Written, size_of

_TAGS_MAX = 100
_CHUNKS_MAX = 10_000
_WAVE_KEPT = frozenset({b"fmt ", b"data", b"fact", b"cue ", b"smpl", b"PEAK"})
_FLAC_KEPT = frozenset({0, 3})
"""Blocks of a FLAC by their numbers: how the sound is coded, and where it can be entered (RFC 9639, 8.1)."""


def mpeg_pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return the frames of a sound, without the tags in front of them (ID3v2) and behind (ID3v1, APE, Lyrics3)."""
    start, end = 0, size
    for _ in range(_TAGS_MAX):
        length = _leading_tag(bytes_at(file, start, 10))
        if length == 0:
            break
        start += length
    for _ in range(_TAGS_MAX):
        length = _trailing_tag(bytes_at(file, max(start, end - 128), min(128, end - start)))
        if length == 0:
            break
        end -= length
    if start >= end:
        raise ValueError("tags without a sound")
    if bytes_at(file, start, 4) == b"fLaC":
        return _flac(file, start, end)
    return [Kept(start, end - start)]


def _leading_tag(head: bytes) -> int:
    """Return how long a tag is that begins like this (id3.org, ID3v2.4, 3.1), 0 for none."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return 10 + length + (10 if head[5] & 0x10 else 0)


def _trailing_tag(tail: bytes) -> int:
    """Return how long a tag is that a file ends with like this, 0 for none."""
    if tail[-128:-125] == b"TAG":
        return 128
    if tail[-32:-24] == b"APETAGEX":
        has_header = tail[-9] & 0x80
        return int.from_bytes(tail[-20:-16], "little") + (32 if has_header else 0)
    if tail[-9:] == b"LYRICS200" and tail[-15:-9].isdigit():
        return int(tail[-15:-9]) + 15
    return 10 + _leading_tag(b"ID3" + tail[-7:]) if tail[-10:-7] == b"3DI" else 0


def flac_pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return a FLAC without comments, pictures and blocks of applications. Raises ValueError."""
    return _flac(file, 0, size)


def _flac(file: BinaryIO, start: int, size: int) -> list[Piece]:
    blocks: list[tuple[int, int, int]] = []
    at = start + 4
    for _ in range(_CHUNKS_MAX):
        head = bytes_at(file, at, 4)
        kind, length = head[0] & 0x7F if head else 0, int.from_bytes(head[1:])
        if len(head) < 4 or at + 4 + length > size:
            raise ValueError("a block goes beyond the file")
        if kind in _FLAC_KEPT:
            blocks.append((kind, at + 4, length))
        at += 4 + length
        if head[0] & 0x80:
            break
    else:
        raise ValueError("too many blocks")
    found: list[Piece] = [Written(b"fLaC")]
    for number, (kind, content, length) in enumerate(blocks, 1):
        last = 0x80 if number == len(blocks) else 0
        found += [Written(bytes([kind | last]) + length.to_bytes(3)), Kept(content, length)]
    return [*found, Kept(at, size - at)]


def wave_pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return a WAVE with what is heard alone; one that breaks off is taken as far as it goes. Raises ValueError."""
    found: list[Piece] = []
    at = 12
    for _ in range(_CHUNKS_MAX):
        head = bytes_at(file, at, 8)
        if len(head) < 8:
            break
        length = int.from_bytes(head[4:], "little")
        end = min(at + 8 + length + length % 2, size)
        if head[:4] in _WAVE_KEPT:
            found.append(Kept(at, end - at))
        at = end
    else:
        raise ValueError("too many chunks")
    length = 4 + sum(map(size_of, found))
    return [Written(b"RIFF" + min(length, 0xFFFFFFFF).to_bytes(4, "little") + b"WAVE"), *found]
