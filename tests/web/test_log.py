"""The log is one JSON line an event, which says what happened, how grave it is, and when."""

from __future__ import annotations

import io
import logging
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import structlog

from server import log as program
from server.log import LogFile, LogHandler


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


def test_half_a_character_does_not_keep_a_line_from_being_written(lines):
    program.log.info("request", user="甲\ud800", status=200)

    (line,) = lines()
    assert (line["user"], line["status"]) == ("甲\\ud800", 200)


@pytest.fixture
def pipe():
    """A pipe: its reading end and its writing end."""
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):  # a test may have closed it
            os.close(end)


def test_a_log_whose_reader_takes_nothing_keeps_nobody_waiting_and_says_later_how_much_is_missing(pipe):
    reading, writing = pipe
    file = LogFile(writing)
    written = 0
    while not file.dropped:
        file.write(b'{"event":"request"}\n')
        written += 1
    file.write(b'{"event":"request"}\n')
    assert os.read(reading, 1_000_000).count(b"\n") == written - 1

    file.write(b'{"event":"again"}\n')

    first, second = map(orjson.loads, os.read(reading, 1_000_000).splitlines())
    assert (first["event"], first["level"], first["lines"]) == ("log lines dropped", "warning", 2)
    assert second == {"event": "again"}
    assert file.dropped == 2


def test_a_line_that_is_cut_off_in_the_middle_spoils_no_other(pipe):
    reading, writing = pipe
    file = LogFile(writing)
    file.write(b"x" * 200_000 + b"\n")
    begun = os.read(reading, 1_000_000)

    file.write(b'{"event":"again"}\n')

    assert set(begun) == {ord("x")}
    rest = os.read(reading, 1_000_000)
    assert rest.startswith(b"\n")
    assert [orjson.loads(line)["event"] for line in rest.splitlines() if line] == ["log lines dropped", "again"]


def test_a_log_whose_reader_has_gone_or_whose_disk_is_full_or_that_is_nowhere_fails_nobody(pipe):
    reading, writing = pipe
    os.close(reading)
    with open("/dev/full", "wb") as full:
        for file in (LogFile(writing), LogFile(full.fileno()), LogFile(None)):
            file.write(b'{"event":"request"}\n')

            assert file.dropped == 1
