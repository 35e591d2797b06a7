"""Lets a write come again and find what came of it the first time, since a sender may never have got the answer.

Whoever may send a write again gives it an id, in the header ``Idempotency-Key`` of the API
(https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/) or in the form of a page. What the work
returned is kept with what it wrote, in one transaction, under a digest of the id, and sealed by a key that only the id
and the secret of the county give: it may hold a phone key or a password that is shown once. What is true if we die:

1. before COMMIT: nothing is kept, and the same again is carried out.
2. after it, answered or not: the same again finds the result, and is answered as the first would have been.

What a rule refuses is undone and not kept: it is examined again when it comes again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from time import sleep
from typing import Any, TypeVar
from uuid import uuid4

from server import instants
from server.db import sealing, values_as_text
from server.db.database import Database
from server.db.sql import CommitUnknown, EngineError, inserting
from server.db.transactions import Reading, Transaction
from server.db.writer import Failed, Request, Writer
from server.errors import Conflict, Invalid, Refusal

T = TypeVar("T")

KEPT = timedelta(days=7)
"""How long a result is kept: whoever lost a connection on a Friday tries again on the Monday after a holiday."""

PAUSES_S = (0.5, 2.0, 5.0, 10.0, 20.0)
"""How long a command waits before it looks whether a write was kept, in seconds, one after the other."""

_ADD = inserting("write_result", ("id", "asked", "result", "at"))


class Repeats:
    """What one request writes. Each of its writes has a number, in the order in which it is asked for.

    key: 32 bytes that the sender's id gives (``sealing.key_of``). asked: digest of what the request asks for; another
    one under the same id is refused.
    """

    def __init__(self, key: bytes, asked: str) -> None:
        self._key = key
        self._asked = sha256(key + asked.encode()).hexdigest()  # it may tell of a password, and nobody may guess it
        self._number = 0

    def work(self, work: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
        """Return a work that does what ``work`` does where it was not done yet, and returns what it returned."""
        return self._remembered(self._next(), work)

    def carry_out(self, database: Database, act: Callable[[Database], T]) -> T:
        """Carry out a use case that ends with its one write and returns what that returned, unless it was done before.

        act: is given the database to work on; what it reads before it writes may have changed by what it wrote.
        Raises as ``act`` does, Invalid where the id was used for something else.
        """
        id, has_written = self._next(), False

        def remembered(work: Callable[[Transaction], Any]) -> Callable[[Transaction], Any]:
            nonlocal has_written
            has_written = True
            return self._remembered(id, work)

        done: tuple[T, ...] = self._looked_up(database, id)
        if done:
            return done[0]
        try:
            result = act(database.with_works(remembered))
        except Refusal:
            if has_written or not (done := self._looked_up(database, id)):
                raise
            return done[0]
        # What it read may be what the same request wrote that came at once, and then nothing was left to write.
        done = () if has_written else self._looked_up(database, id)
        return done[0] if done else result

    def _looked_up(self, database: Database, id: str) -> tuple[Any, ...]:
        """Return what came of a write before, empty where it was not done."""
        with database.reading() as reading:
            is_known, result = self._find(reading, id)
        return (result,) if is_known else ()

    def _next(self) -> str:
        self._number += 1
        return sha256(self._key + str(self._number).encode()).hexdigest()

    def _remembered(self, id: str, work: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
        def once(tx: Transaction) -> T:
            is_known, known = self._find(tx, id)
            if is_known:
                found: T = known
                return found
            result = work(tx)
            sealed = sealing.sealed(values_as_text.encoded(result), self._key)
            tx.sql.put(_ADD, {"id": id, "asked": self._asked, "result": sealed, "at": tx.now})
            return result

        return once

    def _find(self, reading: Reading, id: str) -> tuple[bool, Any]:
        row = reading.sql.find("SELECT asked, result FROM write_result WHERE id = :id", {"id": id})
        if row is None:
            return False, None
        if row["asked"] != self._asked:
            raise Invalid(
                "这个 Idempotency-Key 已用于另一个请求；请为新的请求换一个新的编号。", field="Idempotency-Key"
            )
        try:
            return True, values_as_text.decoded(sealing.opened(bytes(row["result"]), self._key))
        except (LookupError, AttributeError, ImportError, TypeError, ValueError) as error:
            raise Conflict("这个请求已经办理过，原来的答复已经没有了；请刷新后查看结果。") from error


class RepeatingWriter:
    """The writer of a command: where a COMMIT was lost, it finds out what came of it, and does again what was not kept.

    writer: carries out each write; a command waits for each.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def write(self, work: Callable[[Transaction], T]) -> T:
        id, results = uuid4().hex, []

        def once(tx: Transaction) -> None:
            if tx.sql.value("SELECT 1 FROM write_result WHERE id = :id", {"id": id}) is None:
                results.append(work(tx))
                tx.sql.put(_ADD, {"id": id, "asked": "", "result": b"", "at": tx.now})

        try:
            self._writer.write(once)
        except CommitUnknown as unknown:
            self._find_out(once, unknown)
        return results[-1]

    def _find_out(self, once: Callable[[Transaction], None], unknown: CommitUnknown) -> None:
        """Do what was not kept, as soon as the database is there again. Raises ``unknown`` where it stays away."""
        for pause in PAUSES_S:
            sleep(pause)
            with suppress(EngineError):  # as long as nothing can be asked, nobody knows
                self._writer.write(once)
                return
        raise unknown

    def write_later(self, work: Callable[[Transaction], object], failed: Failed) -> None:
        self._writer.write_later(work, failed)

    def run_in_writer(self, request: Request) -> None:
        self._writer.run_in_writer(request)

    def queue_length(self) -> int:
        return self._writer.queue_length()

    def close(self) -> None:
        self._writer.close()


def forget_all(tx: Transaction) -> None:
    """Empty every result: what it tells of somebody who is forgotten, nobody can look up without its sender's id.

    That a write was done stays known, so that it is not done again: whoever repeats it is told so, without its answer.
    """
    tx.sql.put("UPDATE write_result SET result = :nothing", {"nothing": b""})


def forget_old(tx: Transaction) -> None:
    """Delete the results whose time is over."""
    before = instants.later(tx.now, -KEPT)
    tx.sql.put("DELETE FROM write_result WHERE at < :before", {"before": before})
