"""What step 0014 computes: cases that came to a handler without an assignment from intake count as dispatched.

Frozen with its step. A case that was said to be fixed on the spot and was not goes back to its reporter by a failed
check or a reopening; until then that was no dispatch. Of the facts of a case the step changes two, its dispatches and
the seconds held since the first of them, so no other is computed here, nor any sum that rests on neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby

import orjson

from server.db.migrations.step_0002_case_figures import Cell, add_counts, cells, day_number
from server.db.sql import Row, Sql, inserting

Dispatch = tuple[str, str | None]
"""When a case was sent to a handler, and when it was returned; None while it was not."""

_STEPS = """
    SELECT fact.id, fact.dispatches, fact.held_s, step.at, step.action, step.status
      FROM case_step AS step JOIN case_fact AS fact ON fact.id = step.record
     ORDER BY step.record, step.version
"""
_FACT = """
    SELECT path, category, received_at, status, registered_at, dispatches, fed_back_at, handle_due_at, held_s, extended
      FROM case_fact WHERE id = :id
"""
_SET_FACT = """
    UPDATE case_fact SET dispatches = :dispatches, held_s = :held_s, handled_s = :handled_s WHERE id = :id
"""
_ADD_PACE = f"""
    {inserting("case_pace", ("month", "town", "bucket", "n"))}
    ON CONFLICT (month, town, bucket) DO UPDATE SET n = case_pace.n + excluded.n
"""
_ADD_HANDOVER = f"{inserting('case_handover', ('day', 'record', 'received_at', 'path'))} ON CONFLICT DO NOTHING"
_PACE_BUCKET_S = 7_200


def apply(sql: Sql) -> None:
    """Bring facts, states and sums to what the steps of each case add up to."""
    counts: Counter[tuple[Cell, str]] = Counter()
    paces: Counter[tuple[int, str, int]] = Counter()
    for id, dispatches, held_s in list(_changed(sql)):
        before = sql.rows(_FACT, {"id": id})[0] | {"id": id}
        after = before | {"dispatches": _text(dispatches), "held_s": held_s}
        sql.run(_SET_FACT, {name: after[name] for name in ("id", "dispatches", "held_s")} | {"handled_s": _took(after)})
        _set_state(sql, id, dispatches, held_s)
        sql.run_each(_ADD_HANDOVER, _handovers(before, after))
        for fact, sign in ((before, -1), (after, 1)):
            for (day, column), n in _counted(fact).items():
                for cell in cells(day, fact["category"], fact["path"]):
                    counts[cell, column] += sign * n
            paces.update(dict.fromkeys(_bucket(fact), sign))
    add_counts(sql, counts)
    moved = [(*bucket, n) for bucket, n in paces.items() if n]
    sql.run_each(_ADD_PACE, (dict(zip(("month", "town", "bucket", "n"), row, strict=True)) for row in moved))


def _changed(sql: Sql) -> Iterator[tuple[str, list[Dispatch], int]]:
    """Yield (id, dispatches, held_s) of each case whose steps come to others than those that are kept."""
    for (id, kept, kept_s), steps in groupby(
        sql.each(_STEPS), key=lambda row: (row["id"], row["dispatches"], row["held_s"])
    ):
        dispatches, held_s = _played(steps)
        if (_text(dispatches), held_s) != (kept, kept_s):
            yield id, dispatches, held_s


def _played(steps: Iterable[Row]) -> tuple[list[Dispatch], int]:
    """Return the dispatches of a case and its seconds held since the first, as its steps in order add up to them."""
    dispatches: list[Dispatch] = []
    held_since: str | None = None
    held_s, status = 0, "reported"
    for step in steps:
        at, before, status = step["at"], status, step["status"]
        if status in ("suspended", "transferred"):
            held_since = held_since or at
        elif held_since is not None:
            held_s += _seconds(held_since, at) if dispatches else 0
            held_since = None
        from_intake = status == "assigned" and before in ("reported", "registered")
        if step["action"] == "return" and dispatches:
            sent, returned = dispatches[-1]
            dispatches[-1] = (sent, returned or at)
        elif from_intake or (status in ("assigned", "accepted", "handling") and not dispatches):
            dispatches.append((at, None))
    return dispatches, held_s


def _counted(fact: Row) -> Counter[tuple[int, str]]:
    """Return what a case adds, by day and column, to the counts that rest on its dispatches."""
    counted: Counter[tuple[int, str]] = Counter()
    for sent, returned in () if fact["status"] == "void" else _dispatches(fact):
        counted[day_number(sent), "dispatches"] += 1
        if returned is not None:
            counted.update([(day_number(sent), "sent_in_vain"), (day_number(returned), "returns")])
    if not _in_cohort(fact) or not fact["dispatches"]:
        return counted
    day = day_number(fact["registered_at"])
    columns = ["dispatched"]
    if fact["fed_back_at"] is not None:
        in_time = fact["handle_due_at"] is None or fact["fed_back_at"] <= fact["handle_due_at"]
        columns += ["handled", *(["handled_on_time"] if in_time else ())]
        if fact["extended"]:
            columns += ["extended_handling_due", *(["handled_on_time_extended"] if in_time else ())]
        counted[day, "handled_s"] += _took(fact) or 0
    counted.update((day, column) for column in columns)
    return counted


def _took(fact: Row) -> int | None:
    """Return the seconds from the first dispatch to the feedback that stands, less those held."""
    if not _in_cohort(fact) or not fact["dispatches"] or fact["fed_back_at"] is None:
        return None
    return _seconds(_dispatches(fact)[0][0], fact["fed_back_at"]) - int(fact["held_s"])


def _bucket(fact: Row) -> Iterator[tuple[int, str, int]]:
    """Yield the row of ``case_pace`` in which a handled case counts."""
    took = _took(fact)
    if took is not None:
        town = "/".join(fact["path"].split("/")[:2])
        yield day_number(fact["registered_at"]) // 100, town, took // _PACE_BUCKET_S


def _handovers(before: Row, after: Row) -> list[Row]:
    """Return a row for each day on which a case was sent or came back that is new."""
    new = set(_dispatches(after)) - set(_dispatches(before))
    days = {day_number(at) for dispatch in new for at in dispatch if at is not None}
    return [
        {"day": day, "record": after["id"], "received_at": after["received_at"], "path": after["path"]}
        for day in sorted(days)
    ]


def _set_state(sql: Sql, id: str, dispatches: list[Dispatch], held_s: int) -> None:
    text = sql.value("SELECT case_state FROM record WHERE id = :id", {"id": id})
    if text is not None:
        state = orjson.loads(text)
        state["facts"] |= {"dispatches": dispatches, "held_s": held_s}
        sql.run("UPDATE record SET case_state = :text WHERE id = :id", {"text": orjson.dumps(state).decode(), "id": id})


def _in_cohort(fact: Row) -> bool:
    return fact["registered_at"] is not None and fact["status"] not in ("void", "merged")


def _dispatches(fact: Row) -> list[Dispatch]:
    pairs = (text.partition("/") for text in fact["dispatches"].split())
    return [(sent, returned or None) for sent, _, returned in pairs]


def _text(dispatches: Iterable[Dispatch]) -> str:
    return " ".join(f"{sent}/{returned or ''}" for sent, returned in dispatches)


def _seconds(since: str, until: str) -> int:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)) // timedelta(seconds=1)
