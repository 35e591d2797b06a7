"""The photos of the demonstration: drawn scenes, before and after the repair, each stamped with its day.

``<scene>-<before|after>.png`` are drawn by ``tests/pictures/draw_photos.py``. Their first two colours are kept for the
stamp. Only the lowest rows of a photo differ from day to day, so that stamping one costs a fraction of a millisecond.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

SCENES = {
    "fire_use": "yard",
    "electric": "wiring",
    "gas": "kitchen",
    "ebike": "ebike",
    "evac": "corridor",
    "facility": "extinguisher",
    "lane": "lane",
    "water": "hydrant",
    "building": "corridor",
}
"""By category of the hazard; any other is a yard."""

AMBER, DARK = 0, 1
"""Colours of the stamp in every photo's palette."""

_STAMPED_ROWS, _SCALE, _MARGIN = 22, 2, 8
_GLYPHS = {
    "0": (7, 5, 5, 5, 7), "1": (2, 6, 2, 2, 7), "2": (7, 1, 7, 4, 7), "3": (7, 1, 7, 1, 7), "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7), "6": (7, 4, 7, 5, 7), "7": (7, 1, 1, 1, 1), "8": (7, 5, 7, 5, 7), "9": (7, 5, 7, 1, 7),
    "-": (0, 0, 7, 0, 0),
}  # fmt: skip
"""Three dots wide and five high, a row a number, as cameras stamp them."""


class Scene(NamedTuple):
    """A photo in parts. head: up to its pixels; packed: those above the stamp, whose sum is ``adler``; rows: below."""

    head: bytes
    packed: bytes
    adler: int
    rows: bytes
    width: int


def photo(category: str, is_after: bool, day: str) -> bytes:
    """Return the photo of a hazard of ``category`` as a PNG. is_after: after the repair. day: ``2026-11-29``."""
    scene = _scene(f"{SCENES.get(category, 'yard')}-{'after' if is_after else 'before'}")
    rows = bytearray(scene.rows)
    at = scene.width - _MARGIN - len(day) * 4 * _SCALE
    for number, sign in enumerate(day):
        _stamp(rows, scene.width + 1, at + number * 4 * _SCALE, _GLYPHS[sign])
    squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = squeeze.compress(bytes(rows)) + squeeze.flush()
    total = struct.pack(">I", zlib.adler32(rows, scene.adler))
    return scene.head + _chunk(b"IDAT", scene.packed + packed + total) + _chunk(b"IEND", b"")


def _stamp(rows: bytearray, stride: int, left: int, glyph: tuple[int, ...]) -> None:
    for shift, colour in ((1, DARK), (0, AMBER)):
        for down, bits in enumerate(glyph):
            for across in range(3):
                if bits >> (2 - across) & 1:
                    for line in range(_SCALE):
                        start = (down * _SCALE + line + 4 + shift) * stride + 1 + left + across * _SCALE + shift
                        rows[start : start + _SCALE] = bytes([colour]) * _SCALE


@cache
def _scene(name: str) -> Scene:
    """Take a drawn photo apart, so that its lowest rows can be written anew."""
    content = files("server.demo.photos").joinpath(f"{name}.png").read_bytes()
    at, head, pixels, width = 8, content[:8], b"", 0
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width = struct.unpack(">I", body[:4])[0]
        if kind == b"IDAT":
            pixels += body
        elif kind != b"IEND":
            head += content[at : at + 12 + length]
        at += 12 + length
    rows = zlib.decompress(pixels)
    above = rows[: -_STAMPED_ROWS * (width + 1)]
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"\x78\xda" + squeeze.compress(above) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return Scene(head, packed, zlib.adler32(above), rows[len(above) :], width)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
