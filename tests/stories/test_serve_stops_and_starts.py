"""A server is told to stop, or loses its power, while phones are sending; nothing that it promised is lost."""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.stories.child_server import (
    Folder,
    Phones,
    free_port,
    instances_in,
    make_folder,
    new_instance,
    post,
    records_in,
    run,
    send,
    serving,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Folder:
    return make_folder(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture
def folder(made: Folder, tmp_path: Path) -> Folder:
    shutil.copytree(made.path, tmp_path / "data")
    return Folder(tmp_path / "data", made.key)


def test_on_sigterm_every_request_that_was_begun_gets_its_answer(folder):
    with serving(folder) as server, Phones(server, number=12) as phones:
        phones.wait_until(lambda told: len(told.kept) >= 200)

        status = server.stop()

    assert status == 0
    assert phones.unanswered == []
    assert phones.refused == []
    assert sorted(instances_in(folder)) == sorted(phones.kept)


def test_on_sigterm_a_large_upload_that_is_half_way_is_still_taken(folder):
    instance, photo = new_instance(), b"\xff\xd8\xff" + bytes(3_000_000)
    with serving(folder) as server:
        with closing(server.connect()) as connection:
            status, _ = post(
                connection, server.key, instance, photo, lambda: server.process.send_signal(signal.SIGTERM)
            )

        assert status == 201
        assert server.process.wait(30) == 0
    assert instances_in(folder) == [instance]


def test_a_connection_that_says_nothing_does_not_hold_up_the_stop(folder):
    with serving(folder) as server, closing(server.connect()) as idle:
        idle.connect()

        assert server.stop() == 0


def test_after_kill_9_under_load_everything_answered_is_there_once_and_what_was_not_can_be_sent_again(folder):
    with serving(folder) as server, Phones(server, number=12) as phones:
        phones.wait_until(lambda told: len(told.kept) >= 300)
        server.kill()
    stored = Counter(instances_in(folder))

    assert set(stored.values()) == {1}
    assert set(phones.kept) <= set(stored)
    assert set(stored) <= {*phones.kept, *phones.unanswered}
    assert sorted(records_in(folder)) == sorted(instance.removeprefix("uuid:") for instance in stored)
    assert run("check", "--data", folder.path).returncode == 0

    with serving(folder) as server:
        answers = [send(server, instance) for instance in phones.unanswered]
        assert server.stop() == 0
    assert set(answers) <= {201, 202}
    assert sorted(instances_in(folder)) == sorted({*phones.kept, *phones.unanswered})
    assert run("check", "--data", folder.path).returncode == 0


def test_two_servers_on_one_folder_are_one_too_many(folder):
    with serving(folder):
        second = run("serve", "--data", folder.path, "--port", str(free_port()))

    assert second.returncode == 1
    assert second.stderr.startswith("firegrid: 另一个 firegrid serve 正在使用")
    assert second.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_named_with_its_cure(folder, tmp_path, made):
    shutil.copytree(made.path, tmp_path / "other")
    with serving(folder) as server:
        second = run("serve", "--data", tmp_path / "other", "--port", str(server.port))

    assert second.returncode == 1
    assert "--port" in second.stderr


def test_a_folder_without_a_database_is_refused_with_the_command_that_makes_one(tmp_path):
    refused = run("serve", "--data", tmp_path / "nothing", "--port", str(free_port()))

    assert refused.returncode == 1
    assert "firegrid init" in refused.stderr


def test_after_a_stop_the_log_holds_no_key(folder):
    with serving(folder) as server:
        server.get("/KEY/formList")
        server.stop()
        said = "".join(server.said)

    assert '"view":"openrosa.form_list"' in said
    assert folder.key not in said
