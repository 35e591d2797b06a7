"""The changes made on this device, kept until the server has them durably (``sync.md`` sections 2, 4 and 5).

What is true if the process dies after each step:

1. ``add`` commits: the change is on disk with its id and seq; whatever happens now, it is sent, as it stands here.
2. It is sent, and no response comes: it is still unsent here, and goes again, the same bytes; the server knows its id.
3. ``record_outcomes`` commits: its outcome is known, in one step with the server's record, epoch and durable mark.
4. ``durable`` passes its outcome: the body is only a spare now, and goes after ``SPARE_FOR``. Until then a restored
   server (a new epoch) is offered it again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sync.client.device import Device, Row
from sync.client.overlay import LocalChange
from sync.client.wire import Decision, Outcome, ServerState

ASK_AGAIN_AFTER = timedelta(hours=1)
"""How long after an undecided outcome a push asks again whether somebody has decided."""

SPARE_FOR = timedelta(days=30)
"""How long what is durable is kept nevertheless: the copy that is put back may be older than the last backup, and where
none is configured a server calls everything durable that it has committed."""

_CHANGE_COLUMNS = "id, seq, type, action, body, verdict, version, trouble, problem, decision, reason"


class Batch(NamedTuple):
    """Changes of one device to send together, in the order in which they were made. bodies: their JSON, as kept."""

    device: str
    ids: tuple[str, ...]
    bodies: tuple[str, ...]


def add(device: Device, body: dict[str, Any], *, made_on: str | None = None) -> None:
    """Add a change. Inside ``writing()``.

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


def next_batch(device: Device, *, changes_max: int, bytes_max: int, excluding: Collection[str]) -> Batch | None:
    """Return the changes to send next, oldest first, None when there are none.

    changes_max, bytes_max: limits of the batch; one change is a batch however large it is. excluding: ids already tried
    in this run, so that one that gets no outcome cannot hold up the others.
    """
    taken: list[Row] = []
    size = 0
    for each in _unsent(device, changes_max, excluding) or _undecided(device, excluding)[:changes_max]:
        size += len(each["body"].encode()) + 1
        if taken and (size > bytes_max or each["device"] != taken[0]["device"]):
            break
        taken.append(each)
    if not taken:
        return None
    return Batch(taken[0]["device"], tuple(each["id"] for each in taken), tuple(each["body"] for each in taken))


def note_offered(device: Device, ids: Collection[str]) -> None:
    """Note that changes may reach the server from now on, as they are. Inside ``writing()``."""
    device.run(
        "UPDATE change SET offered_at = :now WHERE offered_at IS NULL AND id IN (SELECT value FROM json_each(:ids))",
        {"now": device.clock().isoformat(), "ids": json.dumps(sorted(ids))},
    )


def record_outcomes(device: Device, outcomes: Iterable[Outcome]) -> list[Row]:
    """Record the outcomes of changes; return the changes, with id, record and verdict.

    Outcomes of other devices' changes are ignored. Inside ``writing()``.
    """
    recorded = []
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
        recorded.append({"id": outcome.id, "record": found["record"], "verdict": outcome.verdict})
    return recorded


def apply_server_state(device: Device, state: ServerState) -> bool:
    """Save epoch and durable mark; return whether the server was restored since last time. Inside ``writing()``.

    On a new epoch every change that still has its body, or a spare, is unsent again. The outcomes in the same response
    are to be recorded after this.
    """
    known = device.setting("epoch")
    device.set_setting("epoch", state.epoch)
    device.set_setting("durable", str(state.durable))
    device.set_setting("mark", state.mark)
    device.run(
        "UPDATE earlier_work SET durable = :durable WHERE epoch = :epoch",
        {"durable": str(state.durable), "epoch": state.epoch},
    )
    is_restored = known is not None and known != state.epoch
    if is_restored:
        device.run(
            "UPDATE change SET state = 'unsent', body = COALESCE(body, spare_body), spare_body = NULL, verdict = NULL,"
            " version = NULL, outcome_seq = NULL, problem = NULL, problem_id = NULL, decision = NULL, reason = NULL,"
            " answered_at = NULL WHERE state = 'sent' AND COALESCE(body, spare_body) IS NOT NULL"
        )
    return is_restored


def undecided_problems(device: Device, most: int) -> list[str]:
    """Return the ids of problems about this device's changes of which no decision is known, the newest first."""
    found = device.rows(
        "SELECT problem_id FROM change WHERE problem_id IS NOT NULL AND decision IS NULL ORDER BY seq DESC LIMIT :most",
        {"most": most},
    )
    return list(dict.fromkeys(each["problem_id"] for each in found))


def record_decisions(device: Device, decisions: Iterable[Decision]) -> None:
    """Record the decisions about problems. Inside ``writing()``."""
    for each in decisions:
        device.run(
            "UPDATE change SET decision = :how, reason = :reason WHERE problem_id = :problem",
            {"problem": each.problem, "how": each.how, "reason": each.reason},
        )


def drop_durable_bodies(device: Device) -> int:
    """Set aside the bodies of changes whose outcome is decided and durable; return how many. Inside ``writing()``.

    Spares that are old enough go, and so does what is kept of earlier users, unless it may exist only here.
    """
    old = {"before": (device.clock() - SPARE_FOR).isoformat()}
    device.run("UPDATE change SET spare_body = NULL WHERE spare_body IS NOT NULL AND answered_at < :before", old)
    device.run(
        "DELETE FROM earlier_work WHERE answered_at < :before"
        " AND json_extract(change, '$.outcome_seq') <= CAST(durable AS INTEGER)"
        " AND id NOT IN (SELECT change FROM attachment WHERE state = 'unsent')",
        old,
    )
    return device.run(
        "UPDATE change SET spare_body = body, body = NULL WHERE state = 'sent' AND body IS NOT NULL"
        " AND outcome_seq <= :durable AND verdict NOT IN ('waiting', 'quarantined')",
        {"durable": int(device.setting("durable") or 0)},
    )


