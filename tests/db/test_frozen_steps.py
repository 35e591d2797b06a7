"""What steps of the database compute by themselves is what the rules of their day say.

The rules of today still say the same, in the columns that were there. The day they do not, the comparisons with them
go, and the examples stay.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database as SqliteDatabase

from server.cases.domain import registering
from server.db import migrations
from server.db.migrations import (
    step_0002_case_figures,
    step_0004_sync,
    step_0014_first_hands,
    step_0023_case_endings,
    step_0024_patrol_facts,
    step_0059_checks_on_site,
    step_0068_reopenings,
    step_0073_late_for_good,
    step_0075_time_until_reports_come_in,
    step_0076_who_gave_cases_out,
    step_0077_positions,
    step_0079_limits_by_day,
    step_0086_parts_of_co_handlers,
)
from server.db.sql import Sql
from server.forms.domain.record_types import Kind
from server.records.domain import case_facts as rules
from server.records.domain.case import Case
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Step
from server.records.domain.records import Record
from server.records.domain.status import Status
from server.records.store import case_json
from server.summaries.domain import contributions, patrols
from server.summaries.domain.periods import day_number
from server.summaries.store import case_facts, patrol_facts, recount, rollups
from sync.flags import Flag
from tests.summaries.case_histories import CATEGORIES, UNITS, WIDER, History, a_case, end_of, moments, on, step
from tests.summaries.case_histories import histories as lived

pytestmark = pytest.mark.sqlite

FIGURES = ("case_fact", "case_handover", *rollups.TABLES)
COUNTY_ROWS = {"case_count": "category", "case_result": "category", "case_pace": "town"}
"""The tables that have sums of the whole county, and the column that tells these."""
Figures = dict[str, set[tuple[object, ...]]]
CREATED = (("report", "reported"), ("spot_close", "feedback"), ("spot_close", "spot_closed"))


def histories(**more: bool) -> st.SearchStrategy[History]:
    """Return the lives of cases as older programs knew them: none was carried over from last year."""
    return lived(**more).filter(lambda history: history.steps[0].action != "carry_over")


def database_before(step: str) -> Sql:
    """Return an empty database as it was before a step."""
    db = SqliteDatabase(memory=True)
    migrations.migrations().apply(db, stop_before=step)
    db.conn.isolation_level = None
    return Sql(db)


def widened(sql: Sql) -> Sql:
    """Return an older database with the columns of cases that later steps add, so that today's program writes it."""
    later = script("0059_rechecks") + script("0056_steps_that_extend") + script("0068_cases_that_come_back")
    later += script("0069_written_in_time") + script("0073_late_for_good")
    later += script("0074_corrections_that_relax") + script("0075_time_until_reports_come_in")
    later += script("0079_limits_by_day") + script("0081_replies_on_paper")
    later += script("0088_cases_carried_over")
    for statement in later.split(";"):
        if "ALTER TABLE" in statement:
            sql.run(statement[statement.index("ALTER TABLE") :])
    return sql


def emptied(sql: Sql, *more: str) -> None:
    for table in ("record", "case_step", *FIGURES, *more):
        sql.run(f"DELETE FROM {table}")


def columns_of(sql: Sql, table: str) -> str:
    return ", ".join(row[0] for row in sql.tuples(f"SELECT name FROM pragma_table_info('{table}')"))


def figures(sql: Sql, older: Sql | None = None) -> Figures:
    """Return every row of the cases that summaries are read from, in the columns of an older database."""
    return {table: set(sql.tuples(f"SELECT {columns_of(older or sql, table)} FROM {table}")) for table in FIGURES}


def add(sql: Sql, table: str, row: dict[str, object]) -> None:
    marks = ", ".join(f":{column}" for column in row)
    sql.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row)


def add_record(sql: Sql, id: str, path: str, fields: dict[str, str], **more: object) -> None:
    """Add a record as step 0001 knew it, with ``more`` of its columns."""
    number = sql.value("SELECT COUNT(*) + 1 FROM record")
    row = {
        **dict.fromkeys(("label", "author", "flags", "registers"), ""),
        "id": id, "area": "", "path": path, "fields": orjson.dumps(fields).decode(), "version": 1, "conflicted": 0,
        "type": "hazards", "kind": "case", "seq": number, "born_seq": number, "updated_at": on("04-01"),
        "created_at": on("04-01"),
    }  # fmt: skip
    add(sql, "record", row | more)


