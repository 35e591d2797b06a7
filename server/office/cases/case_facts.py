"""Tells the facts of a case (案件情况): where and what it is, who reported and has it, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from server import instants
from server.changes.usecases import interactive
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.store import codes, forms
from server.forms.usecases import ledger_forms
from server.grid.store import areas
from server.instants import Instant
from server.office import layout, pages, premises_links, shown_fields
from server.people.store import display_names
from server.records.domain import positions, premises, severity
from server.records.domain.case import Assignment, Case
from server.records.domain.records import Record
from server.records.domain.status import ENDED, WITH_HANDLER, Status
from server.records.store import records
from server.records.usecases.disclosing import RecordMask
from server.summaries.usecases.handlers import days_over
from server.web import context

CODED = {"category": "hazard_categories", "item": "hazard_items", "told": "told", "source": "hazard_sources"}
FIELDS = (
    "place", "category", "item", "severity", "told", "description", "discovered_at", "source", "informant",
    "informant_phone", "order_no", "reply_by",
)  # fmt: skip
"""Fields of the built-in report that the facts show, in their order."""

GEOMETRY = "geometry"
UNTOLD = frozenset({*FIELDS, GEOMETRY, premises.FIELD, "fixed_now", "no_photo_reason"})
"""Fields that are not listed as a form of one's own may have them: the facts have their own words for them."""

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
    "order_no": "12345工单号",
    "reply_by": "12345答复期限",
    "description": "情况说明",
}


class Fact(NamedTuple):
    """One line. hint: what is to be known beside it. address: where it is looked at, under ``link``.

    masked: the field that stands behind what is masked, empty where nothing is.
    """

    name: str
    value: str
    hint: tuple[str, ...] = ()
    address: str = ""
    link: str = ""
    masked: str = ""


def told(reading: Reading, record: Record, mask: RecordMask, revealed: Mapping[str, str]) -> Iterable[Fact]:
    """Yield what there is to know of a case beside its evidence.

    mask: of the reader. revealed: fields that the reader has just asked to see whole.
    """
    case = record.case
    if case is None:
        return
    seen = mask.record({"label": record.label, "fields": dict(record.fields)}, record)["fields"]
    said = {**seen, severity.FIELD: severity.of_case(seen.get(severity.FIELD), is_major=case.major)}
    yield Fact("网格", areas.full_names(reading, [record.area]).get(record.area, record.area))
    for name in FIELDS:
        if value := said.get(name):
            masked = name if shown_fields.is_masked(record, seen, mask, name) and name not in revealed else ""
            hint = _unanswered(record, value, reading.now) if name == "reply_by" else ()
            yield Fact(FIELD_WORDS[name], revealed.get(name) or _shown(reading, name, value), hint, masked=masked)
    yield from _others(reading, record, mask, seen, revealed)
    yield Fact("上报人", display_names.of_people(reading, [record.author])[record.author])
    yield Fact("收到", pages.moment(case.facts.received_at, reading.now), _delay(seen, case.facts.received_at))
    yield from _handlers(reading, record, case)
    if (due_at := case.facts.handle_due_at) is not None:
        yield Fact("处置期限", instants.last_day(due_at), _kept(record, due_at, reading.now))
    if record.closed_at is not None:
        yield Fact("办结", pages.moment(record.closed_at, reading.now))
    if case.merged_into is not None:
        yield from _merged_into(reading, case.merged_into, mask)
    yield from _premises(reading, record, mask)
    here = positions.read(seen.get(GEOMETRY, ""))
    if here is not None:
        error = () if here.accuracy_m is None else (round(here.accuracy_m),)
        accuracy = "".join(pages.say(layout.language(), " ±{n}米", n=each) for each in error)
        at = f"{here.latitude:.5f}, {here.longitude:.5f}{accuracy}"
        yield Fact("定位", at, address=_on_the_map(record), link="在地图上看")
    elif _may_place(reading, record):
        yield Fact("定位", "没有定位", address=f"/office/ledgers/{record.type}/{record.id}/edit", link="在地图上点一个")


def _on_the_map(record: Record) -> str:
    """Return the address of the board with this case alone and its map: beside an open case there is none."""
    wanted = {"tab": "ended" if record.status in ENDED else "open", "map": "1", "q": record.case_no or record.id}
    return f"/office/board?{urlencode(wanted)}"


def _may_place(reading: Reading, record: Record) -> bool:
    """Say whether the reader may pick a position for a case: on the page where its form is filled in again."""
    type = forms.catalogue(reading).types[record.type]
    is_asked = GEOMETRY in type.fields and ledger_forms.layout(reading, type).sheet is not None
    return is_asked and interactive.may_edit(reading, record, by=context.caller())


def _merged_into(reading: Reading, id: str, mask: RecordMask) -> Iterable[Fact]:
    """Yield the case that this one was merged into, where the reader may see it."""
    try:
        main = records.get(reading, id, context.caller().scope)
    except NotFound:
        return
    yield Fact("并入", mask.label(main), address=f"/office/cases/{id}", link="看主案件")


