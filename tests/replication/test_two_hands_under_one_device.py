"""A copied store, a cloned phone, one put back from a backup, two people on one laptop: no value goes unseen."""

from __future__ import annotations

from importlib.resources import files
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest

from sync import registers
from tests.county import County
from tests.desks import Desk
from tests.field_clients import Client, a_station
from tests.replication.field_hands import Store
from tests.valley import UNIT


@pytest.fixture
def worker(valley) -> Client:
    return Client(valley, "worker", str(uuid4()))


@pytest.fixture
def officer(valley) -> Desk:
    return Desk(valley, "officer")


@pytest.fixture
def stations(valley, worker) -> list[str]:
    """Two stations that the worker's device made, under counters 1 and 2; each is led by 甲."""
    made = [a_station(worker, label=label) for label in ("一号站", "二号站")]
    worker.push(*made)
    return [each["record"] for each in made]


def a_change(worker: Client, record: str, seq: int, seen: str | None, new: str, base: int = 1, **more: Any):
    return worker.change(record, "edit", seq=seq, fields={"head": (seen, new)}, base_version=base) | more


def values(valley: County, record: str, name: str = "head") -> set[str]:
    return set(registers.values(registers.from_json(valley.record(record).registers)[name]))


def test_a_copied_store_that_uses_a_counter_again_replaces_nothing(valley, worker, stations, officer):
    one, other = stations
    worker.push(a_change(worker, one, 3, "甲", "原机"))

    outcomes = worker.push(a_change(worker, other, 3, "甲", "乙"), a_change(worker, one, 4, "甲", "副本"))

    assert [each["verdict"] for each in outcomes] == ["applied", "merged"]
    assert (valley.record(one).conflicts, values(valley, one)) == (("head",), {"原机", "副本"})
    assert sorted(valley.problems()) == ["conflict", "dot_reused"]
    told = officer.get(f"/problems/{officer.open(kind='dot_reused')[0]['id']}")
    assert "两台设备用了同一个设备编号" in told["message"]
    history = officer.get(f"/records/{one}/history")["items"]
    assert [each["origin"].partition("#")[0] for each in history] == [worker.device] * 3
    assert history[-1]["origin"].removeprefix(f"{worker.device}#").isdigit()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_both_values_stay_in_whatever_order_the_copies_come_in(valley, worker, stations, order):
    one, other = stations
    changes = [
        a_change(worker, one, 3, "甲", "原机", made_at="2026-11-20T03:00:00+08:00"),
        a_change(worker, other, 3, "甲", "乙", made_at="2026-11-20T04:00:00+08:00"),
        a_change(worker, one, 4, "甲", "副本", made_at="2026-11-20T05:00:00+08:00"),
    ]

    for number in order:
        worker.push(changes[number])

    assert values(valley, one) == {"原机", "副本"}
    assert valley.record(one).fields["head"] == "副本"
    assert values(valley, other) == {"乙"}
    assert sorted(valley.problems()) == ["conflict", "dot_reused"]


def test_a_device_whose_counter_fell_is_heard(valley, worker, stations):
    one, _ = stations
    worker.push(a_change(worker, one, 9, "甲", "从前"))

    answer = worker.post(
        "push", {"device": worker.device, "changes": [a_change(worker, one, 5, "从前", "如今", base=2)]}
    )

    assert answer.json["outcomes"][0]["verdict"] == "applied"
    assert valley.record(one).fields["head"] == "如今"
    assert valley.problems() == ["dot_reused"]
    assert UUID(answer.json["device"]) != UUID(worker.device)


def test_a_value_that_the_hand_cannot_have_seen_is_another_hands(valley, worker, stations):
    one, _ = stations
    worker.push(a_change(worker, one, 3, "甲", "原机"))

    outcome = worker.push(a_change(worker, one, 4, "别处", "副本"))[0]

    assert outcome["conflicts"] == ["head"]
    assert values(valley, one) == {"原机", "副本"}


