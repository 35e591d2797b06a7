"""Tells what was done with a case (办理过程): who did what, when, what changed, and by which way it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

from server import instants
from server.cases.domain import workflow
from server.cases.usecases import authorization
from server.changes.domain import record_history
from server.changes.domain.write_context import CLOCK_OFF_MAX
from server.changes.usecases.interactive import OFFICE
from server.db.transactions import Reading
from server.forms.domain.record_types import RecordType
from server.forms.store import codes, forms
from server.office import pages
from server.office.cases import act_forms
from server.people.store import display_names
from server.records.domain.records import Record, Revision
from server.records.domain.status import STATUS_LABELS, Status
from server.records.usecases.disclosing import RecordMask
from server.records.usecases.shown_values import ListRows
from server.submissions.store import submissions
from server.web import context
from sync import registers
from sync.changes import Verdict

CREATIONS = {
    "report": "上报",
    "spot_close": "当场整改",
    "create": "登记",
    "edit": "更正",
    record_history.SETTLE: "选定",
    record_history.UNSETTLE: "撤销选定",
}
"""What the writes are called that are no acts of the workflow."""

SERVER, SYSTEM_NAME = "server", "系统"

TONES = {Verdict.LATE: "amber", Verdict.RECORDED: "amber", Verdict.QUARANTINED: "violet"}
"""Of the pills of verdicts: late facts, and what somebody has to decide; all others are as they should be."""

VERDICTS = {
    Verdict.MERGED: "合并了别人的修改",
    Verdict.LATE: "迟到，已照办",
    Verdict.RECORDED: "迟到，已留存",
    Verdict.WAITING: "等上报件",
    Verdict.QUARANTINED: "暂存待核",
}
SYSTEM = frozenset({"status", "due_at", "assignee", "office_note", "case_no", "label"})
"""Columns whose changes an entry tells in words of its own, or that follow from the act."""


class Told(NamedTuple):
    """One line of what an entry says. name: of an input or a field; was: empty where nothing stood."""

    name: str
    value: str
    was: str


class Entry(NamedTuple):
    """One revision as people read it.

    status: that the case had after it, where it changed. tone: of the verdict's pill, empty for grey. is_late: it
    changed nothing any more; stood: the status that it met. clashes: the version whose value stands beside one of its
    own, 0 for none. photos: that it names. made: when it was filled in, as a phone or a laptop claims, empty for a
    page. clock: how far that clock was off. submission: that it came in, empty for none that the reader may look at.
    """

    version: int
    who: str
    verb: str
    status: str
    verdict: str
    tone: str
    is_late: bool
    stood: str
    clashes: int
    at: str
    instant: str
    told: tuple[Told, ...]
    photos: int
    form: str
    way: str
    made: str
    lag: Span
    clock: Span
    submission: str

    @property
    def is_edit(self) -> bool:
        """Whether it moved the case no further: what one leaves out who follows the case by its statuses."""
        return not self.status and not self.is_late


class Span(NamedTuple):
    """A time in the largest unit that fits. text: what is said of it, ``{n}`` for the number; empty for nothing."""

    text: str
    number: int


NO_SPAN = Span("", 0)
LAGS = ("约{n}天后收到", "约{n}小时后收到", "约{n}分钟后收到")
FAST = (
    "手机时间快{n}天，已按收到时间计算",
    "手机时间快{n}小时，已按收到时间计算",
    "手机时间快{n}分钟，已按收到时间计算",
)
SLOW = ("设备时间慢{n}天，已校正", "设备时间慢{n}小时，已校正", "设备时间慢{n}分钟，已校正")
UNITS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))
"""Of the texts above, in the same order."""


def entries(
    reading: Reading, record: Record, found: Iterable[Revision], mask: RecordMask, language: str
) -> list[Entry]:
    """Return the revisions of a case as its history tells them, the newest first; codes in ``language``.

    found: oldest first, as the reader of ``mask`` may see them.
    """
    type, listed = forms.catalogue(reading).types[record.type], list(found)
    people = display_names.of_people(reading, {each.author for each in listed})
    marks = {mark for each in listed for mark in _marks(each)}
    by = context.caller()
    rows = ListRows(by.scope, mask)
    rows.begin(reading)
    titles = {form.id: form.title for form in forms.catalogue(reading).forms.values()}
    visible = submissions.in_scope(reading, (each.submission for each in listed if each.submission), by.scope)
    naming = _Naming(people, display_names.of_assignees(reading, marks), titles, rows, visible, language)
    clashing, shown, stood = _clashing(record), [], ""
    for each in listed:
        shown.append(_entry(reading, type, each, naming, stood, clashing.get(each.version, 0)))
        stood = shown[-1].status or stood
    return shown[::-1]


class _Naming(NamedTuple):
    """What people, assignees, forms and other cases are called, and the language of codes.

    visible: the submissions that the reader may look at.
    """

    people: Mapping[str, str]
    handlers: Mapping[str, str]
    forms: Mapping[str, str]
    cases: ListRows
    visible: frozenset[str]
    language: str


def _clashing(record: Record) -> dict[int, int]:
    """Return of each version whose value stands beside another the newest one that it stands beside."""
    kept, found = registers.from_json(record.registers), {}
    for name in record.conflicts:
        versions = sorted({head.version for head in kept[name].heads}) if name in kept else []
        for version in versions:
            found[version] = max((each for each in versions if each != version), default=0)
    return found


def _entry(reading: Reading, type: RecordType, revision: Revision, naming: _Naming, stood: str, clashes: int) -> Entry:
    step = workflow.STEP_OF.get(revision.action)
    status = revision.diff.get("status", (None, None))[1]
    clock = _clock(revision)
    return Entry(
        version=revision.version,
        who=SYSTEM_NAME if revision.author == SERVER else naming.people.get(revision.author, revision.author),
        verb=step.label if step is not None else CREATIONS.get(revision.action, revision.action),
        status=STATUS_LABELS[Status(status)] if status else "",
        verdict=VERDICTS.get(revision.verdict, ""),
        tone=TONES.get(revision.verdict, ""),
        is_late=revision.verdict in (Verdict.RECORDED, Verdict.QUARANTINED),
        stood=stood,
        clashes=clashes,
        at=pages.moment(revision.received_at, reading.now),
        instant=revision.received_at,
        told=tuple(_told(reading, type, revision, naming)),
        photos=_photos(type, revision),
        form=naming.forms.get(revision.form or "", ""),
        way=_way(revision),
        made="" if revision.made_at is None else pages.claimed_moment(revision.made_at, reading.now),
        lag=NO_SPAN if clock else _span(_lag(revision), timedelta(minutes=1), LAGS),
        clock=_span(abs(clock), CLOCK_OFF_MAX, FAST if clock > timedelta() else SLOW),
        submission=sent if (sent := revision.submission or "") in naming.visible else "",
    )


def _way(revision: Revision) -> str:
    if revision.author == SERVER:
        return "自动办理"
    return "网页或接口" if revision.origin.partition("#")[0] == OFFICE else "离线电脑"


def _photos(type: RecordType, revision: Revision) -> int:
    named = [name for name, write in revision.received.items() if write.new and _is_file(type, name)]
    return max(len(named), len(revision.attachments))


def _is_file(type: RecordType, name: str) -> bool:
    return name in act_forms.FILES or (name in type.fields and type.fields[name].type == "binary")


_PARTIES = ("assignee", "helpers", workflow.IN_NAME_OF)
"""Inputs that name who has the case, or had it."""


def _told(reading: Reading, type: RecordType, revision: Revision, naming: _Naming) -> Iterable[Told]:
    sent = {name: write.new for name, write in revision.received.items()}
    inputs = workflow.inputs_of(revision.action, sent)
    for name, value in inputs.items():
        if name not in act_forms.FILES:
            shown = _of_input(reading, type, revision.action, name, value, naming)
            yield Told(act_forms.LABELS.get(name, name), shown, "")
    if revision.action in ("report", "spot_close", "create"):
        return
    for name, (was, new) in revision.diff.items():
        if name not in SYSTEM and name not in inputs and not _is_file(type, name):
            yield Told(type.label_of(name), new or "", was or "")


def _of_input(reading: Reading, type: RecordType, action: str, name: str, value: str, naming: _Naming) -> str:
    if name in _PARTIES:
        return "、".join(naming.handlers.get(mark, mark) for mark in value.split())
    if name == "into":
        return naming.cases.label(type.name, value)
    if name == "pass":
        return pages.say(naming.language, act_forms.PASSES.get(value, value))
    listed = {
        "reason": authorization.REASONS.get(action, ""),
        "result_code": authorization.RESULTS,
        "no_photo_reason": act_forms.NO_PHOTO_REASONS,
    }.get(name, "")
    code = codes.current(reading, listed, value) if listed else None
    return value if code is None else pages.code_label(code, naming.language)


def _marks(revision: Revision) -> Iterable[str]:
    for name in _PARTIES:
        if name in revision.received:
            yield from revision.received[name].new.split()


def _lag(revision: Revision) -> timedelta:
    """Return how long lies between a phone's writing, as it claims, and its coming in."""
    if revision.made_at is None:
        return timedelta()
    return instants.parse(revision.received_at) - instants.parse(revision.observed_at)


def _clock(revision: Revision) -> timedelta:
    """Return by how much a device's clock was ahead of what the server reckons with, where that tells anything."""
    if revision.made_at is None:
        return timedelta()
    ahead = instants.parse(revision.made_at) - instants.parse(revision.observed_at)
    return ahead if abs(ahead) > CLOCK_OFF_MAX else timedelta()


def _span(passed: timedelta, least: timedelta, texts: tuple[str, ...]) -> Span:
    """Return what is said of a time, by the first of ``UNITS`` that fits in; nothing of one of ``least`` and less."""
    if passed <= least:
        return NO_SPAN
    number, text = next((passed / unit, text) for unit, text in zip(UNITS, texts, strict=True) if passed >= unit)
    return Span(text, round(number))
