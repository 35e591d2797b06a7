"""Keeps house beside a running server: does again and again what nobody asks for, until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType

from server.admin.usecases.housekeeping import Done
from server.db.database import Database
from server.log import log
from server.records.store import label_search

EVERY_S = 60.0
"""How long between two rounds, in seconds."""

LABELS_EVERY_S = 2.0
"""How long between two windows of the index of labels: a million labels take some minutes, in the background."""


class Housekeeper:
    """A thread that does the first round at once, then one every ``every_s`` seconds; for use in a ``with``.

    turn: does one round and says what it did, None for what is not worth telling. One that fails is told in the log
    and tried again with the next. task: what the log calls it. Leaving the ``with`` waits for the round under way.
    """

    def __init__(self, turn: Callable[[], Done | None], every_s: float = EVERY_S, task: str = "housekeeping") -> None:
        self._turn = turn
        self._every_s = every_s
        self._stopped = threading.Event()
        self._task = task
        self._thread = threading.Thread(target=self._keep, name=task)

    def __enter__(self) -> Housekeeper:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._stopped.is_set():
            self._do()
            self._stopped.wait(self._every_s)

    def _do(self) -> None:
        try:
            done = self._turn()
        except Exception as error:  # whatever it was, the next round begins from what is there
            log.error(f"{self._task} failed", problem=type(error).__name__, exc_info=error)
            return
        if done is None:
            return
        for record, problem in done.stuck:
            log.error(f"{self._task} left a record as it was", record=record, problem=problem)
        told = {name: count for name, count in done._asdict().items() if name != "stuck"}
        if any(told.values()):
            log.info(self._task, **told)


def label_round(database: Database) -> None:
    """Enter one window of labels, if there is one; nothing of it is worth telling."""
    enter_labels(database)


def enter_labels(database: Database) -> bool:
    """Enter one window of labels in the index, made in this thread and written in short turns of the writer.

    Return whether there was one to enter.
    """
    with database.reading() as reading:
        window = label_search.next_window(reading)
    if window is None:
        return False
    for rows in label_search.slices(window):
        database.write(partial(label_search.enter, rows=rows))
    database.write(partial(label_search.move_mark, window=window))
    return True
