"""Takes a batch of changes from a field client: each is judged by itself and gets a verdict (``sync.md`` section 4).

What is true if we die: nothing of a part that was not answered may be assumed, and everything may be sent again; an
item that is in already gets its stored verdict. One bad item never holds up another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import orjson

from server.changes.store import verdicts
from server.changes.usecases import write
from server.changes.usecases.recording import Outcome
from server.db.transactions import Transaction
from server.errors import ITEM_ERRORS, Refusal
from server.people.domain.actors import Actor
from server.people.store import people
from server.problems.domain.problems import Problem, ProblemKind
from server.problems.store import problems
from server.records.domain import relation
from server.records.store import epoch_raises, revisions
from sync.changes import CREATING, Change, Verdict


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that is no change. id: as it was sent, empty where it had none. reason: in Chinese. raw: as it came."""

    id: str
    reason: str
    raw: Any


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one item: its outcome, the seq of its revision (None without one), and what its problem says.

    error: for the log, when it is the server's fault that nothing became of it.
    """

    outcome: Outcome
    seq: int | None = None
    message: str = ""
    error: Exception | None = None


Item = Change | Unreadable


def receive(tx: Transaction, items: Sequence[Item], *, name: str) -> list[Answered]:
    """Judge ``items`` in their order and return an answer for each; only one that is refused is undone.

    name: of the author, whose duties are read in this transaction, since they may have changed since the request.
    """
    by = people.actor(tx, name)
    try:
        with tx.savepoint():
            made = (item for item in items if isinstance(item, Change) and item.action in CREATING)
            tx.sql.prefetch(verdicts.lookup(change, name) for change in made)
            answered = [_answered(tx, _received(tx, item, by)) for item in items]
    except ITEM_ERRORS:
        # Hardly ever, so that it is cheaper to begin again than to give each item a savepoint from the first: SQLite
        # copies every page that is written in one.
        answered = [_received_in_savepoint(tx, item, by) for item in items]
    _close(tx, by, items, {each.outcome.problem for each in answered})
    return answered


def _close(tx: Transaction, by: Actor, items: Sequence[Item], still: Collection[str | None]) -> None:
    """Settle the problems about items that had to be kept whole once, and have been judged now.

    still: problems that the answers name.
    """
    changes = {item.id: item for item in items if isinstance(item, Change)}
    for problem, item, kept_as in problems.kept_whole(tx, by.name, changes.keys()):
        if problem not in still and kept_as == _kept_as(by, _plain(changes[item])):
            problems.settle(tx, problem, "server")


def _received(tx: Transaction, item: Item, by: Actor) -> Outcome:
    return _kept(tx, item, by) if isinstance(item, Unreadable) else write.apply(tx, item, by=by)


def _received_in_savepoint(tx: Transaction, item: Item, by: Actor) -> Answered:
    """Receive one item; what cannot be carried out is kept whole, and judged anew whenever it is sent again."""
    try:
        with tx.savepoint():
            return _answered(tx, _received(tx, item, by))
    except ITEM_ERRORS as error:
        if isinstance(item, Unreadable):
            raise
        if isinstance(error, Refusal):  # such as a record type that no form declares
            return _answered(tx, _kept(tx, Unreadable(item.id, error.message, _plain(item)), by))
        kept = _kept(tx, Unreadable(item.id, _SERVER_ERROR, _plain(item)), by)
        return replace(_answered(tx, kept), error=error)


_SERVER_ERROR = "服务器办理时出错，不是填报的问题；请管理员查看日志，修复后会自动办理。"


def _kept(tx: Transaction, item: Unreadable, by: Actor) -> Outcome:
    """Keep an item that cannot be judged, once, whole, as a problem."""
    id = _kept_as(by, item.raw)
    problem = problems.of_change(tx, id, by.name) or problems.add(
        tx,
        Problem(
            ProblemKind.UNREADABLE,
            relation.home_path(by) or "",
            f"手机送来一项不能直接办理的内容，已原样留存：{_storable(item.reason)}",
            change=id,
            author=by.name,
            detail={"item": item.raw, "id": _storable(item.id)},
        ),
    )
    return Outcome(item.id, Verdict.QUARANTINED, None, None, problem=problem)


def _storable(text: str) -> str:
    """Return a text as every database keeps it in a column: U+0000 stands as U+FFFD. In JSON it stands as it came."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _kept_as(by: Actor, raw: Any) -> str:
    content = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS, default=str)
    return str(uuid5(NAMESPACE_OID, f"{by.name} {content.hex()}"))


def _answered(tx: Transaction, outcome: Outcome) -> Answered:
    record, seq = outcome.record, None
    if record is not None and outcome.version is not None:
        # The seq is that of the change itself, which a backup from before a new epoch may hold.
        is_newest = record.version == outcome.version < epoch_raises.VERSIONS
        seq = record.seq if is_newest else revisions.seq_of_change(tx, record.id, outcome.version)
    message = outcome.message
    if message is None:
        message = "" if outcome.problem is None else problems.message_of(tx, outcome.problem)
    return Answered(outcome, seq, message)


def _plain(change: Change) -> Mapping[str, Any]:
    return {
        "id": change.id,
        "record": change.record,
        "type": change.type,
        "action": change.action,
        "device": change.dot.origin,
        "seq": change.dot.seq,
        "area": change.area,
        "base_version": change.base_version,
        "fields": {name: [write.seen, write.new] for name, write in change.fields.items()},
        "made_at": None if change.made_at is None else change.made_at.isoformat(),
    }
