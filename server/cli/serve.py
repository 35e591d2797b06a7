"""``firegrid serve``: one process that answers phones and officers until it is stopped."""

from __future__ import annotations

import gc
import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from enum import Enum, auto
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.cli.folder import Command, data_option, engine_of, opened, reason, with_data
from server.cli.folder_answers import answer_of, as_copy_option, moved_option, recognise
from server.db.database import Database
from server.db.locks import write_address
from server.errors import Busy, Damaged, Unavailable
from server.people.domain.public_addresses import Addresses, disagreement
from server.people.store import public_addresses
from server.settings import OfferedSignIn, Settings, from_environment

if TYPE_CHECKING:
    import uvicorn

    from server.web.asgi import Bridge

BACKLOG = 1024
THREADS = 16
FILES_MAX = 65_536
FILES_ALWAYS = 32
"""Files that are open while nobody asks for anything, with some to spare: listener, database, locks, log."""

FILES_OF_A_THREAD = 4
"""Files that a request may hold: its connection to the database, a body, an attachment."""

FILES_OF_A_CONNECTION = 2
"""Its socket, and the file that a large body is in."""

CONNECTIONS_MIN = 8
CHECK_S = 1
"""How long the database is looked through before serving begins, in seconds; the rest of a large one, meanwhile."""

STOP_S = 30
"""How long requests that are under way may take after SIGTERM, in seconds."""


NO_PUBLIC_URL = (
    "Firegrid: 没有设置 FIREGRID_PUBLIC_URL：任何主机名的请求都会应答，网址按请求给出。"
    "正式使用请设为手机访问的地址，如 https://fire.example.org 。FIREGRID_PUBLIC_URL is not set"
)
EVERY_ANSWER = (("x-content-type-options", "nosniff"), ("content-security-policy", "frame-ancestors 'none'"))
"""Headers of every answer: no browser guesses its type, and none shows it in a frame."""

HSTS = ("strict-transport-security", "max-age=31536000")
"""Where the public address is https, browsers keep to it for a year from the last answer."""


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8600, show_default=True)
@click.option(
    "--threads", type=click.IntRange(1, 256), default=THREADS, show_default=True, help="requests answered at once"
)
@moved_option
@as_copy_option
@click.option(
    "--even-if-damaged", is_flag=True, help="serve and write though the database is broken 数据库损坏也照常提供服务"
)
@data_option
def serve(host: str, port: int, threads: int, moved: bool, as_copy: bool, even_if_damaged: bool, data: Path) -> None:
    """Serve the data folder at http://HOST:PORT until SIGTERM or Ctrl-C."""
    from server.log import say

    answer = answer_of(moved=moved, as_copy=as_copy)
    with engine_of(
        data
    ).serving():  # asked before the application is loaded: a service that is refused is refused at once
        state = State.TAKEN_AS_IT_IS if even_if_damaged else look_through(data)
        recognise(data, answer)
    for line in _public_address_words(data):
        say(line)
    run(data, host, port, threads, state)


def _public_address_words(data: Path) -> Iterator[str]:
    """Yield what whoever starts the server should know of its public address."""
    with opened(data) as database, database.reading() as reading:
        kept, stated = public_addresses.newest(reading), from_environment(data).public_url
    if stated is None and (kept is None or not kept.url):
        yield NO_PUBLIC_URL
    words = disagreement(kept, stated, with_data(f"move-address {stated}", data))
    if words is not None:
        yield f"Firegrid: {words}"


class State(Enum):
    """What is known of a database file when serving begins."""

    SOUND = auto()
    NOT_SEEN_WHOLE = auto()
    TAKEN_AS_IT_IS = auto()


def look_through(data: Path) -> State:
    """Look through the database for ``CHECK_S``. Raises Damaged, with the option that serves it all the same."""
    stop = threading.Event()
    timer = threading.Timer(CHECK_S, stop.set)
    timer.start()
    try:
        is_whole = engine_of(data).require_sound(stop)
    except Damaged as found:
        message = f"{found.message}照原样提供服务（会继续写入）要加 --even-if-damaged 。"
        raise Damaged(message, **found.data) from found
    finally:
        timer.cancel()
    return State.SOUND if is_whole else State.NOT_SEEN_WHOLE


