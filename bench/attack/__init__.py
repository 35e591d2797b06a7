"""Measures how long an officer waits for a list while the server is attacked, and that nothing acknowledged is lost."""

from __future__ import annotations

import http.client
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from bench import county, load
from bench.attack.attackers import ATTACKS, FRAMING_TRICKS, said
from bench.county import County
from bench.environment import PROGRAM, Environment, Server, ask, expect, serving, submit
from bench.figures import Figure, Target, number, percentile
from bench.lists import sign_in
from server.db.folder import FILE_NAME

TITLE = "an officer's list while the server is attacked"
WORST_MS, MORE_MS = 500, 100
ROWS = 10_000
PAUSE_S = 0.1
DISK_BYTES = 60_000_000
FREE_MOST = 20_000
"""How many submissions the files of a server may have room for when the disk has none; its log holds fewer."""
FEW_FILES = ("bash", "-c", 'ulimit -n 64; exec "$@"', "bash", *PROGRAM)


class Waited(NamedTuple):
    """How long the officer waited. seconds: of each list. lost: lists that were not answered with 200."""

    seconds: list[float]
    lost: int


class Surroundings(NamedTuple):
    """What a server runs in. log: where its lines go. program: the command that it is started with."""

    log: int | IO[bytes] | None = subprocess.DEVNULL
    program: tuple[str, ...] = PROGRAM


def measure(environment: Environment) -> Iterator[Figure]:
    filled = environment.copy_of_county("attack")
    with serving(filled.folder) as server:
        submit(server, filled, seconds=0, count=ROWS)
    calm = _measured(environment, filled, "nothing", Surroundings())
    without = percentile(calm.seconds, 95) * 1000
    yield _figure("without an attack", calm, without)
    for name in list(ATTACKS)[1:]:
        yield from _figures(name.replace("_", " "), _measured(environment, filled, name, Surroundings()), without)
    with _closed_pipe() as log:
        yield from _figures("closed log", _measured(environment, filled, "nothing", Surroundings(log)), without)
    with _unread_pipe() as log:
        yield from _figures("unread log", _measured(environment, filled, "nothing", Surroundings(log)), without)
    few = Surroundings(program=FEW_FILES)
    yield from _figures("64 open files", _measured(environment, filled, "idle_connections", few), without)
    if os.geteuid() == 0:
        yield from _figures("full disk, log on it", _on_a_full_disk(environment, filled), without)


def _figures(name: str, waited: Waited, without_ms: float) -> Iterator[Figure]:
    yield _figure(name, waited, without_ms)
    if name == "wrong sign ins":
        more = percentile(waited.seconds, 95) * 1000 - without_ms
        yield Figure("  more than without, p95", more, "ms", Target(MORE_MS))


def _figure(name: str, waited: Waited, without_ms: float) -> Figure:
    spread = f"p95 {number(percentile(waited.seconds, 95) * 1000)} ms, {len(waited.seconds)} lists, {waited.lost} lost"
    reference = f"without p95 {number(without_ms)} ms"
    return Figure(f"{name}, worst", max(waited.seconds) * 1000, "ms", Target(WORST_MS), spread, reference)


def _measured(environment: Environment, filled: County, attack: str, surroundings: Surroundings) -> Waited:
    """Attack a server on a county, and return how long its officer waits meanwhile.

    Raises RuntimeError when something acknowledged is lost, or the folder is no longer whole.
    """
    with serving(filled.folder, surroundings.program, log=surroundings.log) as server:
        waited, sent = _under(attack, server, filled, environment.seconds)
        if attack == "framing_tricks":
            _require_one_answer_each(server)
    _require_kept(filled.folder, sent)
    return waited


def _under(attack: str, server: Server, filled: County, seconds: float) -> tuple[Waited, list[tuple[str, str]]]:
    with server.connection() as connection:
        officer = sign_in(connection, filled)
    with _attacking(attack, server.port, filled.key):
        time.sleep(min(1, seconds / 4))
        stop, sent = threading.Event(), list[tuple[str, str]]()
        phone = threading.Thread(target=_send, args=(server.port, filled.phone_path, stop, sent))
        phone.start()
        try:
            waited = _lists(server, officer, seconds)
            # Who signed in rightly from here before is locked out by nobody, and 429 while too many try asks to wait.
            _sign_in_again(server, filled)
        finally:
            stop.set()
            phone.join()
    if not sent:
        raise RuntimeError("no submission was acknowledged during the attack")
    return waited, sent


def _lists(server: Server, officer: Mapping[str, str], seconds: float) -> Waited:
    """Ask for the officer's list now and then, on a connection that is opened anew when it was cut off."""
    path, until = f"/api/v1/records?type={county.TYPE}&limit=50", time.monotonic() + seconds
    taken, lost = list[float](), 0
    connection: http.client.HTTPConnection | None = None
    while time.monotonic() < until:
        began = time.perf_counter()
        for _ in range(2):  # a kept connection may have made room for another
            connection = connection or http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            try:
                lost += ask(connection, path, headers=officer).status != 200
                break
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = None
        else:
            lost += 1
        taken.append(time.perf_counter() - began)
        time.sleep(PAUSE_S)
    if connection is not None:
        connection.close()
    return Waited(taken, lost)


