"""Tells to which row a case belongs by what it says of itself: item, severity, source, department, body, line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from server.cases.domain import case_labels
from server.db.transactions import Reading
from server.errors import Invalid
from server.forms.store import codes
from server.forms.store.codes import Code
from server.instants import Instant
from server.people.store import display_names
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import case_sums
from server.summaries.domain.area_rows import ELSEWHERE
from server.summaries.domain.periods import Period
from server.summaries.domain.summary_rows import Summary
from server.summaries.store import case_codes
from server.summaries.store.case_codes import CaseCodes
from server.summaries.usecases.groupings import Grouping

CATEGORIES = "hazard_categories"
"""Code list that names the rows by category."""

COMMON_ITEMS = "common"
"""The first of that list, which is no category: it offers the common items of all (``kobo_forms/README.md``)."""

ITEMS, SOURCES, DEPARTMENTS, PREMISES_KINDS = "hazard_items", "hazard_sources", "departments", "premises_kinds"

RECTIFICATIONS = {"0": "当场整改", "1": "短期", "2": "中期", "3": "长期"}
"""Names of the column ``rect`` of the list of items."""

DEFENCE_LINES = {"I": "不起火", "C": "不亡人", "X": "不扩大"}
"""Names of its column ``line``: the three lines of defence (三道防线)."""

UNTOLD, WITHOUT_BODY, UNREGISTERED = "未写明", "网格员等个人，或无承办", "不在登记的场所"
"""Names of the row for all other cases."""

CASES_MOST = 100_000
"""So many cases are read one by one; it takes some seconds."""

_BODY = "body:"


@dataclass(frozen=True, slots=True)
class Dimension:
    """Rows by what cases say. names: of the rows by key, in their order. rest: name of the row ELSEWHERE.

    key_of: the key of a case by what it says; one that is not among ``names`` belongs to ELSEWHERE.
    told_by: reads what cases say.
    """

    names: Mapping[str, str]
    rest: str
    key_of: Callable[[CaseCodes], str]
    told_by: Callable[[Reading, Iterable[str], Instant], Mapping[str, CaseCodes]] = case_codes.as_of

    def keys(self, reading: Reading, cases: Sequence[CaseFacts], as_of: Instant) -> list[str]:
        """Return the key of each case, by what it said at an instant; all lie inside a scope."""
        said = self.told_by(reading, {case.id for case in cases}, as_of)
        found = (self.key_of(said.get(case.id, _NOTHING)) for case in cases)
        return [key if key in self.names else ELSEWHERE for key in found]

    def summary(self, reading: Reading, cases: Sequence[CaseFacts], period: Period, as_of: Instant) -> Summary:
        """Return the summary of cases, with a row for whatever holds some.

        cases: with their facts as of the instant, all inside a scope. Raises Invalid for more than CASES_MOST.
        """
        if len(cases) > CASES_MOST:
            raise Invalid(
                "时段内案件太多，这样分行要逐件计算；请缩短时段，或先选一个乡镇。", field="by", value=len(cases)
            )
        keyed = list(zip(self.keys(reading, cases, as_of), cases, strict=True))
        seen = {key for key, _ in keyed}
        names = {key: name for key, name in self.names.items() if key in seen}
        return case_sums.by_key(keyed, names, self.rest, period, as_of)

    def of_row(self, reading: Reading, row: str, cases: Iterable[CaseFacts], as_of: Instant) -> Iterator[CaseFacts]:
        """Yield the cases of one row, in their order. row: its key."""
        ahead = iter(cases)
        while some := list(islice(ahead, _ASKED_AT_ONCE)):
            keys = self.keys(reading, some, as_of)
            yield from (case for case, key in zip(some, keys, strict=True) if key == row)


_NOTHING = CaseCodes()
_ASKED_AT_ONCE = 500


def category_names(reading: Reading) -> dict[str, str]:
    """Return the label of every category, those retired by now too, in the order of the list."""
    return {code: label for code, label in _labels(reading, CATEGORIES).items() if code != COMMON_ITEMS}


def of(reading: Reading, by: Grouping) -> Dimension | None:
    """Return the rows of a grouping, None for one by areas, categories or months."""
    if by is Grouping.ITEM:
        return Dimension(_labels(reading, ITEMS), UNTOLD, lambda said: said.item)
    if by is Grouping.SEVERITY:
        return Dimension(case_labels.SEVERITIES, UNTOLD, lambda said: said.severity)
    if by is Grouping.SOURCE:
        return Dimension(_labels(reading, SOURCES), UNTOLD, lambda said: said.source)
    if by is Grouping.RECTIFICATION:
        return Dimension(RECTIFICATIONS, UNTOLD, _of_item(reading, "rect"))
    if by is Grouping.DEFENCE_LINE:
        return Dimension(DEFENCE_LINES, UNTOLD, _of_item(reading, "line"))
    if by is Grouping.DEPARTMENT:
        return Dimension(_labels(reading, DEPARTMENTS), UNTOLD, _of_item(reading, "lead"))
    if by is Grouping.BODY:
        return Dimension(_bodies(reading), WITHOUT_BODY, lambda said: said.assignee.removeprefix(_BODY))
    if by is Grouping.PLACE_TYPE:
        names = _labels(reading, PREMISES_KINDS)
        return Dimension(names, UNREGISTERED, lambda said: said.premises_kind, case_codes.premises_kinds)
    return None


def _bodies(reading: Reading) -> dict[str, str]:
    known = display_names.bodies(reading)
    names = display_names.of_assignees(reading, [f"{_BODY}{code}" for code in known])
    return {code: names[f"{_BODY}{code}"] for code in known}


def _labels(reading: Reading, name: str) -> dict[str, str]:
    """Return the label of every code of a list, retired ones too, in the order of the list."""
    return {code: rows[-1].label for code, rows in codes.of_list(reading, name).items()}


def _of_item(reading: Reading, column: str) -> Callable[[CaseCodes], str]:
    """Return what tells a case's key by a column of its item; of several, the first."""
    known: Mapping[str, Sequence[Code]] = codes.of_list(reading, ITEMS)
    values = {code: _first(rows[-1].extra.get(column, "")) for code, rows in known.items()}
    return lambda said: values.get(said.item, "")


def _first(words: str) -> str:
    return next(iter(words.split()), "")
