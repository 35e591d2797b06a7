"""Measures what a backup beside the server costs those who send meanwhile."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import county, machine
from bench.county import County
from bench.environment import PROGRAM, TIMEOUT_S, Environment, Server, serving
from bench.figures import Figure, Target, number, percentile
from bench.load import Phone, uuid4
from bench.push_requests import creation
from server.db.folder import FILE_NAME

TITLE = "eight phones that send at a steady pace, without and with a backup beside them"
PHONES, PER_S = 8, 80
"""A county of a thousand phones sends less in its busiest hour."""

RECORDS, CHARACTERS = 50_000, 500
"""What is there already: 200 MB, as of some years."""

TURNS = 3
"""Measured by turns, so that other work on the machine meets both alike."""

TARGET_RISE = 20
"""By how many percent the p99 may rise."""


def measure(environment: Environment) -> Iterator[Figure]:
    filled = environment.copy_of_county("backup")
    change = creation(uuid4())
    county.copy_record(
        filled.folder, {**change, "fields": {**change["fields"], "description": [None, "堵" * CHARACTERS]}}, RECORDS
    )
    size_mb = (filled.folder / FILE_NAME).stat().st_size / 1e6
    alone: list[float] = []
    beside: list[float] = []
    with serving(filled.folder) as server:
        _send(server, filled, 1)  # warms up
        for _ in range(TURNS):
            alone += _send(server, filled, environment.seconds / TURNS)
            with _backing_up(filled.folder, environment.folder / "backups"):
                beside += _send(server, filled, environment.seconds / TURNS)
    for name, seconds in (("p99 without a backup", alone), ("p99 beside a backup", beside)):
        spread = f"p50 {number(percentile(seconds, 50) * 1000)} ms, {len(seconds):,} submissions"
        yield Figure(name, percentile(seconds, 99) * 1000, "ms", None, spread, machine.load_now())
    rise = (percentile(beside, 99) / percentile(alone, 99) - 1) * 100
    yield Figure("  rise of the p99", rise, "%", Target(TARGET_RISE), reference=f"database of {number(size_mb)} MB")


@contextmanager
def _backing_up(data: Path, to: Path) -> Iterator[None]:
    """Make one backup after the other until the block ends; it begins once the first is copying."""
    stopping = threading.Event()
    command = [*PROGRAM, "backup", str(to), "--data", str(data)]

    def work() -> None:
        while not stopping.is_set():
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
                while process.poll() is None:
                    if stopping.wait(0.05):
                        process.terminate()

    working = threading.Thread(target=work)
    working.start()
    try:
        until = time.monotonic() + TIMEOUT_S
        while not list(to.glob("*.making")):
            if time.monotonic() > until:
                raise RuntimeError("no backup began")
            time.sleep(0.01)
        yield
    finally:
        stopping.set()
        working.join()


def _send(server: Server, filled: County, seconds: float) -> list[float]:
    """Let every phone send at its pace, and return how long each answer took.

    Raises RuntimeError for another answer than that it was taken as new.
    """
    taken: list[float] = []
    statuses: set[str] = set()
    ends_at = time.perf_counter() + seconds

    def send(number: int) -> None:
        with contextlib.closing(socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S)) as line:
            phone = Phone(line)
            due = time.perf_counter() + number / PER_S
            while due < ends_at:
                time.sleep(max(0.0, due - time.perf_counter()))
                phone.post(f"{filled.phone_path}/submission")
                while (status := phone.status()) is None:
                    pass
                taken.append(time.perf_counter() - phone.began)
                statuses.add(status)
                due = max(due + PHONES / PER_S, time.perf_counter())

    phones = [threading.Thread(target=send, args=(number,)) for number in range(PHONES)]
    for each in phones:
        each.start()
    for each in phones:
        each.join()
    if statuses != {"201"}:
        raise RuntimeError(f"not every submission was taken as new, but answered {statuses}")
    return taken
