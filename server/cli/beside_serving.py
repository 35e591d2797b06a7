"""What is done beside a running server: what time alone brings about, backups, a look through a large database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from server import background
from server.admin.usecases.disk_room import DiskWatch
from server.admin.usecases.housekeeping import (
    FILES_EVERY_S,
    LABELS_EVERY_S,
    Housekeeper,
    file_round,
    label_round,
    round_of,
)
from server.audit.usecases import rounds
from server.backups.store import plain_copy
from server.backups.usecases import schedule
from server.db.database import Database
from server.errors import Damaged
from server.log import log
from server.photos.usecases import thumbnails
from server.scheduler.usecases import running
from server.settings import Settings, described
from server.submissions.store.blobs import BlobStore
from server.summaries.usecases import keeping_movements
from server.webhooks.usecases import delivering

T = TypeVar("T")


@contextmanager
def doing_beside(database: Database, blobs: BlobStore, settings: Settings, *, is_seen_whole: bool) -> Iterator[None]:
    """Do beside the server what it needs, until the block ends.

    is_seen_whole: the database was looked through to its end before. Raises Invalid for settings of backups that can
    never make one.
    """
    stopping = threading.Event()
    plain_copy.sweep(database.folder)
    keeper = _keeper(database, settings, stopping)
    rounds.start(database, described(settings))

    def clean() -> None:
        file_round(database, blobs)

    def keep_days() -> None:
        keeping_movements.round_of(database, stopping.is_set)

    def draw() -> None:
        thumbnails.round_of(database, blobs, stopping, settings.disk_free_bytes_min)

    try:
        with (
            Housekeeper(by_one(database, "housekeeping", lambda: database.write(round_of))),
            Housekeeper(by_one(database, "timers", lambda: running.round_of(database)), task="timers"),
            Housekeeper(lambda: rounds.every_minute(database), task="audit"),
            Housekeeper(by_one(database, "files", clean), FILES_EVERY_S, "cleaning files"),
            Housekeeper(DiskWatch(database.folder, settings.disk_free_bytes_min).round, task="disk"),
            Housekeeper(lambda: label_round(database), LABELS_EVERY_S, "entering labels"),
            Housekeeper(delivering.Deliverer(database, settings).round, delivering.EVERY_S, "webhooks"),
            Housekeeper(by_one(database, "thumbnails", draw), thumbnails.EVERY_S, "thumbnails"),
            Housekeeper(by_one(database, "movements", keep_days), keeping_movements.EVERY_S, "movements of days"),
            nullcontext() if is_seen_whole else _looking_through(database),
            nullcontext() if keeper is None else Housekeeper(keeper.round, task="backups"),
        ):
            try:
                yield
            finally:
                stopping.set()  # a backup that is under way ends here
    finally:
        rounds.stop(database)


def by_one(database: Database, task: str, run_round: Callable[[], T]) -> Callable[[], T | None]:
    """Return ``run_round`` as one process at a time does it; it returns None where another process is at it."""

    def run() -> T | None:
        with database.engine.one_at_a_time(task) as is_ours:
            return run_round() if is_ours else None

    return run


def _keeper(database: Database, settings: Settings, stopping: threading.Event) -> schedule.Keeper | None:
    if settings.backup_folder is None:
        return None
    keys = settings.backup_recipients
    order = schedule.order_of(database, settings.backup_folder, keys, stopping, settings.disk_free_bytes_min)
    return schedule.Keeper(database, order, settings.backup_times)


@contextmanager
def _looking_through(database: Database) -> Iterator[None]:
    """Look through the whole of a large database beside the server; once it is found broken, no more is written."""
    stopping = threading.Event()

    def look() -> None:
        background.give_way()
        try:
            database.engine.require_sound(stopping)
        except Damaged as found:
            database.note_damage()
            log.error("database damaged", problem=found.message, cause=repr(found.__cause__))

    looking = threading.Thread(target=look, name="looking through the database")
    looking.start()
    try:
        yield
    finally:
        stopping.set()
        looking.join()
