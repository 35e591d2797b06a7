"""Two units become one, or one becomes two, while phones are offline: all that was made arrives, in the right hands."""

from __future__ import annotations

import pytest

from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest
from server.grid.domain.file_rows import SheetRow
from server.grid.usecases import loading
from server.people.store import people
from server.people.usecases import phone_keys
from server.staffing.usecases import enrolment
from tests.county import County
from tests.field_clients import Client, a_station
from tests.filled_forms import a_hazard, new_uuid
from tests.filled_forms import a_station as a_filled_station
from tests.valley import NEXT_UNIT, UNIT, VILLAGE

NEW_UNIT = f"{VILLAGE}003"
BUCKET, NEXT_BUCKET = f"area:{UNIT}", f"area:{NEXT_UNIT}"


def act(valley: County, id: str, name: str, action: str, **fields: str):
    return valley.do(lambda tx: interactive.change(tx, id, ChangeRequest(action, fields), by=people.actor(tx, name)))


def loaded(valley: County, *rows: dict[str, str]) -> None:
    valley.do(loading.load, [SheetRow(number, row) for number, row in enumerate(rows, 2)], by="admin")


def verdicts(outcomes: list[dict]) -> list[str]:
    return [each["verdict"] for each in outcomes]


def without_todo(client: Client, bucket: str) -> dict[str, dict]:
    """Return the rows of a bucket but for what their holder may do, which is another thing for everybody."""
    return {id: row | {"todo": None} for id, row in client.buckets[bucket].items()}


class Story:
    """A worker who is offline in unit 1 with everything one can have unsent, and the neighbour in unit 2."""

    def __init__(self, valley: County) -> None:
        self.valley = valley
        self.worker, self.neighbour = Client(valley, "worker"), Client(valley, "neighbour")
        self.phone = valley.phone("worker")
        self.station = a_station(self.worker)
        self.worker.push(self.station)
        self.case = new_uuid()
        self.phone.send(a_hazard(self.case))
        act(valley, self.case, "officer", "assign", assignee="user:worker")
        self.worker.pull()
        self.neighbour.pull()
        self.new = a_station(self.worker)
        self.unsent = [
            self.new,
            self.worker.change(self.station["record"], "edit", fields={"head": ("甲", "乙")}, base_version=1),
            self.worker.change(self.case, "accept", type="hazards", base_version=2),
        ]
        self.filled = new_uuid()

    def arrive(self) -> list[str]:
        """The worker's tablet and phone find a signal, send twice, and pull."""
        said = verdicts(self.worker.push(*self.unsent))
        assert verdicts(self.worker.push(*reversed(self.unsent))) == said[::-1]
        for _ in range(2):
            assert self.phone.send(a_filled_station(self.filled, head="丁")).status_code in (201, 202)
        self.worker.pull()
        return said

    @property
    def made(self) -> set[str]:
        return {self.station["record"], self.case, self.new["record"], self.filled}


@pytest.fixture
def story(valley) -> Story:
    return Story(valley)


@pytest.fixture
def merged(valley, story) -> Story:
    """Unit 1 went into unit 2 the day before yesterday; its worker heard of nothing."""
    loaded(valley, {"code": UNIT, "ends": "2026-11-25", "successor": NEXT_UNIT})
    valley.clock.pass_by(days=2)
    return story


def test_all_that_the_worker_of_a_merged_unit_had_unsent_is_done_once_and_keeps_its_code(merged):
    said = merged.arrive()

    assert said == ["applied", "applied", "applied"]
    for id in merged.made:
        assert merged.valley.record(id).area == UNIT
    assert merged.valley.record(merged.station["record"]).fields["head"] == "乙"
    assert merged.valley.record(merged.case).status == "accepted"
    assert merged.valley.problems() == []


def test_the_worker_of_the_heir_enters_the_merged_units_bucket_and_nothing_is_sent_again(merged):
    merged.arrive()

    ops = merged.neighbour.pull()

    told = [(op["op"], op["bucket"]) for op in ops if op["bucket"] != "county"]
    assert told == [("enter", BUCKET), *[("put", BUCKET)] * len(merged.made)]
    assert merged.made <= set(merged.neighbour.rows())
    assert merged.neighbour.buckets[BUCKET].keys() == merged.worker.buckets[BUCKET].keys()
    assert merged.neighbour.hash(BUCKET) == merged.worker.hash(BUCKET)
    assert merged.neighbour.pull() == []


def test_the_collect_phone_of_the_heir_lists_what_was_the_others(merged):
    merged.arrive()
    phone = merged.valley.phone("neighbour")

    assert {merged.station["record"], merged.new["record"], merged.filled} <= set(phone.list())
    assert merged.case in phone.list("hazard", "hazards.csv")


def test_the_worker_moves_into_the_heir_and_both_hold_the_same(valley, merged):
    valley.do(enrolment.move_user, "worker", area=NEXT_UNIT, by="admin")

    assert merged.arrive() == ["applied", "applied", "applied"]
    merged.neighbour.pull()

    assert merged.worker.buckets.keys() ^ merged.neighbour.buckets.keys() == {"person:worker", "person:neighbour"}
    for bucket in (BUCKET, NEXT_BUCKET):
        assert without_todo(merged.worker, bucket) == without_todo(merged.neighbour, bucket)
    assert valley.record(merged.case).assignee == "user:worker"


def test_whoever_leaves_with_their_unit_gets_the_work_in_as_late_and_the_case_goes_back(valley, merged):
    for duty in valley.do(people.duties_of, "worker"):
        valley.do(enrolment.end_duty, "worker", duty.id, by="admin")

    said = merged.arrive()

    assert said == ["late", "applied", "recorded"]  # what they wrote is theirs to correct; the case had gone back
    assert valley.record(merged.case).status == "registered"
    assert merged.worker.buckets.get(BUCKET) is None
    merged.neighbour.pull()
    assert merged.made <= set(merged.neighbour.rows())


@pytest.fixture
def split(valley, story) -> Story:
    """Half of unit 1 is a unit of its own since yesterday, with a worker of its own."""
    loaded(valley, {"code": NEW_UNIT, "name": "第3单元", "level": "单元", "parent": VILLAGE})
    valley.do(enrolment.add_user, "newcomer", role="grid_worker", area=NEW_UNIT, by="admin")
    valley.keys["newcomer"] = valley.do(phone_keys.issue, "newcomer", by="admin")
    valley.clock.pass_by(days=1)
    return story


def test_after_a_split_both_work_on_and_a_case_handed_over_is_on_both_phones(valley, split):
    act(valley, split.case, "officer", "assign", assignee="user:newcomer")
    newcomer = Client(valley, "newcomer")
    newcomer.pull()
    assert split.case in newcomer.rows()
    assert split.station["record"] not in newcomer.rows()

    said = split.arrive()

    assert said == ["applied", "applied", "late"]
    made = a_station(newcomer) | {"area": NEW_UNIT}
    assert verdicts(newcomer.push(made)) == ["applied"]
    assert valley.record(made["record"]).area == NEW_UNIT
    assert valley.record(split.new["record"]).area == UNIT
    newcomer.pull()
    assert set(newcomer.rows()) == {split.case, made["record"]}
    assert made["record"] not in split.worker.rows()
