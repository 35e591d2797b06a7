"""Two people keep one station from two phones: nothing is lost, and only true conflicts are flagged."""

from __future__ import annotations

import pytest

from tests.filled_forms import a_station, a_visit, new_uuid, photo
from tests.odk_collect import Collect
from tests.valley import UNIT


@pytest.fixture
def phones(valley) -> tuple[Collect, Collect]:
    """The phones of the worker and of the village officer."""
    return Collect(valley.phone("worker")), Collect(valley.phone("officer"))


@pytest.fixture
def station(phones) -> str:
    """A station that the worker registered and both phones hold: head 甲, 6 hoses."""
    first, second = phones
    id = first.register(head="甲", hoses="6", area=UNIT)
    first.push()
    first.pull()
    second.pull()
    return id


def test_different_fields_both_survive_without_a_flag(valley, phones, station):
    first, second = phones
    first.visit(station, hoses="8")
    second.visit(station, head="乙")

    first.push()
    second.push()

    record = valley.record(station)
    assert (record.fields["hoses"], record.fields["head"]) == ("8", "乙")
    assert (record.conflicts, valley.problems()) == ((), [])
    for phone in phones:
        phone.pull()
        assert phone.rows[station].fields["hoses"] == "8"
        assert phone.rows[station].fields["head"] == "乙"
        assert phone.rows[station].version == 3


def test_one_field_twice_keeps_both_values_shows_the_later_sight_and_asks_an_officer(valley, phones, station):
    first, second = phones
    first.visit(station, hoses="8")
    second.visit(station, hoses="9")

    second.push()
    first.push()

    record = valley.record(station)
    assert record.conflicts == ("hoses",)
    assert '"hoses":"8"' in record.registers
    assert '"hoses":"9"' in record.registers
    assert record.fields["hoses"] == "8"
    assert valley.problems(record=station) == ["conflict"]
    assert valley.verdicts(station) == ["applied", "applied", "merged"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_value_observed_last_is_shown_whatever_arrives_last(valley, phones, station, order):
    visits = (
        a_visit(station, 1, hoses="8", end="2026-11-24T09:00:00.000+08:00"),
        a_visit(station, 1, hoses="9", end="2026-11-24T10:00:00.000+08:00"),
    )
    for place in order:
        phones[place].phone.send(visits[place])

    assert valley.record(station).fields["hoses"] == "9"


def test_the_same_answer_from_both_is_agreement(valley, phones, station):
    for phone in phones:
        phone.visit(station, hoses="8")
        phone.push()

    assert valley.record(station).conflicts == ()
    assert valley.problems() == []


def test_a_stale_answer_that_nobody_touched_never_overwrites_a_newer_value(valley, phones, station):
    first, second = phones
    for hoses in ("7", "8"):
        first.visit(station, hoses=hoses)
        first.push()
        first.pull()
    second.visit(station, head="乙")
    second.push()

    assert valley.record(station).fields == {"hoses": "8", "head": "乙"}
    assert valley.problems() == []


def test_a_group_of_fields_applies_or_conflicts_as_one(valley, station):
    worker, officer = valley.phone("worker"), valley.phone("officer")
    worker.send(a_visit(station, 1, level="red", lack="水泵"))
    officer.send(a_visit(station, 1, level="green", lack=""))

    record = valley.record(station)
    assert record.conflicts == ("lack", "level")
    assert (record.fields["level"], record.fields["lack"]) == ("green", "")


def test_what_was_picked_from_a_set_is_joined_without_a_flag(valley, station):
    worker, officer = valley.phone("worker"), valley.phone("officer")
    worker.send(a_visit(station, 1, kit="axe pump"))
    officer.send(a_visit(station, 1, kit="rope"))

    assert valley.record(station).fields["kit"] == "axe pump rope"
    assert valley.problems() == []


def test_of_observations_the_latest_shows_without_a_flag(valley, station):
    worker, officer = valley.phone("worker"), valley.phone("officer")
    worker.send(a_visit(station, 1, checked_on="2026-11-24", end="2026-11-24T11:00:00.000+08:00"))
    officer.send(a_visit(station, 1, checked_on="2026-11-20", end="2026-11-20T11:00:00.000+08:00"))

    assert valley.record(station).fields["checked_on"] == "2026-11-24"
    assert valley.problems() == []


def test_a_cloned_phone_loses_nothing(valley, phones, station):
    first, _ = phones
    branch = first.rows[station].branch
    first.phone.send(a_visit(station, 1, trunk=1, branch=branch, hoses="8"))
    first.phone.send(a_visit(station, 1, trunk=1, branch=branch, hoses="9"))

    record = valley.record(station)
    assert record.conflicts == ("hoses",)
    assert valley.problems(record=station) == ["conflict", "dot_reused"]
    assert valley.verdicts(station) == ["applied", "applied", "merged"]


def test_photos_of_both_stay_with_their_submissions(valley, phones, station):
    for name, content in (("worker", b"1"), ("officer", b"2")):
        answer = valley.phone(name).send(a_visit(station, 1, before="1724566509123.jpg"), _named(content))
        assert answer.status_code == 201

    files = valley.rows("SELECT submission, sha256 FROM submission_file")
    assert len({file["submission"] for file in files}) == len({file["sha256"] for file in files}) == 2


def _named(content: bytes):
    return photo("1724566509123.jpg", content)


def test_a_station_registered_twice_by_mistake_is_two_stations(valley, phones):
    first, second = phones
    ids = {first.register(head="甲"), second.register(head="甲", area=UNIT)}
    first.push()
    second.push()

    assert set(valley.phone("officer").list()) == ids


def test_an_upload_that_was_split_is_one_visit(valley, phones, station):
    first, _ = phones
    filled = first.visit(station, hoses="8", before="a.jpg", after="b.jpg")
    for files in ((photo("a.jpg", b"1"),), (photo("b.jpg", b"2"),), (photo("a.jpg", b"1"), photo("b.jpg", b"2"))):
        first.phone.send(filled, *files)

    assert valley.record(station).version == 2
    assert valley.count("submission_file") == 2


def test_a_lone_registration_is_told_the_same_to_everybody_who_may_see_it(valley):
    id = new_uuid()
    valley.phone("worker").send(a_station(id))

    rows = [valley.phone(name).list()[id] for name in ("worker", "officer", "town", "brigade")]

    assert all(row == rows[0] for row in rows)
