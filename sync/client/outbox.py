"""Keeps what was written here until the server has it for good (``sync.md`` sections 2, 4 and 5).

What is true if we die after each step:

1. ``add`` commits: the change is on disk with its id and seq; whatever happens now, it is sent, as it stands here.
2. It is sent, and no answer comes: it is still unsent here, and goes again, the same bytes; the server knows its id.
3. ``settle`` commits: its outcome is known, in one step with the server's record, epoch and durable mark.
4. ``durable`` passes its outcome: the body goes. Until then a restored server (a new epoch) is offered it again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sync.client.device import Device, Row
from sync.client.overlay import Pending
from sync.client.wire import Decision, Outcome, Told

ASK_AGAIN_AFTER = timedelta(hours=1)
"""How long an undecided outcome is left alone before a push asks whether somebody has decided."""

_PENDING = "id, seq, type, action, body, verdict, version, trouble, problem, decision, reason"


class Parcel(NamedTuple):
    """Some changes of one device, in the order of ``seq``. bodies: their JSON, exactly as kept."""

    device: str
    ids: tuple[str, ...]
    bodies: tuple[str, ...]


def add(device: Device, body: dict[str, Any], *, made_on: str | None = None) -> None:
    """Keep a change. Inside ``writing()``.

    body: as on the wire, ``id`` and ``seq`` included. made_on: the device that made it, None for this one.
    """
    device.run(
        "INSERT INTO change (id, device, seq, record, type, action, made_at, body, state)"
        " VALUES (:id, :device, :seq, :record, :type, :action, :made_at, :body, 'unsent')",
        {
            **{name: body[name] for name in ("id", "seq", "record", "type", "action", "made_at")},
            "device": made_on or device.id,
            "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        },
    )


def parcel(device: Device, *, changes_max: int, bytes_max: int, without: Collection[str]) -> Parcel | None:
    """Return what to send next, oldest first, None when there is nothing.

    changes_max, bytes_max: how much at most; one change is a parcel however large it is. without: ids already
    tried in this run, so that one that gets no answer cannot hold up the others.
    """
    taken: list[Row] = []
    size = 0
    for each in _unsent(device, changes_max, without) or _undecided(device, without)[:changes_max]:
        size += len(each["body"].encode()) + 1
        if taken and (size > bytes_max or each["device"] != taken[0]["device"]):
            break
        taken.append(each)
    if not taken:
        return None
    return Parcel(taken[0]["device"], tuple(each["id"] for each in taken), tuple(each["body"] for each in taken))


def settle(device: Device, outcomes: Iterable[Outcome]) -> list[Row]:
    """Note what became of changes; return those that were open before, with id, record and verdict.

    Outcomes of changes that are not ours are passed over. Inside ``writing()``.
    """
    settled = []
    for outcome in outcomes:
        found = device.row("SELECT id, record, state FROM change WHERE id = :id", {"id": outcome.id})
        if found is None:
            continue
        device.run(
            "UPDATE change SET state = 'sent', trouble = NULL, verdict = :verdict, version = :version,"
            " outcome_seq = :seq, problem = :problem, problem_id = :problem_id,"
            " decision = CASE WHEN problem_id IS :problem_id THEN decision END,"
            " reason = CASE WHEN problem_id IS :problem_id THEN reason END,"
            " answered_at = :now WHERE id = :id",
            {
                "id": outcome.id,
                "verdict": outcome.verdict,
                "version": outcome.version,
                "seq": outcome.seq,
                "problem": outcome.problem,
                "problem_id": outcome.problem_id,
                "now": device.clock().isoformat(),
            },
        )
        settled.append({"id": outcome.id, "record": found["record"], "verdict": outcome.verdict})
    return settled


def heed(device: Device, told: Told) -> bool:
    """Act on epoch and durable mark; tell whether the server was restored since last time. Inside ``writing()``.

    On a new epoch everything that is still whole is unsent again. What the server answered in the same breath is to
    be settled after this.
    """
    known = device.setting("epoch")
    device.remember("epoch", told.epoch)
    device.remember("durable", str(told.durable))
    is_restored = known is not None and known != told.epoch
    if is_restored:
        device.run(
            "UPDATE change SET state = 'unsent', verdict = NULL, version = NULL, outcome_seq = NULL, problem = NULL,"
            " problem_id = NULL, decision = NULL, reason = NULL, answered_at = NULL"
            " WHERE state = 'sent' AND body IS NOT NULL"
        )
    return is_restored


def undecided_problems(device: Device, most: int) -> list[str]:
    """Return the ids of problems about this device's changes of which no decision is known, the newest first."""
    found = device.rows(
        "SELECT problem_id FROM change WHERE problem_id IS NOT NULL AND decision IS NULL ORDER BY seq DESC LIMIT :most",
        {"most": most},
    )
    return list(dict.fromkeys(each["problem_id"] for each in found))


