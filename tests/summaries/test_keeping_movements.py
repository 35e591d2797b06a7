"""What the steps of a day moved in the sums is kept once the day is over, and never of a day that is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date

import pytest

from server.app import blobs_of
from server.cli.beside_serving import doing_beside
from server.db.database import Database
from server.db.locks import serving
from server.settings import Settings
from server.summaries.store import movements
from server.summaries.usecases import keeping_movements
from server.summaries.usecases.groupings import Grouping
from tests.county import close, open_county
from tests.summaries.case_histories import History, a_case, on, step
from tests.summaries.kept_days import APRIL, COUNTY, a_county, by_hand, clock, keep, kept, lived, told
from tests.summaries.lived_cases import live
from tests.valley import lay

ROWS = ("movement_day", *movements.TABLES)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = a_county(tmp_path_factory.mktemp("days") / "data")
    yield made
    made.close()


def test_a_day_is_kept_an_hour_after_its_end_and_the_newest_come_first(store):
    lived(store, [], on("05-02", "00:59"))
    assert keeping_movements.round_of(store)
    assert kept(store) == [20260430]

    clock.put(on("05-02", "01:00"))
    assert keeping_movements.round_of(store)
    assert kept(store) == [20260430, 20260501]

    assert keeping_movements.round_of(store)
    assert kept(store) == [20260429, 20260430, 20260501]


def test_days_are_kept_of_this_month_and_the_last_and_forgotten_then(store):
    lived(store, [], on("05-03"))
    keep(store, date(2026, 4, 1))
    assert (min(kept(store)), max(kept(store))) == (20260401, 20260502)
    assert not keeping_movements.round_of(store)

    clock.put(on("06-01", "02:00"))
    keeping_movements.round_of(store)
    assert (min(kept(store)), max(kept(store))) == (20260501, 20260531)


def test_a_day_that_was_half_written_does_not_count_and_is_begun_anew(store):
    town = [a_case("1", step("report", "04-20"), step("register", "04-22"))]
    lived(store, town, on("04-23"))
    asked = iter([False, False, True])

    assert not keeping_movements.round_of(store, lambda: next(asked))
    assert kept(store) == []
    assert keep(store, date(2026, 4, 20))[:3] == [20260420, 20260421, 20260422]
    then = on("04-20", "12:00")
    assert told(store, COUNTY, Grouping.TOWN, APRIL, then) == by_hand(town, COUNTY, Grouping.TOWN, APRIL, then)


def test_nothing_is_left_of_a_day_that_was_half_written_when_its_time_is_over(store):
    town = [a_case("1", step("report", "04-20"), step("register", "04-22"))]
    lived(store, town, on("04-23"))
    asked = iter([False, False, False, True])
    assert not keeping_movements.round_of(store, lambda: next(asked))

    clock.put(on("06-02"))
    keeping_movements.round_of(store)

    with store.reading() as reading:
        left = {table: reading.sql.value(f"SELECT COUNT(*) FROM {table} WHERE day < 20260501") for table in ROWS}
    assert left == dict.fromkeys(ROWS, 0)


def test_two_that_keep_the_same_day_never_mix(store):
    lived(store, [a_case("1", step("report", "04-22"))], on("04-23"))
    rows = {"day": 20260422, "table": "movement_time"}
    one = {"day": 20260422, "period": 20260422, "path": "130630/100", "handled_s": 1, "n": 1}

    first = store.write(lambda tx: movements.begin(tx, 20260422))
    assert store.write(lambda tx: movements.add(tx, mark=first, rows=[one], **rows))
    second = store.write(lambda tx: movements.begin(tx, 20260422))

    assert not store.write(lambda tx: movements.add(tx, mark=first, rows=[one], **rows))
    assert not store.write(lambda tx: movements.finish(tx, 20260422, first))
    assert kept(store) == []
    assert store.write(lambda tx: movements.finish(tx, 20260422, second))
    assert kept(store) == [20260422]


def test_a_day_that_a_clock_ahead_called_over_is_not_counted_by_and_is_kept_anew(store):
    lived(store, [], on("04-25"))
    keep(store, date(2026, 4, 19))

    town = [a_case("1", step("report", "04-20"), step("register", "04-22"))]
    lived_on(store, town, on("04-22", "12:00"))
    assert kept(store) == []
    keep(store, date(2026, 4, 19))
    clock.put(on("04-25", "12:00"))
    keep(store, date(2026, 4, 19))

    then = on("04-21", "12:00")
    assert told(store, COUNTY, Grouping.TOWN, APRIL, then) == by_hand(town, COUNTY, Grouping.TOWN, APRIL, then)


def lived_on(store: Database, town: list[History], at: str) -> None:
    """Write cases beside the days that are kept, by a clock that was set back."""
    clock.put(at)
    with store.reading() as reading:
        days = reading.sql.rows("SELECT day, kept_at FROM movement_day")
    live(store, town)
    store.write(lambda tx: tx.sql.run_each("INSERT INTO movement_day (day, kept_at) VALUES (:day, :kept_at)", days))


CLOSED_LATE = (
    step("report", "04-01"), step("assign", "04-02", due="04-08", close_due=date(2026, 4, 10)),
    step("feedback", "04-12"), step("close", "04-21"),
)  # fmt: skip


@pytest.mark.parametrize("table", sorted(movements.TABLES))
def test_what_is_kept_of_a_day_is_checked_against_the_steps_of_that_day(store: Database, table):
    lived(store, [a_case("1", *CLOSED_LATE)], on("04-24"))
    keep(store, date(2026, 4, 1))
    with store.reading() as reading:
        assert not list(movements.broken(reading))

    store.write(lambda tx: tx.sql.run(f"DELETE FROM {table} WHERE day >= 20260412"))

    with store.reading() as reading:
        found = [broken for _, broken in movements.broken(reading)]
    assert found
    assert {each.split()[0] for each in found} == {table}


def test_a_server_keeps_days_beside_its_other_work(tmp_path):
    county = open_county(tmp_path / "data", lay)
    settings = Settings(county.store.folder)
    with serving(county.store.folder), doing_beside(county.store, blobs_of(county.app), settings, is_seen_whole=True):
        for _ in range(600):
            if days := kept(county.store):
                break
            time.sleep(0.05)
    close(county.app)

    assert len(days) == 1
