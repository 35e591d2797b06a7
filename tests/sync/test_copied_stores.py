"""A laptop's store that was copied or put back goes on under an id of its own, and loses nothing on the way there."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import registers
from sync.client.failures import NoConnection
from tests.county import County
from tests.laws import examples
from tests.replication.test_hands_laws import served
from tests.sync.test_with_the_real_server import Road, a_station
from tests.sync.town import Phone, lost_answer


class Laptops:
    """Laptops of the valley, and copies of their stores."""

    def __init__(self, valley: County, folder: Path) -> None:
        self.road = Road(valley)
        self.folder = folder
        self.all: list[Phone] = []

    def give(self, name: str, store: Path | None = None) -> Phone:
        number = len(self.all) + 1
        folder = self.folder / f"laptop{number}"
        if store is not None:
            shutil.copytree(store, folder)
        self.all.append(Phone(self.road, folder, self.road.valley.keys[name], hand=number))
        return self.all[-1]

    def copy(self, laptop: Phone, name: str = "worker") -> Phone:
        laptop.device.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        return self.give(name, laptop.folder)

    def close(self) -> None:
        for each in self.all:
            each.close()


@pytest.fixture
def laptops(valley, tmp_path):
    made = Laptops(valley, tmp_path)
    yield made
    made.close()


def heads(valley: County, record: str, name: str = "head") -> set[str]:
    return set(registers.values(registers.from_json(valley.record(record).registers)[name]))


def test_a_copy_keeps_its_value_beside_the_first_ones_and_goes_on_under_an_id_of_its_own(valley, laptops):
    first = laptops.give("worker")
    station, other = a_station(first), a_station(first)
    first.push()
    first.pull()
    copy = laptops.copy(first)
    first.edit(station, head="原机")
    first.push()
    copy.edit(other, head="乙")
    copy.edit(station, head="副本")

    copy.push()

    assert heads(valley, station) == {"原机", "副本"}
    assert sorted(valley.problems()) == ["conflict", "dot_reused"]
    assert copy.device.id != first.device.id
    copy.pull()
    shown = copy.fields(station)["head"]
    copy.edit(station, head="核定")
    assert [each["device"] for each in copy.device.rows("SELECT device FROM change WHERE state = 'unsent'")] == [
        copy.device.id
    ]
    copy.push()
    assert heads(valley, station) == {"原机", "副本", "核定"} - {shown}
    assert valley.problems().count("dot_reused") == 1


def test_an_edit_on_top_of_one_under_the_shared_id_replaces_it(valley, laptops):
    first = laptops.give("worker")
    station, other = a_station(first), a_station(first)
    first.push()
    copy = laptops.copy(first)
    first.edit(other, head="原机")
    first.push()
    copy.edit(station, head="二")
    copy.town.faults = [lost_answer] * 3
    with pytest.raises(NoConnection):
        copy.push()
    copy.edit(station, head="三")

    copy.push()
    copy.edit(station, head="四")
    copy.push()

    assert heads(valley, station) == {"四"}
    assert valley.problems() == ["dot_reused"]


def test_a_store_that_is_put_back_goes_on(valley, laptops):
    worker = laptops.give("worker")
    station = a_station(worker)
    worker.push()
    backup = laptops.copy(worker)
    worker.edit(station, head="乙")
    worker.push()

    backup.pull()
    backup.edit(station, head="丙")
    backup.push()
    backup.edit(station, head="丁")
    backup.push()

    assert (heads(valley, station), valley.record(station).fields["head"]) == ({"丁"}, "丁")
    assert valley.problems() == ["dot_reused"]


steps = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(["edit", "edit", "edit", "push", "push", "pull", "lose an answer", "copy"]),
        st.integers(0, 1),
    ),
    max_size=25,
)


@given(steps)
@settings(max_examples=examples(30))
def test_nothing_that_copies_of_a_store_wrote_goes_unseen(tmp_path_factory, story):
    with served() as valley:
        laptops = Laptops(valley, tmp_path_factory.mktemp("laptops"))
        first = laptops.give("worker")
        stations = [a_station(first), a_station(first)]
        first.push()
        written: list[tuple[str, str, str | None]] = []
        for number, (who, step, which) in enumerate(story):
            laptop = laptops.all[who % len(laptops.all)]
            if step == "edit":
                seen = laptop.fields(stations[which])["head"]
                laptop.edit(stations[which], head=f"值{number}")
                written.append((stations[which], f"值{number}", seen))
            elif step == "copy" and len(laptops.all) < 4:
                laptops.copy(laptop)
            elif step == "pull":
                laptop.pull()
            else:
                laptops.road.faults = [lost_answer] * (3 if step == "lose an answer" else 0)
                with suppress(NoConnection):
                    laptop.push()
                laptops.road.faults = []
        for laptop in laptops.all:
            laptop.push()

        for station, value, _ in written:
            was_seen = any(seen == value for record, _, seen in written if record == station)
            assert value in heads(valley, station) or was_seen
            history = valley.get(f"/records/{station}/history", "officer").json["items"]
            assert value in {each["received"].get("head", [None, None])[1] for each in history}
        laptops.close()
