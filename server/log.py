"""The program's own log: one JSON line an event on standard error, without keys, tokens or phone numbers."""

from __future__ import annotations

import logging
import sys

import orjson
import structlog

log = structlog.wrap_logger(
    structlog.BytesLogger(sys.stderr.buffer),
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=orjson.dumps),
    ],
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    cache_logger_on_first_use=True,
).bind()


class LogHandler(logging.Handler):
    """Puts what libraries say into the same log, one JSON line each."""

    def emit(self, record: logging.LogRecord) -> None:
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
