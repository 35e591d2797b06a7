"""Field clients, an office and people who move, in any order, with lost answers and repeats: what holds at the end."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest
from server.errors import Refusal
from server.people.store import people, scopes
from server.staffing.usecases import enrolment
from tests.field_clients import Client, a_station
from tests.laws import examples
from tests.valley import NEXT_UNIT, UNIT, a_valley

NAMES = ("worker", "neighbour", "officer")
UNITS = (UNIT, NEXT_UNIT)
values = st.sampled_from(("甲", "乙", "丙", ""))
names = st.sampled_from(NAMES)
picks = st.integers(min_value=0, max_value=99)
ACTS = {
    "accept": {},
    "feedback": {"result_code": "fixed", "no_photo_reason": "no_battery"},
    "close": {},
    "rework": {"reason": "not_fixed"},
    "note": {"note": "现场说明"},
    "withdraw": {},
    "register": {},
    "assign": {"assignee": "user:worker"},
}


class FieldWork(RuleBasedStateMachine):
    """Three people with a client each; the server is real, the network loses and repeats."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(TemporaryDirectory()))
        self.valley = self._stack.enter_context(a_valley(folder / "data"))
        self.clients = {name: Client(self.valley, name) for name in NAMES}
        self.unsent: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
        self.sent: list[tuple[str, dict[str, Any]]] = []

    @rule(name=names, unit=st.sampled_from(UNITS))
    def somebody_registers_a_station(self, name, unit):
        self.unsent[name].append(a_station(self.clients[name], area=unit))

    @rule(name=names, unit=st.sampled_from(UNITS))
    def somebody_reports_a_hazard(self, name, unit):
        fields = {"label": (None, "三号楼"), "item": (None, "gas_hose"), "place": (None, "三号楼")}
        change = self.clients[name].change(str(uuid4()), "report", type="hazards", area=unit, fields=fields)
        self.unsent[name].append(change)

    @rule(name=names, pick=picks, value=values)
    def somebody_edits_what_they_see(self, name, pick, value):
        client = self.clients[name]
        rows = [row for row in client.rows().values() if row["type"] == "stations"]
        if not rows:
            return
        row = rows[pick % len(rows)]
        write = (row["fields"].get("head"), value)
        edit = client.change(row["id"], "edit", base_version=row["version"], fields={"head": write})
        self.unsent[name].append(edit)

    @rule(name=names, pick=picks, action=st.sampled_from(sorted(ACTS)))
    def somebody_acts_on_a_case(self, name, pick, action):
        client = self.clients[name]
        rows = [row for row in client.rows().values() if row["type"] == "hazards"]
        if not rows:
            return
        row = rows[pick % len(rows)]
        fields = {field: (None, value) for field, value in ACTS[action].items()}
        act = client.change(row["id"], action, type="hazards", base_version=row["version"], fields=fields)
        self.unsent[name].append(act)

    @rule(name=names, way=st.sampled_from(("once", "twice", "lost", "backwards")))
    def somebody_pushes(self, name, way):
        batch = self.unsent[name]
        if way == "backwards":
            batch = batch[::-1]
        self._push(name, batch)
        if way == "twice":
            self._push(name, batch)
        if way != "lost":  # without an answer the client sends everything again
            self.unsent[name] = []

    @rule(name=names, limit=st.sampled_from((1, 3, 500)))
    def somebody_pulls(self, name, limit):
        self.clients[name].pull(limit)

    @rule(name=names, limit=st.sampled_from((1, 2)))
    def somebody_pulls_one_page_and_loses_the_network(self, name, limit):
        self.clients[name].page(limit)

    @rule(name=st.sampled_from(("worker", "neighbour")))
    def a_worker_moves(self, name):
        [duty] = self._actor(name).current
        other = UNITS[1 - UNITS.index(duty.area)]
        self.valley.do(enrolment.move_user, name, area=other, by="test")

    @rule(pick=picks, taker=st.sampled_from(("user:worker", "user:neighbour")))
    def the_office_assigns(self, pick, taker):
        ids = [row["id"] for row in self.valley.rows("SELECT id FROM record WHERE type = 'hazards' ORDER BY born_seq")]
        if not ids:
            return
        request, by = ChangeRequest("assign", {"assignee": taker}), self._actor("officer")
        try:
            self.valley.do(lambda tx: interactive.change(tx, ids[pick % len(ids)], request, by=by))
        except Refusal:
            return  # the case is past assigning; what must hold holds all the same

    def teardown(self):
        try:
            for name in NAMES:
                self._push(name, self.unsent[name])
            for name in NAMES:
                self.clients[name].pull()
            self._every_change_has_one_verdict_and_repeats_change_nothing()
            self._everyone_holds_what_they_may_and_the_same()
        finally:
            self._stack.close()  # where what ``firegrid check`` asks is asked

    def _every_change_has_one_verdict_and_repeats_change_nothing(self) -> None:
        before = (self.valley.count("revision"), self.valley.count("change"), self.valley.count("problem"))
        for name, change in self.sent:
            [outcome] = self.clients[name].push(change)
            [kept] = self.valley.rows("SELECT verdict FROM change WHERE id = :id", id=change["id"])
            assert outcome["verdict"] == kept["verdict"]
        assert (self.valley.count("revision"), self.valley.count("change"), self.valley.count("problem")) == before

    def _everyone_holds_what_they_may_and_the_same(self) -> None:
        held: dict[str, dict[str, Any]] = {}
        for name, client in self.clients.items():
            with self.valley.store.reading() as reading:
                inside, seen = scopes.by_place_or_person(people.actor(reading, name).scope, reading.now)
                allowed = {row["id"]: row for row in reading.sql.each(f"SELECT * FROM record WHERE {inside}", seen)}
            assert client.rows().keys() == allowed.keys()
            for bucket, rows in client.buckets.items():
                told = (
                    {id: (row["version"], row["fields"], row["status"]) for id, row in rows.items()}
                    if (bucket != "county")
                    else None
                )
                assert told is None or held.setdefault(bucket, told) == told
                assert all(allowed[id]["version"] == row["version"] for id, row in rows.items() if id in allowed)

    def _push(self, name: str, batch: list[dict[str, Any]]) -> None:
        if batch:
            self.clients[name].push(*batch)
        self.sent += [(name, change) for change in batch if (name, change) not in self.sent]

    def _actor(self, name: str):
        with self.valley.store.reading() as reading:
            return people.actor(reading, name)


TestFieldWork = FieldWork.TestCase
TestFieldWork.settings = settings(max_examples=examples(25), stateful_step_count=25)
