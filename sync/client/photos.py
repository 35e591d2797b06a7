"""Photos of changes made on this device: kept beside the store, and uploaded once the server has the changes.

What is true if the process dies after each step:

1. ``keep`` has copied the file beside the store, whole and fsynced: no row names it; kept again, it is found there.
2. The change and its row commit together: from now on the photo is sent, wherever the file that it came from has gone.
3. The server has given the upload an address: it is on disk before any byte goes, and the next ``send`` goes on there.
4. All bytes are there and the row says so. The copy stays for ``outbox.SPARE_FOR``: a restored server (a new epoch) is
   offered it again, and says first which photos it has.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sync import images
from sync.client import outbox, tus
from sync.client.connection import Connection
from sync.client.device import Device, Row
from sync.client.failures import NoConnection, Refused
from sync.images import NotAPhoto

FOLDER = "photos"
BYTES_MAX = 50_000_000
"""The size of one photo that the server takes, in bytes."""

PART_BYTES = 256 * 1024
"""How much goes in one request: about half a minute on the weakest link."""

_UNREADABLE = "服务器的回答无法理解，照片都还在本机 · the server's answer makes no sense; photos are kept here"
_ASKED_MAX = 200
_COPY_BYTES = 1024 * 1024
_WAITING = "attachment.state = 'unsent' AND change.state = 'sent'"

Progress = Callable[[int, int], None]


def no_progress(_done: int, _whole: int) -> None:
    """Show no progress."""


class Photo(NamedTuple):
    """A photo that is kept here, as a change names it. size: in bytes."""

    name: str
    sha256: str
    size: int
    media_type: str


@dataclass
class SendResult:
    """The result of sending photos: how many are there now, and why others are not, by name."""

    sent: int = 0
    troubles: dict[str, str] = field(default_factory=dict)


def keep(device: Device, path: Path) -> Photo:
    """Copy a photo beside the store. Raises Refused for what the server would not take as one."""
    try:
        with path.open("rb") as file:
            image = images.read_image(file)
            size = file.seek(0, os.SEEK_END)
            if size > BYTES_MAX:
                most = BYTES_MAX // 1_000_000
                raise Refused(f"{path.name} 超过 {most} MB，请缩小后再附 · larger than {most} MB: make it smaller")
            sha256 = _copied(device, file)
    except NotAPhoto as refusal:
        raise Refused(f"{path.name}：{refusal} · not a photo that the server takes") from refusal
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise Refused(f"读不了 {path}：{error.strerror} · cannot be read") from error
    return Photo(images.name_of(path.name, image.media_type, sha256), sha256, size, image.media_type)


def attach(device: Device, change: str, photos: Iterable[Photo]) -> int:
    """Let a change that was never sent name photos; return how many it did not name before. Inside ``writing()``.

    Raises Refused for one that is not here, or may have reached the server as it was.
    """
    found = device.row("SELECT body, state, offered_at FROM change WHERE id = :id", {"id": change})
    if found is None:
        raise Refused(f"本机没有变更“{change}” · no change {change!r} here")
    if found["state"] != "unsent" or found["offered_at"] is not None:
        raise Refused(
            "这项变更已经发送过，不能再加照片；请用 --record 附到它的记录"
            " · this change was sent already: attach to its record by --record"
        )
    body = json.loads(found["body"])
    named = {each["name"] for each in body.get("attachments", ())}
    new = [each for each in dict.fromkeys(photos) if each.name not in named]
    body["attachments"] = [*body.get("attachments", ()), *(each._asdict() for each in new)]
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    device.run("UPDATE change SET body = :body WHERE id = :id", {"body": text, "id": change})
    for each in new:
        device.run(
            "INSERT INTO attachment (change, name, sha256, size, media_type, state)"
            " VALUES (:change, :name, :sha256, :size, :media_type, 'unsent')",
            {"change": change, **each._asdict()},
        )
    return len(new)


def newest_unsent(device: Device, record: str) -> str | None:
    """Return the id of the newest change to a record if it was never sent, None where it may have been."""
    sql = "SELECT id, state, offered_at FROM change WHERE record = :record ORDER BY seq DESC LIMIT 1"
    found = device.row(sql, {"record": record})
    is_new = found is not None and found["state"] == "unsent" and found["offered_at"] is None
    return found["id"] if found is not None and is_new else None


def count_unsent(device: Device) -> int:
    """Return how many photos are still to be uploaded, those of unsent changes too, of earlier users' none."""
    sql = "SELECT COUNT(DISTINCT sha256) AS number FROM attachment WHERE state = 'unsent'"
    found = device.row(f"{sql} AND change IN (SELECT id FROM change)")
    return 0 if found is None else int(found["number"])


