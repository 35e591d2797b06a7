"""A search for words finds what a look at every label finds, whatever the index of labels holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from server.admin.usecases.housekeeping import enter_labels
from server.db import database
from server.forms.domain.record_types import Kind
from server.grid.domain.areas import Place, code_of
from server.grid.domain.scope import Scope
from server.records.domain.records import Record
from server.records.store import label_search, record_lists, records
from server.records.store.record_lists import Filters
from tests.county import new_database
from tests.laws import examples

COUNTY = Scope((Place("130630"),))
TOWN = Place("130630/100")
PATHS = ("130630/100/201", "130630/101", "130630/101/202/001")
LETTERS = "甲乙aAkK\u212aσΣçÇİ%_\\ ｜\n№"
words = st.text(LETTERS, max_size=4)
labels = st.text(LETTERS, max_size=8)
numbers = st.none() | st.sampled_from(("LY-2026-0001", "LY-2026-1001", "1", "甲乙"))


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(label_search, "COMMON", 0)
    monkeypatch.setattr(label_search, "CHUNK", 16)  # so that a few records lie in several
    monkeypatch.setattr(record_lists, "_READ_LEAST", 2)
    monkeypatch.setattr(record_lists, "_READ_MOST", 4)
    new_database(tmp_path / "county")
    opened = database.open_inline(tmp_path / "county")
    yield opened
    opened.close()


def a_record(seq: int, label: str, case_no: str | None, path: str) -> Record:
    return Record(
        f"00000000-0000-4000-8000-{seq:012d}", "hazards", Kind.CASE, code_of(path), path, label, 1, seq, seq, "甲", {},
        "[[],[]]", "2026-11-24T00:00:00.000Z", "2026-11-24T00:00:00.000Z", status="assigned", stage="assign",
        case_no=case_no,
    )  # fmt: skip


def emptied(tx) -> None:
    for table in ("record", "label_gram"):
        tx.sql.run(f"DELETE FROM {table}")
    tx.sql.run("UPDATE counter SET value = 0 WHERE name IN ('labels', 'seq')")


def enter_one_window(store, size: int) -> bool:
    with store.reading() as reading:
        window = label_search.next_window(reading, size)
    if window is None:
        return False
    for rows in label_search.slices(window, 3):
        store.write(lambda tx, rows=rows: label_search.enter(tx, rows))
    store.write(lambda tx: label_search.move_mark(tx, window))
    return True


def found(store, filters: Filters, limit: int) -> list[str]:
    pages, before = [], None
    while True:
        with store.reading() as reading:
            page = record_lists.page(reading, COUNTY, filters, before=before, limit=limit)
        pages += [each["id"] for each in page]
        if len(page) < limit:
            return pages
        before = page[-1]["born_seq"]


def holds(record: Record, q: str) -> bool:
    """Say in plain Python whether words find a record; SQL minds the case of letters beyond ASCII."""
    return small(q) in small(record.label) or q == record.case_no


def small(text: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in text)


events = st.one_of(
    st.tuples(st.just("born"), labels, numbers, st.sampled_from(PATHS)),
    st.tuples(st.just("renamed"), st.integers(0, 30), labels, numbers),
    st.tuples(st.just("entered"), st.integers(1, 20)),
    st.tuples(st.just("half entered"), st.integers(1, 20)),
)


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(events, max_size=30),
    words,
    st.sampled_from((None, TOWN)),
    st.integers(1, 5),
    st.integers(0, 40),
    st.integers(0, 4),
)
@example([("born", "甲乙", None, PATHS[0]), ("entered", 1), ("renamed", 0, "乙甲", None)], "乙甲", None, 1, 40, 0)
@example([("born", "甲a", "LY-2026-0001", PATHS[0]), ("entered", 9)], "LY-2026-0001", None, 1, 40, 0)
def test_words_find_what_a_look_at_every_label_finds(store, monkeypatch, happened, q, place, limit, lag_max, common):
    monkeypatch.setattr(label_search, "LAG_MAX", lag_max)
    monkeypatch.setattr(label_search, "COMMON", common)
    ledger = play(store, happened)

    by_hand = [each for each in ledger if holds(each, q) and (place is None or place.holds(each.path))]

    assert found(store, Filters(q=q, place=place), limit) == [each.id for each in reversed(by_hand)]


def play(store, happened) -> list[Record]:
    """Let records be born and renamed, and the index be made of them, in any order; return them oldest first."""
    store.write(emptied)
    ledger: list[Record] = []
    for kind, *told in happened:
        if kind == "born":
            store.write(lambda tx, told=told: ledger.append(born(tx, *told)))
        elif kind == "renamed" and ledger:
            number = told[0] % len(ledger)
            ledger[number] = store.write(lambda tx, n=number, told=told: renamed(tx, ledger[n], *told[1:]))
        elif kind == "entered":
            enter_one_window(store, told[0])
        elif kind == "half entered":
            enter_a_slice(store, told[0])
    return ledger


def born(tx, label: str, case_no: str | None, path: str) -> Record:
    record = a_record(tx.next_seq(), label, case_no, path)
    records.add(tx, record)
    return record


def renamed(tx, record: Record, label: str, case_no: str | None) -> Record:
    after = replace(record, label=label, case_no=case_no, version=record.version + 1, seq=tx.next_seq())
    records.replace(tx, after)
    return after


def enter_a_slice(store, size: int) -> None:
    """Stop in the midst of a window, as a server that dies does."""
    with store.reading() as reading:
        window = label_search.next_window(reading, size)
    if window is not None and window.rows:
        store.write(lambda tx: label_search.enter(tx, window.rows[:2]))


def test_what_two_enter_at_once_is_not_lost(store):
    ledger = play(store, [("born", "甲乙", None, PATHS[0])])
    with store.reading() as reading:
        stale = label_search.next_window(reading)
    ledger += [store.write(lambda tx: born(tx, "甲乙", None, PATHS[0]))]
    assert enter_one_window(store, 100)

    with pytest.raises(RuntimeError, match="written by another"):
        store.write(lambda tx: label_search.enter(tx, stale.rows))
    store.write(lambda tx: label_search.move_mark(tx, stale))

    assert found(store, Filters(q="甲乙"), 5) == [each.id for each in reversed(ledger)]
    assert not enter_one_window(store, 100)


def test_a_search_by_an_index_that_is_made_reads_no_label_that_cannot_match(store, monkeypatch):
    play(store, [("born", "甲乙", None, PATHS[0]), *[("born", "aaaa", None, PATHS[0])] * 30, ("entered", 100)])

    with store.reading() as reading:
        assert list(label_search.candidates(reading, "甲乙", None)) == [1]
        assert list(label_search.candidates(reading, "乙甲", None)) == []
        assert list(label_search.candidates(reading, "乙", None)) == [1]
        assert len(list(label_search.candidates(reading, "aa", 20))) == 18


def test_whoever_keeps_house_enters_what_is_missing(store):
    play(store, [("born", "甲乙", None, PATHS[0]), ("born", "乙", "LY-2026-0001", PATHS[1])])

    enter_labels(store)
    enter_labels(store)

    with store.reading() as reading:
        assert label_search.next_window(reading) is None
        assert list(label_search.candidates(reading, "乙", None)) == [2, 1]
