"""Tells what was done with a case (办理过程): who did what, when, what changed, and by which way it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from server import instants
from server.cases.domain import workflow
from server.cases.usecases import authorization
from server.changes.domain import record_history
from server.changes.usecases.interactive import OFFICE
from server.db.transactions import Reading
from server.forms.domain.record_types import RecordType
from server.forms.store import codes, forms
from server.office import pages
from server.office.cases import act_forms
from server.people.store import display_names
from server.records.domain.records import Revision
from server.records.domain.status import STATUS_LABELS, Status
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
    """One revision as people read it. status: that the case had after it, where it changed."""

    version: int
    who: str
    verb: str
    status: str
    verdict: str
    is_late: bool
    at: str
    instant: str
    told: tuple[Told, ...]
    way: str
    lag_minutes: int


def entries(reading: Reading, type: RecordType, found: Iterable[Revision], language: str) -> list[Entry]:
    """Return the revisions of a case as its history tells them, the newest first; codes in ``language``."""
    revisions = list(found)
    people = display_names.of_people(reading, {each.author for each in revisions})
    marks = {mark for each in revisions for mark in _marks(each)}
    handlers = display_names.of_assignees(reading, marks)
    titles = {form.id: form.title for form in forms.catalogue(reading).forms.values()}
    naming = _Naming(people, handlers, titles, language)
    return [_entry(reading, type, each, naming) for each in reversed(revisions)]


class _Naming(NamedTuple):
    """What people, assignees and forms are called, and the language of codes."""

    people: Mapping[str, str]
    handlers: Mapping[str, str]
    forms: Mapping[str, str]
    language: str


def _entry(reading: Reading, type: RecordType, revision: Revision, naming: _Naming) -> Entry:
    step = workflow.STEP_OF.get(revision.action)
    status = revision.diff.get("status", (None, None))[1]
    form = naming.forms.get(revision.form or "", "")
    return Entry(
        version=revision.version,
        who=SYSTEM_NAME if revision.author == SERVER else naming.people.get(revision.author, revision.author),
        verb=step.label if step is not None else CREATIONS.get(revision.action, revision.action),
        status=STATUS_LABELS[Status(status)] if status else "",
        verdict=VERDICTS.get(revision.verdict, ""),
        is_late=revision.verdict in (Verdict.RECORDED, Verdict.QUARANTINED),
        at=pages.moment(revision.received_at, reading.now),
        instant=revision.received_at,
        told=tuple(_told(reading, type, revision, naming)),
        way=form or _way(revision),
        lag_minutes=_minutes(revision),
    )


def _way(revision: Revision) -> str:
    if revision.author == SERVER:
        return "自动办理"
    return "网页或接口" if revision.origin.partition("#")[0] == OFFICE else "离线电脑"


def _told(reading: Reading, type: RecordType, revision: Revision, naming: _Naming) -> Iterable[Told]:
    sent = {name: write.new for name, write in revision.received.items()}
    inputs = workflow.inputs_of(revision.action, sent)
    for name, value in inputs.items():
        if name not in act_forms.FILES:
            shown = _of_input(reading, revision.action, name, value, naming)
            yield Told(act_forms.LABELS.get(name, name), shown, "")
    if revision.action in ("report", "spot_close", "create"):
        return
    for name, (was, new) in revision.diff.items():
        if name not in SYSTEM and name not in inputs:
            yield Told(type.label_of(name), new or "", was or "")


def _of_input(reading: Reading, action: str, name: str, value: str, naming: _Naming) -> str:
    if name in ("assignee", "helpers"):
        return "、".join(naming.handlers.get(mark, mark) for mark in value.split())
    listed = {
        "reason": authorization.REASONS.get(action, ""),
        "result_code": authorization.RESULTS,
        "no_photo_reason": act_forms.NO_PHOTO_REASONS,
    }.get(name, "")
    code = codes.current(reading, listed, value) if listed else None
    return value if code is None else pages.code_label(code, naming.language)


def _marks(revision: Revision) -> Iterable[str]:
    for name in ("assignee", "helpers"):
        if name in revision.received:
            yield from revision.received[name].new.split()


def _minutes(revision: Revision) -> int:
    """Return how many minutes lie between a phone's writing, as it claims, and its coming in."""
    if revision.made_at is None:
        return 0
    lag = instants.parse(revision.received_at) - instants.parse(revision.made_at)
    return max(0, round(lag.total_seconds() / 60))
