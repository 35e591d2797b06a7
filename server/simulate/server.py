"""The real server of a simulation: its application and its store in this thread, on a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from copy import copy
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from flask import Flask

from server import app as application
from server.admin.usecases import housekeeping
from server.db import database
from server.db.database import Database
from server.db.transactions import Transaction
from server.settings import Settings
from server.simulate.clock import ServerClock
from server.simulate.store.disk import Blobs, Disk, Killed, take_killed

T = TypeVar("T")


class Answer(NamedTuple):
    """An answer of the server. body: its bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Server:
    """A server that can be stopped, killed, started, and given another folder's files.

    kills: how often it was killed. failures: paths that it answered with 500, which it never should.
    """

    def __init__(self, folder: Path, clock: ServerClock, ids: Callable[[], str]) -> None:
        self.folder = folder
        self.disk = Disk()
        self.kills = 0
        self.failures: list[str] = []
        self._clock = clock
        self._ids = ids
        self._app: Flask | None = None

    @property
    def store(self) -> Database:
        """The store of the running server."""
        return application.database_of(self._running())

    def start(self) -> None:
        """Serve the folder."""
        store = database.open_inline(self.folder, self._clock, self._ids, self.disk.around(self.folder))
        blobs = Blobs(self.disk, self.folder / "blobs")
        self._app = application.open_folder(_with_doors(), Settings(self.folder), store, blobs)

    def stop(self) -> None:
        """Stop as one is told to: what is queued is finished."""
        application.close(self._running())
        self._app = None

    def put_back(self, copy_of_it: Path) -> None:
        """Stop, put a copy of a folder in the place of this one's, and start again."""
        self.stop()
        shutil.rmtree(self.folder)
        shutil.copytree(copy_of_it, self.folder)
        self.disk.forget_images()
        self.start()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Carry out a command beside the server, as whoever runs it does."""
        return self.store.write(work)

    def keep_house(self) -> None:
        """Do what time alone brings about, as the running server does each minute."""
        self.write(housekeeping.round_of)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request. Raises Killed where the server was killed over it; it runs again by then."""
        try:
            got = (
                self._running().test_client().open(path, method=method, headers=dict(headers), data=body, buffered=True)
            )
        except Killed:
            self._start_after_kill()
            raise
        if got.status_code == 500:
            self.failures.append(f"{method} {shown_path(path)}")
        return Answer(got.status_code, dict(got.headers), got.data)

    def lose_power(self) -> None:
        """Let the machine lose its power, and start again with what had been synced to disk by then."""
        self.disk.keep_synced(self.folder)
        self._start_after_kill()

    def _start_after_kill(self) -> None:
        self.kills += 1
        self.stop()
        take_killed(self.folder)
        self.disk.forget_images()
        self.start()

    def _running(self) -> Flask:
        if self._app is None:
            raise RuntimeError("the server is stopped")
        return self._app


def shown_path(path: str) -> str:
    """Return a path as a trace may show it: without the key of a phone, and without what is asked of it."""
    before, key, after = path.partition("/key/")
    rest = f"{before}/key/…/{after.partition('/')[2]}" if key else path
    return rest.partition("?")[0]


def _with_doors() -> Flask:
    """Return an application of one's own, whose doors were mounted once: that is most of a start."""
    app = copy(_doors())
    app.config, app.extensions = copy(app.config), dict(app.extensions)
    return app


@cache
def _doors() -> Flask:
    return application.mount_doors()
