"""Computes a check value for each version of a record, so that two holders of many rows compare one sum."""

from __future__ import annotations

from hashlib import sha256


def of(id: str, version: int) -> int:
    """Return the first 48 bits of ``sha256("<id>:<version>")``; the sum over a bucket is taken modulo 2 ** 48."""
    return int.from_bytes(sha256(f"{id}:{version}".encode()).digest()[:6])


def text(low: int, high: int) -> str:
    """Return a sum as the wire has it: 12 lower-case hex digits.

    low, high: the sums of the lower and upper 24 bits, since the whole sum would not fit what engines count in.
    """
    return f"{(low + (high << 24)) % (1 << 48):012x}"