def send(device: Device, connection: Connection, progress: Progress = no_progress) -> SendResult:
    """Upload the photos of changes that the server has. In ``exchange_lock``.

    progress: called with the bytes that are there and those of all. Raises NoConnection and NotSignedIn as ``post``;
    what came through stays. A photo that the server refuses is told in the result, and does not hold up the others.
    """
    done = SendResult()
    waiting = device.rows(
        f"SELECT attachment.sha256, attachment.size, MIN(attachment.name) AS name, MAX(attachment.url) AS url"
        f" FROM attachment JOIN change ON change.id = attachment.change WHERE {_WAITING}"
        " GROUP BY attachment.sha256, attachment.size ORDER BY MIN(change.seq)"
    )
    whole, there = sum(each["size"] for each in waiting), 0
    missing = _missing(connection, [each["sha256"] for each in waiting])
    for each in waiting:
        before = there
        try:
            if each["sha256"] in missing:
                _upload(device, connection, each, lambda count, before=before: progress(before + count, whole))  # type: ignore[misc]  # mypy infers no lambda with a default
        except Refused as refusal:
            done.troubles[each["name"]] = refusal.message
            _note(device, each["sha256"], "trouble = :told", refusal.message)
            continue
        _note(device, each["sha256"], "state = 'sent', trouble = NULL, url = NULL, sent_at = :told", _now(device))
        there += each["size"]
        done.sent += 1
        progress(there, whole)
    return done


def offer_again(device: Device) -> None:
    """Let photos whose copies are here be offered to a server that was restored. Inside ``writing()``.

    Those of earlier users wait, as their changes do: nobody else can send them.
    """
    device.run(
        "UPDATE attachment SET state = 'unsent', url = NULL WHERE state = 'sent' AND change IN (SELECT id FROM change)"
    )


def drop_old_copies(device: Device) -> None:
    """Delete the copies of photos that were sent long ago; their rows with them. Inside ``writing()``.

    Those of changes that are in no backup of the server stay, of earlier users as well.
    """
    before = {"before": (device.clock() - outbox.SPARE_FOR).isoformat()}
    device.run(
        "DELETE FROM attachment WHERE state = 'sent' AND sent_at < :before AND change NOT IN"
        " (SELECT id FROM change WHERE body IS NOT NULL UNION ALL SELECT id FROM earlier_work)",
        before,
    )
    kept = {each["sha256"] for each in device.rows("SELECT DISTINCT sha256 FROM attachment")}
    folder = device.folder / FOLDER
    for path in folder.iterdir() if folder.is_dir() else ():
        is_old = device.clock().timestamp() - path.stat().st_mtime > outbox.SPARE_FOR.total_seconds()
        if path.name not in kept and is_old:
            path.unlink()


def _copied(device: Device, file: Any) -> str:
    folder = device.folder / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    beside, hasher = folder / f"{device.ids()}.part", hashlib.sha256()
    file.seek(0)
    try:
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as copy:
            while chunk := file.read(_COPY_BYTES):
                hasher.update(chunk)
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
        beside.replace(folder / hasher.hexdigest())
    finally:
        beside.unlink(missing_ok=True)
    return hasher.hexdigest()


def _missing(connection: Connection, sha256s: list[str]) -> set[str]:
    """Return which of these photos the server does not have of this user."""
    found: set[str] = set()
    for start in range(0, len(sha256s), _ASKED_MAX):
        asked = sha256s[start : start + _ASKED_MAX]
        answer = connection.post("/uploads/missing", json.dumps({"sha256": asked}))
        listed = answer.get("missing") if isinstance(answer, dict) else None
        if not isinstance(listed, list):
            raise NoConnection(_UNREADABLE)
        found |= {*listed} & {*asked}
    return found


def _upload(device: Device, connection: Connection, photo: Row, progress: Callable[[int], None]) -> None:
    """Upload one photo from where its upload was left. Raises Refused when it is no longer here, or not taken."""
    path = device.folder / FOLDER / photo["sha256"]
    if not _is_sound(path, photo):
        raise Refused(
            "本机的照片文件不见了或已损坏，请重新附上 · the copy of this photo is gone or damaged: attach it anew"
        )
    url = photo["url"]
    offset = None if url is None else tus.offset_of(connection, url)
    if url is None or offset is None:
        url, offset = tus.begin(connection, photo["size"], photo["sha256"]), 0
        _note(device, photo["sha256"], "url = :told", url)
    with path.open("rb") as file:
        while offset < photo["size"]:
            file.seek(offset)
            offset = tus.append(connection, url, offset, file.read(PART_BYTES))
            progress(offset)


def _is_sound(path: Path, photo: Row) -> bool:
    """Say whether a copy is as it was kept; of a damaged one nothing goes over the line."""
    if not (path.is_file() and path.stat().st_size == photo["size"]):
        return False
    with path.open("rb") as file:
        sha256: str = photo["sha256"]
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _note(device: Device, sha256: str, what: str, told: str) -> None:
    with device.writing():
        sql = f"UPDATE attachment SET {what} WHERE sha256 = :sha256 AND state = 'unsent'"
        device.run(sql, {"sha256": sha256, "told": told})


def _now(device: Device) -> str:
    return device.clock().isoformat()
