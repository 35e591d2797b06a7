"""Lists of records promise: inside the scope, newest first, each record once, whatever is asked."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from unittest.mock import patch

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server import instants
from server.db import database
from server.db.sql import Sql
from server.forms.domain.record_types import Kind
from server.grid.domain.areas import Place, code_of
from server.grid.domain.scope import Scope
from server.records.domain.records import Record
from server.records.store import columns, record_files, record_leads, record_lists, records
from server.records.store.columns import Projection
from server.records.store.record_lists import Filters
from tests.county import new_database
from tests.laws import examples
from tests.sql_steps import steps_of

PATHS = (
    "130630/100",
    "130630/100/201",
    "130630/100/201/001",
    "130630/100/202/001",
    "130630/101/201/001",
    "130630/1001",
)
PEOPLE = ("甲", "乙")
BODIES = ("body:dept-gas", "user:甲", None)
STATUSES = (("reported", "collect"), ("assigned", "assign"), ("closed", "close"), (None, None))
INSTANTS = (None, "2026-01-01T00:00:00.000Z", "9000-01-01T00:00:00.000Z")
CODES = ({}, {"category": "electric", "severity": "general"}, {"category": "water"})
LABELS = ("荆山口村｜甲", "100% of_it", "Back\\slash", "back")


@st.composite
def a_record(draw, number: int) -> Record:
    status, stage = draw(st.sampled_from(STATUSES))
    path = draw(st.sampled_from(PATHS[:-1]))
    return Record(
        id=f"00000000-0000-4000-8000-{number:012d}",
        type=draw(st.sampled_from(("hazards", "stations"))),
        kind=Kind.CASE,
        area=code_of(path),
        path=path,
        label=draw(st.sampled_from(LABELS)),
        version=1,
        seq=number,
        born_seq=number,
        author=draw(st.sampled_from(PEOPLE)),
        fields={"head": "甲", **draw(st.sampled_from(CODES))},
        registers="[[],[]]",
        created_at="2026-11-24T00:00:00.000Z",
        updated_at="2026-11-24T00:00:00.000Z",
        conflicts=draw(st.sampled_from(((), ("head",), ("head", "hoses")))),
        flags=draw(st.sampled_from(((), ("invalid_after_merge",), ("reworked", "supervised_2")))),
        status=status,
        stage=stage,
        case_no=draw(st.sampled_from((None, "LY-1", "100%"))),
        assignee=draw(st.sampled_from(BODIES)),
        due_at=draw(st.sampled_from(INSTANTS)),
        closed_at="2026-02-01T00:00:00.000Z" if stage == "close" else None,
    )


ledgers = st.integers(0, 9).flatmap(lambda count: st.tuples(*(a_record(number) for number in range(1, count + 1))))
narrow_scopes = st.builds(
    Scope,
    places=st.lists(st.sampled_from(PATHS), max_size=2, unique=True).map(lambda some: tuple(map(Place, some))),
    exact_paths=st.sampled_from(((), ("130630/100/201",))),
    person=st.sampled_from((None, *PEOPLE)),
    bodies=st.sampled_from(((), ("dept-gas",))),
)
scopes = st.just(Scope((Place("130630"),))) | narrow_scopes
FILTERS = {
    "type": ("hazards", "stations"),
    "place": tuple(map(Place, PATHS)),
    "status": ("reported", "closed"),
    "stage": ("assign",),
    "assignee": ("body:dept-gas", "user:甲"),
    "overdue": (True, False),
    "conflict": (True, False),
    "category": ("electric", "water"),
    "severity": ("general",),
    "flag": ("invalid_after_merge", "invalid", "supervised"),
    "statuses": (("reported", "closed"), ("closed",), ()),
    "q": ("%", "_", "\\", "BACK", "荆山口", "LY-1", "100%", "00000000-0000-4000-8000-000000000001"),
}
"""Few at a time, or hardly any record would ever be left to find."""
each_filter = st.sampled_from(tuple(FILTERS)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(FILTERS[name]))
)
filters = st.lists(each_filter, max_size=2).map(dict)


def narrowed(by) -> Filters:
    ours = {name: value for name, value in by.items() if name in columns.FILTERS}
    return Filters(ours, **{name: value for name, value in by.items() if name not in ours})


@pytest.fixture
def store(tmp_path):
    new_database(tmp_path / "county")
    opened = database.open_inline(tmp_path / "county")
    yield opened
    opened.close()


def counted(tx, seq):
    tx.sql.run("UPDATE counter SET value = :seq WHERE name = 'seq'", {"seq": seq})


def keep(store, ledger):
    def work(tx):
        tx.sql.run("DELETE FROM record")
        tx.sql.run("UPDATE counter SET value = 0 WHERE name = 'labels'")
        for record in ledger:
            records.add(tx, record)
        counted(tx, max((record.seq for record in ledger), default=0))

    store.write(work)


def expected(record: Record, scope: Scope, by: dict, now: str) -> bool:
    """Say in plain Python whether a list holds a record; the law that the SQL has to keep."""
    seen = scope.covers(record.path) or record.assignee in scope.assignees or record.author == scope.person
    overdue = record.due_at is not None and record.due_at < now and record.closed_at is None
    return (
        seen
        and by.get("type") in (None, record.type)
        and ("place" not in by or by["place"].holds(record.path))
        and by.get("status") in (None, record.status)
        and by.get("stage") in (None, record.stage)
        and by.get("assignee") in (None, record.assignee)
        and by.get("overdue") in (None, overdue)
        and by.get("conflict") in (None, bool(record.conflicts))
        and all(by.get(name) in (None, record.status and record.fields.get(name)) for name in ("category", "severity"))
        and by.get("flag")
        in (None, *record.flags, *(each.rpartition("_")[0] for each in record.flags if each[-1] == "2"))
        and ("statuses" not in by or record.status in by["statuses"])
        and _found(record, by.get("q"))
    )


def _found(record: Record, q: str | None) -> bool:
    return q is None or q.lower() in record.label.lower() or q in (record.case_no, record.id)


@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ledgers, scopes, filters, st.integers(1, 5), st.sampled_from((0, 2, 1_000)))
def test_pages_together_hold_what_is_wanted_in_the_scope_newest_first_and_once(store, ledger, scope, by, limit, few):
    """few: so many rows are read and sorted rather than walked past."""
    keep(store, ledger)
    with patch.object(record_leads, "FEW", few):
        pages_hold_what_is_wanted(store, ledger, scope, by, limit, most=limit)


@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ledgers, scopes, filters, st.integers(1, 5), st.sampled_from((0, 2, 1_000)))
def test_pages_of_a_file_hold_the_same(store, ledger, scope, by, limit, few):
    keep(store, ledger)
    with patch.object(record_leads, "FEW", few):
        pages_hold_what_is_wanted(store, ledger, scope, by, limit, in_file, most=2 * limit - 1)


in_file = partial(record_files.page, columns=record_lists.NEWEST)


def pages_hold_what_is_wanted(store, ledger, scope, by, limit, read=record_lists.page, *, most):
    """read: returns a page; of no more rows than ``most``."""
    found, before = [], None
    while before is None or found:
        with store.reading() as reading:
            now = reading.now
            page = read(reading, scope, narrowed(by), before=before, limit=limit)
        assert len(page) <= most
        found += page
        if len(page) < limit:
            break
        before = page[-1]["born_seq"]

    assert [each["id"] for each in found] == [each.id for each in reversed(ledger) if expected(each, scope, by, now)]


def a_station(number: int) -> Record:
    return Record(
        f"00000000-0000-4000-8000-{number:012d}", "stations", Kind.PROFILE, "130630100000", "130630/100", "", 1,
        number, number, "甲", {}, "[[],[]]", instants.BEGINNING, instants.BEGINNING,
    )  # fmt: skip


def test_rows_of_a_file_are_read_in_the_order_in_which_they_lie(store):
    keep(store, [a_station(number) for number in range(1, 8)])
    read, rows = [], Sql.rows

    def noted(self, *asked):
        found = rows(self, *asked)
        read.append([row["born_seq"] for row in found])
        return found

    with store.reading() as reading, patch.object(Sql, "rows", noted):
        page = in_file(reading, Scope((Place("130630"),)), Filters(), before=7, limit=3)

    assert [row["born_seq"] for row in page] == [6, 5, 4]
    assert read == [[4, 5, 6]]


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ledgers)
def test_a_listed_record_says_what_the_record_says(store, ledger):
    keep(store, ledger)
    county = Scope((Place("130630"),))

    with store.reading() as reading:
        listed = record_lists.page(reading, county, Filters(), before=None, limit=100)
        kept = [records.get(reading, each["id"], county) for each in listed]

    show, store_shown = columns.showing(Projection.API), columns.storing(columns.NAMES)
    shown = [orjson.dumps(show(row)) for row in listed]
    assert shown == [orjson.dumps(show(store_shown(record))) for record in kept]


def test_a_record_born_meanwhile_moves_no_page(store):
    county = Scope((Place("130630"),))
    keep(store, [a_station(number) for number in (1, 2, 3)])
    with store.reading() as reading:
        first = record_lists.page(reading, county, Filters(), before=None, limit=2)

    store.write(lambda tx: records.add(tx, a_station(4)))
    with store.reading() as reading:
        second = record_lists.page(reading, county, Filters(), before=first[-1]["born_seq"], limit=2)

    assert [each["born_seq"] for each in (*first, *second)] == [3, 2, 1]


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A store with three hundred open cases of two statuses, half of them given a limit, and ones that ended."""
    folder = tmp_path_factory.mktemp("due")
    new_database(folder)
    store = database.open_inline(folder)
    store.write(lambda tx: [records.add(tx, an_open_case(number)) for number in range(1, 601)])
    yield store
    store.close()


