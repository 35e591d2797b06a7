"""Judges whether a file is a photo that the server takes, by its header and its ends; nothing is ever decoded.

Formats: JPEG (ITU-T T.81), PNG (ISO/IEC 15948), WebP (RFC 9649) and HEIC (ISO/IEC 23008-12), as cameras write them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

PIXELS_MAX = 65_000_000
"""Points of a picture: phones take 50 or 64 million; what states more would fill the memory of whoever opens it."""

SIDE_MAX = 30_000

SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/heic": ".heic"}
"""The media types that are taken, with the ending of their files."""

STEM_MAX = 60
"""Characters of a file's own name that stay in what its photo is called."""

_NOT_OF_NAMES = re.compile(r"[\x00-\x1f\x7f/\\\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Signs that turn a line, and halves of signs too: bytes of a name in another encoding (GBK) come as such."""
_NUMBERS = re.compile(r"(?<!\d)(?:[1１][3-9３-９]\d[ -]?\d{4}[ -]?\d{4}|\d{17}[\dXxＸ])(?!\d)")
"""A mobile number or an identity number of 18 digits; the instants that cameras write have other lengths."""

_HEAD_BYTES = 1_024
_TAIL_BYTES = 65_557
"""As far from its end as the end record of a ZIP may lie (APPNOTE 4.3.16)."""

_SEGMENTS_MAX = 2_000
_BOXES_MAX = 5_000
"""Boxes of a HEIC that are looked at, of the whole file: a read each. One of a hundred tiles has some hundred."""

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|script|svg|iframe|\?php)[\s>/]", re.IGNORECASE)


class NotAPhoto(ValueError):
    """The file is not taken as a photo. The message is a Chinese sentence with the cure."""


class Image(NamedTuple):
    """What the header of a photo states: its media type, and its width and height in points, before any turning."""

    media_type: str
    width: int
    height: int


def read_image(file: BinaryIO) -> Image:
    """Return what a photo is, from its bytes alone: neither its name nor what its sender calls it counts.

    file: open to be read from anywhere. Raises NotAPhoto for other formats, damaged headers, files that are something
    else as well (PDF, web page, archive), and pictures too large to be opened.
    """
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise NotAPhoto("这是空文件，没有照片；请重新拍照或重新选择。")
    head = _at(file, 0, _HEAD_BYTES)
    try:
        image = _dimensions(file, head, size)
    except (IndexError, ValueError) as error:
        if isinstance(error, NotAPhoto):
            raise
        raise NotAPhoto("照片文件不完整或已损坏，打不开；请重新拍照，或重新选择原图。") from error
    if image.width < 1 or image.height < 1:
        raise NotAPhoto("照片文件不完整或已损坏，打不开；请重新拍照，或重新选择原图。")
    if image.width * image.height > PIXELS_MAX or max(image.width, image.height) > SIDE_MAX:
        raise NotAPhoto(
            f"照片有 {image.width}×{image.height} 个像素，超过 {PIXELS_MAX // 10_000} 万；请在手机上缩小后再传。"
        )
    _require_nothing_else(file, head, size)
    return image


def name_of(name: str, media_type: str, sha256: str) -> str:
    """Return what a photo is called in a change: after the file it was chosen as, and unlike any other of the change.

    name: of that file, with folders in front of it or not; whatever no file name may hold is left out, and numbers of
    people, since whoever sees the record is shown the name, those too to whom its numbers are masked. media_type: of
    ``SUFFIXES``. sha256: of the content, in hex.
    """
    own = name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or name
    stem = _NUMBERS.sub("", _NOT_OF_NAMES.sub("", own)).strip(" .")[:STEM_MAX] or "photo"
    return f"{stem}-{sha256[:8]}{SUFFIXES[media_type]}"


def _dimensions(file: BinaryIO, head: bytes, size: int) -> Image:
    if head.startswith(b"\xff\xd8\xff"):
        return Image("image/jpeg", *_of_jpeg(file))
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        _require(head[12:16] == b"IHDR")
        return Image("image/png", _number(head[16:20]), _number(head[20:24]))
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Image("image/webp", *_of_webp(head))
    if head[4:8] == b"ftyp":
        brands = {head[at : at + 4] for at in (8, *range(16, min(_number(head[:4]), _HEAD_BYTES), 4))}
        if brands & _HEIC_BRANDS:
            return Image("image/heic", *_of_heic(file, size))
    raise NotAPhoto("只收照片：JPEG、PNG、WebP 或 HEIC；别的文件请不要当照片传。")