def _sign_in_again(server: Server, filled: County) -> None:
    for _ in range(20):
        with suppress(RuntimeError, OSError, http.client.HTTPException), server.connection() as connection:
            sign_in(connection, filled)
            return
        time.sleep(0.5)
    raise RuntimeError("the officer could not sign in during the attack")


def _send(port: int, path: str, stop: threading.Event, sent: list[tuple[str, str]]) -> None:
    """Send submissions, one after the other, and note those that were acknowledged."""
    while not stop.wait(PAUSE_S):
        instance, entity = load.uuid4(), load.uuid4()
        head, _, body = load.submission(f"{path}/submission", instance, entity).partition(b"\r\n\r\n")
        if said(port, head + b"\r\nConnection: close\r\n\r\n" + body).startswith(b"HTTP/1.1 201"):
            sent.append((instance, entity))


def _require_kept(folder: Path, sent: list[tuple[str, str]]) -> None:
    stored = "SELECT 1 FROM submission s, record r WHERE s.form = ? AND s.instance_id = ? AND r.id = ?"
    with closing(sqlite3.connect(f"{(folder / FILE_NAME).as_uri()}?mode=ro", uri=True)) as connection:
        lost = sum(
            connection.execute(stored, (county.FORM, f"uuid:{instance}", entity)).fetchone() is None
            for instance, entity in sent
        )
    if lost:
        raise RuntimeError(f"{lost} of {len(sent)} acknowledged submissions are not there")
    checked = subprocess.run([*PROGRAM, "check", "--data", str(folder)], capture_output=True, text=True, check=False)
    if checked.returncode != 0:
        raise RuntimeError(f"firegrid check: {checked.stdout}{checked.stderr}")


def _require_one_answer_each(server: Server) -> None:
    """Raise RuntimeError where a trick is answered as two requests, or as if the server had failed."""
    for trick in FRAMING_TRICKS:
        answer = said(server.port, trick)
        if answer.count(b"HTTP/1.1 ") > 1 or answer.startswith(b"HTTP/1.1 5"):
            raise RuntimeError(f"{trick!r} was answered {answer[:300]!r}")


@contextmanager
def _attacking(attack: str, port: int, key: str) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "bench.attack.attackers", attack, str(port), key])
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError(f"the attack {attack} ended by itself")
    finally:
        process.kill()
        process.wait()


@contextmanager
def _closed_pipe() -> Iterator[int]:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield writer
    finally:
        os.close(writer)


@contextmanager
def _unread_pipe() -> Iterator[int]:
    reader, writer = os.pipe()
    try:
        yield writer
    finally:
        os.close(writer)
        os.close(reader)


def _on_a_full_disk(environment: Environment, filled: County) -> Waited:
    """Fill the disk that the folder and the log are on, under a phone that goes on sending; then make room again."""
    disk = environment.folder / "disk"
    disk.mkdir()
    size = sum(each.stat().st_size for each in filled.folder.rglob("*") if each.is_file()) + DISK_BYTES
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)], check=True)
    with ExitStack() as undo:
        undo.callback(subprocess.run, ["umount", str(disk)], check=True)
        small = filled._replace(folder=disk / "county")
        shutil.copytree(filled.folder, small.folder)
        log = undo.enter_context((disk / "log").open("wb", buffering=0))
        subprocess.run([*PROGRAM, "check", "--data", str(small.folder), "--moved"], capture_output=True, check=True)
        with serving(small.folder, log=log, FIREGRID_DISK_FREE_BYTES_MIN="1000") as server:
            with server.connection() as connection:
                officer = sign_in(connection, small)
            ballast = _fill_up(disk)
            path = f"/api/v1/records?type={county.TYPE}&limit=50"
            with server.connection() as connection:
                expect(ask(connection, path, headers=officer), 200)
            waited = _lists(server, officer, environment.seconds)
            kept = list(_sent_until_refused(server, small))
            ballast.unlink()
            answer, sent = _sent_alone(server, small)
            if not answer.startswith(b"HTTP/1.1 201"):
                raise RuntimeError(f"a submission to a disk with room again was answered {answer[:200]!r}")
        _require_kept(small.folder, [*kept, sent])
    return waited


def _sent_until_refused(server: Server, filled: County) -> Iterator[tuple[str, str]]:
    """Send to a server on a full disk until it has no room; yield what it took, in the free pages of its files.

    Raises RuntimeError for another answer, and where it takes more than FREE_MOST.
    """
    for _ in range(FREE_MOST):
        answer, sent = _sent_alone(server, filled)
        if answer.startswith(b"HTTP/1.1 507"):
            return
        if not answer.startswith(b"HTTP/1.1 201"):
            raise RuntimeError(f"a submission to a full disk was answered {answer[:200]!r}")
        yield sent
    raise RuntimeError(f"a full disk took {FREE_MOST} submissions")


def _sent_alone(server: Server, filled: County) -> tuple[bytes, tuple[str, str]]:
    """Return the answer to a submission on a connection of its own, and its instance and entity."""
    instance, entity = load.uuid4(), load.uuid4()
    head, _, body = load.submission(f"{filled.phone_path}/submission", instance, entity).partition(b"\r\n\r\n")
    return said(server.port, head + b"\r\nConnection: close\r\n\r\n" + body), (instance, entity)


def _fill_up(disk: Path) -> Path:
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4_096)
    return ballast