def an_open_case(number: int) -> Record:
    status, stage = (("reported", "collect"), ("assigned", "assign"), ("closed", "close"))[number % 3]
    at = instants.later("2026-11-24T00:00:00.000Z", timedelta(hours=number * 7 % 600))
    return Record(
        id=f"00000000-0000-4000-8000-{number:012d}", type="hazards", kind=Kind.CASE, area=code_of(PATHS[2]),
        path=PATHS[2], label="甲", version=1, seq=number, born_seq=number, author="甲", fields={}, registers="[[],[]]",
        created_at=at, updated_at=at, status=status, stage=stage, due_at=at if number % 2 else None,
        closed_at=at if status == "closed" else None,
    )  # fmt: skip


def test_the_first_cases_by_limit_are_read_without_sorting_all_that_are_open(many):
    open_ones, county = Filters(statuses=("reported", "assigned")), Scope((Place("130630"),))

    def first(reading, limit=10):
        return record_lists.page_by_due(reading, county, open_ones, after=None, limit=limit)

    with many.reading() as reading:
        rows = first(reading, 1_000)
        twice = Filters(statuses=("assigned", "reported", "assigned"))
        assert record_lists.page_by_due(reading, county, twice, after=None, limit=1_000) == rows
        paged, after = [], None
        while page := record_lists.page_by_due(reading, county, open_ones, after=after, limit=7):
            paged, after = [*paged, *page], record_lists.due_position(page[-1])

    assert len(rows) == 400
    assert [row["id"] for row in paged] == [row["id"] for row in rows]
    assert rows == sorted(rows, key=record_lists.due_position)
    assert steps_of(many, first) < steps_of(many, lambda reading: first(reading, 1_000)) / 5
