"""Tells the facts of a case (案件情况): where and what it is, who reported and has it, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from server import instants
from server.db.transactions import Reading
from server.forms.store import codes
from server.grid.store import areas
from server.office import layout, pages
from server.people.store import display_names
from server.records.domain.records import Record

CODED = {"category": "hazard_categories", "item": "hazard_items", "told": "told", "source": "hazard_sources"}
FIELDS = ("category", "item", "severity", "told", "discovered_at", "place", "source", "informant", "informant_phone")
"""Fields of the built-in report that the facts show, in their order."""

SEVERITIES = {"general": "一般", "suspected_major": "疑似重大", "major": "重大隐患"}

FIELD_WORDS = {
    "category": "类别",
    "item": "隐患",
    "severity": "等级",
    "told": "告知",
    "discovered_at": "发现（手机时间）",
    "place": "场所",
    "source": "来源",
    "informant": "反映人",
    "informant_phone": "反映人电话",
}


def told(reading: Reading, record: Record, fields: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Yield what there is to know of a case beside its evidence: a title and its value in words.

    fields: of the record, as the reader may see them.
    """
    case = record.case
    if case is None:
        return
    marks = [each.mark for each in case.assignments]
    names = display_names.of_assignees(reading, marks)
    people = display_names.of_people(reading, [record.author])
    lead = case.lead
    former = dict.fromkeys(names[each.mark] for each in case.assignments if each.until is not None)
    yield "网格", areas.full_names(reading, [record.area]).get(record.area, record.area)
    for name in FIELDS:
        if value := fields.get(name, ""):
            yield FIELD_WORDS[name], _shown(reading, name, value)
    yield "上报人", people[record.author]
    yield "收到", pages.moment(case.facts.received_at, reading.now)
    if lead is not None:
        yield "承办", names[lead.mark]
    if helpers := [names[each.mark] for each in case.assignments if not each.lead and each.until is None]:
        yield "协办", "、".join(helpers)
    if former:
        yield "以前承办", "、".join(former)
    if case.facts.handle_due_at is not None:
        yield "处置期限", instants.last_day(case.facts.handle_due_at)
    if record.closed_at is not None:
        yield "办结", pages.moment(record.closed_at, reading.now)


def _shown(reading: Reading, name: str, value: str) -> str:
    if name == "discovered_at":
        return pages.claimed_moment(value, reading.now)
    if name == "severity":
        return SEVERITIES.get(value, value)
    code = codes.current(reading, CODED[name], value) if name in CODED else None
    return value if code is None else pages.code_label(code, layout.language())
