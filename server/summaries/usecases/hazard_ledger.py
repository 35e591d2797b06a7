"""Makes the hazard ledger (责任清单) column by column: what many cases of a page share is looked up once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from server import instants
from server.cases.domain import case_labels
from server.cases.usecases import parties
from server.db import training
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.store import codes
from server.grid.domain.areas import code_of, path_of
from server.grid.store import areas
from server.records.domain import severity
from server.records.store import columns
from server.records.usecases.disclosing import RecordMask
from server.records.usecases.disclosing_pages import PageMask
from server.summaries.store import ledger
from sync.flags import LABELS

TITLES = (
    "编号", "乡镇", "村（社区）", "单元", "场所", "隐患", "类别", "等级", "情况说明", "责任人", "措施", "资金",
    "整改期限", "应急预案", "状态", "进展", "标记", "上报时间", "办结时间", "记录",
)  # fmt: skip
READ = (
    "id, type, kind, area, label, version, status, case_no, assignee, due_at, closed_at, author, office_note, fields, "
    "flags, created_at, born_seq"
)
"""Columns of a case that the ledger is made of, as a SELECT names them."""

_STATUSES, _CATEGORIES, _ITEMS = "case_statuses", "hazard_categories", "hazard_items"
_FIELDS = ("place", "item", "category", severity.FIELD, "description")
"""Fields of a case that the ledger tells."""

Column = Sequence[str]


def cells(reading: Reading, cases: Sequence[Row], mask: RecordMask) -> list[Column]:
    """Return the cells of the cases of a page by column, in the order of ``TITLES``.

    cases: rows with the columns of ``READ``, as stored; the caller has found them inside a scope.
    """
    if not cases:
        return [() for _ in TITLES]
    page = PageMask(mask, cases)
    fields = page.told_fields(_FIELDS)
    told = {name: [each.get(name, "") for each in fields] for name in _FIELDS}
    texts = (
        *_places(reading, cases),
        told["place"],
        _hazards(reading, cases, told["item"], mask),
        _labelled(reading, _CATEGORIES, told["category"]),
        [case_labels.severity(said, columns.flags(each["flags"])) for said, each in zip(fields, cases, strict=True)],
        told["description"],
        _parties(reading, cases),
        *_work(reading, cases),
    )
    return [
        [each["case_no"] or "" for each in cases],
        *map(page.masked, texts),
        _local([each["created_at"] for each in cases]),
        _local([each["closed_at"] for each in cases]),
        [each["id"] for each in cases],
    ]


def _places(reading: Reading, cases: Sequence[Row]) -> Iterable[Column]:
    """Return the columns of the town, village and unit of each case."""
    held = [each["area"] for each in cases]
    called = reading.cached_each("town, village and unit", held, _places_called)
    return zip(*[called[area] for area in held], strict=True)


def _places_called(reading: Reading, held: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    paths = {area: _ancestor_codes(area) for area in held}
    names = areas.names(reading, (code for path in paths.values() for code in path if code))
    return {
        area: (names.get(town, ""), names.get(village, ""), names.get(unit, ""))
        for area, (town, village, unit) in paths.items()
    }


def _hazards(reading: Reading, cases: Sequence[Row], items: Column, mask: RecordMask) -> Column:
    """Return what the hazard of each case is called: by its item, else as its record is."""
    listed = _labels(reading, _ITEMS, items)
    marked = {item: training.marked_if_on(reading, label) for item, label in listed.items()}
    return [
        marked[item] if item else training.marked_if_on(reading, mask.exported(each)["label"])
        for item, each in zip(items, cases, strict=True)
    ]


def _parties(reading: Reading, cases: Sequence[Row]) -> Column:
    """Return who answers for each case; empty where nobody does yet."""
    called = parties.parties(reading, {(each["assignee"], each["area"]) for each in cases if each["assignee"]})
    return [called.get((each["assignee"] or "", each["area"]), "") for each in cases]


def _work(reading: Reading, cases: Sequence[Row]) -> Iterator[Column]:
    """Yield the columns of what is to be done, from the measure to the flags."""
    # The first version of a case is its report, so that nobody has set any work in it.
    known = ledger.work_instructions(reading, (each["id"] for each in cases if each["version"] > 1))
    set_work = [known.get(each["id"], _NOTHING_SET) for each in cases]
    statuses = [each["status"] or "" for each in cases]
    unset = {status: case_labels.measure(status, _NOTHING_SET) for status in set(statuses)}
    yield [
        case_labels.measure(status, inputs) if inputs else unset[status]
        for status, inputs in zip(statuses, set_work, strict=True)
    ]
    yield [inputs.get("fund", "") for inputs in set_work]
    yield [instants.last_day(each["due_at"]) if each["due_at"] else "" for each in cases]
    yield [inputs.get("contingency", "") for inputs in set_work]
    yield _labelled(reading, _STATUSES, statuses)
    yield [each["office_note"] for each in cases]
    yield _each([each["flags"] for each in cases], _flags)


_NOTHING_SET: Mapping[str, str] = {}


def _labelled(reading: Reading, name: str, held: Column) -> Column:
    labels = _labels(reading, name, held)
    return [labels[code] for code in held]


def _labels(reading: Reading, name: str, held: Column) -> dict[str, str]:
    """Return what the codes of a list are called now; a code that it does not have is called by itself."""
    known = {code: codes.current(reading, name, code) if code else None for code in set(held)}
    return {code: code if found is None else found.label for code, found in known.items()}


def _flags(marks: str) -> str:
    return "、".join([LABELS.get(flag, flag) for flag in columns.flags(marks)])


def _each(held: Column, shown: Callable[[str], str]) -> Column:
    """Return what is shown of each text of a column in which there are few different ones."""
    found = {text: shown(text) for text in set(held)}
    return [found[text] for text in held]


def _ancestor_codes(code: str) -> tuple[str, str, str]:
    """Return the codes of the town, village and unit of an area; empty where it is wider."""
    steps = path_of(code).split("/")
    town, village, unit = (code_of("/".join(steps[:depth])) if len(steps) >= depth else "" for depth in (2, 3, 4))
    return town, village, unit


def _local(held: Sequence[str | None]) -> Column:
    """Return instants as Beijing has them, to the minute; the offset is one of whole hours."""
    hours = {hour: _local_hour(hour) for hour in {instant[:13] for instant in held if instant}}
    return [f"{hours[instant[:13]]}{instant[13:16]}" if instant else "" for instant in held]


@lru_cache(maxsize=20_000)
def _local_hour(hour: str) -> str:
    return f"{instants.parse(f'{hour}:00:00.000Z').astimezone(instants.BEIJING):%Y-%m-%d %H}"
