"""A write whose COMMIT was lost on its way, or on the way back, has one effect: the same again finds out."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.app import close, mount_doors, open_folder
from server.db import database, repeats
from server.db.database import Database
from server.db.postgres.engine import PostgresEngine
from server.db.repeats import RepeatingWriter
from server.people.usecases import phone_keys
from server.settings import Settings
from tests import postgres_server
from tests.api_county import VILLAGE, lay_people
from tests.county import County
from tests.db.test_postgres import Cut
from tests.office.desk import Desk

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


class FirstCut(Cut):
    """A line that loses one COMMIT: on its way, or the answer to it; whatever comes later goes through."""

    def __init__(self, port: int, *, on_its_way: bool = False) -> None:
        self._on_its_way = on_its_way
        self.is_armed = False
        super().__init__(port)

    def _until_commit(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, suppress(OSError):
            while data := client.recv(65_536):
                if self.is_armed and b"COMMIT\0" in data:
                    self.is_armed = False
                    client.shutdown(socket.SHUT_RDWR)
                    if not self._on_its_way:
                        server.sendall(data)
                        server.recv(65_536)
                    server.shutdown(socket.SHUT_RDWR)
                    return
                server.sendall(data)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[PostgresEngine]:
    postgres_server.require()
    made = PostgresEngine(postgres_server.database_url(), "130688", tmp_path)
    made.create("a" * 32)
    yield made
    with psycopg.connect(postgres_server.database_url(), autocommit=True) as connection:
        connection.execute("DROP SCHEMA c130688 CASCADE")


@pytest.fixture(params=[False, True], ids=["answer lost", "commit lost"])
def line(request) -> Iterator[FirstCut]:
    opened = FirstCut(
        int(postgres_server.database_url().rpartition("/")[0].rpartition(":")[2]), on_its_way=request.param
    )
    yield opened
    opened.close()


def over(line: FirstCut, engine: PostgresEngine) -> PostgresEngine:
    host, _, name = postgres_server.database_url().rpartition("/")
    return PostgresEngine(f"{host.rpartition(':')[0]}:{line.port}/{name}", "130688", engine.folder)


def named(store: Database, name: str) -> int:
    with store.reading() as reading:
        return int(reading.sql.value("SELECT COUNT(*) FROM setting WHERE name = :name", {"name": name}))


def opened_over(line: FirstCut, engine: PostgresEngine) -> Flask:
    """Return the application of a server whose database is at the other end of the line."""
    store = database.open_threaded(engine.folder, engine=over(line, engine))
    return open_folder(mount_doors(), Settings(engine.folder), store)


def test_a_command_finds_out_by_itself_and_writes_once(engine, line, monkeypatch):
    monkeypatch.setattr(repeats, "PAUSES_S", (0.05, 0.2, 0.5))
    store = database.open_inline(engine.folder, engine=over(line, engine), around=RepeatingWriter)
    line.is_armed = True

    def work(tx) -> int:
        tx.sql.run("INSERT INTO setting (name, value) VALUES ('once', '')")
        return tx.next_seq()

    seq = store.write(work)

    assert not line.is_armed and named(store, "once") == 1
    assert store.write(lambda tx: tx.next_seq()) == seq + 1
    store.close()


def test_a_request_is_told_that_it_is_unknown_and_the_same_again_is_answered_and_has_one_effect(engine, line):
    filled = database.open_inline(engine.folder, engine=engine)
    filled.write(lay_people)
    key = filled.write(lambda tx: phone_keys.issue(tx, "admin", by="test"))
    filled.close()
    app = opened_over(line, engine)
    headers = {"Authorization": f"Key {key}", "Idempotency-Key": "0190a7c2-3f1e-7aaa-8bbb-0123456789ab"}

    def ask():
        client = FlaskClient(app, app.response_class)
        return client.post(f"/api/v1/areas/{VILLAGE}/units", json={"name": "东头"}, headers=headers)

    FlaskClient(app, app.response_class).get("/api/v1/users", headers=headers)  # which notes that the key was used
    line.is_armed = True
    lost, again, once_more = ask(), ask(), ask()

    assert lost.status_code == 503 and lost.json["type"] == "/problems/outcome-unknown"
    assert "不知道是否已保存" in lost.json["detail"] and "原样再提交一次" in lost.json["detail"]
    assert (again.status_code, once_more.status_code) == (201, 201) and again.data == once_more.data
    units = app.extensions["firegrid"].database
    with units.reading() as reading:
        assert reading.sql.value("SELECT COUNT(*) FROM area WHERE name = '东头'") == 1
    close(app)


def test_a_page_that_nobody_knows_the_outcome_of_comes_back_as_the_same_form(engine, line):
    filled = database.open_inline(engine.folder, engine=engine)
    filled.write(lay_people)
    filled.close()
    app = opened_over(line, engine)
    desk = Desk(County(app, database.system_clock))
    desk.client = FlaskClient(app, app.response_class, use_cookies=True)
    assert desk.sign_in("admin").status_code == 303
    form = desk.form(desk.open("/office/admin/bodies?add=1"), "/office/admin/bodies")
    body = {"code": "dept-water", "name": "水利局", "kind": "department", "area": VILLAGE}

    app.extensions["firegrid"].database.write(lambda tx: None)  # behind what is noted of the session in passing
    line.is_armed = True
    lost = desk.submit(form, **body)
    assert lost.status_code == 503 and "原样再提交一次" in lost.text
    same = desk.form(lost, form.action)
    answers = [desk.submit(same, **body) for _ in range(2)]

    assert same.fields["form_token"] == form.fields["form_token"]
    assert [(each.status_code, each.location) for each in answers] == [(303, "/office/admin/bodies?done=added")] * 2
    with app.extensions["firegrid"].database.reading() as reading:
        assert reading.sql.value("SELECT COUNT(*) FROM audit WHERE action LIKE 'body.%'") == 2  # and dept-gas
    close(app)
