"""What a backup set says of itself: where it comes from, how far it goes, and the hash of everything in it.

The text of a manifest ends with a seal, the SHA-256 of all the rest, so that a changed byte in it shows like one in any
other file. Hashes and sizes are those of the plain content, also where the files are encrypted: who can open them can
tell that they are what was put in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

from server.errors import DatabaseTooNew, Invalid
from server.instants import Instant

FILE_NAME = "manifest.json"
FORMAT = 1
"""Raised when an older program could not read what a newer one writes."""


class Entry(NamedTuple):
    """A file of a set. sha256: in lower-case hex, and size: in bytes, of its plain content."""

    sha256: str
    size: int


class Manifest(NamedTuple):
    """What is in a set.

    series: id of the county's backups. made_at: instant of the snapshot. epoch, restores, seq: how far the database had
    got. program: version that made the set. schema: steps of the database. is_encrypted: the files end in ``.age``, but
    for the list of photos, which is hashes alone. audit_number, audit_hash: the newest entry of the audit. photos,
    photo_bytes: how many files, and of what size together, the list of photos names. files: those of the set by their
    names in a data folder. missing: hashes of listed photos that the data folder had lost already.
    """

    series: str
    made_at: Instant
    epoch: str
    restores: int
    seq: int
    program: str
    schema: tuple[str, ...]
    is_encrypted: bool
    audit_number: int
    audit_hash: str
    photos: int
    photo_bytes: int
    files: Mapping[str, Entry] = MappingProxyType({})
    missing: tuple[str, ...] = ()

    @property
    def seal(self) -> str:
        """SHA-256 over everything that the manifest says."""
        return _seal(_plain(self))

    def size(self) -> int:
        """Return how many bytes the set takes when it is put back."""
        return sum(each.size for each in self.files.values()) + self.photo_bytes


def text_of(manifest: Manifest) -> str:
    """Return the text of a manifest, with its seal."""
    return json.dumps(_plain(manifest) | {"seal": manifest.seal}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def read(text: str) -> Manifest:
    """Return the manifest that a text holds. Raises Invalid for one that was changed or is none, DatabaseTooNew."""
    try:
        plain = json.loads(text)
        format, seal = plain["format"], plain.pop("seal")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid("清单 manifest.json 读不出来") from error
    if isinstance(format, int) and format > FORMAT and seal == _seal(plain):
        raise DatabaseTooNew(f"这份备份由更新的 Firegrid（{plain.get('program', '')}）写成；请先升级程序，再恢复。")
    if format != FORMAT or seal != _seal(plain):
        raise Invalid("清单 manifest.json 被改动过，或不完整")
    return _manifest(plain)


def _plain(manifest: Manifest) -> dict[str, Any]:
    files = {name: each._asdict() for name, each in manifest.files.items()}
    lists = {"schema": list(manifest.schema), "missing": list(manifest.missing)}
    return {"format": FORMAT, **manifest._asdict(), "files": files, **lists}


def _manifest(plain: Mapping[str, Any]) -> Manifest:
    said = {name: value for name, value in plain.items() if name != "format"}
    files = {name: Entry(**each) for name, each in said["files"].items()}
    return Manifest(**said | {"files": files, "schema": tuple(said["schema"]), "missing": tuple(said["missing"])})


def _seal(plain: Mapping[str, Any]) -> str:
    return sha256(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
