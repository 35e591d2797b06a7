"""Whatever somebody sent can be read in the record's history, also where it shows nowhere (``sync.md`` section 3)."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records import RevisionSchema
from tests.desks import Desk
from tests.field_clients import Client, a_station
from tests.laws import examples
from tests.valley import UNIT, a_valley

TUESDAY, MONDAY = "2026-11-24T09:00:00+08:00", "2026-11-23T09:00:00+08:00"


@pytest.fixture
def officer(valley) -> Desk:
    return Desk(valley, "officer")


@pytest.fixture
def clients(valley) -> list[Client]:
    return [Client(valley, name, f"{name}-{number}") for number, name in enumerate(("worker", "officer", "town"))]


def received(desk: Desk, record: str) -> list[dict[str, list[str | None]]]:
    """Return what was received with each revision of a record, oldest first."""
    items = desk.get(f"/records/{record}/history")["items"]
    assert all(RevisionSchema().validate(each) == {} for each in items)
    return [each["received"] for each in sorted(items, key=lambda each: each["version"])]


def test_an_observation_that_lost_to_a_later_one_is_read(clients, officer):
    first, second, _ = clients
    made = a_station(first, checked_on="2026-11-01")
    first.push(made)
    late = first.change(
        made["record"], "edit", fields={"checked_on": ("2026-11-01", "2026-11-24")}, base_version=1, made_at=TUESDAY
    )
    early = second.change(
        made["record"], "edit", fields={"checked_on": ("2026-11-01", "2026-11-23")}, base_version=1, made_at=MONDAY
    )

    first.push(late)
    second.push(early)

    assert received(officer, made["record"])[2] == {"checked_on": ["2026-11-01", "2026-11-23"]}
    assert officer.get(f"/records/{made['record']}")["fields"]["checked_on"] == "2026-11-24"


def test_an_edit_that_came_after_a_later_one_of_its_author_is_read(clients, officer):
    worker = clients[0]
    made = a_station(worker)
    first = worker.change(made["record"], "edit", fields={"head": ("甲", "乙")}, base_version=1)
    then = worker.change(made["record"], "edit", fields={"head": ("乙", "丙")}, base_version=1, after=first["id"])

    worker.push(made, then, first)

    assert received(officer, made["record"])[1:] == [{"head": ["乙", "丙"]}, {"head": ["甲", "乙"]}]


def test_a_value_that_everybody_had_already_is_read_though_it_changed_nothing(clients, officer):
    worker = clients[0]
    made = a_station(worker)
    worker.push(made, worker.change(made["record"], "edit", fields={"head": ("丙", "丙")}, base_version=1))

    assert received(officer, made["record"])[1] == {"head": ["丙", "丙"]}


def test_what_an_act_brought_that_came_too_late_is_read(clients, officer):
    worker, _, _ = clients
    case = a_station(worker)["record"]
    worker.push(
        worker.change(
            case, "report", type="hazards", area=UNIT, fields={"label": (None, "三号楼"), "item": (None, "gas_hose")}
        )
    )
    late = worker.change(
        case,
        "feedback",
        type="hazards",
        base_version=1,
        fields={"result_code": (None, "fixed"), "note": (None, "已换新管"), "place": (None, "四号楼")},
    )

    assert worker.push(late)[0]["verdict"] == "recorded"
    assert received(officer, case)[1] == {
        "result_code": [None, "fixed"],
        "note": [None, "已换新管"],
        "place": [None, "四号楼"],
    }


def test_a_third_value_joins_the_open_conflict_and_is_read_there_once_an_officer_has_chosen(valley, clients, officer):
    made = a_station(clients[0])
    clients[0].push(made)
    outcomes = [
        client.push(client.change(made["record"], "edit", fields={"head": ("甲", value)}, base_version=1))[0]
        for client, value in zip(clients, "乙丙丁", strict=True)
    ]

    problem = officer.one()
    assert [each["value"] for each in problem["fields"][0]["values"]] == ["乙", "丙", "丁"]
    assert [each["problem"] and each["problem"]["id"] for each in outcomes] == [None, problem["id"], problem["id"]]
    officer.settle(problem["id"], "choose", choices={"head": {"head": 2}})

    settled = officer.get(f"/problems/{problem['id']}")
    assert [(each["value"], each["author"]) for each in settled["fields"][0]["values"]] == [
        ("乙", "worker"),
        ("丙", "officer"),
        ("丁", "town"),
    ]
    assert valley.record(made["record"]).fields["head"] == "乙"
    assert {"head": ["甲", "丁"]} in received(officer, made["record"])


def test_a_value_that_its_author_replaced_while_the_conflict_was_open_is_read_there(clients, officer):
    first, second, _ = clients
    made = a_station(first)
    first.push(made)
    first.push(first.change(made["record"], "edit", fields={"head": ("甲", "乙")}, base_version=1))
    second.push(second.change(made["record"], "edit", fields={"head": ("甲", "丙")}, base_version=1))
    second.push(second.change(made["record"], "edit", fields={"head": ("丙", "丁")}, base_version=3))
    [field] = officer.one()["fields"]
    assert [each["value"] for each in field["values"]] == ["乙", "丁"]

    officer.settle(officer.one()["id"], "choose", choices={"head": {"head": 4}})

    [settled] = officer.get("/problems?settled=true")["items"]
    [field] = officer.get(f"/problems/{settled['id']}")["fields"]
    assert [each["value"] for each in field["values"]] == ["乙", "丙", "丁"]


edits = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["head", "checked_on", "lack"]),
    st.integers(0, 99),
    st.sampled_from(["", "甲", "2026-11-20", "2026-11-21", "水带", "水带 灭火器"]),
)


@given(st.lists(edits, max_size=12), st.randoms())
@settings(max_examples=examples(40))
def test_every_value_that_was_sent_stands_in_the_history(story, chance):
    with TemporaryDirectory() as folder, a_valley(Path(folder) / "data") as valley:
        clients = [Client(valley, name) for name in ("worker", "officer", "town")]
        made = a_station(clients[0])
        clients[0].push(made)
        numbers = count(1)
        sent = []
        for who, name, base, value in story:
            write = ("甲" if name == "head" else None, f"{value}{next(numbers)}" if name == "head" else value)
            edit = clients[who].change(made["record"], "edit", fields={name: write}, base_version=base % 2)
            sent.append((clients[who], edit))
        chance.shuffle(sent)

        for client, edit in sent:
            client.push(edit)

        told = received(Desk(valley, "officer"), made["record"])
        for _, edit in sent:
            assert edit["fields"] in told
