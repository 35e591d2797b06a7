"""Do what time alone brings about, round after round beside a running server.

Duties end, rows leave the lists of former handlers, labels enter the search index, sign-ins run out. What happens to
cases at a certain instant is a timer's (``server/scheduler``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import NamedTuple

from server import instants
from server.admin.usecases import unneeded_files
from server.cases.store import former_handlers
from server.changes.usecases import automatic_steps
from server.changes.usecases.automatic_steps import Stuck
from server.db import repeats
from server.db.database import Database
from server.db.transactions import Transaction
from server.log import log
from server.outages import Rounds
from server.people.domain.actors import GRACE
from server.people.store import roster_imports, sessions
from server.phones.usecases import handed_phones, todo_refresh
from server.photos.usecases.uploads import CLEANED_AT_ONCE, Uploads
from server.records.store import label_search
from server.submissions.store.blobs import BlobStore

EVERY_S = 60.0
"""Seconds between two rounds."""

LABELS_EVERY_S = 2.0
"""Seconds between two windows of the label index: a million labels take some minutes, in the background."""

FILES_EVERY_S = 600.0
"""Seconds between two rounds that delete files."""


class RoundResult(NamedTuple):
    """What one round did: cases taken back, rows that left somebody's list.

    stuck: what should have been done and failed; the next round tries again. renewed: rows that show another
    ``todo`` since a duty has changed.
    """

    taken_back: int
    left: int
    stuck: tuple[Stuck, ...] = ()
    renewed: int = 0


def round_of(tx: Transaction) -> RoundResult:
    """Do what is due now, as far as one transaction should; nothing to do costs four reads.

    Safe to repeat: what is done is recorded like any other write.
    """
    taken_back = automatic_steps.from_everybody(tx)
    left = former_handlers.let_go(tx, instants.later(tx.now, -GRACE))
    renewed, handed = todo_refresh.refresh(tx), handed_phones.refresh(tx)
    sessions.delete_expired(tx)
    roster_imports.delete_expired(tx)
    repeats.forget_old(tx)
    stuck = (*taken_back.stuck, *renewed.stuck, *handed.stuck)
    return RoundResult(taken_back.done, left, stuck, renewed.done + handed.done)


class Housekeeper:
    """A thread that does the first round at once, then one every ``every_s`` seconds; for use in a ``with``.

    run_round: does one round and returns what it did, None for what is not worth logging. A failed round is logged
    and tried again with the next; of an outage the first round that fails, and that it is over. task: its name in the
    log. Leaving the ``with`` waits for the round under way.
    """

    def __init__(
        self, run_round: Callable[[], RoundResult | None], every_s: float = EVERY_S, task: str = "housekeeping"
    ) -> None:
        self._run_round = run_round
        self._every_s = every_s
        self._stopped = threading.Event()
        self._task = task
        self._rounds = Rounds(task)
        self._thread = threading.Thread(target=self._run, name=task)

    def __enter__(self) -> Housekeeper:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._do()
            self._stopped.wait(self._every_s)

    def _do(self) -> None:
        try:
            done = self._run_round()
        except Exception as error:  # whatever it was, the next round begins from what is there
            self._rounds.failed(error)
            return
        self._rounds.done()
        if done is None:
            return
        for record, problem in done.stuck:
            log.error(f"{self._task} left a record as it was", record=record, problem=problem)
        counts = {name: count for name, count in done._asdict().items() if name != "stuck"}
        if any(counts.values()):
            log.info(self._task, **counts)


def file_round(database: Database, blobs: BlobStore) -> None:
    """Delete uploads that were given up, and files that nothing names."""
    uploads = Uploads(database, blobs, 0)
    while uploads.clean() >= CLEANED_AT_ONCE:
        continue
    unneeded_files.delete_beside(database, blobs)


def label_round(database: Database) -> None:
    """Enter one window of labels, if there is one."""
    enter_labels(database)


def enter_labels(database: Database) -> bool:
    """Enter one window of labels in the index, and return whether there was one.

    The window is computed in this thread and written in short transactions.
    """
    with database.reading() as reading:
        window = label_search.next_window(reading)
    if window is None:
        return False
    for rows in label_search.slices(window):
        database.write(partial(label_search.enter, rows=rows))
    database.write(partial(label_search.move_mark, window=window))
    return True