def decide(device: Device, decisions: Iterable[Decision]) -> None:
    """Note what became of problems. Inside ``writing()``."""
    for each in decisions:
        device.run(
            "UPDATE change SET decision = :how, reason = :reason WHERE problem_id = :problem",
            {"problem": each.problem, "how": each.how, "reason": each.reason},
        )


def let_go(device: Device) -> int:
    """Drop the bodies of changes whose outcome is decided and durable; return how many. Inside ``writing()``."""
    return device.run(
        "UPDATE change SET body = NULL WHERE state = 'sent' AND body IS NOT NULL AND outcome_seq <= :durable"
        " AND verdict NOT IN ('waiting', 'quarantined')",
        {"durable": int(device.setting("durable") or 0)},
    )


def cannot_send(device: Device, id: str, why: str) -> None:
    """Note why a change cannot be sent; it stays, is shown, and every later push tries it anew."""
    with device.writing():
        device.run("UPDATE change SET trouble = :why WHERE id = :id AND state = 'unsent'", {"id": id, "why": why})


def count_unsent(device: Device) -> int:
    """Return how many changes wait here; the office is told, so that nobody is moved over unsent work unawares."""
    return _count(device, "state = 'unsent'")


def count_not_durable(device: Device) -> int:
    """Return how many changes were answered, and are kept because no backup holds them or nobody has decided yet."""
    return _count(device, "state = 'sent' AND body IS NOT NULL")


def count_needed(device: Device) -> int:
    """Return how many changes nobody else may have for good: unsent, or decided and in no backup of the server yet."""
    return _count(device, "state = 'unsent' OR (body IS NOT NULL AND verdict NOT IN ('waiting', 'quarantined'))")


def forget_sent(device: Device) -> None:
    """Drop what was answered, for another person's eyes. Inside ``writing()``."""
    device.run("DELETE FROM change WHERE state = 'sent'")


def of_record(device: Device, record: str) -> list[Pending]:
    """Return this device's changes to one record, oldest first."""
    found = device.rows(f"SELECT {_PENDING} FROM change WHERE record = :record ORDER BY seq", {"record": record})
    return [_pending(each) for each in found]


def by_record(device: Device) -> dict[str, list[Pending]]:
    """Return the changes that may not be in the server's records yet, by record, oldest first."""
    found = device.rows(f"SELECT record, {_PENDING} FROM change WHERE body IS NOT NULL ORDER BY record, seq")
    changes: dict[str, list[Pending]] = {}
    for each in found:
        changes.setdefault(each["record"], []).append(_pending(each))
    return changes


def unsent(device: Device) -> list[Row]:
    """Return every unsent change, oldest first, with ``body`` read and the device that made it."""
    found = device.rows("SELECT device, body, trouble FROM change WHERE state = 'unsent' ORDER BY device, seq")
    return [{**each, "body": json.loads(each["body"])} for each in found]


def _count(device: Device, condition: str) -> int:
    found = device.row(f"SELECT COUNT(*) AS number FROM change WHERE {condition}")
    return 0 if found is None else int(found["number"])


def _unsent(device: Device, most: int, without: Collection[str]) -> list[Row]:
    return device.rows(
        "SELECT id, device, body FROM change WHERE state = 'unsent'"
        " AND id NOT IN (SELECT value FROM json_each(:without)) ORDER BY device, seq LIMIT :most",
        {"without": json.dumps(sorted(without)), "most": most},
    )


def _undecided(device: Device, without: Collection[str]) -> list[Row]:
    """Return the changes whose outcome may have been decided since the server was last asked."""
    now = device.clock()
    found = device.rows(
        "SELECT id, device, body, answered_at FROM change WHERE state = 'sent' AND body IS NOT NULL"
        " AND verdict IN ('waiting', 'quarantined') ORDER BY device, seq"
    )
    return [each for each in found if each["id"] not in without and _may_ask(each, now)]


def _may_ask(change: Row, now: datetime) -> bool:
    asked = datetime.fromisoformat(change["answered_at"])
    return not asked <= now < asked + ASK_AGAIN_AFTER  # a clock set back must not put it off for years


def _pending(change: Row) -> Pending:
    body = json.loads(change["body"]) if change["body"] else {}
    fields = {name: (seen, new) for name, (seen, new) in body.get("fields", {}).items()}
    return Pending(
        change["id"],
        change["seq"],
        change["type"],
        change["action"],
        fields,
        body.get("area"),
        change["verdict"],
        change["version"],
        change["trouble"],
        change["problem"],
        change["decision"],
        change["reason"],
    )
