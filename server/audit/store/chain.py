"""Appends entries to the chain of the audit, reads them, and says where the chain does not hold.

The chain has a counter of its own and its head in a row of its own, which is written with each entry: on any engine
two writers take turns at it, and entries that were cut off at the end are missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from server.audit.domain.entries import (
    BEFORE_THE_FIRST,
    CONTENT,
    Entry,
    Recorded,
    chained,
    details_of,
    details_text,
    id_of,
    more_objects,
    whole,
)
from server.audit.store import removal
from server.db.sql import Row, inserting
from server.db.transactions import Reading, Transaction

_ADD = inserting("audit", (*CONTENT, "hash"))
_ADD_OBJECT = inserting("audit_object", ("object", "entry"))
_DUTIES = """
    SELECT role, area FROM duty
     WHERE person = :name AND starts_at <= :now AND ends_at > :now
     ORDER BY starts_at, id
"""
_ABOUT = """
    SELECT * FROM audit WHERE subject = :object
     UNION
    SELECT audit.* FROM audit_object JOIN audit ON audit.id = audit_object.entry WHERE audit_object.object = :object
     ORDER BY id
"""


def append(tx: Transaction, entry: Entry) -> int:
    """Append an entry now, with the duties that its author holds, and return its number."""
    head = tx.sql.find("SELECT number, hash FROM audit_head")
    if head is None:
        raise LookupError("the audit has no head")
    duties = tx.sql.rows(_DUTIES, {"name": entry.by, "now": tx.now})
    number = int(head["number"]) + 1
    row: Row = {
        "id": id_of(number),
        "at": tx.now,
        "action": entry.event,
        "actor": whole(entry.by),
        "role": _each_once(duty["role"] for duty in duties),
        "place": _each_once(duty["area"] for duty in duties),
        "address": entry.address or tx.address,
        "subject": whole(entry.object),
        "result": entry.result,
        "detail": details_text(entry),
    }
    row["hash"] = chained(head["hash"], row)
    tx.sql.put(_ADD, row)
    tx.sql.run_each(_ADD_OBJECT, ({"object": each, "entry": row["id"]} for each in more_objects(row)))
    tx.sql.put("UPDATE audit_head SET number = :number, hash = :hash", {"number": number, "hash": row["hash"]})
    return number


def list_about(reading: Reading, object: str) -> Iterator[Recorded]:
    """Yield what was done to ``object``, oldest first. For administrators and auditors, who see the whole county."""
    return (recorded(row) for row in reading.sql.each(_ABOUT, {"object": object}))


def broken(reading: Reading) -> Iterator[str]:
    """Yield where the chain does not hold, the entry or the head, oldest first; nothing when it is whole."""
    gone, replaced = removal.vouched(reading)
    before, number = BEFORE_THE_FIRST, 0
    for row in reading.sql.stream("SELECT * FROM audit ORDER BY id"):
        while row["id"] > id_of(number + 1) and number + 1 in gone:
            number, before = gone[number + 1]
        number += 1
        if row["id"] != id_of(number):
            yield f"entry {number}: not there"
        expected = removal.digest(row) if row["id"] in replaced else chained(before, row)
        if expected != replaced.get(row["id"], row["hash"]):
            yield f"entry {row['id']}: changed, or its predecessor is another"
        before = row["hash"]
    head = reading.sql.find("SELECT number, hash FROM audit_head")
    if head != {"number": number, "hash": before}:
        yield f"head: says {head}, the last entry is {number}"
    yield from _unlisted(reading)


def _unlisted(reading: Reading) -> Iterator[str]:
    """Yield the entries that the index by objects finds otherwise than they say."""
    listed = reading.sql.stream("SELECT object, entry FROM audit_object ORDER BY entry, object")
    found: Row | None = next(listed, None)
    for row in reading.sql.stream("SELECT id, subject, detail FROM audit ORDER BY id"):
        told = []
        while found is not None and found["entry"] <= row["id"]:
            told.append((found["entry"], found["object"]))
            found = next(listed, None)
        if told != [(row["id"], each) for each in sorted(more_objects(row))]:
            yield f"entry {row['id']}: not found by what it is about"
    if found is not None:
        yield f"entry {found['entry']}: found, and not there"


def recorded(row: Row) -> Recorded:
    """Return the entry that a row of the table holds."""
    return Recorded(
        int(row["id"]),
        row["at"],
        row["action"],
        row["actor"],
        row["role"],
        row["place"],
        row["address"],
        row["subject"],
        row["result"],
        details_of(row),
        row["hash"],
    )


def _each_once(words: Iterator[Any]) -> str:
    return " ".join(dict.fromkeys(words))
