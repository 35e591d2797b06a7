"""The log is one JSON line an event, which says what happened, how grave it is, and when."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import structlog

from server import log as program
from server.log import LogHandler


@pytest.fixture
def lines(monkeypatch):
    written = io.BytesIO()
    log = structlog.wrap_logger(
        structlog.BytesLogger(written),
        processors=[program.line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    monkeypatch.setattr(program, "log", log.bind())
    return lambda: [orjson.loads(line) for line in written.getvalue().splitlines()]


def test_an_event_is_a_line_with_its_level_and_its_instant(lines):
    program.log.info("request", view="openrosa.form_list", status=200, user=None, folder=Path("data"))

    (line,) = lines()
    at = line.pop("timestamp")
    assert line == {
        "event": "request", "level": "info", "view": "openrosa.form_list", "status": 200, "user": None,
        "folder": repr(Path("data")),
    }  # fmt: skip
    assert at.endswith("Z")
    assert abs((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()) < 60


def test_an_error_brings_its_trace_in_the_same_line(lines):
    program.log.error("request failed", exc_info=KeyError("head"))
    program.log.error("request failed", exc_info=None)

    first, second = lines()
    assert first["exception"].endswith("KeyError: 'head'")
    assert not {"exc_info", "exception"} & second.keys()
    assert first["level"] == "error"


def test_what_a_library_logs_is_a_line_as_well(lines):
    LogHandler().emit(logging.LogRecord("uvicorn", logging.WARNING, "", 1, "slow %s", ("disk",), None))

    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == ("slow disk", "warning", "uvicorn")
