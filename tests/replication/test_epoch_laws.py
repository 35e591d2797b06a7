"""Laptops that work, lose answers and come back in any order: epochs change when a copy is put back, and never else."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from server.replication.store import epochs
from sync.client import earlier_users, outbox, synchronization
from sync.client.failures import NoConnection, Refused
from sync.client.outbox import ASK_AGAIN_AFTER
from tests.county import restart
from tests.laws import examples
from tests.put_back import copied, put_back
from tests.sync.test_with_the_real_server import Road
from tests.sync.town import ADDRESS, Phone, lost_answer, lost_request
from tests.valley import UNIT, a_valley

NAMES = ("worker", "officer", "town")
names = st.sampled_from(NAMES)
values = st.sampled_from(("甲", "乙", "丙"))
picks = st.integers(min_value=0, max_value=99)
FAULTS = {"none": [], "request": [lost_request] * 3, "answer": [lost_answer] * 3, "first answer": [lost_answer]}
faults = st.sampled_from(sorted(FAULTS))


class HonestWork(RuleBasedStateMachine):
    """Three people with a laptop each, and a server that is stopped and started."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.valley = self.stack.enter_context(a_valley(self.folder / "data"))
        self.road = Road(self.valley)
        self.laptops = {}
        for hand, name in enumerate(NAMES, start=1):
            self.laptops[name] = Phone(self.road, self.folder / name, self.valley.keys[name], hand=hand)
            self.stack.callback(self.laptops[name].close)
        self.put_backs = 0

    @rule(name=names, value=values)
    def somebody_registers_a_station(self, name, value):
        self.laptops[name].create(area=UNIT, label="一号站", head=value)

    @rule(name=names, pick=picks, value=values)
    def somebody_edits_what_they_see(self, name, pick, value):
        rows = self.laptops[name].device.rows("SELECT id FROM row WHERE type = 'stations' ORDER BY id")
        if rows:
            self.laptops[name].edit(rows[pick % len(rows)]["id"], head=value)

    @rule(name=names, fault=faults)
    def somebody_pushes(self, name, fault):
        self._try(fault, self.laptops[name].push)

    @rule(name=names, fault=faults)
    def somebody_pulls(self, name, fault):
        self._try(fault, self.laptops[name].pull)

    @rule()
    def the_office_adds_what_makes_no_revision(self):
        self.valley.phone("worker").send(b"<data/>")

    @rule()
    def the_server_is_stopped_and_started(self):
        restart(self.valley)

    def teardown(self):
        try:
            for _ in range(3):  # the last has to hear of an epoch that another made known
                for laptop in self.laptops.values():
                    laptop.at += ASK_AGAIN_AFTER  # an edit that came before its lost record has been judged by then
                    synchronization.exchange(laptop.device, laptop.way)
            self._nothing_that_a_laptop_holds_is_missing()
            self._an_epoch_is_taken_for_a_copy_alone()
            self._everybody_holds_the_same()
        finally:
            self.stack.close()  # where what ``firegrid check`` asks is asked

    def _try(self, fault, work) -> None:
        self.road.faults = list(FAULTS[fault])
        with suppress(NoConnection):
            work()
        self.road.faults = []

    def _nothing_that_a_laptop_holds_is_missing(self) -> None:
        kept = {row["id"]: row["verdict"] for row in self.valley.rows("SELECT id, verdict FROM change")}
        for laptop in self.laptops.values():
            for change in laptop.changes():
                assert kept[change["id"]] == change["verdict"]
                assert change["verdict"] in ("applied", "merged")

    def _an_epoch_is_taken_for_a_copy_alone(self) -> None:
        with self.valley.store.reading() as reading:
            assert epochs.restores(reading) <= self.put_backs

    def _everybody_holds_the_same(self) -> None:
        held = {row["id"]: row["version"] for row in self.valley.rows("SELECT id, version FROM record")}
        for laptop in self.laptops.values():
            stations = laptop.device.rows("SELECT id, version FROM row WHERE type = 'stations'")
            assert {row["id"]: row["version"] for row in stations} == held


class WorkOnCopies(HonestWork):
    """The same, while somebody copies the folder now and then and puts a copy back."""

    def __init__(self) -> None:
        super().__init__()
        self.copies = [copied(self.valley.store.folder, self.folder / "copy0")]

    @rule()
    def somebody_copies_the_folder(self):
        self.copies.append(copied(self.valley.store.folder, self.folder / f"copy{len(self.copies)}"))

    @rule(pick=picks)
    def somebody_puts_a_copy_back(self, pick):
        self.put_backs += 1
        restart(self.valley, lambda folder: put_back(self.copies[pick % len(self.copies)], folder))


class TurnsAtLaptops(WorkOnCopies):
    """The same, while people sign in at one another's laptops."""

    def __init__(self) -> None:
        super().__init__()
        for name, laptop in self.laptops.items():
            self._sign_in(laptop, name)

    @rule(owner=names, name=names)
    def somebody_signs_in_at_a_laptop(self, owner, name):
        with suppress(Refused):
            self._sign_in(self.laptops[owner], name)

    def _nothing_that_a_laptop_holds_is_missing(self) -> None:
        """Let everybody who was signed in at a laptop come back there: what they sent is at the server, as theirs."""
        for laptop in self.laptops.values():
            self._holds_its_users_work_alone(laptop)
            for name in sorted(outbox.counts_of_earlier_users(laptop.device)):
                self._sign_in(laptop, name)
                for _ in range(2):
                    laptop.at += ASK_AGAIN_AFTER
                    synchronization.exchange(laptop.device, laptop.way)
                self._holds_its_users_work_alone(laptop)
        for laptop in self.laptops.values():
            synchronization.exchange(laptop.device, laptop.way)

    def _holds_its_users_work_alone(self, laptop) -> None:
        kept = {row["id"]: (row["author"], row["verdict"]) for row in self.valley.rows("SELECT * FROM change")}
        for change in laptop.changes():
            assert kept[change["id"]] == (laptop.device.setting("user"), change["verdict"])

    def _sign_in(self, laptop, name) -> None:
        laptop.user = self.valley.keys[name]
        way = laptop.connect()
        try:
            earlier_users.switch(laptop.device, synchronization.identify(laptop.device, way), ADDRESS, None)
        except Refused:
            laptop.user = laptop.way.credentials.key
            raise
        laptop.way = way


TestHonestWork = HonestWork.TestCase
TestHonestWork.settings = settings(max_examples=examples(25), stateful_step_count=25)
TestWorkOnCopies = pytest.mark.sqlite(WorkOnCopies.TestCase)  # a folder is copied, and put back
TestWorkOnCopies.settings = settings(max_examples=examples(50), stateful_step_count=25)
TestTurnsAtLaptops = pytest.mark.sqlite(TurnsAtLaptops.TestCase)
TestTurnsAtLaptops.settings = settings(max_examples=examples(50), stateful_step_count=25)
