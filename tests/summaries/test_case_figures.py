"""What is kept beside a case's history says what the history says, after every step."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.db.database import Database
from server.records.domain.case_steps import Step
from server.records.domain.status import Status
from server.summaries.store import case_facts, figure_recording, recount, rollups
from tests.summaries.case_histories import CATEGORIES, a_case, histories, step
from tests.summaries.lived_cases import a_store, live, write_lives

towns = st.lists(histories(), max_size=5, unique_by=lambda history: history.id)
same_store = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = a_store(tmp_path_factory.mktemp("cases") / "data")
    yield made
    made.close()


def sums_kept(store: Database) -> dict[str, dict]:
    with store.reading() as reading:
        return {table: rollups.stored(reading.sql, table) for table in rollups.TABLES}


@same_store
@given(towns)
def test_facts_are_what_the_steps_add_up_to(store, town):
    live(store, town)

    with store.reading() as reading:
        found = list(recount.recounted(reading.sql))

    assert len(found) == len(town)
    assert all(recounted == kept for recounted, kept in found)


@same_store
@given(towns)
def test_sums_moved_step_by_step_equal_sums_counted_anew(store, town):
    live(store, town)

    with store.reading() as reading:
        anew = rollups.summed(case_facts.each(reading.sql)).rows()

    moved = sums_kept(store)
    assert {table: rollups.by_key(table, rows) for table, rows in anew.items()} == {
        table: moved[table] for table in anew
    }


@same_store
@given(towns, st.sampled_from(CATEGORIES))
def test_a_case_given_another_category_counts_as_if_it_had_always_been_of_it(store, town, category):
    live(store, town)
    for history in town:
        with store.reading() as reading:
            before = case_facts.find(reading.sql, history.id)
        after = replace(before, category=category)
        store.write(lambda tx, old=before, new=after: figure_recording.record(tx, old, new, None, 99))
    moved = sums_kept(store)

    live(store, [replace(history, category=category) for history in town])

    assert moved == sums_kept(store)


def test_facts_come_back_as_they_were_kept(store):
    life = a_case("1", step("report", "04-01"), step("assign", "04-02", due="04-09"), step("return", "04-03"))

    live(store, [life])

    with store.reading() as reading:
        assert case_facts.find(reading.sql, "1") == life.as_of("9")
        assert case_facts.find(reading.sql, "2") is None


def test_a_step_undone_leaves_nothing_behind(store):
    live(store, [a_case("1", step("report", "04-01"))])
    before = sums_kept(store)

    def fail(tx):
        write_lives(tx, [a_case("2", step("spot_close", "04-01"))])
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        store.write(fail)

    assert sums_kept(store) == before


def test_a_step_of_a_case_that_is_not_here_is_a_mistake_of_ours(store):
    life = a_case("1", step("report", "04-01"), Step("register", "2026-04-02T01:00:00.000Z", Status.REGISTERED))
    live(store, [])

    with pytest.raises(RuntimeError, match="no facts"):
        store.write(
            lambda tx: figure_recording.record(tx, life.as_of("2026-04-01T09"), life.as_of("9"), life.steps[1], 2)
        )
