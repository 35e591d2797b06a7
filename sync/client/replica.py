"""The copy of the records that the server gives this device: rows in buckets, page by page (``sync.md`` section 5).

A page and its cursor are one step on disk, so a pull that dies goes on from the last page that was whole. A page that
was requested from another cursor than the one in the store (two processes at once) is dropped, not applied.
Rows that left every bucket go when the pull is through; those with unsent work stay, marked as being handed
over and read-only, until their outcome is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sync.changes import CREATING
from sync.client.device import Device, Row
from sync.client.record_types import RecordTypes, from_rows
from sync.client.wire import Json, Page, hash_of

_ORPHAN = "NOT EXISTS (SELECT 1 FROM member WHERE member.id = row.id)"
_HAS_UNSENT = "EXISTS (SELECT 1 FROM change WHERE change.record = row.id AND change.state = 'unsent')"
_IS_CREATED_HERE = (
    "EXISTS (SELECT 1 FROM change WHERE change.record = row.id AND change.state = 'unsent'"
    f" AND change.action IN ({', '.join(repr(action) for action in sorted(CREATING))}))"
)
"""A restored server lacks it and will be sent it again: it is not handed over to anyone, and of version 0 again."""


def begin_pull(device: Device) -> None:
    """Mark the start of a pull: rows that came in before it, and are in no bucket at its end, go."""
    with device.writing():
        device.next_number("round")


def next_request(device: Device) -> Json:
    """Return the cursor for the next pull request, and the buckets to be sent again whole."""
    with device.reading():
        forget = device.rows("SELECT name FROM setting WHERE name LIKE 'forget %' ORDER BY name")
        names = [each["name"].partition(" ")[2] for each in forget]
        return {"cursor": device.setting("cursor"), **({"forget": names} if names else {})}


def apply_page(device: Device, page: Page, request: Json) -> list[str] | None:
    """Apply one page; return the buckets whose check fails, which the next request asks for again.

    request: what ``next_request`` returned for this page. Returns None when another process has moved the cursor
    since: then nothing was applied. Inside ``writing()``.
    """
    if device.setting("cursor") != request["cursor"]:
        return None
    if request["cursor"] is None or page.is_fresh:
        device.run("UPDATE bucket SET is_stale = 1")
    for op in page.ops:
        _OPS[op["op"]](device, op)
    device.set_setting("cursor", page.cursor)
    for name in request.get("forget", ()):
        device.set_setting(f"forget {name}", None)
    wrong = _differing(device, page.checks)
    for name in wrong:
        device.run("DELETE FROM member WHERE bucket = :bucket", {"bucket": name})
        device.set_setting(f"forget {name}", "1")
    if not page.more and not wrong:
        _sweep(device)
    return wrong


def reset_cursor(device: Device) -> None:
    """Forget the cursor, so that the next pull brings everything again; unsent work is not touched."""
    with device.writing():
        device.set_setting("cursor", None)
        device.run("DELETE FROM setting WHERE name LIKE 'forget %'")


def clear(device: Device) -> None:
    """Delete everything that came from the server, for another user or another server. Inside ``writing()``."""
    for statement in ("DELETE FROM member", "DELETE FROM bucket", "DELETE FROM row"):
        device.run(statement)
    named = "'cursor', 'epoch', 'durable', 'mark', 'user'"
    device.run(f"DELETE FROM setting WHERE name IN ({named}) OR name LIKE 'forget %'")


def store(device: Device, record: Json) -> None:
    """Store a record of the server, unless a newer one is held. Inside ``writing()``."""
    device.run(
        "INSERT INTO row (id, type, label, version, body, round)"
        " VALUES (:id, :type, :label, :version, :body, :round)"
        " ON CONFLICT (id) DO UPDATE SET type = excluded.type, label = excluded.label, version = excluded.version,"
        " body = excluded.body, round = excluded.round WHERE excluded.version >= row.version",
        {
            "id": record["id"],
            "type": record["type"],
            "label": str(record.get("label") or ""),
            "version": record["version"],
            "body": json.dumps(record, ensure_ascii=False, separators=(",", ":")),
            "round": int(device.setting("round") or 0),
        },
    )


def reset_versions(device: Device) -> None:
    """Let any response replace the rows: a restored server counts versions anew. Inside ``writing()``."""
    device.run("UPDATE row SET version = 0")


def drop_handed_over(device: Device, records: Iterable[str]) -> None:
    """Delete handed-over rows among ``records`` that have no unsent changes left. Inside ``writing()``."""
    for id in records:
        device.run(
            f"DELETE FROM row WHERE id = :id AND is_handed_over = 1 AND {_ORPHAN} AND NOT {_HAS_UNSENT}", {"id": id}
        )


def find(device: Device, id: str) -> tuple[Json, bool] | None:
    """Return the server's record as last seen, and whether it is being handed over; None when it is not held."""
    found = device.row("SELECT body, is_handed_over FROM row WHERE id = :id", {"id": id})
    return None if found is None else (json.loads(found["body"]), bool(found["is_handed_over"]))