def test_while_a_counter_is_missing_it_is_the_same_hand_and_once_it_is_in_both_are_compared(valley, worker, stations):
    one, other = stations
    worker.push(a_change(worker, one, 3, "甲", "先前"))

    assert worker.push(a_change(worker, one, 5, "别处", "后来"))[0]["verdict"] == "applied"
    assert (values(valley, one), valley.problems()) == ({"后来"}, [])
    worker.push(a_change(worker, other, 4, "甲", "乙"))

    assert values(valley, one) == {"先前", "后来"}
    assert valley.record(one).conflicts == ("head",)
    assert sorted(valley.problems()) == ["conflict", "dot_reused"]


def test_a_predecessor_that_comes_late_explains_what_was_seen(valley, worker, stations):
    one, _ = stations
    changes = [
        a_change(worker, one, 3, "甲", "三"),
        a_change(worker, one, 4, "三", "四"),
        a_change(worker, one, 5, "四", "五"),
    ]

    worker.push(changes[0], changes[2], changes[1])

    assert (values(valley, one), valley.problems()) == ({"五"}, [])


def test_each_hand_gets_an_id_of_its_own_and_the_same_when_the_answer_was_lost(worker, stations):
    one, other = stations
    first = a_change(worker, one, 3, "甲", "原机")
    assert worker.post("push", {"device": worker.device, "changes": [first]}).json["device"] is None
    copied = {"device": worker.device, "changes": [a_change(worker, other, 3, "甲", "乙")]}

    fresh = [worker.post("push", copied).json["device"] for _ in range(2)]
    again = worker.post("push", {"device": worker.device, "changes": [a_change(worker, one, 4, "原机", "丁", base=2)]})

    assert fresh[0] == fresh[1]
    assert len({fresh[0], again.json["device"], worker.device}) == 3


def test_until_it_has_another_id_a_hand_replaces_its_own_unsent_value(valley, worker, stations):
    one, other = stations
    worker.push(a_change(worker, one, 3, "甲", "原机"), a_change(worker, other, 3, "甲", "乙"))
    first = a_change(worker, one, 4, "甲", "副本")
    then = a_change(worker, one, 5, "副本", "副本二", after=first["id"])
    under_the_new = then | {"id": str(uuid4()), "seq": 6, "fields": {"head": ["副本二", "副本三"]}, "after": then["id"]}

    worker.push(first, then)
    worker.post("push", {"device": str(uuid4()), "changes": [under_the_new]})

    assert values(valley, one) == {"原机", "副本三"}


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("name", "first", "second", "end"),
    [
        ("head", ("甲", "乙"), ("甲", "甲"), "乙"),
        ("head", ("甲", "乙"), ("甲", "丙"), "丙"),
        ("head", ("甲", "乙"), ("乙", "甲"), "甲"),
        ("kit", (None, "axe pump"), (None, "rope"), "axe pump rope"),
        ("kit", (None, "axe pump"), ("axe pump", "axe rope"), "axe rope"),
    ],
)
def test_two_unsent_edits_end_alike_in_either_order(valley, worker, stations, backwards, name, first, second, end):
    one, _ = stations
    before = worker.change(one, "edit", fields={name: first}, base_version=1)
    then = worker.change(one, "edit", fields={name: second}, base_version=1, after=before["id"])

    worker.push(*((then, before) if backwards else (before, then)))

    assert valley.record(one).fields[name] == end
    assert valley.problems() == []


def test_two_people_on_one_device_keep_their_values_apart(valley, worker, stations, officer):
    one, _ = stations
    other = Client(valley, "officer", worker.device)
    worker.push(a_change(worker, one, 3, "甲", "乙"))

    outcome = other.push(a_change(other, one, 1, "甲", "丙"))[0]

    assert outcome["conflicts"] == ["head"]
    assert valley.problems() == ["conflict"]
    history = officer.get(f"/records/{one}/history")["items"]
    assert [each["origin"] for each in history] == [worker.device, worker.device, f"{worker.device}/officer"]


