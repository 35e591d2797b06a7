"""Commits the writes of many requests together, so that durability costs one fsync for all who wait.

The writer takes what is queued into one transaction, which excludes every other writer of the county, and answers only
after COMMIT; a work that fails is undone alone. A work may be carried out twice, so it must touch nothing but its
transaction.
What is true if we die after each step:

1. work queued, not begun: nobody was answered, nothing is stored; the phone sends again.
2. carried out, not committed: the same; the engine forgets the transaction.
3. committed, not answered: stored and durable; the phone sends again and finds its stored verdict.
4. answered: stored and durable.

``run_in_writer`` runs a whole request in the writer's own thread, where a ``RequestRunner`` is given
(``server.fast_path``).
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from server.db.commits import Begin, Job, commit
from server.db.engine import Connection, Turn
from server.db.transactions import Transaction
from server.errors import Unavailable

T = TypeVar("T")

BATCH_MAX = 256
"""How many works share one commit; more would make the first of them wait for the last."""

IN_WRITER_MAX = 48
"""How many requests run in the writer share one commit: each costs about half a millisecond before it writes."""

GATHER_S = 0.003
"""How long a busy writer waits at most for a batch as large as the last one, in seconds."""

LOOK_S = 0.0003
"""How often it looks meanwhile whether that many are here."""


class Request(NamedTuple):
    """A request to run in the writer's thread.

    run: must be short, hold no reading open while it writes, wait for nothing else, and raise nothing. answer: called
    in the same thread once every request of the same commit has run, so that their answers go out together.
    """

    run: Callable[[], None]
    answer: Callable[[], object]


Failed = Callable[[BaseException], None]
"""What is called, in whichever thread, when a work that nobody waits for was not stored."""


class RequestRunner(Protocol):
    """Runs requests in the writer's thread, each until it waits for a commit or ends.

    begin, resume: return the works that wait now; those given to ``resume`` have been committed. write: called by a
    request; returns once the work is committed. close: called at the end, when nothing waits.
    """

    def begin(self, requests: list[Request]) -> list[Any]: ...

    def resume(self, committed: list[Any]) -> list[Any]: ...

    def write(self, work: Callable[[Transaction], T]) -> T: ...

    def close(self) -> None: ...


class Writer(Protocol):
    """What carries out the county's writes, one commit at a time."""

    def write(self, work: Callable[[Transaction], T]) -> T: ...

    def write_later(self, work: Callable[[Transaction], object], failed: Failed) -> None: ...

    def run_in_writer(self, request: Request) -> None: ...

    def queue_length(self) -> int: ...

    def close(self) -> None: ...


class InlineWriter:
    """Writes in the caller's thread, a commit each: for commands, simulations and tests."""

    def __init__(self, connection: Connection, begin: Begin, turn: Turn) -> None:
        self._connection = connection
        self._begin = begin
        self._turn = turn

    def write(self, work: Callable[[Transaction], T]) -> T:
        with self._turn.hold():
            self._connection.begin()
            try:
                batch = self._begin(self._connection.sql)
                result = work(batch.transaction())
                batch.finish()
                self._connection.commit()
            except BaseException:
                self._connection.roll_back()
                raise
            return result

    def write_later(self, work: Callable[[Transaction], object], failed: Failed) -> None:
        try:
            self.write(work)
        except Exception as error:  # whatever kept it from being stored, its caller goes on
            failed(error)

    def run_in_writer(self, request: Request) -> None:
        request.run()
        request.answer()

    def queue_length(self) -> int:
        return 0

    def close(self) -> None:
        self._connection.close()
        self._turn.close()


class _Waiting(Job):
    """A work whose caller waits in another thread."""

    __slots__ = ("done",)

    def __init__(self, work: Callable[[Transaction], T]) -> None:
        super().__init__(work)
        self.done = threading.Lock()
        self.done.acquire()

    def tell(self) -> None:
        self.done.release()


class _Unawaited(Job):
    """A work whose caller goes on. failed: called when it was not stored."""

    __slots__ = ("failed",)

    def __init__(self, work: Callable[[Transaction], object], failed: Failed) -> None:
        super().__init__(work)
        self.failed = failed

    def tell(self) -> None:
        if self.error is not None:
            self.failed(self.error)


