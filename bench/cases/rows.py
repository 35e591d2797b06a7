"""Makes the rows of a generated case from those of a case with the same history, which the store's functions made.

The rows of one history are written down once as JSON in which every date, and all that tells one case from another, is
a hole. To fill the holes costs a tenth of what it takes to compute the rows anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from server.cases.domain import case_columns
from server.cases.domain.calendars import Calendar
from server.cases.store import former_handlers
from server.forms.domain.record_types import Kind
from server.instants import FOREVER
from server.records.domain import case_facts
from server.records.domain.case import Case, Request
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Step
from server.records.domain.records import Record
from server.records.domain.status import WITH_HANDLER
from server.records.store import columns
from server.summaries.domain import contributions, periods
from server.summaries.store import case_facts as facts_store
from server.summaries.store.rollups import BUCKET_S

TYPE = "hazards"
HOLES = re.compile(r'(\d{4}-\d\d-\d\d)(?=T)|"@(\d{8})"|"#(\w+)"|§(\w+)§')
"""A date of an instant, the number of a day, a number of the case, a text of the case."""

_DAYS_OF_FACTS = ("received_day", "registered_day", "closed_day")
_FACTS = (*facts_store.COLUMNS, *facts_store.DERIVED)
_MONTH = _FACTS.index("registered_month")
_DAY = _FACTS.index("registered_day")
_WEEKDAYS = Calendar({}, frozenset())
"""Without holidays: a history is shifted by whole days, whatever these are."""

_record = columns.values(columns.NAMES)
_REGISTERS = f"[[],[]]{' ' * 500}"
"""Empty, and about as long as the registers of a report, for housekeeping that reads them."""


class CaseRows(NamedTuple):
    """The rows of one case by table, each in the order of its columns.

    added: (day, column, n) of what the case adds to sums. result: the day on which it was registered, and the code
    under which it counts then. pace: that day, and the bucket of its handling time.
    """

    record: list[Any]
    facts: list[Any]
    steps: list[list[Any]]
    handovers: list[list[Any]]
    endings: list[list[Any]]
    hands: list[list[Any]]
    added: list[tuple[int, str, int]]
    result: tuple[int, str] | None
    pace: tuple[int, int] | None


class Dates:
    """The dates of the years in which cases happen, by their distance in days."""

    def __init__(self, start: datetime, days: int) -> None:
        each = [start + timedelta(days=day) for day in range(-1, days)]
        self.texts = [f"{day:%Y-%m-%d}" for day in each]
        self.numbers = [f"{day:%Y%m%d}" for day in each]
        self._position = {date: number for number, date in enumerate(self.texts)}
        self._position |= {date: number for number, date in enumerate(self.numbers)}

    def position(self, date: str) -> int:
        """Return the place of a date in ``texts`` and ``numbers``."""
        return self._position[date]

    def shifted(self, instant: str, days: int) -> str:
        """Return an instant so many days later."""
        return self.texts[self._position[instant[:10]] + days] + instant[10:]


class Template:
    """The rows of a history with holes."""

    def __init__(self, steps: tuple[Step, ...], disputed: bool, asks: bool, dates: Dates) -> None:
        self._literals: list[str] = []
        self._dates: list[tuple[int, int]] = []
        self._days: list[tuple[int, int]] = []
        self._names: list[tuple[int, str]] = []
        self._of = dates
        text, end = orjson.dumps(_rows(steps, disputed, asks)).decode(), 0
        for hole in HOLES.finditer(text):
            self._literals += (text[end : hole.start()], "")
            at, end = len(self._literals) - 1, hole.end()
            date, day, number, name = hole.groups()
            if date is not None and date not in FOREVER:
                self._dates.append((at, dates.position(date)))
            elif date is not None:
                self._literals[at] = date
            elif day is not None:
                self._days.append((at, dates.position(day)))
            else:
                self._names.append((at, number or name))
        self._literals.append(text[end:])

    def fill(self, days: int, told: Mapping[str, str]) -> CaseRows:
        """Return the rows of a case that begins so many days later. told: what stands in the holes, by name."""
        parts, texts, numbers = self._literals.copy(), self._of.texts, self._of.numbers
        for at, position in self._dates:
            parts[at] = texts[position + days]
        for at, position in self._days:
            parts[at] = numbers[position + days]
        for at, name in self._names:
            parts[at] = told[name]
        rows = CaseRows(*orjson.loads("".join(parts)))
        registered = rows.facts[_DAY]
        rows.facts[_MONTH] = None if registered is None else registered // 100
        return rows


def _rows(steps: tuple[Step, ...], disputed: bool, asks: bool) -> tuple[Any, ...]:
    """Return the rows of a case as ``CaseRows`` has them, with holes marked as ``HOLES`` finds them."""
    facts = case_facts.as_of(case_facts.begun("§id§", "§path§", "§category§", steps[0]), steps[1:], FOREVER)
    case = _case(facts, steps, asks)
    row = facts_store.row_of(facts, steps[-1].at)
    row |= {name: None if row[name] is None else f"@{row[name]}" for name in _DAYS_OF_FACTS}
    code, took = contributions.result(facts), contributions.handling_seconds(facts)
    registered = None if facts.registered_at is None else _day(periods.day_number(facts.registered_at))
    return (
        _record_row(facts, case, steps, disputed),
        [row[name] for name in _FACTS],
        [
            [each[name] for name in facts_store.STEP_COLUMNS]
            for each in (facts_store.step_row("§id§", version, step) for version, step in enumerate(steps, 1))
        ],
        _values(facts_store.handovers(facts), facts_store.HANDOVER_COLUMNS),
        _values(facts_store.endings(facts), facts_store.ENDING_COLUMNS),
        [["§id§", mark, until] for mark, until in former_handlers.until_when(case).items()],
        [(_day(day), column, n) for (day, column), n in contributions.contribution(facts).items()],
        None if code is None else (registered, code),
        None if took is None else (registered, took // BUCKET_S),
    )


def _day(number: int) -> str:
    return f"@{number}"


def _values(rows: list[dict[str, Any]], names: tuple[str, ...]) -> list[list[Any]]:
    marked = ({name: _marked(name, value) for name, value in row.items()} for row in rows)
    return [[row[name] for name in names] for row in marked]


def _marked(name: str, value: Any) -> Any:
    return f"@{value}" if name in ("day", "ended_day", "undone_day") and value is not None else value


def _case(facts: CaseFacts, steps: tuple[Step, ...], asks: bool) -> Case:
    """Return what the workflow remembers after these steps, all of which one grid worker took.

    asks: who has it asks for more time, and nobody has decided.
    """
    case = Case(facts, village="演示村")
    for step in steps:
        if step.action in ("assign", "reopen"):
            case = case.assign_to("user:§who§", (), step.at)
        elif step.action == "return":
            case = case.assign_to(None, (), step.at)
        elif step.action == "accept":
            case = case.with_processor("§who§")
        elif step.action == "suspend":
            case = replace(case, plan_due_at=facts.close_due_at)
        elif step.action == "feedback":
            case = replace(case.with_processor("§who§"), reworked=False)
        case = replace(case, reworked=True) if step.action in ("rework", "reopen") else case
    if asks and facts.status in WITH_HANDLER:
        case = case.with_request(Request("ask_extension", "§who§", steps[-1].at, "2027-12-31"))
    return case


def _record_row(facts: CaseFacts, case: Case, steps: tuple[Step, ...], disputed: bool) -> list[Any]:
    fields = {"item": "§item§", "category": "§category§", "place": "§place§", "severity": "§severity§"}
    record = Record(
        "§id§",
        TYPE,
        Kind.CASE,
        "§area§",
        "§path§",
        "§hazard§｜§place§",
        len(steps),
        0,
        0,
        "§who§",
        {**fields, "geometry": "§geometry§", "source": "§source§", "note": "说明" * 20},
        _REGISTERS,
        facts.received_at,
        steps[-1].at,
        conflicts=("item",) if disputed else (),
        case_no="§number§" if facts.registered_at else None,
    )
    for step in steps:  # the limit of a step may stand for the one after it
        record = case_columns.with_columns(record, case, step.status, step.at, _WEEKDAYS)
    named = dict(zip(columns.NAMES, _record(record), strict=True))
    month = None if facts.registered_at is None else "§month§"
    return [
        *(
            named | {"seq": "#seq", "born_seq": "#seq", "check_value": "#check", "month": month, "placed": "#placed"}
        ).values()
    ]
