"""Seals bytes with a key of 32 bytes, by age (https://age-encryption.org/v1): without the key nobody reads them.

age wants its keys as text, in Bech32 (BIP 173).
"""

from __future__ import annotations

from hmac import digest

import pyrage

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_PREFIX = "age-secret-key-"


def key_of(secret: str, *parts: str) -> bytes:
    """Return a key of 32 bytes that ``parts`` give to whoever has the ``secret`` of the county, and to nobody else."""
    return digest(secret.encode(), "\0".join(parts).encode(), "sha256")


def sealed(content: bytes, key: bytes) -> bytes:
    """Return ``content`` sealed with ``key``."""
    made: bytes = pyrage.encrypt(content, [_identity(key).to_public()])
    return made


def opened(content: bytes, key: bytes) -> bytes:
    """Return what was sealed with ``key``. Raises ValueError where it was another key, or no seal is whole."""
    try:
        found: bytes = pyrage.decrypt(content, [_identity(key)])
    except pyrage.DecryptError as error:
        raise ValueError("sealed with another key, or damaged") from error
    return found


def _identity(key: bytes) -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.from_str(_bech32(_PREFIX, key).upper())


def _bech32(prefix: str, content: bytes) -> str:
    bits = "".join(f"{byte:08b}" for byte in content)
    bits += "0" * (-len(bits) % 5)
    data = [int(bits[start : start + 5], 2) for start in range(0, len(bits), 5)]
    spread = [ord(each) >> 5 for each in prefix] + [0] + [ord(each) & 31 for each in prefix]
    checked = _remainder([*spread, *data, 0, 0, 0, 0, 0, 0]) ^ 1
    data += [checked >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{prefix}1{''.join(_LETTERS[each] for each in data)}"


def _remainder(values: list[int]) -> int:
    rest = 1
    for value in values:
        top = rest >> 25
        rest = (rest & 0x1FFFFFF) << 5 ^ value
        for place, each in enumerate(_GENERATOR):
            rest ^= each if top >> place & 1 else 0
    return rest