_Work = _Waiting | _Unawaited
_WORKS = (_Waiting, _Unawaited)


class ThreadWriter:
    """Writes in a thread of its own, many works to a commit."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        begin: Begin,
        turn: Turn,
        runner: RequestRunner | None = None,
    ) -> None:
        self._connect = connect
        self._begin = begin
        self._turn = turn
        self._runner = runner or _NoWrites()
        self._queue: queue.SimpleQueue[_Work | Request | None] = queue.SimpleQueue()
        self._untold: deque[_Work] = deque()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="firegrid-writer", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[Transaction], T]) -> T:
        if threading.current_thread() is self._thread:
            return self._runner.write(work)
        job = _Waiting(work)
        self._put(job)
        job.done.acquire()
        result: T = job.outcome()
        return result

    def write_later(self, work: Callable[[Transaction], object], failed: Failed) -> None:
        try:
            self._put(_Unawaited(work, failed))
        except Unavailable as error:
            failed(error)

    def run_in_writer(self, request: Request) -> None:
        """Queue ``request`` to run in this thread, its writes in commits with others. Raises Unavailable if closed."""
        self._put(request)

    def queue_length(self) -> int:
        return self._queue.qsize()

    def close(self) -> None:
        """Finish what is queued; later works are refused with Unavailable."""
        with self._closing:
            if not self._closed:
                self._queue.put(None)
            self._closed = True
        self._thread.join()
        self._turn.close()

    def _put(self, item: _Work | Request) -> None:
        with self._closing:
            if self._closed:
                raise Unavailable("服务器正在停止，请稍后再试。")
            self._queue.put(item)

    def _run(self) -> None:
        try:
            self._commit_until_closed()
        finally:
            # Nobody waits any more, unless this thread has failed: then whoever does is told, instead of left waiting.
            with self._closing:
                self._closed = True
            left = [self._queue.get() for _ in range(self._queue.qsize())]
            for job in (*self._untold, *left):
                if isinstance(job, _WORKS):
                    job.error = Unavailable("服务器已不能保存，要重新启动才能恢复；请稍后再试，或联系管理员。")
                    job.tell()

    def _commit_until_closed(self) -> None:
        connection = self._connect()
        going_on, answered = True, 0
        while going_on:
            self._gather(answered)
            waiting, requests, going_on = self._next_batch()
            answered = [type(job) for job in waiting].count(_Waiting) + len(requests)
            self._untold.extend(waiting)
            parked = self._runner.begin(requests)
            while self._untold or parked:
                commit(connection, [*self._untold, *parked], self._begin, self._turn)
                while self._untold:
                    self._untold.popleft().tell()
                parked = self._runner.resume(parked)
        self._runner.close()
        connection.optimize()
        connection.close()

    def _gather(self, answered: int) -> None:
        """Give those whom the last commit answered the time to come again; who works alone waits for nobody.

        Meanwhile the event loop has the interpreter to itself. If both worked at once, they would snatch it from each
        other, and fewer requests would share a commit: measured, an eighth more processor time for a submission.
        """
        if answered < 2:
            return
        until = time.perf_counter() + GATHER_S
        while self._queue.qsize() < answered and time.perf_counter() < until:
            time.sleep(LOOK_S)

    def _next_batch(self) -> tuple[list[_Work], list[Request], bool]:
        """Wait for a first item and take what else is queued; False says that none will follow."""
        waiting: list[_Work] = []
        requests: list[Request] = []
        item = self._queue.get()
        while item is not None:
            if isinstance(item, Request):
                requests.append(item)
            else:
                waiting.append(item)
            if len(waiting) == BATCH_MAX or len(requests) == IN_WRITER_MAX:
                return waiting, requests, True
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return waiting, requests, True
        return waiting, requests, False


class _NoWrites:
    """Runs requests that only read: what asks for a commit in the writer's thread is a work."""

    def begin(self, requests: list[Request]) -> list[Any]:
        for request in requests:
            request.run()
            request.answer()
        return []

    def resume(self, committed: list[Any]) -> list[Any]:
        return committed

    def write(self, work: Callable[[Transaction], T]) -> T:
        raise RuntimeError("a work must not ask for another commit")

    def close(self) -> None:
        """Nothing is held open."""
