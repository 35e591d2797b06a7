"""The one thing of Exif (CIPA DC-008) without which a picture is shown wrongly: how it was held."""

from __future__ import annotations

UPRIGHT = 1
_ORIENTATION, _SHORT = 0x0112, 3
_ENTRIES_MAX = 1_000
_HEADER = b"Exif\x00\x00"


def orientation_of(tiff: bytes) -> int:
    """Return how a picture is to be turned, 1 to 8 as Exif numbers it; 1 where that is not said or not readable.

    tiff: the Exif data, with or without ``Exif`` in front of it.
    """
    tiff = tiff.removeprefix(_HEADER)
    order: dict[bytes, str] = {b"II*\x00": "little", b"MM\x00*": "big"}
    byteorder = order.get(tiff[:4])
    if byteorder is None:
        return UPRIGHT

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], "little" if byteorder == "little" else "big")

    at = number(4, 4)
    for entry in range(at + 2, at + 2 + 12 * min(number(at, 2), _ENTRIES_MAX), 12):
        if number(entry, 2) == _ORIENTATION and number(entry + 2, 2) == _SHORT:
            found = number(entry + 8, 2)
            return found if UPRIGHT <= found <= 8 else UPRIGHT
    return UPRIGHT


def of_orientation(orientation: int) -> bytes:
    """Return Exif data (a TIFF header and one entry) that says how a picture is to be turned, and nothing else."""
    entry = b"".join(number.to_bytes(2) for number in (_ORIENTATION, _SHORT, 0, 1, orientation, 0))
    return b"MM\x00*" + (8).to_bytes(4) + (1).to_bytes(2) + entry + bytes(4)