def run(
    data: Path, host: str, port: int, threads: int, state: State = State.SOUND, sign_ins: Sequence[OfferedSignIn] = ()
) -> None:
    """Serve ``data`` until SIGTERM or SIGINT; then take no more, finish what is under way, and close the store.

    The folder has been recognised. sign_ins: what the sign-in page offers to anybody. Raises NotFound when there is no
    database, Busy when another process serves this folder or holds the port.
    """
    from server import app as application
    from server.cli.beside_serving import doing_beside
    from server.log import LogHandler, say
    from server.web.graceful_stop import GracefulServer

    settings = replace(from_environment(data), sign_ins=tuple(sign_ins))
    with engine_of(data).serving(), listening(host, port) as listener:
        app = application.create_app(settings)
        public = application.addresses_of(app)
        write_address(data, public.url or address_of(host, port))
        database = application.database_of(app)
        database.is_taken_as_it_is = state is State.TAKEN_AS_IT_IS
        threads, connections_max = share_of_files(threads)
        bridge = application.bridge_to(app, threads)
        logging.basicConfig(handlers=[LogHandler()], level=logging.WARNING)
        server = GracefulServer(configuration(bridge, settings, connections_max, public), bridge)
        server.stop_on_signals()
        try:
            _say_what_is_served(f"http://{host}:{port}", data, database)
            freeze()
            is_seen_whole = state is not State.NOT_SEEN_WHOLE
            with doing_beside(database, application.blobs_of(app), settings, is_seen_whole=is_seen_whole):
                server.run(sockets=[listener])
        finally:
            bridge.close()
            application.close(app)
    say("Firegrid: 已停止 stopped")


def _say_what_is_served(address: str, data: Path, database: Database) -> None:
    from server.cases.usecases import calendars
    from server.log import say
    from server.office import assets

    if not assets.are_built():
        say(assets.NOT_BUILT)
    with database.reading() as reading:
        missing = calendars.missing_year(reading)
    if missing is not None:
        say(f"Firegrid: {calendars.missing_year_words(missing)}")
    if not database.engine.is_in_folder:
        say_what_keeps_from_writing(database)
        say(f"Firegrid: 数据在 PostgreSQL 的 schema {database.engine.name} 里；照片在 {data}，几个进程要共用这个目录")
    say(f"Firegrid: {address}  （数据目录 {data}；Ctrl-C 停止）")


def say_what_keeps_from_writing(database: Database) -> None:
    """Say why a server of databases takes no writes now; what can be read is served, and it may be mended meanwhile."""
    from server.log import say

    try:
        database.require_writable()
    except Unavailable as refusal:
        say(f"Firegrid: {refusal.message}")


def address_of(host: str, port: int) -> str:
    """Return the address at which this machine reaches a server that listens at ``host``."""
    reached = f"[{host}]" if ":" in host else host
    with suppress(ValueError):  # a name is no address, and means one machine
        if ip_address(host).is_unspecified:
            reached = "127.0.0.1"
    return f"http://{reached}:{port}"


def share_of_files(threads: int) -> tuple[int, int]:
    """Raise this process's limit of open files to what it may be; return how many threads and connections it allows.

    Beyond the limit nothing could be opened, the database neither. threads: as many as are wanted.
    Raises Unavailable when the limit leaves too little.
    """
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    left = files - FILES_ALWAYS
    threads = max(1, min(threads, left // 2 // FILES_OF_A_THREAD))
    connections = (left - threads * FILES_OF_A_THREAD) // FILES_OF_A_CONNECTION
    if connections < CONNECTIONS_MIN:
        raise Unavailable(f"这个进程最多只能打开 {files} 个文件，不够提供服务；请把限额提高到 1024 以上（ulimit -n）。")
    return threads, connections


def configuration(
    bridge: Bridge, settings: Settings, connections_max: int | None = None, public: Addresses | None = None
) -> uvicorn.Config:
    """Return how the web server runs ``bridge``.

    connections_max: at once, None for any number. public: where the server is found, None for what the settings say.
    """
    import uvicorn

    from server.web.http_protocol import BoundedProtocol

    return uvicorn.Config(
        bridge,
        http=BoundedProtocol,
        loop="uvloop",
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        date_header=False,
        access_log=False,
        log_config=None,
        headers=[*EVERY_ANSWER, *([HSTS] if (public or Addresses(settings.public_url)).are_https_alone() else [])],
        log_level="warning",
        backlog=BACKLOG,
        limit_concurrency=connections_max,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=STOP_S,
    )


def freeze() -> None:
    """Keep the garbage collector from traversing what was loaded at start, and from running too often.

    Requests leave hardly any cycles behind, and each full collection would stop every thread for milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Hold the port. Raises Busy when it cannot be had.

    The kernel itself closes a connection whose other end takes nothing of an answer for ``STALL_S``; the event loop
    could not tell it from a slow line, since it sees no more than what the kernel's own buffer does not hold.
    """
    from server.web.bodies import STALL_S

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # elsewhere than on Linux such a reader keeps a socket, and no more
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(STALL_S * 1_000))
        try:
            listener.bind((host, port))
            listener.listen(BACKLOG)  # who connects from now on is answered, even before the loop runs
        except OSError as error:
            message = f"不能在 {host}:{port} 上提供服务：{reason(error)}。请换一个端口：--port（make run 用 PORT=）。"
            raise Busy(message, port=port) from error
        yield listener
