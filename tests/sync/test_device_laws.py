"""Whatever happens, in whatever order: once things are quiet nothing is lost, and devices that hold the same agree."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sync.client import synchronization
from sync.client.failures import NoConnection, Refused
from tests.laws import examples
from tests.sync.test_crashes import Battery
from tests.sync.town import Phone, Town, lost_answer, lost_request, says

WORKER, OTHER = ["area:unit1", "county", "person:worker"], ["area:unit1", "area:unit2", "county", "person:other"]
faults = st.lists(st.sampled_from([lost_request, lost_answer, says(503), lambda work: work()]), max_size=4)
phones = st.integers(0, 2)
text = st.sampled_from(["", "甲", "乙", "丙"])


class Valley(RuleBasedStateMachine):
    """Three phones, two of them of one person, and an office."""

    @initialize()
    def begin(self):
        self.folder = TemporaryDirectory()
        self.town = Town()
        self.town.durable = 0
        self.town.limits = {"changes": 3, "bytes": 3_000}
        self.town.entitled = {"worker": WORKER, "other": OTHER}
        self.saved = self.town.backup()
        self.made = 0
        self.phones = [self.phone(number, who) for number, who in enumerate(["worker", "worker", "other"], 1)]
        self.kept: set[str] = set()

    def phone(self, number, who):
        path = Path(self.folder.name, str(number))
        self.made += 1
        return Phone(self.town, path, who, hand=100 * number + self.made, connect=Battery(float("inf")).connect)

    @rule(at=phones, head=text)
    def create(self, at, head):
        self.phones[at].create(head=head, area=f"unit{1 + at // 2}")
        self.note(at)

    @rule(at=phones, pick=st.integers(0, 9), name=st.sampled_from(["head", "hoses"]), value=text)
    def edit(self, at, pick, name, value):
        seen = [each["id"] for each in self.phones[at].device.rows("SELECT id FROM row ORDER BY id")]
        if seen:
            with suppress(Refused):
                self.phones[at].edit(seen[pick % len(seen)], **{name: value})
            self.note(at)

    @rule(at=phones, befall=faults)
    def push(self, at, befall):
        self.town.faults = befall
        with suppress(NoConnection):
            self.phones[at].push()

    @rule(at=phones, befall=faults)
    def pull(self, at, befall):
        self.town.faults = befall
        with suppress(NoConnection):
            self.phones[at].pull()

    @rule(at=phones)
    def die_and_come_back(self, at):
        before = self.phones[at]
        before.device._db.conn.close()
        self.phones[at] = self.phone(at + 1, before.user)

    @rule(number=st.integers(0, 3), unit=st.sampled_from(["area:unit1", "area:unit2"]), value=text)
    def write_at_the_office(self, number, unit, value):
        self.town.put(f"office-{number}", unit, hoses=value)

    @rule()
    def move_the_worker(self):
        moved = ["area:unit2", "county", "person:worker"]
        self.town.entitled["worker"] = WORKER if self.town.entitled["worker"] == moved else moved

    @rule()
    def back_up(self):
        self.saved = self.town.backup()
        self.town.durable = self.saved.seq

    @precondition(lambda self: self.saved.epoch.count("restored") < 2)
    @rule()
    def restore(self):
        self.town.restore(self.saved)
        self.saved = self.town.backup()
        self.town.durable = self.saved.seq

    def note(self, at):
        self.kept |= {each["id"] for each in self.phones[at].changes()}

    def teardown(self):
        if not hasattr(self, "phones"):
            return
        self.town.faults = []
        for _ in range(2):
            for each in self.phones:
                each.at += timedelta(hours=2)
                synchronization.exchange(each.device, each.way)
        for each in self.phones:
            each.pull()
        self.check()
        for each in self.phones:
            each.close()
        self.folder.cleanup()

    def check(self):
        verdicts = [{each["id"]: (each["state"], each["verdict"]) for each in phone.changes()} for phone in self.phones]
        assert self.kept == {id for each in verdicts for id in each}
        assert all(state == "sent" and verdict for each in verdicts for state, verdict in each.values())
        assert self.kept <= self.town.state.verdicts.keys()
        for phone in self.phones:
            buckets = self.town.entitled[phone.user]
            mine = {id for bucket in buckets for id in self.town.state.buckets.get(bucket, {})}
            assert phone.held() == {id: self.town.state.records[id]["version"] for id in mine}
            held = {each["id"]: json.loads(each["body"]) for each in phone.device.rows("SELECT id, body FROM row")}
            assert held == {id: self.town.state.records[id] for id in mine}
            assert {each["name"] for each in phone.device.rows("SELECT name FROM bucket")} == {*buckets}


Valley.TestCase.settings = settings(max_examples=examples(25), stateful_step_count=30)
TestValley = Valley.TestCase
