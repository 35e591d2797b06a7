"""The program's own log: one JSON line an event on standard error, without keys, tokens or phone numbers.

Requests never wait for it and never fail by it: what standard error does not take at once is dropped and counted.
"""

from __future__ import annotations

import logging
import os
import select
import stat
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.processors import format_exc_info


def line(logger: object, level: str, event: MutableMapping[str, Any]) -> bytes:
    """Return an event as a line of JSON; one step here, since structlog's own four take twice as long."""
    if "exc_info" in event:
        event = format_exc_info(logger, level, event)
    event["level"], event["timestamp"] = level, datetime.now(UTC)
    try:
        return orjson.dumps(event, default=repr, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:  # half a character, in what somebody sent
        return orjson.dumps({name: _whole(value) for name, value in event.items()}, default=repr)


def _whole(value: object) -> object:
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


class LogFile:
    """The file behind the log, for ``structlog.BytesLogger``, which calls it under a lock.

    descriptor: where lines go, None for nowhere. dropped: how many lines it did not take: its reader has gone, or reads
    too slowly, or the disk is full. Once it takes lines again, a line says how many are missing.
    """

    def __init__(self, descriptor: int | None) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._told = 0
        self._is_cut = False
        self._is_silent = False
        self._poll: select.poll | None = None
        if descriptor is not None and not stat.S_ISREG(os.fstat(descriptor).st_mode):
            self._poll = select.poll()
            self._poll.register(descriptor, select.POLLOUT)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Write nothing until the block ends, and miss nothing: for a command that plays a server, not runs one."""
        before, self._is_silent = self._is_silent, True
        try:
            yield
        finally:
            self._is_silent = before

    def write(self, text: bytes) -> None:
        """Write whole lines, or count them as dropped."""
        if self._is_silent:
            return
        missing = self.dropped - self._told
        if missing and self._put(line(None, "warning", {"event": "log lines dropped", "lines": missing}) + b"\n"):
            self._told += missing
        if not self._put(text):
            self.dropped += 1

    def flush(self) -> None:
        """Nothing is held back."""

    def _put(self, text: bytes) -> bool:
        """Write without waiting; return whether all of it was taken."""
        if self._descriptor is None:
            return False
        rest = b"\n" + text if self._is_cut else text
        begun = False
        try:
            while rest:
                if not self._takes_more():
                    break
                written = os.write(self._descriptor, rest[:_ATOMIC_BYTES])
                begun, rest = True, rest[written:]
        except OSError:  # a reader that has gone, a full disk: the line is counted as dropped
            self._is_cut |= begun
            return False
        self._is_cut = bool(rest) and (begun or self._is_cut)
        return not rest

    def _takes_more(self) -> bool:
        """Return whether a write of ``_ATOMIC_BYTES`` would not wait: a pipe says so for as many."""
        if self._poll is None:
            return True
        return [event for _, event in self._poll.poll(0)] == [select.POLLOUT]


_ATOMIC_BYTES = 4096
"""As many bytes a pipe that is ready takes at once (``PIPE_BUF`` of Linux)."""

file = LogFile(None if sys.stderr is None else 2)

log = structlog.wrap_logger(
    structlog.BytesLogger(file),  # type: ignore[arg-type]  # of a file it wants no more than these two methods
    processors=[line],
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    cache_logger_on_first_use=True,
).bind()


def say(sentence: str) -> None:
    """Say a sentence that is no event to whoever runs the server; it waits and fails as little as the log."""
    file.write(f"{sentence}\n".encode())


class LogHandler(logging.Handler):
    """Puts what libraries say into the same log, one JSON line each."""

    def emit(self, record: logging.LogRecord) -> None:
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
