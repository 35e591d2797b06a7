"""Nobody reads the log, or it cannot be written: phones and officers are served all the same."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from tests.stories.child_server import (
    Folder,
    Server,
    instances_in,
    logging_to,
    make_folder,
    new_instance,
    post,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "data")


def send_many(server: Server, number: int) -> list[str]:
    """Send reports, and return those that were answered 201: all of them."""
    instances = [new_instance() for _ in range(number)]
    with closing(server.connect()) as connection:
        answers = {post(connection, server.key, instance)[0] for instance in instances}
    assert answers == {201}
    return instances


def dropped(server: Server) -> float:
    """Return how many lines the server says it has dropped."""
    (line,) = (line for line in server.get("/metrics")[1].splitlines() if line.startswith("firegrid_log_lines_dropped"))
    return float(line.split()[1])


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "full"])
def test_a_pipe_that_is_closed_or_full_keeps_nobody_waiting(folder, is_closed):
    reading, writing = os.pipe()
    with logging_to(writing, folder) as server:
        if is_closed:
            os.close(reading)
        sent = send_many(server, 400)
        assert server.get("/KEY/formList")[0] == 200
        assert server.get("/nowhere")[0] == 404
        assert dropped(server) > 0
        assert server.stop() == 0

    assert sorted(instances_in(folder)) == sorted(sent)


def test_a_log_on_a_full_disk_keeps_nobody_waiting(folder):
    with open("/dev/full", "wb") as log, logging_to(log.fileno(), folder) as server:
        sent = send_many(server, 5)
        assert dropped(server) > 0
        assert server.stop() == 0

    assert sorted(instances_in(folder)) == sorted(sent)