def record_trouble(device: Device, id: str, why: str) -> None:
    """Record why a change cannot be sent; it stays, is shown, and every later push tries it again."""
    with device.writing():
        device.run("UPDATE change SET trouble = :why WHERE id = :id AND state = 'unsent'", {"id": id, "why": why})


def count_unsent(device: Device) -> int:
    """Return how many changes are unsent; the server shows it to the office before somebody is moved."""
    return _count(device, "state = 'unsent'")


def count_unsent_records(device: Device) -> int:
    """Return how many records have unsent changes."""
    return _count(device, "state = 'unsent'", "DISTINCT record")


def count_only_here(device: Device) -> int:
    """Return how many records ``list`` shows that the server has not given this device: made here, or undecided."""
    undecided = "state = 'unsent' OR verdict IN ('waiting', 'quarantined')"
    return _count(device, f"({undecided}) AND record NOT IN (SELECT id FROM row)", "DISTINCT record")


def count_not_durable(device: Device) -> int:
    """Return how many changes have an outcome that is undecided or in no backup of the server yet."""
    return _count(device, "state = 'sent' AND body IS NOT NULL")


def count_unsent_or_photo(device: Device) -> int:
    """Return how many changes are unsent, or have a photo that is and that the server has not refused."""
    photo = "id IN (SELECT change FROM attachment WHERE state = 'unsent' AND trouble IS NULL)"
    return _count(device, f"state = 'unsent' OR {photo}")


def count_kept(device: Device) -> int:
    """Return how many changes this device could send, or offer again to a server that lost them."""
    return _count(device, "state = 'unsent' OR COALESCE(body, spare_body) IS NOT NULL")


def counts_of_earlier_users(device: Device) -> dict[str, int]:
    """Return how many sent changes are kept for each earlier user (``earlier_users``), by name."""
    found = device.rows("SELECT user, COUNT(*) AS number FROM earlier_work GROUP BY user ORDER BY user")
    return {each["user"]: each["number"] for each in found}


def counts_to_offer_again(device: Device, epoch: str | None) -> dict[str, int]:
    """Return how many of these their server may lack, by user: it has taken a new epoch since they were sent.

    epoch: the server's, as it is now; None before it was asked.
    """
    found = device.rows(
        "SELECT user, COUNT(*) AS number FROM earlier_work WHERE server = :server AND epoch <> :epoch"
        " GROUP BY user ORDER BY user",
        {"server": device.setting("server"), "epoch": epoch},
    )
    return {each["user"]: each["number"] for each in found}


def of_record(device: Device, record: str) -> list[LocalChange]:
    """Return this device's changes to one record, oldest first."""
    found = device.rows(f"SELECT {_CHANGE_COLUMNS} FROM change WHERE record = :record ORDER BY seq", {"record": record})
    return [_local_change(each) for each in found]


def by_record(device: Device) -> dict[str, list[LocalChange]]:
    """Return the changes that may not be in the server's records yet, by record, oldest first."""
    found = device.rows(f"SELECT record, {_CHANGE_COLUMNS} FROM change WHERE body IS NOT NULL ORDER BY record, seq")
    changes: dict[str, list[LocalChange]] = {}
    for each in found:
        changes.setdefault(each["record"], []).append(_local_change(each))
    return changes


def unsent(device: Device) -> list[Row]:
    """Return every unsent change, oldest first, with ``body`` read and the device that made it."""
    found = device.rows("SELECT device, body, trouble FROM change WHERE state = 'unsent' ORDER BY rowid")
    return [{**each, "body": json.loads(each["body"])} for each in found]


def _count(device: Device, condition: str, what: str = "*") -> int:
    found = device.row(f"SELECT COUNT({what}) AS number FROM change WHERE {condition}")
    return 0 if found is None else int(found["number"])


def _unsent(device: Device, most: int, excluding: Collection[str]) -> list[Row]:
    return device.rows(
        "SELECT id, device, body FROM change WHERE state = 'unsent'"
        " AND id NOT IN (SELECT value FROM json_each(:excluding)) ORDER BY rowid LIMIT :most",
        {"excluding": json.dumps(sorted(excluding)), "most": most},
    )


def _undecided(device: Device, excluding: Collection[str]) -> list[Row]:
    """Return the changes whose outcome may have been decided since the server was last asked."""
    now = device.clock()
    found = device.rows(
        "SELECT id, device, body, answered_at FROM change WHERE state = 'sent' AND body IS NOT NULL"
        " AND verdict IN ('waiting', 'quarantined') ORDER BY device, seq"
    )
    return [each for each in found if each["id"] not in excluding and _may_ask(each, now)]


def _may_ask(change: Row, now: datetime) -> bool:
    answered_at = datetime.fromisoformat(change["answered_at"])
    return not answered_at <= now < answered_at + ASK_AGAIN_AFTER  # a clock set back must not put it off for years


def _local_change(change: Row) -> LocalChange:
    body = json.loads(change["body"]) if change["body"] else {}
    fields = {name: (seen, new) for name, (seen, new) in body.get("fields", {}).items()}
    return LocalChange(
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