def _premises(reading: Reading, record: Record, mask: RecordMask) -> Iterable[Fact]:
    """Yield the registered premises of a case, where the reader may see them, and that they are closed down."""
    found = premises_links.of_case(reading, record, mask)
    if found is not None:
        closed = pages.say(layout.language(), "已经关停，请到现场核查后办结")
        hint = (closed,) if found.is_closed_down else ()
        yield Fact("登记的场所", found.label, hint, found.address, "看场所")


def _others(
    reading: Reading, record: Record, mask: RecordMask, seen: Mapping[str, str], revealed: Mapping[str, str]
) -> Iterable[Fact]:
    """Yield what else the form asks that cases come from: a county may have added questions of its own."""
    type = forms.catalogue(reading).types[record.type]
    asked = [each.name for each in ledger_forms.layout(reading, type).fields if each.question is not None]
    names = [name for name in asked if name not in UNTOLD and type.fields[name].type != "binary" and seen.get(name)]
    if not names:
        return
    shows, titles = shown_fields.shows_of(reading, type, mask), shown_fields.titles_of(reading, type)
    for name in names:
        masked = name if shown_fields.is_masked(record, seen, mask, name) and name not in revealed else ""
        yield Fact(titles[name], revealed.get(name) or shows[name](seen[name]), masked=masked)


def _handlers(reading: Reading, record: Record, case: Case) -> Iterable[Fact]:
    """Yield who has the case and who helps, with those who had it before and from when to when."""
    names = display_names.of_assignees(reading, [each.mark for each in case.assignments])
    former = tuple(
        f"{_day(each.since, reading.now)} — {_day(each.until, reading.now)} {names[each.mark]}"
        for each in case.assignments
        if each.until is not None
    )
    if case.lead is not None or former:
        yield Fact("承办", "未派遣" if case.lead is None else names[case.lead.mark], former)
    for each in case.helping:
        yield Fact("协办", names[each.mark], _part(each, record, reading.now))


def _part(helper: Assignment, record: Record, now: Instant) -> tuple[str, ...]:
    """Return when a co-handler said what came of their part, and whether they have kept to the limit of the case."""
    at = helper.fed_back_at
    due_at = None if record.case is None else record.case.facts.handle_due_at
    if at is not None:
        told = pages.say(layout.language(), "{day}已反馈", day=_day(at, now))
        return (told, "超期") if due_at is not None and at > due_at else (told,)
    runs = record.status in (*WITH_HANDLER, Status.FEEDBACK)
    over = days_over(due_at, now) if runs and due_at is not None else 0
    return (pages.say(layout.language(), "还没有反馈，▲ 超期{n}天" if over > 0 else "还没有反馈", n=over),)


def _day(at: Instant, now: Instant) -> str:
    return pages.day(instants.local_day(at), now)


def _delay(fields: Mapping[str, str], received_at: Instant) -> tuple[str, ...]:
    """Return how long after its discovery a hazard was received, where a phone says when that was."""
    try:
        found = instants.parse(fields["discovered_at"])
    except (KeyError, ValueError):
        return ()
    minutes = round((instants.parse(received_at) - found).total_seconds() / 60)
    if minutes < 1:
        return ()
    hours = round(minutes / 60)
    language = layout.language()
    if minutes < 60:
        return (pages.say(language, "上报延迟{n}分钟", n=minutes),)
    if hours < 48:
        return (pages.say(language, "上报延迟{n}小时", n=hours),)
    return (pages.say(language, "上报延迟{n}天", n=round(hours / 24)),)


def _kept(record: Record, due_at: Instant, now: Instant) -> tuple[str, ...]:
    """Return whether who handles a case has kept to its limit, once they have handed it in."""
    fed_back = record.case.facts.fed_back_at if record.case is not None else None
    if fed_back is None:
        return ("已过期限",) if record.status in WITH_HANDLER and due_at <= now else ()
    return ("按期",) if fed_back < due_at else ("超期",)


def _unanswered(record: Record, last_day: str, now: Instant) -> tuple[str, ...]:
    """Return that a hotline order is past its day while its case is open."""
    return ("已过答复期限",) if record.status not in ENDED and last_day < instants.local_day(now) else ()


def _shown(reading: Reading, name: str, value: str) -> str:
    if name == "discovered_at":
        return pages.claimed_moment(value, reading.now)
    if name == "reply_by":
        return pages.day(value, reading.now)
    if name == severity.FIELD:
        return SEVERITIES.get(value, value)
    if name not in CODED:
        return value
    found = [codes.current(reading, CODED[name], code) for code in value.split()]
    language = layout.language()
    shown = [
        code if entry is None else pages.code_label(entry, language)
        for code, entry in zip(value.split(), found, strict=True)
    ]
    return ("、" if language == pages.CHINESE else ", ").join(shown)
