"""A server that starts with other settings than the last one says so in the audit, without any password."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from server.audit.domain.entries import Entry, Recorded
from server.audit.store import chain
from server.audit.usecases import exports, rounds
from server.audit.usecases.exports import INTERRUPTED
from server.db import database
from server.db.database import Database
from server.settings import OfferedSignIn, Settings, described
from tests.county import Clock, new_database


@pytest.fixture
def store(tmp_path) -> Iterator[Database]:
    new_database(tmp_path / "data")
    made = database.open_inline(tmp_path / "data", Clock())
    yield made
    made.close()


def start(store: Database, **settings: object) -> list[Recorded]:
    """Start with these settings, and return all that the audit says of settings."""
    rounds.start(store, described(Settings(store.folder, **settings)))
    with store.reading() as reading:
        assert list(chain.broken(reading)) == []
        return list(chain.list_about(reading, "settings"))


def test_the_first_start_says_all_and_the_next_what_is_other(store):
    [first] = start(store)
    assert start(store) == [first]

    [_, second] = start(store, access_minutes=5, trusted_proxies=(ip_network("10.0.0.0/8"),))

    assert (first.event, first.actor) == ("setting.change", "command")
    assert first.details["now"]["access_minutes"] == "30"
    assert second.details["changed"] == ["access_minutes", "trusted_proxies"]
    assert second.details["now"]["trusted_proxies"] == "10.0.0.0/8"


def test_sign_ins_that_a_demonstration_offers_stay_out_with_their_passwords(store):
    [entry] = start(store, sign_ins=(OfferedSignIn("brigade", "xu", "open-sesame"),))

    assert "open-sesame" not in str(entry)
    assert str(store.folder) not in str(entry)


def test_exports_that_the_last_server_did_not_end_are_entries_after_the_start(store):
    exports.begin(store, Entry("records.export", "wang", "records", {"filters": {}}))

    start(store)

    with store.reading() as reading:
        assert [entry.result for entry in chain.list_about(reading, "records")] == [INTERRUPTED]
