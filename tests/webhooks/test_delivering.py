"""Receivers are told of every act, at least once, signed, in order of each record, whatever breaks in between."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator

import pytest

from server.db import database as databases
from server.people.store import people
from server.webhooks.domain import retries
from server.webhooks.store import deliveries, webhooks
from server.webhooks.usecases import configuration, delivering, sending
from tests.case_land import Land
from tests.webhooks.receiver import Receiver, receiving, serve


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def named(land: Land, receiver: Receiver, *kinds: str) -> tuple[str, str]:
    """Return the id and the secret of a webhook that the administrator has just added."""
    settings = receiver.settings(land.valley.store)

    def add(tx):
        made, secret = configuration.add(tx, receiver.url, kinds, settings, by=_admin(tx))
        return made.id, secret

    return land.valley.do(add)


def _admin(tx):
    return people.actor(tx, "admin")


def signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def actions(receiver: Receiver, record: str) -> list[str]:
    return [each["kind"] for each in receiver.bodies if each["record"] == record]


def test_a_receiver_is_told_of_every_act_in_order_with_no_word_of_anybody(land, receiver):
    id, secret = named(land, receiver)
    case = land.report()
    land.lead_to(case, ("register", "officer"), ("assign", "town", {"assignee": "user:leader", "note": "先关阀门"}))

    serve(land.valley.store, receiver, id)

    assert actions(receiver, case) == ["hazards.report", "hazards.register", "hazards.assign"]
    for headers, body in receiver.got:
        assert headers["webhook-signature"] == signature(secret, headers, body)
        assert abs(int(headers["webhook-timestamp"]) - land.clock().timestamp()) <= 1
        assert headers["host"] == f"127.0.0.1:{receiver.port}"
        assert "阀门" not in body.decode()
    assert set(receiver.bodies[0]) == {"id", "kind", "record", "seq", "at"}
    assert len({each["id"] for each in receiver.bodies}) == 3
    serve(land.valley.store, receiver, id)
    assert len(receiver.got) == 3
    assert land.valley.count("webhook_delivery") == 0


def test_what_was_before_is_not_told_and_kinds_narrow_what_is(land, receiver):
    land.report()
    id, _ = named(land, receiver, "hazards.register")
    case = land.report()
    land.lead_to(case, ("register", "officer"), ("assign", "town", {"assignee": "user:leader"}))

    serve(land.valley.store, receiver, id)

    assert [each["kind"] for each in receiver.bodies] == ["hazards.register"]


def test_what_is_only_recorded_is_no_event(land, receiver):
    id, _ = named(land, receiver)
    case = land.report()
    phone = land.phone("officer")
    land.act(case, "register", "officer")
    phone.act(case, "register")
    phone.send()

    serve(land.valley.store, receiver, id)

    assert actions(receiver, case) == ["hazards.report", "hazards.register"]


def test_a_message_that_is_not_taken_comes_again_later_and_with_the_same_id(land, receiver):
    id, _ = named(land, receiver)
    land.report()
    receiver.statuses = [503]
    serve(land.valley.store, receiver, id)
    serve(land.valley.store, receiver, id)
    assert len(receiver.got) == 1

    land.clock.pass_by(seconds=6)
    serve(land.valley.store, receiver, id)

    assert len(receiver.got) == 2
    assert receiver.bodies[0]["id"] == receiver.bodies[1]["id"]
    with land.valley.store.reading() as reading:
        assert webhooks.find(reading, id).failures == 0


def test_of_one_record_nothing_overtakes_and_others_go_on(land, receiver):
    id, _ = named(land, receiver)
    first, second = land.report(), land.report()
    land.act(first, "register", "officer")
    receiver.refused = {first}

    serve(land.valley.store, receiver, id)

    assert actions(receiver, first) == ["hazards.report"]
    assert actions(receiver, second) == ["hazards.report"]
    receiver.refused = set()
    land.clock.pass_by(seconds=6)
    serve(land.valley.store, receiver, id)
    assert actions(receiver, first) == ["hazards.report", "hazards.report", "hazards.register"]


def test_who_dies_between_sending_and_noting_it_sends_once_more_with_the_same_id(land, receiver):
    id, _ = named(land, receiver)
    land.report()

    def killed(*arguments: object) -> int:
        sending.post(*arguments)
        raise SystemExit

    with pytest.raises(SystemExit):
        delivering.serve(land.valley.store, receiver.settings(land.valley.store), id, killed)
    serve(land.valley.store, receiver, id)
    assert len(receiver.got) == 1
    land.clock.pass_by(seconds=retries.LEASE.total_seconds() + 1)
    serve(land.valley.store, receiver, id)

    assert [each["id"] for each in receiver.bodies] == [receiver.bodies[0]["id"]] * 2
    assert land.valley.count("webhook_delivery") == 0


def test_of_two_processes_one_sends(land, receiver):
    id, _ = named(land, receiver)
    land.report()
    other = databases.open_inline(land.valley.store.folder, clock=land.clock)

    def beside(*arguments: object) -> int:
        serve(other, receiver, id)  # meanwhile the other one looks
        return sending.post(*arguments)

    delivering.serve(land.valley.store, receiver.settings(land.valley.store), id, beside)
    other.close()

    assert len(receiver.got) == 1


def test_a_slow_receiver_keeps_no_phone_and_no_other_receiver_waiting(land, receiver):
    with receiving() as quick:
        slow_id, quick_id = named(land, receiver)[0], named(land, quick)[0]
        receiver.gate.clear()
        land.report()
        deliverer = delivering.Deliverer(land.valley.store, receiver.settings(land.valley.store))
        deliverer.round()
        begun = time.monotonic()
        land.report()  # a phone sends, and is answered

        assert time.monotonic() - begun < 5
        while not quick.got and time.monotonic() - begun < 5:
            time.sleep(0.01)
        assert quick.got
        assert receiver.got == []
        receiver.gate.set()
        deliverer.wait(10)
        assert slow_id != quick_id
    assert receiver.got


def test_what_is_never_taken_is_given_up_told_of_and_sent_again_on_demand(land, receiver, monkeypatch):
    monkeypatch.setattr(retries, "ATTEMPTS_MAX", 2)
    id, _ = named(land, receiver)
    case = land.report()
    receiver.refused = {case}
    for _ in range(3):
        serve(land.valley.store, receiver, id)
        land.clock.pass_by(hours=2)
    land.act(case, "register", "officer")
    receiver.refused = set()
    serve(land.valley.store, receiver, id)

    assert actions(receiver, case) == ["hazards.report", "hazards.report", "hazards.register"]
    with land.valley.store.reading() as reading:
        assert deliveries.counts(reading) == (0, 1)
    before = receiver.bodies[0]["id"]
    receiver.got.clear()
    land.valley.do(lambda tx: configuration.replay(tx, id, 0, by=_admin(tx)))
    serve(land.valley.store, receiver, id)

    assert actions(receiver, case) == ["hazards.report", "hazards.register"]
    assert receiver.bodies[0]["id"] == before
    with land.valley.store.reading() as reading:
        assert deliveries.counts(reading) == (0, 0)


def test_while_a_secret_is_replaced_messages_carry_both_signatures(land, receiver):
    id, old = named(land, receiver)
    new = land.valley.do(lambda tx: configuration.begin_rotation(tx, id, by=_admin(tx)))
    land.report()
    serve(land.valley.store, receiver, id)

    headers, body = receiver.got[0]
    assert set(headers["webhook-signature"].split()) == {signature(each, headers, body) for each in (old, new)}

    land.valley.do(lambda tx: configuration.finish_rotation(tx, id, by=_admin(tx)))
    land.report()
    serve(land.valley.store, receiver, id)
    headers, body = receiver.got[1]
    assert headers["webhook-signature"] == signature(new, headers, body)


def test_an_answer_that_leads_elsewhere_is_not_followed(land, receiver):
    with receiving() as elsewhere:
        id, _ = named(land, receiver)
        receiver.statuses, receiver.location = [307], elsewhere.url
        land.report()

        serve(land.valley.store, receiver, id)

        assert elsewhere.got == []
    with land.valley.store.reading() as reading:
        assert webhooks.find(reading, id).problem == "应答 307"


def test_who_was_ended_is_told_nothing_more(land, receiver):
    id, _ = named(land, receiver)
    land.report()
    land.valley.do(lambda tx: configuration.end(tx, id, by=_admin(tx)))

    serve(land.valley.store, receiver, id)

    assert receiver.got == []
    assert land.valley.count("webhook_secret") == 0
