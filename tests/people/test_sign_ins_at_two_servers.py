"""Two servers on one county count every wrong password once, and each knows when the other last saw a phone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from server.db import database
from server.db.database import Database
from server.db.postgres.engine import PostgresEngine
from server.errors import LockedOut, SignInFailed
from server.people.domain import sign_in_rules
from server.people.store import people
from server.people.usecases import phone_keys, sign_in
from tests import postgres_server
from tests.api_county import lay_people

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

ADDRESS = "203.0.113.7"
TRIES = 40


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[PostgresEngine]:
    postgres_server.require()
    made = PostgresEngine(postgres_server.database_url(), "130687", tmp_path)
    made.create("a" * 32)
    yield made
    with psycopg.connect(postgres_server.database_url(), autocommit=True) as connection:
        connection.execute("DROP SCHEMA c130687 CASCADE")


@pytest.fixture
def servers(engine) -> Iterator[tuple[Database, Database]]:
    """Two servers, each with connections and a writer of its own."""
    opened = tuple(database.open_threaded(engine.folder, engine=engine) for _ in range(2))
    opened[0].write(lay_people)
    yield opened
    for each in opened:
        each.close()


def test_wrong_passwords_at_both_at_once_are_all_counted(servers):
    with servers[0].reading() as reading:
        most = sign_in_rules.at(reading.now).failures_max
        attempt = sign_in.look_up(reading, "officer", ADDRESS)
    assert most < TRIES

    with ThreadPoolExecutor(8) as pool:
        refusals = list(
            pool.map(lambda at: servers[at % 2].write(lambda tx: sign_in.record_failure(tx, attempt)), range(TRIES))
        )

    assert [type(each) for each in refusals].count(SignInFailed) == most - 1
    assert [type(each) for each in refusals].count(LockedOut) == TRIES - most + 1
    for each in servers:
        with each.reading() as reading, pytest.raises(LockedOut):
            sign_in.look_up(reading, "officer", ADDRESS)
        with each.reading() as reading:
            assert reading.sql.value("SELECT COUNT(*) FROM sign_in_failure") == most


def test_what_one_has_seen_of_a_phone_the_other_need_not_write_again(servers):
    one, other = servers
    key = one.write(lambda tx: phone_keys.issue(tx, "worker", by="test"))
    seen = people.actor_by_key(other.single_read(), key)
    assert not people.seen_recently(seen)

    one.write(lambda tx: people.touch_key(tx, seen.key_id, "phone-1", "Collect", None))

    assert people.seen_recently(people.actor_by_key(other.single_read(), key))