def add_steps(sql: Sql, id: str, steps: Iterable[Step]) -> None:
    for version, each in enumerate(steps, start=1):
        row = each._asdict()
        for later in ("category", "extends", "recurs", "written_at", "relaxes", "discovered_at"):
            del row[later]
        add(sql, "case_step", {"record": id, "version": version, **row})


def written_by_today(sql: Sql, found: Iterable[tuple[CaseFacts, str]]) -> None:
    """Write what the program of today keeps of cases, with the instant of each one's newest step.

    Without the sums of the county, which no step before 0089 knew.
    """
    written_with_the_county(sql, found)
    for table, column in COUNTY_ROWS.items():
        sql.run(f"DELETE FROM {table} WHERE {column} = :county", {"county": rollups.COUNTY})


def written_with_the_county(sql: Sql, found: Iterable[tuple[CaseFacts, str]]) -> None:
    """Write all that the program of today keeps of cases, with the instant of each one's newest step."""
    cases = list(found)
    for table in (*FIGURES, "case_ending"):
        sql.run(f"DELETE FROM {table}")
    for facts, stepped_at in cases:
        case_facts.add(sql, facts, stepped_at)
    rollups.summed([facts for facts, _ in cases]).write(sql)


@pytest.fixture(scope="module")
def today() -> Sql:
    db = SqliteDatabase(memory=True)
    migrations.migrations().apply(db)
    db.conn.isolation_level = None
    return Sql(db)


def by_today(today: Sql, older: Sql, found: Iterable[tuple[CaseFacts, str]]) -> Figures:
    """Return the rows that the program of today keeps of cases, in the columns of an older database."""
    written_by_today(today, found)
    return figures(today, older)


def put(sql: Sql, rows: Figures) -> None:
    """Write rows into a database that has just their columns."""
    for table, found in rows.items():
        columns = columns_of(sql, table).split(", ")
        for row in found:
            add(sql, table, dict(zip(columns, row, strict=True)))


