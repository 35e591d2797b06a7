"""Cases made for measuring are what the program would have written, and lists of them are led by the right index."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bench.cases import generator
from server.admin.store import invariants
from server.db import database
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.records.domain.status import ENDED, OPEN
from server.records.store import columns, record_lists, records
from server.records.store.record_lists import Filters
from tests.api_county import lay
from tests.county import new_database

CASES, NOW = 600, datetime(2026, 11, 25, tzinfo=UTC)
OF_REVISIONS = {"a record stands where its newest revision left it",
                "a record's version is the number of its revisions, and what new epochs raised it by"}  # fmt: skip
EVERYWHERE = Scope(places=(Place("130630"),))
OF_OPEN, OF_ENDED = (tuple(sorted(each.value for each in statuses)) for statuses in (OPEN, ENDED))


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated") / "data"
    new_database(folder, lay)
    generator.fill(folder, CASES, NOW)
    store = database.open_inline(folder, clock=lambda: NOW)
    with store.reading() as held:
        yield held
    store.close()


def test_every_invariant_holds_but_those_of_revisions_which_are_not_made(reading):
    assert {rule for rule, _ in invariants.broken(reading)} == OF_REVISIONS


def test_a_row_is_what_the_store_would_write_of_its_record(reading):
    rows = reading.sql.rows(f"SELECT {', '.join(columns.NAMES)} FROM record")
    stored = columns.storing(columns.NAMES)

    assert len(rows) == CASES
    assert [stored(records.from_row(row)) for row in rows] == rows


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(statuses=OF_OPEN), "record_status_due"),
        (Filters(statuses=OF_OPEN, overdue=True), "record_status_due"),
        (Filters(statuses=OF_OPEN, columns={"category": "electric"}), "record_status_due"),
        (Filters(statuses=OF_OPEN, columns={"severity": "suspected_major"}), "record_status_due"),
        (Filters(statuses=OF_OPEN, columns={"conflict": True}), "record_conflicted"),
        (Filters(statuses=OF_OPEN, columns={"assignee": "user:gw0007"}), "record_assignee"),
        (Filters(statuses=OF_OPEN, has_request=True), "record_requested"),
        (Filters(statuses=OF_ENDED, columns={"severity": "suspected_major"}), "record_severe"),
        (Filters(statuses=OF_ENDED, columns={"category": "electric"}), "record_category"),
        (Filters(statuses=OF_ENDED, flag="reworked"), "record_flagged"),
        (Filters(statuses=OF_ENDED), "record_status"),
    ],
    ids=str,
)
def test_a_list_and_its_count_are_led_by_the_index_made_for_them(reading, monkeypatch, filters, index):
    asked: list[tuple[str, dict[str, object]]] = []
    sql = type(reading.sql)
    each, value = sql.each, sql.value
    monkeypatch.setattr(sql, "each", lambda self, text, told: (asked.append((text, told)), each(self, text, told))[1])
    monkeypatch.setattr(sql, "value", lambda self, text, told: (asked.append((text, told)), value(self, text, told))[1])
    if filters.statuses == OF_OPEN:
        record_lists.page_by_due(reading, EVERYWHERE, filters, after=None, limit=50)
        record_lists.count_by_status(reading, EVERYWHERE, filters, 100)
    else:
        record_lists.page(reading, EVERYWHERE, filters, before=None, limit=50)
        record_lists.count_ended(reading, EVERYWHERE, filters, 100)
    monkeypatch.undo()

    plans = [
        " ".join(step["detail"] for step in reading.sql.each(f"EXPLAIN QUERY PLAN {text}", told))
        for text, told in asked
        if " record " in text
    ]
    assert plans and [plan for plan in plans if f" INDEX {index} " not in f"{plan} "] == []


def test_counts_are_those_of_the_lists_whatever_they_are_narrowed_to(reading):
    narrowed = (
        {"columns": {"severity": "suspected_major"}},
        {"columns": {"severity": "general"}},
        {"columns": {"conflict": True}},
        {"overdue": True},
        {"has_request": True},
        {"flag": "reworked"},
        {"place": Place("130630/100/201")},
        {},
    )
    for more in narrowed:
        counts = record_lists.count_by_status(reading, EVERYWHERE, Filters(statuses=OF_OPEN, **more), 9_999)
        rows = record_lists.page_by_due(
            reading, EVERYWHERE, Filters(statuses=OF_OPEN, **more), after=None, limit=CASES + 1
        )
        ended = record_lists.page(reading, EVERYWHERE, Filters(statuses=OF_ENDED, **more), before=None, limit=CASES + 1)
        assert sum(counts.values()) == len(rows), more
        assert record_lists.count_ended(reading, EVERYWHERE, Filters(**more), CASES + 1) == (
            0 if more.keys() & {"overdue", "has_request"} else len(ended)
        ), more
