"""Cases made for measuring are what the program would have written, and lists of them are led by the right index."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from bench import board
from bench.cases import generator
from server.admin.store import invariants
from server.app import close, create_app
from server.db import database
from server.forms.usecases import publish
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.records.domain.status import ENDED, OPEN
from server.records.store import columns, record_leads, record_lists, records
from server.records.store.record_lists import Filters
from server.settings import Settings
from server.summaries.domain.periods import Period
from server.summaries.store import counted_cases
from tests.api_county import HAZARD_FORM, PASSWORD, lay
from tests.county import new_database, prepared

pytestmark = pytest.mark.sqlite  # they are written into the file

CASES, NOW = 600, datetime(2026, 11, 25, tzinfo=UTC)
OF_REVISIONS = {"a record stands where its newest revision left it",
                "a record's version is the number of its revisions, and what new epochs raised it by"}  # fmt: skip
BOARD_BYTES_MAX, SHEETS_MOST = 25_000, 4
"""The budget of a board of fifty rows, compressed, and of the style sheets that come before it is painted."""

EVERYWHERE = Scope(places=(Place("130630"),))
OF_OPEN, OF_ENDED = (tuple(sorted(each.value for each in statuses)) for statuses in (OPEN, ENDED))


PLACED_FORM = HAZARD_FORM.replace("| 1 | fg", "| 2 | fg").replace(
    "| | text | action", "| | geopoint | geometry | 位置 | geometry |\n| | text | action"
)


def lay_with_positions(tx):
    names = lay(tx)
    publish.publish(tx, prepared(PLACED_FORM), None)
    return names


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated") / "data"
    new_database(folder, lay_with_positions)
    generator.fill(folder, CASES, NOW)
    return folder


@pytest.fixture(scope="module")
def reading(folder):
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
    ("few", "filters", "index"),
    [
        (0, Filters(statuses=OF_OPEN), "record_status_due"),
        (0, Filters(statuses=OF_OPEN, overdue=True), "record_status_due"),
        (0, Filters(statuses=OF_OPEN, q="演示"), "record_status_due"),
        (0, Filters(statuses=OF_OPEN, place=Place("130630/100/201")), "record_status_due"),
        (0, Filters(statuses=OF_OPEN, columns={"category": "electric"}), "record_status_due"),
        (0, Filters(statuses=OF_OPEN, columns={"item": "illegal_structure"}), "record_status_due"),
        (0, Filters(statuses=OF_OPEN, columns={"severity": "suspected_major"}), "record_status_due"),
        (0, Filters(statuses=OF_OPEN, columns={"assignee": "user:gw0007"}), "record_status_due"),
        (0, Filters(statuses=OF_OPEN, placed=True), "record_status_due"),
        (CASES, Filters(statuses=OF_OPEN, columns={"assignee": "user:gw0007"}), "record_assignee"),
        (CASES, Filters(statuses=OF_OPEN, columns={"conflict": True}), "record_conflicted"),
        (CASES, Filters(statuses=OF_OPEN, has_request=True), "record_requested"),
        (CASES, Filters(statuses=OF_OPEN, columns={"item": "illegal_structure"}), "record_item"),
        (0, Filters(statuses=OF_ENDED, columns={"severity": "suspected_major"}), "record_severe"),
        (0, Filters(statuses=OF_ENDED, columns={"category": "electric"}), "record_category"),
        (0, Filters(statuses=OF_ENDED, flag="reworked"), "record_flagged"),
        (0, Filters(statuses=OF_ENDED, placed=True), "record_placed"),
        (0, Filters(statuses=OF_ENDED, placed=False), "record_placed"),
        (0, Filters(statuses=("closed",)), "record_status"),
    ],
    ids=str,
)
def test_a_list_and_its_count_are_led_by_the_index_made_for_them(reading, monkeypatch, few, filters, index):
    """few: so many rows are read and sorted rather than walked past."""
    monkeypatch.setattr(record_leads, "FEW", few)
    asked: list[tuple[str, dict[str, object]]] = []
    sql = type(reading.sql)
    each, value = sql.each, sql.value
    monkeypatch.setattr(
        sql, "each", lambda self, text, told={}: (asked.append((text, told)), each(self, text, told))[1]
    )
    monkeypatch.setattr(
        sql, "value", lambda self, text, told={}: (asked.append((text, told)), value(self, text, told))[1]
    )
    if filters.statuses == OF_OPEN:
        record_lists.page_by_due(reading, EVERYWHERE, filters, after=None, limit=50)
        record_lists.count_by_status(reading, EVERYWHERE, filters, 100)
    else:
        record_lists.page(reading, EVERYWHERE, filters, before=None, limit=50)
        record_lists.count_ended(reading, EVERYWHERE, filters, 100)
    for name, told in (("each", each), ("value", value)):
        monkeypatch.setattr(sql, name, told)

    plans = [
        " ".join(step["detail"] for step in reading.sql.each(f"EXPLAIN QUERY PLAN {text}", told))
        for text, told in asked
        if " record " in text and ":counted_most" not in text
    ]
    assert plans and [plan for plan in plans if f" INDEX {index} " not in f"{plan} "] == []


NARROWED = (
    {},
    {"columns": {"severity": "suspected_major"}},
    {"columns": {"severity": "general"}},
    {"columns": {"conflict": True}},
    {"columns": {"item": "illegal_structure", "assignee": "user:gw0007"}},
    {"columns": {"category": "electric"}, "q": "演示"},
    {"overdue": True},
    {"has_request": True},
    {"flag": "reworked"},
    {"place": Place("130630/100/201")},
    {"place": Place("130630/100"), "columns": {"source": "patrol"}},
    {"placed": True},
    {"placed": False, "q": "演示"},
    {"q": "演示"},
    {"q": "场所00"},
    {"q": "龘"},
    {
        "q": "演示",
        "shown_label": lambda row: row["label"].replace("演示", "**") if row["author"] < "gw05" else row["label"],
    },
)


@pytest.mark.parametrize("few", [0, 20, CASES])
def test_lists_and_counts_are_those_of_a_slow_recount_whatever_leads_them(reading, monkeypatch, few):
    """few: so many rows are read and sorted rather than walked past."""
    monkeypatch.setattr(record_leads, "FEW", few)
    rows = reading.sql.rows(f"SELECT {', '.join(columns.NAMES)} FROM record")
    for more in NARROWED:
        wanted = [row for row in rows if meets(row, more, reading.now)]
        opened = [row for row in wanted if row["status"] in OF_OPEN]
        ended = [row["id"] for row in sorted(wanted, key=lambda row: -row["born_seq"]) if row["status"] in OF_ENDED]
        filters = Filters(statuses=OF_OPEN, **more)
        due = record_lists.page_by_due(reading, EVERYWHERE, filters, after=None, limit=CASES)
        newest = record_lists.page(reading, EVERYWHERE, filters, before=None, limit=CASES)
        over = record_lists.page(reading, EVERYWHERE, Filters(statuses=OF_ENDED, **more), before=None, limit=CASES)

        assert [row["id"] for row in due] == [row["id"] for row in sorted(opened, key=record_lists.due_position)], more
        assert [row["id"] for row in newest] == [row["id"] for row in sorted(opened, key=lambda row: -row["born_seq"])]
        assert [row["id"] for row in over] == ended, more
        counts = Counter(row["status"] for row in opened)
        counted = record_lists.count_by_status(reading, EVERYWHERE, filters, 9_999)
        assert list(counted.items()) == sorted(counts.items()), more
        assert record_lists.count_by_status(reading, EVERYWHERE, filters, 2) == {
            s: min(n, 2) for s, n in counts.items()
        }
        given = Counter(row["assignee"] for row in opened if row["assignee"])
        if "q" not in more:
            assert dict(record_lists.count_by_assignee(reading, EVERYWHERE, filters, 9_999)) == given, more
        assert record_lists.count_ended(reading, EVERYWHERE, Filters(**more), CASES) == (
            0 if more.keys() & {"overdue", "has_request"} else len(ended)
        ), more


@pytest.mark.parametrize("few", [0, CASES])
def test_what_a_town_counts_of_ended_cases_is_a_slow_recount_too(reading, monkeypatch, few):
    monkeypatch.setattr(record_leads, "FEW", few)
    town, rows = Place("130630/100"), reading.sql.rows(f"SELECT {', '.join(columns.NAMES)} FROM record")
    for more in ({}, {"columns": {"source": "patrol"}}, {"columns": {"category": "electric"}}, {"placed": True}):
        wanted = [row for row in rows if meets(row, more, reading.now) and town.holds(row["path"])]
        ended = sum(1 for row in wanted if row["status"] in OF_ENDED)

        assert record_lists.count_ended(reading, Scope(places=(town,)), Filters(**more), CASES) == ended > 0, more
        assert record_lists.count_ended(reading, Scope(places=(town,)), Filters(**more), 2) == min(ended, 2)


def meets(row, more, now) -> bool:
    """Say in plain Python whether a row meets filters, its status aside."""
    wanted = {"conflicted" if name == "conflict" else name: value for name, value in more.get("columns", {}).items()}
    shown = more.get("shown_label", lambda row: row["label"])
    return (
        all(row[name] == value for name, value in wanted.items())
        and ("overdue" not in more or (row["due_at"] is not None and row["due_at"] < now and row["closed_at"] is None))
        and ("has_request" not in more or any(flag.endswith("_pending") for flag in columns.flags(row["flags"])))
        and ("flag" not in more or more["flag"] in columns.flags(row["flags"]))
        and ("placed" not in more or more["placed"] == (json.loads(row["fields"])["geometry"] != ""))
        and ("place" not in more or more["place"].holds(row["path"]))
        and ("q" not in more or more["q"] in shown(row))
    )


def test_a_board_of_fifty_rows_is_small_and_nothing_in_its_head_keeps_it_from_being_painted(folder):
    app = create_app(Settings(folder))
    client = app.test_client()
    board.sign_in_on_page(client, "brigade", PASSWORD)
    packed = client.get("/office/board?tab=ended", headers={"Accept-Encoding": "gzip"}, buffered=True).data
    close(app)
    page = gzip.decompress(packed).decode()
    head = page[: page.index("</head>")]

    assert len(re.findall(r'<tr[^>]* data-id="', page)) == 50
    assert len(packed) <= BOARD_BYTES_MAX
    assert [tag for tag in re.findall(r"<script[^>]*>", page) if 'type="module"' not in tag] == []
    assert len(re.findall(r'<link rel="stylesheet"', head)) <= SHEETS_MOST
    assert "<style" not in page


def test_what_may_be_the_same_is_looked_for_among_the_cases_of_its_days_and_village_alone(reading, monkeypatch):
    asked: list[tuple[str, dict[str, object]]] = []
    sql = type(reading.sql)
    tuples = sql.tuples
    monkeypatch.setattr(
        sql, "tuples", lambda self, text, told={}: (asked.append((text, told)), tuples(self, text, told))[1]
    )
    place, days = Place("130630/100/201"), ("2026-10-01T00:00:00.000Z", "2026-11-01T00:00:00.000Z")
    found = records.open_cases_near(reading, EVERYWHERE, generator.TYPE, place, days)
    ended_too = records.cases_in(reading, EVERYWHERE, generator.TYPE, place, days[0])
    monkeypatch.setattr(sql, "tuples", tuples)

    rows = reading.sql.rows("SELECT id, path, created_at, closed_at FROM record ORDER BY born_seq")
    assert [each.id for each in found] == [
        row["id"]
        for row in rows
        if place.holds(row["path"]) and days[0] <= row["created_at"] <= days[1] and row["closed_at"] is None
    ]
    assert [each.id for each in ended_too] == [
        row["id"]
        for row in reversed(rows)
        if place.holds(row["path"]) and (row["closed_at"] is None or row["closed_at"] >= days[0])
    ]
    plans = [[step["detail"] for step in reading.sql.each(f"EXPLAIN QUERY PLAN {text}", told)] for text, told in asked]
    of_days = "SEARCH record USING INDEX record_near (path=? AND closed_at=? AND created_at>? AND created_at<?)"
    assert of_days in plans[0]
    assert "SEARCH record USING INDEX record_near (path=? AND closed_at>?)" in plans[1]
    assert not any("record_type_born" in step for plan in plans for step in plan)


def test_what_has_changed_since_an_instant_is_looked_for_among_what_has_moved_since(reading, monkeypatch):
    asked: list[tuple[str, dict[str, object]]] = []
    sql = type(reading.sql)
    rows = sql.rows
    monkeypatch.setattr(
        sql, "rows", lambda self, text, told={}: (asked.append((text, told)), rows(self, text, told))[1]
    )
    low, high = Place("130630/100/201").bounds()
    village = SimpleNamespace(sql=" AND path >= :low AND path < :high", values={"low": low, "high": high})
    since = "2026-11-20T00:00:00.000Z"
    found = counted_cases.all_candidates(reading, village, Period(date(2026, 11, 1), date(2026, 11, 30)), since)
    monkeypatch.setattr(sql, "rows", rows)

    assert found and all(low <= each.path < high for each in found)
    plan = [step["detail"] for text, told in asked for step in reading.sql.each(f"EXPLAIN QUERY PLAN {text}", told)]
    assert [step for step in plan if "case_fact_moved (stepped_at>?" in step]
    assert [step for step in plan if "case_fact_received (received_day<?" in step] == []
