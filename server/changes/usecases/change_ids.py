"""Finds the id that a requested change is kept under: what one person asks for never meets an id of another's.

Ids of changes are made by clients. A request under an id that somebody else's change has is taken as any new one and
kept under another, and its author is answered under the id that they sent. So nobody finds out by an answer which ids
there are (ADR 0038), and each gets the same answer to the same request again.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import NAMESPACE_OID, uuid5

from server.changes.store import verdicts
from server.changes.store.verdicts import Stored
from server.changes.usecases.recording import Outcome
from server.db.transactions import Reading, Transaction
from server.errors import Conflict
from server.people.domain.actors import Actor
from server.records.store import records


def find(reading: Reading, id: str, by: Actor) -> tuple[str, Stored | None]:
    """Return the id that a change of ``by`` is kept under, and its verdict, None when they never asked for it.

    id: UUID that the client made.
    """
    stored = verdicts.find(reading, id)
    if stored is None or stored.author == by.name:
        return id, stored
    own = _derived("change", id, by)
    return own, verdicts.find(reading, own)


def repeated(tx: Transaction, asked: str | None, content: str, by: Actor) -> tuple[str, Outcome | None]:
    """Return the id that a change is kept under, and its outcome where it was carried out already.

    asked: id that the client made, None to let the server make one. content: a hash that tells one request of an author
    from another. Raises Conflict when they had another change carried out under this id, and NotFound when its record
    is out of their scope by now.
    """
    if asked is None:
        return tx.new_id(), None
    id, stored = find(tx, asked, by)
    if stored is None:
        return id, None
    if stored.content != content:
        raise Conflict("这个变更编号 (id) 已用于别的内容；请换一个新的 UUID 再提交。", id=asked)
    record = records.get(tx, stored.record, by.scope)
    return id, Outcome(asked, stored.verdict, stored.raised, record, stored.conflicts, stored.problem)


def answered(outcome: Outcome, asked: str | None) -> Outcome:
    """Return an outcome under the id that its author sent, None for none."""
    return outcome if asked is None else replace(outcome, id=asked)


def of_record(record: str, by: Actor) -> str:
    """Return the id of the change that makes a record, of a request that names the record and not the change.

    record: UUID that the client made for the record; it stands for the request, and is not given to the record.
    """
    return _derived("record", record, by)


def _derived(kind: str, id: str, by: Actor) -> str:
    return str(uuid5(NAMESPACE_OID, f"{kind} {id} {by.name}"))