def test_a_copied_store_of_the_second_person_on_a_device_makes_records_too(valley, worker, stations, officer):
    other = Client(valley, "officer", worker.device)
    made, copied = (a_station(other, label=label) | {"seq": 3} for label in ("三号站", "副本的站"))

    outcomes = other.push(made, copied)

    assert [each["verdict"] for each in outcomes] == ["applied", "applied"]
    assert valley.problems() == ["dot_reused"]
    [origin] = [each["origin"] for each in officer.get(f"/records/{copied['record']}/history")["items"]]
    assert origin.startswith(f"{worker.device}/officer#")


def test_who_takes_a_device_over_replaces_what_they_saw_there_unsent(valley, worker, stations):
    one, _ = stations
    other = Client(valley, "officer", worker.device)
    first = a_change(worker, one, 3, "甲", "乙")
    then = a_change(other, one, 4, "乙", "丙", after=first["id"])

    worker.push(first)
    other.push(then)

    assert (values(valley, one), valley.problems()) == ({"丙"}, [])


def test_a_store_that_is_put_back_sends_again_what_it_sent_and_then_goes_on(valley):
    client = Client(valley, "worker")
    store = Store(str(uuid4()), "worker", 0)
    record = store.create(UNIT, label="一号站", head="甲").change["record"]
    backup = store.copied(0)
    store.push(client)
    store.edit(record, head="乙")
    store.push(client)

    backup.push(client)
    backup.edit(record, head="丙")
    backup.push(client)
    backup.edit(record, lack="水带")
    backup.push(client)

    assert valley.record(record).fields["head"] == "丙"
    assert backup.device != store.device
    assert valley.problems() == ["dot_reused"]


def test_a_folder_from_before_goes_on_in_the_middle_of_unsent_work(valley, worker, stations):
    one, _ = stations
    first = a_change(worker, one, 3, "甲", "乙")
    worker.push(first)
    as_before(valley)
    then = a_change(worker, one, 4, "乙", "丙", after=first["id"])
    later = a_change(worker, one, 5, "丙", "丁", after=then["id"])

    outcomes = worker.push(first, later, then)

    assert [each["verdict"] for each in outcomes] == ["applied"] * 3
    assert (values(valley, one), valley.problems()) == ({"丁"}, [])


def test_where_two_people_once_wrote_under_one_id_neither_is_taken_for_a_copy(valley, worker, stations):
    one, other = stations
    officer = Client(valley, "officer", worker.device)
    first = a_change(officer, other, 1, "甲", "乙")
    officer.push(first)
    as_before(valley)

    officer.push(a_change(officer, one, 2, "甲", "丙"), a_change(officer, other, 3, "乙", "丁", after=first["id"]))
    worker.push(a_change(worker, one, 3, "甲", "戊"), a_change(worker, other, 4, "甲", "己"))

    assert (values(valley, one), values(valley, other)) == ({"丙", "戊"}, {"丁", "己"})
    assert valley.problems() == ["conflict", "conflict"]


def as_before(valley: County) -> None:
    """Make of a folder what an upgrade makes of one whose version knew one origin for a device."""
    step = (files("server.db.migrations") / "0028_device_origins.sqlite.sql").read_text(encoding="utf-8")
    keep_authors = step[step.index("INSERT INTO device_origin") :].rstrip().rstrip(";")

    def lay(tx: Any) -> None:
        tx.sql.run("UPDATE revision SET after = NULL, origin = REPLACE(origin, '/officer', '')")
        tx.sql.run("UPDATE record SET registers = REPLACE(registers, '/officer', '')")
        tx.sql.run("DELETE FROM device_origin")
        tx.sql.run(keep_authors)

    valley.do(lay)