def test_a_step_calls_nothing_that_can_change_after_it():
    allowed = {"server.db.sql", "server.db.migrations.step_0002_case_figures"}
    called = {
        node.module
        for path in Path(migrations.__file__).parent.glob("step_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module.startswith(("server", "sync", "schemas", "kobo_forms"))
    }

    assert called <= allowed


@pytest.fixture(scope="module")
def before_0003() -> Sql:
    return database_before("0003_cases")


created_cases = st.tuples(
    st.sampled_from(CREATED), st.sampled_from(UNITS + WIDER), moments, st.sampled_from([*CATEGORIES, "", None])
)
stated_premises = st.sampled_from(["12", "0", "", "十二", "3.5", "-1", "²", "9" * 9, "9" * 40, None])
walked = st.tuples(st.sampled_from(UNITS + WIDER), moments, stated_premises)


@given(st.lists(created_cases, max_size=6), st.lists(walked, max_size=4))
def test_step_0002_computes_what_a_count_of_today_computes(before_0003, today, cases, walks):
    sql = before_0003
    emptied(sql, "visit_count")
    expected = []
    for number, ((action, status), path, at, category) in enumerate(cases):
        id = f"case-{number}"
        add_record(sql, id, path, {} if category is None else {"category": category}, status=status, created_at=at)
        created = Step(action, at, Status(status))
        add_steps(sql, id, [created])
        expected.append((rules.begun(id, path, category or "", created), at))
    for number, (path, at, stated) in enumerate(walks):
        fields = {} if stated is None else {"premises_count": stated}
        add_record(sql, f"patrol-{number}", path, fields, type="patrols", kind="event", created_at=at)

    step_0002_case_figures.apply(sql)

    premises: Counter[tuple[int, str]] = Counter()
    for path, at, stated in walks:
        for period in (day_number(at), day_number(at) // 100):
            premises[period, path] += patrols.premises_in({} if stated is None else {"premises_count": stated})
    assert figures(sql) == by_today(today, sql, expected)
    assert {(period, path): n for period, path, n in sql.tuples("SELECT * FROM visit_count")} == +premises


def test_step_0002_counts_cases_and_patrols(before_0003):
    sql = before_0003
    emptied(sql, "visit_count")
    for id, action, status, fields in (
        ("1", "report", "reported", {"category": "lane"}),
        ("2", "spot_close", "spot_closed", {}),
        ("3", "spot_close", "feedback", {"category": "lane"}),
    ):
        add_record(sql, id, "130630/100", fields, status=status)
        add_steps(sql, id, [Step(action, on("04-01"), Status(status))])
    add_record(sql, "4", "130630/100", {"premises_count": "12"}, type="patrols", kind="event")

    step_0002_case_figures.apply(sql)

    facts = sql.rows("SELECT id, category, status, registered_day, closed_day, running FROM case_fact ORDER BY id")
    assert [tuple(row.values()) for row in facts] == [
        ("1", "lane", "reported", None, None, 0),
        ("2", "", "spot_closed", 20260401, 20260401, 0),
        ("3", "lane", "feedback", 20260401, None, 1),
    ]
    for period, category, counts in (
        (202604, "*", (3, 2, 1, 1, 1)),
        (20260401, "*", (3, 2, 1, 1, 1)),
        (202604, "lane", (2, 1, 0, 0, 1)),
        (202604, "", (1, 1, 1, 1, 0)),
    ):
        columns = "reports, registered, spot_closed, closed_on_time, once_fed_back"
        where = {"period": period, "category": category}
        row = sql.find(f"SELECT {columns} FROM case_count WHERE period = :period AND category = :category", where)
        assert tuple(row.values()) == counts
    assert set(sql.tuples("SELECT category, period, code, n FROM case_result")) == {
        ("*", 202604, "unstated", 1), ("*", 20260401, "unstated", 1), ("", 202604, "unstated", 1),
    }  # fmt: skip
    assert set(sql.tuples("SELECT period, premises FROM visit_count")) == {(202604, 12), (20260401, 12)}


def test_step_0004_gives_each_record_the_value_of_its_id_and_version():
    sql = database_before("0005_unsent")
    add_record(sql, "1", "130630/100", {}, version=3)

    step_0004_sync.apply(sql)

    assert sql.value("SELECT check_value FROM record") == 0x85F2EF987B76  # sha256 of "1:3" begins so


@pytest.fixture(scope="module")
def before_0014() -> Sql:
    return database_before("0014_first_hands")


def never_late_before(facts: CaseFacts) -> CaseFacts:
    """Return facts as they were kept before step 0073: what gave way to a later limit was forgotten."""
    return replace(facts, late_handling=0, late_closing=False)


def by_rules_before_0014(facts: CaseFacts, taken: Step) -> CaseFacts:
    """Return the facts after a step as they were counted then: nothing but an assignment from intake is a dispatch."""
    after = never_late_before(rules.after(facts, taken))
    from_intake = taken.status is Status.ASSIGNED and facts.status in (Status.REPORTED, Status.REGISTERED)
    returned = taken.action == "return" and facts.dispatches
    return after if from_intake or returned else replace(after, dispatches=facts.dispatches)


@st.composite
def any_histories(draw: st.DrawFn):
    """Draw a case whose steps are of any action and lead anywhere (a return to the office), in order of time."""
    actions = st.sampled_from(["report", "assign", "rework", "close", "site_check", "extend", "reopen"])
    leads = st.tuples(actions, st.sampled_from(list(Status))) | st.just(("return", Status.REGISTERED))
    taken = draw(st.lists(st.tuples(leads, moments), min_size=1, max_size=9))
    ats = sorted(at for _, at in taken)
    due = draw(st.lists(st.none() | moments, min_size=len(taken), max_size=len(taken)))
    steps = [Step(action, at, status, limit) for ((action, status), _), at, limit in zip(taken, ats, due, strict=True)]
    return a_case(f"{draw(st.uuids())}", *steps, path=draw(st.sampled_from(UNITS + WIDER)))


@given(st.lists(histories() | any_histories(), max_size=5, unique_by=lambda history: history.id))
def test_step_0014_computes_what_a_count_of_today_computes(before_0014, today, town):
    sql = before_0014
    emptied(sql)
    older = []
    for history in town:
        facts = CaseFacts(history.id, history.path, history.category, history.steps[0].at, Status.REPORTED)
        for taken in history.steps:
            facts = by_rules_before_0014(facts, taken)
        add_record(sql, history.id, history.path, {}, case_state=case_json.to_text(Case(facts, village="荆山口")))
        add_steps(sql, history.id, history.steps)
        older.append((facts, history.steps[-1].at))
    put(sql, by_today(today, sql, older))

    step_0014_first_hands.apply(sql)

    found = figures(sql)
    ends = [history.steps[-1].at for history in town]
    lived = [(never_late_before(history.as_of(end)), end) for history, end in zip(town, ends, strict=True)]
    states = {row["id"]: row["case_state"] for row in sql.rows("SELECT id, case_state FROM record")}
    assert states == {facts.id: case_json.to_text(Case(facts, village="荆山口")) for facts, _ in lived}
    expected = by_today(today, sql, lived)
    assert {table: found[table] for table in ("case_fact", "case_handover")} == {
        table: expected[table] for table in ("case_fact", "case_handover")
    }
    assert {table: without_noughts(table, found[table]) for table in rollups.TABLES} == {
        table: without_noughts(table, expected[table]) for table in rollups.TABLES
    }


@pytest.fixture(scope="module")
def before_0024() -> Sql:
    return widened(database_before("0024_patrol_facts"))


@given(st.lists(histories(corrections=True), max_size=5, unique_by=lambda history: history.id))
def test_step_0023_computes_what_a_count_of_today_computes(before_0024, town):
    sql = before_0024
    emptied(sql)
    lived = [(history.as_of(history.steps[-1].at), history.steps[-1].at) for history in town]
    written_by_today(sql, lived)
    expected, endings = figures(sql), set(sql.tuples("SELECT * FROM case_ending"))
    for history, (facts, _) in zip(town, lived, strict=True):
        state = orjson.loads(case_json.to_text(Case(facts, village="荆山口")))
        del state["facts"]["endings"]
        add_record(sql, history.id, history.path, {}, case_state=orjson.dumps(state).decode())
        add_steps(sql, history.id, history.steps)
    others = " AND ".join(f"{column} = 0" for column in contributions.COLUMNS if column != contributions.STOCK)
    for statement in (
        "UPDATE case_fact SET endings = ''",
        "DELETE FROM case_ending",
        "UPDATE case_count SET stock = 0",
        f"DELETE FROM case_count WHERE {others}",
    ):
        sql.run(statement)

    step_0023_case_endings.apply(sql)

    assert figures(sql) == expected
    assert set(sql.tuples("SELECT * FROM case_ending")) == endings
    states = {row["id"]: row["case_state"] for row in sql.rows("SELECT id, case_state FROM record")}
    assert {id: case_json.from_text(state).facts for id, state in states.items()} == {
        facts.id: facts for facts, _ in lived
    }


def test_step_0023_keeps_when_a_case_was_closed_before_it_was_reopened():
    sql = database_before("0024_patrol_facts")
    steps = (step("report", "04-01"), step("register", "04-02"), step("merge", "04-03"), step("split", "05-04"),
             step("feedback", "05-05"), step("close", "05-06"), step("reopen", "06-07"))  # fmt: skip
    add_record(sql, "1", UNITS[0], {}, case_state='{"facts":{"id":"1"},"village":"荆山口"}')
    add_steps(sql, "1", steps)
    fact = {
        "id": "1", "path": UNITS[0], "category": "lane", "status": "handling", "dispatches": f"{on('06-07')}/",
        "received_at": on("04-01"), "decided_at": on("04-02"), "registered_at": on("04-02"), "running": 1,
        "held_s": 0, "checked": 1, "reworked": 0, "extended": 0, "stepped_at": on("06-07"),
        "received_day": 20260401, "registered_day": 20260402, "registered_month": 202604,
    }  # fmt: skip
    add(sql, "case_fact", fact)

    step_0023_case_endings.apply(sql)

    endings = [[on("04-03"), on("05-04"), "merged"], [on("05-06"), on("06-07"), "closed"]]
    assert orjson.loads(sql.value("SELECT case_state FROM record"))["facts"] == {"id": "1", "endings": endings}
    assert sql.value("SELECT endings FROM case_fact") == " ".join("/".join(each) for each in endings)
    assert set(sql.tuples("SELECT position, status, ended_day, undone_day, path FROM case_ending")) == {
        (0, "merged", 20260403, 20260504, UNITS[0]), (1, "closed", 20260506, 20260607, UNITS[0]),
    }  # fmt: skip
    stock = {20260402: 1, 20260403: -1, 20260504: 1, 20260506: -1, 20260607: 1, 202606: 1}
    assert dict(sql.tuples("SELECT period, stock FROM case_count WHERE category = '*'")) == stock
    assert dict(sql.tuples("SELECT period, stock FROM case_count WHERE category = 'lane'")) == {202606: 1}


@given(st.lists(histories(corrections=True), max_size=5, unique_by=lambda history: history.id))
def test_step_0059_keeps_checks_on_the_spot_and_supervision_as_the_program_of_today_does(today, town):
    sql = today
    emptied(sql, "case_ending")
    lived = [(history.as_of(history.steps[-1].at), history.steps[-1].at) for history in town]
    written_by_today(sql, lived)
    expected = figures(sql)
    for history, (facts, _) in zip(town, lived, strict=True):
        state = orjson.loads(case_json.to_text(Case(facts, village="荆山口")))
        del state["facts"]["site_closed"], state["facts"]["supervised"]
        add_record(sql, history.id, history.path, {}, case_state=orjson.dumps(state).decode())
        for version, each in enumerate(history.steps, start=1):
            case_facts.add_step(sql, history.id, version, each)
    for statement in (
        "UPDATE case_fact SET site_closed = 0, supervised = 0",
        "UPDATE case_count SET site_closed = 0, supervised = 0, supervised_closed = 0",
    ):
        sql.run(statement)

    step_0059_checks_on_site.apply(sql)

    assert figures(sql) == expected
    states = {row["id"]: row["case_state"] for row in sql.rows("SELECT id, case_state FROM record")}
    assert {id: case_json.from_text(state).facts for id, state in states.items()} == {
        facts.id: facts for facts, _ in lived
    }


@given(st.lists(histories(corrections=True), max_size=5, unique_by=lambda history: history.id))
def test_step_0068_keeps_reopenings_as_the_program_of_today_does(today, town):
    sql = today
    emptied(sql, "case_ending")
    town = [replace(each, steps=tuple(step._replace(recurs=False) for step in each.steps)) for each in town]
    town = [replace(each, steps=tuple(s for s in each.steps if s.action != "ask_return_late")) for each in town]
    lived = [(history.as_of(history.steps[-1].at), history.steps[-1].at) for history in town]
    written_by_today(sql, lived)
    expected = figures(sql)
    for history, (facts, _) in zip(town, lived, strict=True):
        state = orjson.loads(case_json.to_text(Case(facts, village="荆山口")))
        del state["facts"]["reopened"]
        add_record(sql, history.id, history.path, {}, case_state=orjson.dumps(state).decode())
        for version, each in enumerate(history.steps, start=1):
            case_facts.add_step(sql, history.id, version, each)
    sql.run("UPDATE case_fact SET reopened = 0")
    sql.run("UPDATE case_count SET reopened = 0, came_back = 0")

    step_0068_reopenings.apply(sql)

    assert figures(sql) == expected
    states = {row["id"]: row["case_state"] for row in sql.rows("SELECT id, case_state FROM record")}
    assert {id: case_json.from_text(state).facts for id, state in states.items()} == {
        facts.id: facts for facts, _ in lived
    }


@given(st.lists(histories(corrections=True), max_size=5, unique_by=lambda history: history.id))
def test_step_0073_keeps_lateness_as_the_program_of_today_does(today, town):
    sql = today
    emptied(sql, "case_ending")
    lived = [(history.as_of(history.steps[-1].at), history.steps[-1].at) for history in town]
    written_by_today(sql, [(never_late_before(facts), at) for facts, at in lived])
    for history, (facts, _) in zip(town, lived, strict=True):
        state = orjson.loads(case_json.to_text(Case(facts, village="荆山口")))
        del state["facts"]["late_handling"], state["facts"]["late_closing"]
        add_record(sql, history.id, history.path, {}, case_state=orjson.dumps(state).decode())
        for version, each in enumerate(history.steps, start=1):
            case_facts.add_step(sql, history.id, version, each)

    step_0073_late_for_good.apply(sql)

    found = figures(sql)
    states = {row["id"]: row["case_state"] for row in sql.rows("SELECT id, case_state FROM record")}
    assert {id: case_json.from_text(state).facts for id, state in states.items()} == {
        facts.id: facts for facts, _ in lived
    }
    written_by_today(sql, lived)
    assert found == figures(sql)


def test_step_0076_keeps_who_gave_cases_out_and_who_closed_them():
    sql = database_before("0076_who_gave_cases_out")
    told = (
        ("1", "register", "town", "applied", "registered", ""),
        ("1", "assign", "officer", "applied", "assigned", "body:shop"),
        ("1", "assign", "police", "recorded", "", "user:worker"),
        ("1", "site_check", "officer", "late", "closed", ""),
        ("1", "reopen", "brigade", "applied", "handling", ""),
        ("1", "reassign", "town", "merged", "", "user:worker"),
        ("1", "site_check", "town", "applied", "closed", ""),
        ("2", "spot_close", "worker", "applied", "spot_closed", ""),
        ("3", "spot_close", "worker", "applied", "spot_closed", ""),
        ("3", "reopen", "brigade", "applied", "handling", "user:worker"),
        ("4", "close", "clerk", "applied", "closed", ""),
    )
    stands = {"1": ("closed", ""), "2": ("spot_closed", ""), "3": ("handling", ""), "4": ("closed", "somebody")}
    for id, (status, closed_by) in stands.items():
        state = orjson.dumps({"village": "荆山口", "closed_by": closed_by} if closed_by else {"village": "荆山口"})
        add_record(sql, id, UNITS[0], {}, status=status, case_state=state.decode())
    for number, (id, action, author, verdict, status, taker) in enumerate(told, start=1):
        diff = {"status": ["before", status]} if status else {}
        row = {
            "record": id, "version": number, "seq": number, "change": f"{number}", "action": action, "author": author,
            "verdict": verdict, "diff": orjson.dumps(diff).decode(), "origin": "", "origin_seq": 0,
            "received": orjson.dumps({"assignee": [None, taker]} if taker else {}).decode(),
            "observed_at": on("04-01"), "received_at": on("04-01"),
        }  # fmt: skip
        add(sql, "revision", row)

    step_0076_who_gave_cases_out.apply(sql)

    states = {row["id"]: orjson.loads(row["case_state"]) for row in sql.rows("SELECT id, case_state FROM record")}
    assert states == {
        "1": {"village": "荆山口", "dispatchers": ["town", "officer"], "closed_by": "town"},
        "2": {"village": "荆山口", "closed_by": "worker"},
        "3": {"village": "荆山口", "dispatchers": ["brigade"]},
        "4": {"village": "荆山口", "closed_by": "somebody"},
    }


def test_step_0086_keeps_when_co_handlers_of_open_cases_fed_back():
    sql = database_before("0086_parts_of_co_handlers")
    given = [
        ["body:shop", True, on("04-01"), None],
        ["user:police", False, on("04-01"), on("04-03")],
        ["user:police", False, on("04-05"), None],
        ["body:city_mgmt", False, on("04-01"), None],
    ]
    for id, status in (("1", "handling"), ("2", "closed")):
        state = orjson.dumps({"village": "荆山口", "given": given}).decode()
        add_record(sql, id, UNITS[0], {}, status=status, case_state=state)
    add(sql, "person", {"name": "clerk", "display": "经办", "created_at": on("01-01")})
    duty = {"id": "d", "person": "clerk", "role": "dept_handler", "area": "130630000000", "body": "city_mgmt"}
    add(sql, "duty", duty | {"starts_at": on("01-01"), "ends_at": on("12-31")})
    told = (
        ("1", "clerk", "applied", "04-02"), ("1", "police", "applied", "04-02"), ("1", "clerk", "late", "04-06"),
        ("1", "police", "recorded", "04-07"), ("2", "clerk", "applied", "04-02"),
    )  # fmt: skip
    for number, (id, author, verdict, day) in enumerate(told, start=1):
        row = {
            "record": id, "version": number, "seq": number, "change": f"{number}", "action": "feedback",
            "author": author, "verdict": verdict, "diff": "{}", "received": "{}", "origin": "", "origin_seq": 0,
            "observed_at": on(day), "received_at": on(day),
        }  # fmt: skip
        add(sql, "revision", row)

    step_0086_parts_of_co_handlers.apply(sql)

    states = {row["id"]: orjson.loads(row["case_state"]) for row in sql.rows("SELECT id, case_state FROM record")}
    assert states["1"]["given"] == [*given[:3], [*given[3], on("04-06")]]
    assert states["2"]["given"] == given


FOUND = [
    "2026-05-01T08:00:00.000+08:00",
    " 2026-05-01T08:00",
    "2026-05-01",
    "1970-01-01T00:00:00Z",
    "9999-12-31",
    "昨天",
    "",
]


@given(st.lists(st.tuples(created_cases, st.sampled_from(FOUND), st.booleans()), max_size=6))
def test_step_0075_keeps_discoveries_as_the_program_of_today_does(today, told):
    sql = today
    emptied(sql, "case_ending")
    lived = []
    for number, (((action, status), path, at, _), written, suspect) in enumerate(told):
        id, fields = f"case-{number}", {"discovered_at": written}
        flags = (Flag.CLOCK_SUSPECT,) if suspect else ()
        report = Record(id, "hazards", Kind.CASE, "", path, "", 1, 1, 1, "", fields, {}, at, at, flags=flags)
        step = Step(action, at, Status(status), discovered_at=registering.discovered_at(report))
        facts = rules.begun(id, path, "lane", step)
        lived.append((facts, at))
        state = orjson.loads(case_json.to_text(Case(facts)))
        del state["facts"]["discovered_at"]
        marks = "|clock_suspect" if suspect else ""
        add_record(sql, id, path, fields, created_at=at, flags=marks, case_state=orjson.dumps(state).decode())
        case_facts.add_step(sql, id, 1, step._replace(discovered_at=None))
    written_by_today(sql, [(replace(facts, discovered_at=None), at) for facts, at in lived])

    step_0075_time_until_reports_come_in.apply(sql)

    found = figures(sql)
    assert all(recounted == kept for recounted, kept in recount.recounted(sql))
    states = {row["id"]: row["case_state"] for row in sql.rows("SELECT id, case_state FROM record")}
    assert {id: case_json.from_text(state).facts for id, state in states.items()} == {
        facts.id: facts for facts, _ in lived
    }
    written_by_today(sql, lived)
    sql.run("UPDATE case_fact SET lag_s = NULL")  # which step 0079 keeps
    assert found == figures(sql)


@given(st.lists(histories(), max_size=6, unique_by=lambda history: history.id), moments)
def test_step_0079_adds_up_limits_and_keeps_lags_as_the_program_of_today_does(today, town, at):
    sql = today
    known = [(history.as_of(at), at) for history in town if history.as_of(at) is not None]
    written_by_today(sql, known)
    expected = figures(sql)
    sql.run("UPDATE case_fact SET limit_day = NULL, lag_s = NULL")
    sql.run("UPDATE case_count SET limits = 0, limits_closed = 0")
    others = " AND ".join(f"{column} = 0" for column in contributions.COLUMNS)
    sql.run(f"DELETE FROM case_count WHERE {others}")

    step_0079_limits_by_day.apply(sql)

    assert figures(sql) == expected


@given(st.lists(lived(), max_size=6, unique_by=lambda history: history.id), moments)
def test_step_0089_adds_up_the_county_as_the_program_of_today_does(today, town, at):
    sql = today
    known = [(history.as_of(at), at) for history in town if history.as_of(at) is not None]
    written_with_the_county(sql, known)
    expected = figures(sql)
    written_by_today(sql, known)

    for statement in script("0089_county_sums").split(";"):
        if "INSERT" in statement:
            sql.run(statement)

    found = figures(sql)
    assert {table: without_noughts(table, found[table]) for table in rollups.TABLES} == {
        table: without_noughts(table, expected[table]) for table in rollups.TABLES
    }


def test_step_0077_marks_records_of_which_a_field_of_any_version_holds_a_position():
    sql = database_before("0078_lists_by_position")
    fields = {"at": {"name": "spot", "type": "geopoint"}, "no": {"name": "item", "type": "string"}}
    older = {"entity": {"dataset": "hazards", "properties": fields}}
    newer = {"entities": [{"dataset": "huts", "properties": {"at": {"name": "geometry", "type": "geopoint"}}}]}
    add(sql, "form", dict.fromkeys(("title", "version", "state", "created_at", "updated_at"), "") | {"id": "form"})
    for version, definition in (("1", older), ("2", newer), ("3", {"entity": None})):
        row = {"form": "form", "version": version, "published_at": "", "xml": b"", "md5": ""}
        add(sql, "form_version", row | {"definition": orjson.dumps(definition).decode()})
    for id, type, values in (
        ("1", "hazards", {"spot": "39.1 114.7 0 5"}),
        ("2", "hazards", {"spot": "", "geometry": "39.1 114.7 0 5"}),
        ("3", "hazards", {"item": "39.1 114.7 0 5"}),
        ("4", "huts", {"geometry": "39.1 114.7"}),
        ("5", "wells", {"geometry": "39.1 114.7"}),
    ):
        add_record(sql, id, UNITS[0], values, type=type)

    step_0077_positions.apply(sql)

    assert list(sql.tuples("SELECT id FROM record WHERE placed = 1 ORDER BY id")) == [("1",), ("4",)]


@given(st.lists(st.tuples(walked, st.sampled_from(["主街", "主 街", "Ａ1", "a-1", "、", "", None])), max_size=6))
def test_step_0024_keeps_what_each_patrol_tells_as_the_program_of_today_does(before_0024, told):
    sql = before_0024
    emptied(sql)
    expected = []
    for number, ((path, at, premises), place) in enumerate(told):
        fields = {name: value for name, value in (("premises_count", premises), ("place", place)) if value is not None}
        add_record(sql, f"{number}", path, fields, type="patrols", kind="event", created_at=at)
        expected.append(patrol_facts.row_of(patrol_facts.of_fields(f"{number}", at, path, fields)))
    sql.run("DROP TABLE IF EXISTS patrol_fact")
    _, creation, *_ = script("0024_patrol_facts").split(";")
    sql.run(creation)

    step_0024_patrol_facts.apply(sql)

    assert sql.rows("SELECT * FROM patrol_fact ORDER BY id") == expected


def script(step: str) -> str:
    return (Path(migrations.__file__).parent / f"{step}.sqlite.sql").read_text("utf-8")


def without_noughts(table: str, rows: set[tuple[object, ...]]) -> set[tuple[object, ...]]:
    keys, _ = rollups.TABLES[table]
    return {row for row in rows if any(row[len(keys) :])}


def test_step_0014_counts_what_came_back_from_a_spot_fix_as_dispatched(before_0014):
    sql = before_0014
    emptied(sql)
    steps = (
        step("spot_close", "04-01", status=Status.FEEDBACK),
        step("rework", "04-03", due="04-06"),
        step("feedback", "04-05"),
    )
    add_record(sql, "1", UNITS[0], {}, case_state='{"facts":{"id":"1","dispatches":[],"held_s":0},"village":"荆山口"}')
    add_steps(sql, "1", steps)
    fact = {
        "id": "1", "path": UNITS[0], "category": "lane", "status": "feedback", "dispatches": "", "held_s": 0,
        "received_at": on("04-01"), "decided_at": on("04-01"), "registered_at": on("04-01"), "running": 1,
        "first_fed_back_at": on("04-01"), "fed_back_at": on("04-05"), "handle_due_at": end_of("04-06"),
        "checked": 1, "reworked": 1, "extended": 0, "stepped_at": on("04-05"),
        "received_day": 20260401, "registered_day": 20260401, "registered_month": 202604,
    }  # fmt: skip
    add(sql, "case_fact", fact)

    step_0014_first_hands.apply(sql)

    assert sql.find("SELECT dispatches, held_s, handled_s, stepped_at FROM case_fact") == {
        "dispatches": f"{on('04-03')}/", "held_s": 0, "handled_s": 2 * 86_400, "stepped_at": on("04-05"),
    }  # fmt: skip
    assert orjson.loads(sql.value("SELECT case_state FROM record")) == {
        "facts": {"id": "1", "dispatches": [[on("04-03"), None]], "held_s": 0}, "village": "荆山口",
    }  # fmt: skip
    columns = "period, category, dispatched, handled, handled_on_time, handled_s, dispatches, reports"
    assert set(sql.tuples(f"SELECT {columns} FROM case_count")) == {
        (202604, "lane", 1, 1, 1, 172_800, 1, 0),
        (202604, "*", 1, 1, 1, 172_800, 1, 0),
        (20260401, "*", 1, 1, 1, 172_800, 0, 0),
        (20260403, "*", 0, 0, 0, 0, 1, 0),
    }
    assert list(sql.tuples("SELECT month, town, bucket, n FROM case_pace")) == [(202604, "130630/100", 24, 1)]
    assert list(sql.tuples("SELECT day, record, path FROM case_handover")) == [(20260403, "1", UNITS[0])]


def test_step_0021_plays_back_the_categories_that_edits_had_corrected():
    sql = widened(database_before("0021_category_corrections"))
    sql.run("ALTER TABLE case_fact ADD COLUMN endings TEXT NOT NULL DEFAULT ''")  # as step 0023 adds it
    life = a_case("1", step("report", "04-01"), step("register", "04-02"), category="gas")
    plain = a_case("2", step("report", "04-01"), category="lane")
    for history in (life, plain):
        add_steps(sql, history.id, history.steps)
        case_facts.add(sql, history.as_of("9"), history.steps[-1].at)
    diffs = {
        1: {"category": [None, "lane"]},
        2: {"status": ["reported", "registered"]},
        3: {"category": ["lane", "gas"]},
    }
    for version, diff in diffs.items():
        row = dict.fromkeys(("change", "action", "author", "verdict", "received", "origin"), "")
        row |= {"record": "1", "version": version, "seq": version, "diff": orjson.dumps(diff).decode()}
        at = on(f"04-0{version}")
        add(sql, "revision", row | {"origin_seq": version, "observed_at": at, "received_at": at})

    sql._conn.executescript(script("0021_category_corrections"))

    steps = dict(case_facts.each_history(sql))
    assert [(each.action, each.category) for each in steps["1"]] == [
        ("report", "lane"), ("register", None), ("categorise", "gas"),
    ]  # fmt: skip
    assert [each.category for each in steps["2"]] == [None]
    assert case_facts.stepped_at(sql, "1") == on("04-03")
    assert all(recounted == kept for recounted, kept in recount.recounted(sql))
