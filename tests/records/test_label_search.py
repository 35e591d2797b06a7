"""A search finds what LIKE finds in every label, however far housekeeping has come with the index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.admin.usecases import housekeeping
from server.db import database
from server.db.database import Database
from server.forms.domain.record_types import Kind
from server.grid.domain.areas import Place, code_of
from server.grid.domain.scope import Scope
from server.records.domain import case_facts
from server.records.domain.case import Case
from server.records.domain.case_steps import Step
from server.records.domain.records import Record
from server.records.domain.status import Status
from server.records.store import record_lists, records
from server.records.store.record_lists import Filters
from tests.county import new_database
from tests.laws import examples
from tests.sql_steps import steps_of

COUNTY = Scope((Place("130630"),))
TOWN = Place("130630/100")
PATHS = ("130630/100/201", "130630/101", "130630/101/202/001")
LETTERS = "甲乙aAkK\u212aσΣçÇİ%_\\ ｜\n№'\"*()-^:\U00020bb7\U0001f9ef"
COMMON, PAIR = "消防", "防栓"
CASE = Case(case_facts.begun("", "", "", Step("assign", "2026-11-24T00:00:00.000Z", Status.ASSIGNED)))
FILLERS = 320
"""Records that are there before: with fewer, no text is rare enough to be looked for in an index."""
NUMBERS = ("LY-2026-0001", "LY-2026-1001", "1", "甲乙", "aK")
texts = st.text(LETTERS, max_size=4) | st.sampled_from(
    ("消", COMMON, PAIR, "防栓9", "栓甲", "9", "95", "甲 AND 乙", "a OR k", "ly-2026-0001", "001", *NUMBERS)
)
labels = st.text(LETTERS, max_size=8) | st.text("甲乙aA\U00020bb7", max_size=4) | st.text(LETTERS + COMMON, max_size=8)
numbers = st.none() | st.sampled_from(NUMBERS)
events = st.one_of(
    st.tuples(st.just("created"), labels, numbers, st.sampled_from(PATHS)),
    st.tuples(st.just("renamed"), st.integers(0, FILLERS + 30), labels, numbers),
    st.tuples(st.just("kept house")),
    st.tuples(st.just("died keeping house"), st.integers(0, 2)),
)


class PowerCut(Exception):
    """The process ends here."""


@dataclass
class FailingDatabase:
    """A database whose process dies at a write, after so many that went well."""

    store: Database
    writes: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def write(self, work: Any) -> Any:
        if self.writes == 0:
            raise PowerCut
        self.writes -= 1
        return self.store.write(work)


@dataclass
class Ledger:
    """A database of labels, and its records as they should be, oldest first."""

    store: Database
    records: list[Record] = field(default_factory=list)

    def create(self, label: str, case_no: str | None = None, path: str = PATHS[0]) -> None:
        self.records.append(self.store.write(lambda tx: added(tx, label, case_no, path)))

    def rename(self, number: int, label: str, case_no: str | None = None) -> None:
        number %= len(self.records)
        before = self.records[number]

        def work(tx: Any) -> Record:
            after = replace(before, label=label, case_no=case_no, version=before.version + 1, seq=tx.next_seq())
            records.replace(tx, after)
            return after

        self.records[number] = self.store.write(work)

    def keep_house(self, writes: int | None = None) -> None:
        """Let housekeeping do all there is to do; with ``writes``, die after so many."""
        with suppress(PowerCut):
            while housekeeping.enter_labels(self.store if writes is None else FailingDatabase(self.store, writes)):
                pass

    def search(self, filters: Filters, limit: int = 500) -> list[str]:
        """Return the ids that the list shows, page after page."""
        pages: list[str] = []
        before = None
        while True:
            with self.store.reading() as reading:
                page = record_lists.page(reading, COUNTY, filters, before=before, limit=limit)
            pages += [each["id"] for each in page]
            if len(page) < limit:
                return pages
            before = page[-1]["born_seq"]

    def look(self, q: str, place: Place | None = None) -> list[str]:
        """Return the ids that a look at every label finds, newest first."""
        wanted = [each for each in self.records if holds(each, q) and (place is None or place.holds(each.path))]
        return [each.id for each in reversed(wanted)]

    def like(self, q: str) -> list[str]:
        """Return the ids that LIKE finds, newest first, with no help from any index."""
        part = "".join(f"\\{each}" if each in "%_\\" else each for each in q)
        sql = "SELECT id FROM record WHERE label LIKE :part ESCAPE '\\' OR case_no = :q ORDER BY born_seq DESC"
        with self.store.reading() as reading:
            return [row["id"] for row in reading.sql.rows(sql, {"part": f"%{part}%", "q": q})]


def added(tx: Any, label: str, case_no: str | None, path: str) -> Record:
    seq = tx.next_seq()
    record = Record(
        f"00000000-0000-4000-8000-{seq:012d}", "hazards", Kind.CASE, code_of(path), path, label, 1, seq, seq, "甲", {},
        "[[],[]]", "2026-11-24T00:00:00.000Z", "2026-11-24T00:00:00.000Z", status="assigned", stage="assign",
        case_no=case_no, case=CASE,
    )  # fmt: skip
    records.add(tx, record)
    return record


_fillers: list[Record] = []


def lay(tx: Any) -> list[str]:
    _fillers[:] = [added(tx, f"{COMMON}栓{number}", None, PATHS[number % 3]) for number in range(FILLERS)]
    return []


@contextmanager
def a_ledger() -> Iterator[Ledger]:
    with TemporaryDirectory() as name:
        new_database(Path(name), lay)
        store = database.open_inline(Path(name))
        with closing(store):
            yield Ledger(store, list(_fillers))


def holds(record: Record, q: str) -> bool:
    """Say in plain Python whether a text finds a record; SQL minds the case of letters beyond ASCII."""
    return small(q) in small(record.label) or q == record.case_no


def small(text: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in text)


@settings(max_examples=examples(300))
@given(st.lists(events, max_size=30), texts, st.sampled_from((None, TOWN)), st.integers(1, 40))
@example([("created", "甲乙", None, PATHS[0]), ("kept house",), ("renamed", FILLERS, "乙甲", None)], "乙甲", None, 1)
@example([("created", "甲a", "LY-2026-0001", PATHS[0]), ("kept house",)], "LY-2026-0001", None, 1)
@example([("kept house",)], "消", TOWN, 5)
@example([("kept house",)], COMMON, None, 40)
@example([("created", "甲'乙\"丙*", None, PATHS[0]), ("kept house",)], "'乙\"", None, 1)
@example([("created", "甲\U00020bb7乙", None, PATHS[0]), ("kept house",)], "\U00020bb7", None, 1)
@example([("created", "Ç", None, PATHS[0])], "Ç", None, 1)
@example([("created", "Ç", None, PATHS[0]), ("created", "ç", None, PATHS[0])], "ç", TOWN, 1)
@example([("created", "甲%乙", None, PATHS[0]), ("created", "甲_乙", None, PATHS[0]), ("kept house",)], "%", None, 1)
def test_a_text_finds_what_like_finds_in_every_label(happened, q, place, limit):
    with a_ledger() as ledger:
        for kind, *more in happened:
            act = {"created": ledger.create, "renamed": ledger.rename}.get(kind, ledger.keep_house)
            act(*more)

        assert ledger.search(Filters(q=q, place=place), limit) == ledger.look(q, place)
        assert ledger.search(Filters(q=q), limit) == ledger.like(q)


def test_a_renamed_record_is_found_by_what_it_is_called_now():
    with a_ledger() as ledger:
        ledger.create("甲乙", "LY-2026-0001")
        ledger.keep_house()
        for label in ("乙甲", "丙丁", "甲乙", "丙丁"):
            ledger.rename(FILLERS, label, "LY-2026-0001")
            for _ in ("before housekeeping", "after"):
                for q in ("甲", "甲乙", "乙甲", "丙", "丙丁", "LY-2026-0001", "0001"):
                    assert ledger.search(Filters(q=q)) == ledger.like(q), (label, q)
                ledger.keep_house()


def test_one_two_and_more_characters_find_the_rare_and_the_common():
    with a_ledger() as ledger:
        for label in ("甲", "甲乙", "乙甲乙丙", "a甲", "丙"):
            ledger.create(label)

        for _ in ("before housekeeping", "after"):
            for q in (
                "甲",
                "乙",
                "丙",
                "甲乙",
                "乙甲",
                "甲乙丙",
                "乙甲乙丙",
                "A",
                "丁",
                "丁丁",
                "消",
                COMMON,
                "防栓1",
                "5",
            ):
                assert ledger.search(Filters(q=q)) == ledger.look(q), q
            ledger.keep_house()


def test_what_comes_while_two_keep_house_at_once_is_found():
    with a_ledger() as ledger:
        folder = ledger.store.folder
        threads = [Thread(target=keep_house_beside, args=(folder,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(10):
            ledger.create(f"甲{number}")
        for thread in threads:
            thread.join()
        ledger.keep_house()

        for q in ("甲", "甲7", COMMON, "防栓42"):
            assert ledger.search(Filters(q=q)) == ledger.look(q), q


def keep_house_beside(folder: Path) -> None:
    """Keep house from a process of one's own; who comes second may be turned away, and comes again."""
    store = database.open_inline(folder)
    for _ in range(5):
        with suppress(RuntimeError):
            housekeeping.enter_labels(store)
    store.close()


def test_a_rare_word_costs_less_once_housekeeping_is_done():
    with a_ledger() as ledger:
        ledger.create("甲乙")
        for number in range(300):
            ledger.create(f"丙丁{number}")
        before = steps(ledger, "甲乙")

        ledger.keep_house()

        assert steps(ledger, "甲乙") < before / 3
        assert ledger.search(Filters(q="甲乙")) == ledger.look("甲乙")


def steps(ledger: Ledger, q: str) -> int:
    """Return how many steps of its machine SQLite takes for a search."""
    return steps_of(
        ledger.store, lambda reading: record_lists.page(reading, COUNTY, Filters(q=q), before=None, limit=50)
    )
