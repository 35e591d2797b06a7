"""``firegrid serve``: one process that answers phones and officers until it is told to stop."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import click

from server.cli.folder import Command, data_option

STOP_S = 30
"""How long requests that are under way may take after SIGTERM, in seconds."""


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8600, show_default=True)
@click.option("--threads", type=click.IntRange(1, 256), default=16, show_default=True, help="requests answered at once")
@data_option
def serve(host: str, port: int, threads: int, data: Path) -> None:
    """Serve the data folder at http://HOST:PORT until SIGTERM or Ctrl-C."""
    run(data, host, port, threads)


def run(data: Path, host: str, port: int, threads: int) -> None:
    """Serve ``data`` until a signal says stop; then finish what is under way and close the store.

    Raises NotFound when there is no database, Busy when another process serves this folder or holds the port.
    """
    from server import app as application
    from server.settings import from_environment
    from server.store.database import serving

    settings = from_environment(data)
    with serving(data):
        app = application.create_app(settings)
        try:
            http = Http(app.wsgi_app, host, port, threads, settings.submission_bytes_max)
            click.echo(f"Firegrid: http://{host}:{port}  (数据 {data})", err=True)
            http.run()
        finally:
            application.close(app)
    click.echo("Firegrid: 已停止 stopped", err=True)


class Http:
    """The web server, with a stop that lets what is under way come to its end."""

    def __init__(self, wsgi: Any, host: str, port: int, threads: int, body_bytes_max: int) -> None:
        from waitress import create_server

        from server.domain.errors import Busy

        try:
            self._server: Any = create_server(
                wsgi,
                host=host,
                port=port,
                threads=threads,
                ident="firegrid",
                # Integrity requests carry every unsent id in one line (about 39 bytes each).
                max_request_header_size=1_048_576,
                max_request_body_size=body_bytes_max + 1_048_576,
                inbuf_overflow=1_048_576,
                outbuf_overflow=4_194_304,
                channel_timeout=120,
                connection_limit=1000,
                backlog=1024,
                asyncore_use_poll=True,
                clear_untrusted_proxy_headers=False,
            )
        except OSError as error:
            raise Busy(f"不能在 {host}:{port} 上提供服务：{error.strerror}。请换一个 --port。", port=port) from error
        self._stopping = False

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; then take no more, and finish what is queued."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._loop_while(lambda: not self._stopping)
        self._server.accepting = False
        self._server.socket.close()
        self._server.del_channel()
        deadline = time.monotonic() + STOP_S
        self._loop_while(lambda: self._is_busy() and time.monotonic() < deadline)
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=STOP_S)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _loop_while(self, going_on: Any) -> None:
        asyncore, channels = self._server.asyncore, self._server._map
        while going_on():
            asyncore.loop(timeout=0.2, map=channels, use_poll=True, count=1)

    def _is_busy(self) -> bool:
        dispatcher = self._server.task_dispatcher
        waiting = any(
            channel.total_outbufs_len or channel.requests for channel in self._server.active_channels.values()
        )
        return bool(dispatcher.queue or dispatcher.active_count or waiting)