def rows(device: Device, type: str | None) -> list[Row]:
    """Return the rows of a type, of every type of record for None, by label; shared lists only by their name."""
    wanted = "type = :type" if type is not None else "type NOT LIKE '\\_%' ESCAPE '\\'"
    found = device.rows(
        f"SELECT id, body, is_handed_over FROM row WHERE {wanted} ORDER BY type, label, id",
        {"type": type} if type is not None else {},
    )
    return [{**each, "body": json.loads(each["body"])} for each in found]


def areas(device: Device) -> set[str]:
    """Return the codes of the areas in force that the device knows; none before its first pull."""
    found = device.rows("SELECT id, body FROM row WHERE type = '_area'")
    return {
        each["id"].removeprefix("area:") for each in found if json.loads(each["body"])["fields"].get("in_force") != "0"
    }


def record_types(device: Device) -> RecordTypes:
    """Return the record types, fields and actions that the server has named; none before the first pull."""
    found = device.rows("SELECT body FROM row WHERE type IN ('_type', '_field', '_act') ORDER BY rowid")
    return from_rows(json.loads(each["body"]) for each in found)


def _enter(device: Device, op: Json) -> None:
    device.run(
        "INSERT INTO bucket (name) VALUES (:bucket) ON CONFLICT (name) DO UPDATE SET is_stale = 0",
        {"bucket": op["bucket"]},
    )
    device.run("DELETE FROM member WHERE bucket = :bucket", {"bucket": op["bucket"]})


def _put(device: Device, op: Json) -> None:
    record = op["record"]
    device.run("INSERT INTO bucket (name) VALUES (:bucket) ON CONFLICT (name) DO NOTHING", {"bucket": op["bucket"]})
    device.run(
        "INSERT INTO member (bucket, id, version) VALUES (:bucket, :id, :version)"
        " ON CONFLICT (bucket, id) DO UPDATE SET version = excluded.version",
        {"bucket": op["bucket"], "id": record["id"], "version": record["version"]},
    )
    store(device, record)


def _remove(device: Device, op: Json) -> None:
    device.run("DELETE FROM member WHERE bucket = :bucket AND id = :id", {"bucket": op["bucket"], "id": op["id"]})


def _leave(device: Device, op: Json) -> None:
    device.run("DELETE FROM member WHERE bucket = :bucket", {"bucket": op["bucket"]})
    device.run("DELETE FROM bucket WHERE name = :bucket", {"bucket": op["bucket"]})


_OPS = {"enter": _enter, "put": _put, "remove": _remove, "leave": _leave}


def _differing(device: Device, checks: Mapping[str, tuple[int, str]]) -> list[str]:
    """Return the buckets whose rows differ from the server's, or are missing in this store."""
    wrong = []
    for name, (count, hash) in checks.items():
        held = device.rows(
            "SELECT member.id, member.version, row.version AS held FROM member"
            " LEFT JOIN row ON row.id = member.id WHERE bucket = :bucket",
            {"bucket": name},
        )
        is_whole = all(each["held"] is not None and each["held"] >= each["version"] for each in held)
        if not is_whole or len(held) != count or hash_of((each["id"], each["version"]) for each in held) != hash:
            wrong.append(name)
    return wrong


def _sweep(device: Device) -> None:
    for stale in device.rows("SELECT name FROM bucket WHERE is_stale = 1"):
        _leave(device, {"bucket": stale["name"]})
    device.run(f"UPDATE row SET is_handed_over = 0 WHERE is_handed_over = 1 AND NOT {_ORPHAN}")
    left = f"{_ORPHAN} AND round < :round"  # what came with an answer since this pull began is not for it to judge
    device.run(f"DELETE FROM row WHERE {left} AND (NOT {_HAS_UNSENT} OR {_IS_CREATED_HERE})", _now(device))
    device.run(f"UPDATE row SET is_handed_over = 1 WHERE {left}", _now(device))


def _now(device: Device) -> dict[str, object]:
    return {"round": int(device.setting("round") or 0)}
