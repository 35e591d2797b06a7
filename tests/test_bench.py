"""The benchmarks' own sums: they print figures that nobody checks by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import __main__ as command
from bench import county, load
from bench.figures import BEYOND, Figure, Target, latency, percentile, table
from bench.load import Sent
from server.openrosa.submission_xml import read_submission
from tests.county import new_database


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(1, 100))
def test_a_percentile_is_a_measured_value_that_enough_of_the_others_do_not_exceed(values, percent):
    found = percentile(values, percent)

    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100 - 1e-6


def test_a_percentile_of_a_hundred_values_is_the_one_that_people_expect():
    values = list(range(100, 0, -1))

    assert [percentile(values, percent) for percent in (50, 99, 100)] == [50, 99, 100]


def test_nothing_measured_has_no_percentile():
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 50)


@pytest.mark.parametrize(
    ("target", "value", "is_met"),
    [(Target(5), 4.9, True), (Target(5), 5, False), (Target(5, is_floor=True), 5, True), (Target(5, True), 4.9, False)],
)
def test_a_figure_beyond_its_target_is_marked(target, value, is_met):
    line = table([Figure("speed", value, "ms", target)]).splitlines()[1]

    assert (BEYOND in line) is not is_met


def test_the_columns_of_a_table_stand_under_their_heads():
    lines = table(
        [
            Figure("submissions", 1234.5, "/s", Target(1000, is_floor=True), reference="fsync 3,800/s"),
            latency("formList", [0.001, 0.002, 0.003], 5),
        ]
    ).splitlines()

    head = lines[0]
    assert lines[1].index("1,234 /s") == lines[2].index("2.00 ms (p99 3.00 ms)") == head.index("measured")
    assert lines[1].index("≥ 1,000 /s") == lines[2].index("< 5 ms") == head.index("target")
    assert lines[1].index("fsync 3,800/s") == head.index("this machine")


def test_every_section_says_what_it_measures():
    found = command.sections()

    assert tuple(found) == command.SECTIONS
    assert all(section.title and callable(section.measure) for section in found.values())


def test_the_load_names_what_it_sends_by_random_uuids():
    made = [UUID(load.uuid4()) for _ in range(50)]

    assert {(each.version, each.variant) for each in made} == {(4, RFC_4122)}
    assert len(set(made)) == 50


def test_no_rate_is_given_of_submissions_that_made_no_record(tmp_path):
    new_database(tmp_path)

    def sent(statuses: dict[str, int]) -> Sent:
        return Sent(100, [0.01], statuses, [(load.uuid4(), load.uuid4())])

    with pytest.raises(RuntimeError, match="1 of 1 submissions made no record"):
        county.require_records(tmp_path, sent({"201": 1}))
    with pytest.raises(RuntimeError, match="not every submission was taken as new"):
        county.require_records(tmp_path, sent({"201": 1, "202": 1}))


def test_what_could_not_be_measured_prints_no_figure_and_is_no_success(monkeypatch, capsys):
    def measure(environment: object) -> Iterator[Figure]:
        yield Figure("submissions", 1000, "/s")
        raise RuntimeError("1 of 1 submissions made no record")

    monkeypatch.setattr(command, "sections", lambda: {"submissions": command.Section("of phones", measure)})
    monkeypatch.setattr(sys, "argv", ["bench", "submissions"])

    assert command.main() == 1
    printed = capsys.readouterr()
    assert "/s" not in printed.out
    assert "made no record" in printed.err


def test_the_load_sends_what_a_phone_sends_for_the_bench_form():
    instance, entity = load.uuid4(), load.uuid4()
    head, _, body = load.submission("/submission", instance, entity).partition(b"\r\n\r\n")
    xml = body.partition(b"\r\n\r\n")[2].rpartition(f"\r\n--{load.BOUNDARY}--".encode())[0]

    read = read_submission(xml)

    assert f"Content-Length: {len(body)}".encode() in head
    assert (read.form_id, read.instance_id) == ("bench_hazard", f"uuid:{instance}")
    assert [(block.dataset, block.create, block.id) for block in read.entities] == [("bench_hazards", True, entity)]