def _of_jpeg(file: BinaryIO) -> tuple[int, int]:
    """Return width and height, which the frame header states; it comes before any picture data."""
    at = 2
    for _ in range(_SEGMENTS_MAX):
        marker = _at(file, at, 4)
        _require(len(marker) == 4 and marker[0] == 0xFF)
        if marker[1] == 0xFF:  # a fill byte
            at += 1
            continue
        _require(marker[1] not in (0xD9, 0xDA))
        if marker[1] in _FRAMES:
            frame = _at(file, at + 5, 4)
            return _number(frame[2:4], 2), _number(frame[:2], 2)
        at += 2 + _number(marker[2:4], 2)
    raise ValueError("no frame header")


def _of_webp(head: bytes) -> tuple[int, int]:
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + _little(head[24:27], 3), 1 + _little(head[27:30], 3)
    if kind == b"VP8L":
        _require(head[20:21] == b"\x2f")
        bits = _little(head[21:25], 4)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    _require(kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a")
    return _little(head[26:28], 2) & 0x3FFF, _little(head[28:30], 2) & 0x3FFF


def _of_heic(file: BinaryIO, size: int) -> tuple[int, int]:
    """Return the width and height of the largest picture of a file: each states its own (``ispe``)."""
    spans, looks = [(0, size)], iter(range(_BOXES_MAX))
    for kind, head in ((b"meta", 4), (b"iprp", 0), (b"ipco", 0), (b"ispe", 0)):
        spans = [(start + head, end) for span in spans for start, end in _boxes(file, *span, kind, looks)]
    found = [(_number(stated[4:8]), _number(stated[8:12])) for start, _ in spans for stated in [_at(file, start, 12)]]
    _require(bool(found))
    return max(found, key=lambda pair: pair[0] * pair[1])


def _boxes(file: BinaryIO, start: int, end: int, kind: bytes, looks: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Yield where the content of each box of a kind begins and ends, among those between ``start`` and ``end``.

    looks: how many boxes may be read, of the whole file; one that has more of them is not as cameras write.
    """
    at = start
    while at + 8 <= end:
        _require(next(looks, None) is not None)
        head = _at(file, at, 16)
        length, content = _number(head[:4]), at + 8
        if length == 1:
            length, content = _number(head[8:16], 8), at + 16
        elif length == 0:
            length = end - at
        _require(length >= content - at and at + length <= end)
        if head[4:8] == kind:
            yield content, at + length
        at += length


def _require_nothing_else(file: BinaryIO, head: bytes, size: int) -> None:
    """Do nothing for a picture. Raises NotAPhoto for one that another program would take for something else.

    What cameras add behind a picture, such as a second one or a short film, is left alone.
    """
    tail = _at(file, max(0, size - _TAIL_BYTES), _TAIL_BYTES)
    if b"%PDF-" in head or _MARKUP.search(head) or _has_archive(file, tail, size):
        raise NotAPhoto("这个文件既是照片又是别的文件（网页、PDF 或压缩包），不能收；请用相机重新拍照。")


def _has_archive(file: BinaryIO, tail: bytes, size: int) -> bool:
    """Say whether the file ends as an archive does: a ZIP's end record that points at its list of files."""
    if b"Rar!\x1a\x07" in tail or b"7z\xbc\xaf\x27\x1c" in tail:
        return True
    for found in re.finditer(rb"PK\x05\x06", tail):
        listed = _little(tail[found.start() + 12 : found.start() + 16], 4)
        start = size - len(tail) + found.start() - listed
        if start >= 0 and _at(file, start, 4) in (b"PK\x01\x02", b"PK\x05\x06"):
            return True
    return False


def _at(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


def _number(raw: bytes, length: int = 4) -> int:
    _require(len(raw) == length)
    return int.from_bytes(raw)


def _little(raw: bytes, length: int) -> int:
    _require(len(raw) == length)
    return int.from_bytes(raw, "little")


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError("not as the format says")
