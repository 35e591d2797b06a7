"""Whoever works with a county cannot tell that two processes serve it, nor that one of them was killed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg
import pytest
import requests

from server.db import copying
from server.db.postgres.engine import PostgresEngine
from server.db.sqlite.engine import SqliteEngine
from sync.client import records, synchronization
from sync.client.backoff import Backoff
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device import Device
from tests import postgres_server
from tests.balanced.balancer import Balancer
from tests.balanced.two_servers import environment
from tests.stories import child_server
from tests.stories.child_server import UNIT, Folder, Phones, Server, command, give_own_password, make_folder, serving

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.sqlite]

SCHEMA = "c130637"
NAME, PASSWORD = "gw1", "correct-horse-7"


class Served(NamedTuple):
    """A county behind a balancer. front: the balancer, as if it were a server."""

    folder: Folder
    front: Server
    first: Server
    second: Server


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    """One pair for all that follows; the last story kills one of them."""
    postgres_server.require()
    folder = make_folder(tmp_path_factory.mktemp("county") / "data", is_small=True)
    give_own_password(folder, NAME, PASSWORD)
    engine = PostgresEngine(postgres_server.database_url(), SCHEMA.removeprefix("c"), folder.path)
    copying.copy(SqliteEngine(folder.path), engine)
    with ExitStack() as stack:
        stack.callback(engine.drop)
        first, second = (stack.enter_context(serving(folder, **environment(SCHEMA))) for _ in range(2))
        address = stack.enter_context(Balancer([first.port, second.port]).listening())
        yield Served(folder, Server(first.process, urlsplit(address).port, folder.key), first, second)


def stored(served: Served) -> list[str]:
    with psycopg.connect(postgres_server.database_url()) as connection:
        return [id for (id,) in connection.execute(f"SELECT instance_id FROM {SCHEMA}.submission")]


def require_in_order(served: Served) -> None:
    """Let ``firegrid check`` look through the county, beside those who serve it."""
    checked = subprocess.run(
        command("check", "--data", served.folder.path),
        env=child_server.environment() | environment(SCHEMA),
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def work_on(device: Device, front: Server) -> None:
    shown = Credentials(f"http://127.0.0.1:{front.port}", key=front.key)
    way = Connection(shown, backoff=Backoff(tries=3, sleep=lambda _: None), session=requests.Session())
    try:
        synchronization.push(device, way)
        synchronization.pull(device, way)
    finally:
        way.close()


def test_what_a_phone_sends_is_there_with_the_next_request_whoever_answers_it(served):
    shown = {"Authorization": f"Key {served.front.key}"}
    for _ in range(6):
        id = child_server.new_instance()

        assert child_server.send(served.front, id) == 201

        about = f"/api/v1/records/{id.removeprefix('uuid:')}"
        assert [each.get(about, **shown)[0] for each in served[2:]] == [200, 200]
    require_in_order(served)


def test_a_sign_in_at_one_process_opens_the_other_and_so_does_its_end(served):
    status, answer = served.first.post("/api/v1/session", {"username": NAME, "password": PASSWORD})
    assert status == 200, answer
    shown = {"Authorization": f"Bearer {json.loads(answer)['access_token']}"}

    for _ in range(4):
        assert served.front.get("/api/v1/inbox/unread", **shown)[0] == 200
    gone = requests.delete(f"http://127.0.0.1:{served.first.port}/api/v1/session", headers=shown, timeout=60)

    assert gone.status_code == 204
    assert [each.get("/api/v1/inbox/unread", **shown)[0] for each in served[2:]] == [401, 401]


def test_two_laptops_hold_the_same_after_their_work_went_by_both(served, tmp_path):
    with Device(tmp_path / "first") as first, Device(tmp_path / "second") as second:
        with first.writing():
            ids = [records.create(first, "reports", {"place": str(n)}, area=UNIT) for n in range(40)]
        work_on(first, served.front)
        work_on(second, served.front)
        with second.writing():
            for id in ids:
                records.edit(second, records.get(second, id), {"place": f"{id}"})
        work_on(second, served.front)
        work_on(first, served.front)

        for laptop in (first, second):
            held = laptop.rows("SELECT id, version FROM row WHERE type = 'reports'")
            assert {each["id"]: each["version"] for each in held if each["id"] in ids} == dict.fromkeys(ids, 2)
    require_in_order(served)


def test_a_killed_process_costs_phones_the_answers_that_were_under_way_and_nothing_else(served):
    with Phones(served.front, 4) as phones:
        phones.wait_until(lambda each: len(each.kept) >= 20)
        served.first.kill()
        kept = len(phones.kept)
        phones.wait_until(lambda each: len(each.kept) >= kept + 20)

    found = stored(served)
    assert set(phones.kept) <= set(found)
    assert len(found) == len(set(found))
    assert {status for _, status in phones.refused} <= {502}
    assert phones.unanswered == []
    require_in_order(served)
