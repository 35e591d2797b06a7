"""Gives every section a data folder, servers on it, and the limits of the machine, each measured once."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, NamedTuple

from bench import county, load, machine
from bench.county import County
from bench.figures import number
from bench.load import Sent

TIMEOUT_S = 30
ROUNDS = 300
OPENROSA = {"X-OpenRosa-Version": "1.0"}
PROGRAM = (sys.executable, "-c", "from server.cli.main import main; main()")
"""The command firegrid of this version."""


class Answer(NamedTuple):
    """The answer to a request. headers: by lower-case name. seconds: from the first byte sent to the last one read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Server:
    """A running server process. port: on 127.0.0.1. started_s: from its start to its first good answer."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, started_s: float) -> None:
        self.pid = process.pid
        self.port = port
        self.started_s = started_s

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        """Hold one connection."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)) as connection:
            yield connection


class LoadResult(NamedTuple):
    """A load and what it cost. processor_ms: user and system time of the server, all threads, for each answer."""

    sent: Sent
    processor_ms: float

    def cost(self) -> str:
        """Return the processor time, for a table."""
        return f"{number(self.processor_ms)} ms of processor each"


class Environment:
    """What all sections share. folder: for temporary data, on the disk to measure. seconds: duration of each load."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder = folder
        self.seconds = seconds

    @cached_property
    def county(self) -> County:
        """The data folder that every section starts from, made once; converting its forms takes seconds."""
        return county.make(self.folder / "county")

    def copy_of_county(self, name: str) -> County:
        """Return a copy of ``county`` that a section may fill as it likes."""
        copy = self.folder / name
        shutil.copytree(self.county.folder, copy)
        return self.county._replace(folder=copy)

    @cached_property
    def fsyncs_per_s(self) -> float:
        return machine.fsyncs_per_s(self.folder)

    @cached_property
    def transactions_per_s(self) -> float:
        return machine.transactions_per_s(self.folder)

    @cached_property
    def empty_application(self) -> LoadResult:
        """The same load on the same server with an empty application."""
        with serving_empty_application() as server:
            return _load(server, "/empty", min(self.seconds, 3))

    @cached_property
    def empty_application_seconds(self) -> list[float]:
        """Durations of its answers on one connection."""
        with serving_empty_application() as server, server.connection() as connection:
            return [ask(connection, "/empty").seconds for _ in range(ROUNDS)]


def ask(
    connection: http.client.HTTPConnection,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] = OPENROSA,
    body: bytes | Iterator[bytes] | None = None,
) -> Answer:
    """Send one request and read its whole answer."""
    began = time.perf_counter()
    connection.request(method, path, body=body, headers=dict(headers))
    with connection.getresponse() as response:
        content = response.read()
        named = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, named, content, time.perf_counter() - began)


def expect(answer: Answer, status: int) -> Answer:
    """Return ``answer``. Raises RuntimeError when it has another status: its time would mean nothing."""
    if answer.status != status:
        raise RuntimeError(
            f"answered {answer.status} instead of {status}: {answer.body[:300].decode(errors='replace')}"
        )
    return answer


def submit(server: Server, filled: County, *, seconds: float, count: int = 0) -> LoadResult:
    """Send submissions to the server of ``filled``, for ``seconds``, or until ``count`` have been sent if given.

    Raises RuntimeError when one of them made no record.
    """
    result = _load(server, f"{filled.phone_path}/submission", seconds, count)
    county.require_records(filled.folder, result.sent)
    return result


def _load(server: Server, path: str, seconds: float, count: int = 0) -> LoadResult:
    used_s = machine.processor_s(server.pid)
    sent = load.send(server.port, path, seconds=seconds, count=count)
    used_s = machine.processor_s(server.pid) - used_s
    return LoadResult(sent, used_s / len(sent.seconds) * 1000)


@contextmanager
def serving(
    folder: Path, program: Sequence[str] = PROGRAM, log: int | IO[bytes] | None = subprocess.DEVNULL, **settings: str
) -> Iterator[Server]:
    """Run ``firegrid serve`` on a data folder until the block ends.

    program: the command firegrid of the version to measure, this one if not given. log: where its lines go, nowhere if
    not given. settings: of its environment.
    """
    port = _free_port()
    command = [*program, "serve", "--data", str(folder), "--port", str(port)]
    with _running(command, port, "/readyz", 200, settings, log) as server:
        yield server


@contextmanager
def serving_empty_application() -> Iterator[Server]:
    """Run the same web server with an empty application until the block ends."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.empty_application", str(port)]
    with _running(command, port, "/", 201) as server:
        yield server


@contextmanager
def _running(
    command: list[str],
    port: int,
    path: str,
    status: int,
    settings: Mapping[str, str] | None = None,
    log: int | IO[bytes] | None = subprocess.DEVNULL,
) -> Iterator[Server]:
    began = time.perf_counter()
    environment = {**os.environ, **(settings or {})}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env=environment)
    try:
        while not _answers(port, path, status):
            if process.poll() is not None or time.perf_counter() - began > TIMEOUT_S:
                raise RuntimeError(f"the server did not start: {' '.join(command)}")
            time.sleep(0.005)
        yield Server(process, port, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int, path: str, status: int) -> bool:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)) as connection:
            return ask(connection, path).status == status
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
