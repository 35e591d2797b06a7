"""Turns problems into what the desk shows of them: masked, in words, with every value that stands beside another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from server.cases.domain import workflow
from server.db.transactions import Reading
from server.forms.domain.record_types import Kind, RecordType
from server.forms.store import forms
from server.grid.domain.areas import code_of
from server.grid.store import areas
from server.office import layout, pages
from server.office import problem_kinds as kinds
from server.office.cases.act_forms import LABELS
from server.office.problem_kinds import Word
from server.office.problems import problem_list
from server.office.problems.answers import OTHER, OWN, PICK, Answered
from server.office.shown_fields import shows_of, titles_of
from server.people.store import display_names, people
from server.problems.domain.problems import ProblemKind
from server.problems.domain.settlements import HOW_LABELS, How
from server.records.domain.records import Record
from server.records.domain.status import STATUS_LABELS, Status
from server.records.store import revisions
from server.records.usecases.disclosing import RecordMask
from server.records.usecases.shown_values import Show
from server.settlement.usecases import masked_problems
from server.settlement.usecases.details import ConflictedField, ProblemDetails, Value
from server.submissions.usecases import unknown_forms


class ShownValue(NamedTuple):
    """A value that stands beside others. away: metres from the record's own position, None where either has none."""

    version: int
    value: str
    is_shown: bool
    who: str
    role: str
    made: str
    received: str
    source: str
    away: int | None
    photos: tuple[str, ...]
    is_picked: bool


class ShownField(NamedTuple):
    """A field in conflict. kind: of the input for another value. own: what was typed into it; fault: what is wrong.

    group: of fields that settle as one; of any other field its own name. now: what stands there.
    """

    name: str
    group: str
    label: str
    now: str
    is_open: bool
    values: tuple[ShownValue, ...]
    kind: str
    own: str
    is_own: bool
    fault: str


class Line(NamedTuple):
    """An item of what came in. now: what stands there, None where nothing does or it is not compared."""

    label: str
    now: str | None
    sent: str


class ShownProblem(NamedTuple):
    """A problem with all that its reader needs. original: what was sent can be seen; needs_reason: for a reason."""

    id: str
    kind: str
    word: Word
    label: str
    record: str | None
    type: str | None
    address: str
    version: int | None
    status: str
    area: str
    who: str
    role: str
    at: str
    days: int
    message: str
    ways: tuple[str, ...]
    fields: tuple[ShownField, ...]
    act: str
    lines: tuple[Line, ...]
    made: str
    original: bool
    needs_reason: bool
    decided: Mapping[str, str] | None
    shows_persons: bool


def in_full(
    reading: Reading, view: ProblemDetails, mask: RecordMask, answered: Answered, language: str
) -> ShownProblem:
    """Return a problem with all that its reader needs to settle it. answered: what was typed already."""
    found, record = view.problem, view.record
    type = None if record is None else mask.type_of(record.type)
    show = {} if type is None else shows_of(reading, type, mask)
    titles = {} if type is None else titles_of(reading, type)
    told = masked_problems.shown(mask, _plain(view), found, record)
    now = (
        {} if record is None else mask.record({"fields": dict(record.fields), "label": record.label}, record)["fields"]
    )
    act, lines = _sent(reading, view, told, mask, show, titles)
    stands = zip(view.fields, told["fields"], strict=True)
    fields = tuple(_field(reading, *each, record, type, show, titles, answered, now) for each in stands)
    return ShownProblem(
        id=found.id,
        kind=found.kind,
        word=kinds.WORDS[ProblemKind(found.kind)],
        label=told["label"] or "",
        record=found.record if record is not None else None,
        type=found.type,
        address=_address(record),
        version=None if record is None else record.version,
        status=STATUS_LABELS[Status(record.status)] if record is not None and record.status else "",
        area=_place(reading, found.path),
        who=view.author_display or found.author or "",
        role=_role(reading, found.author),
        at=pages.moment(found.created_at, reading.now),
        days=problem_list.days_since(reading, found.created_at),
        message=told["message"],
        ways=tuple(how.value for how in view.ways),
        fields=fields,
        act=act,
        lines=lines,
        made=_made(reading, view),
        original=found.submission is not None or found.kept_body is not None,
        needs_reason=unknown_forms.is_unknown(reading, found.kept_body), decided=_decided(reading, view, told),
        shows_persons=record is not None and mask.shows_persons_of(record),
    )  # fmt: skip


def _place(reading: Reading, path: str) -> str:
    code = code_of(path) if path else ""
    return areas.full_names(reading, [code]).get(code, "") if code else ""


def _made(reading: Reading, view: ProblemDetails) -> str:
    """Return when what was kept and not carried out was filled in, by the phone's clock; empty for none."""
    change = view.unapplied_change
    if change is None or change.made_at is None:
        return ""
    return pages.claimed_moment(change.made_at.isoformat(), reading.now)


def _plain(view: ProblemDetails) -> dict[str, Any]:
    """Return what people wrote of a problem under the names by which it is masked."""
    asked, decided = view.unapplied_change, view.problem.settlement
    return {
        "message": view.problem.message,
        "label": None if view.record is None else view.record.label,
        "detail": dict(view.problem.detail),
        "settlement": None if decided is None else {"reason": decided.reason},
        "fields": [
            {"name": each.name, "label": each.label, "values": [{"value": one.head.value} for one in each.values]}
            for each in view.fields
        ],
        "asked": None if asked is None else {"fields": {name: [w.seen, w.new] for name, w in asked.fields.items()}},
    }


def _field(
    reading: Reading,
    each: ConflictedField,
    shown: Mapping[str, Any],
    record: Record | None,
    type: RecordType | None,
    show: Mapping[str, Show],
    titles: Mapping[str, str],
    answered: Answered,
    now: Mapping[str, str],
) -> ShownField:
    picked, name = answered.fields.get(f"{PICK}{each.name}", ""), each.name
    field = None if type is None else type.fields.get(name)
    kind = {"int": "number", "decimal": "number", "date": "date"}.get("" if field is None else field.type, "text")
    values = tuple(
        _value(reading, one, show[name](masked["value"]) if name in show else masked["value"], record, picked)
        for one, masked in zip(each.values, shown["values"], strict=True)
    )
    own, fault = answered.fields.get(f"{OTHER}{name}", ""), answered.faults.get(f"{OTHER}{name}", "")
    group = name if field is None else field.group or name
    stands = show[name](now.get(name, "")) if name in show else now.get(name, "")
    return ShownField(
        name, group, titles.get(name, each.label), stands, each.is_open, values, kind, own, picked == OWN, fault
    )


def _value(reading: Reading, one: Value, value: str, record: Record | None, picked: str) -> ShownValue:
    form = forms.catalogue(reading).forms.get(one.form or "")
    return ShownValue(
        version=one.head.version,
        value=value,
        is_shown=one.is_shown,
        who=one.display or one.author or "",
        role=_role(reading, one.author),
        made="" if one.made_at is None else pages.claimed_moment(one.made_at, reading.now),
        received="" if one.received_at is None else pages.moment(one.received_at, reading.now),
        source="" if form is None else form.title,
        away=None if one.from_record_m is None else round(one.from_record_m),
        photos=tuple(_photo(record, one.head.version, each.address) for each in one.photos),
        is_picked=picked == str(one.head.version),
    )


def _photo(record: Record | None, version: int, name: str) -> str:
    if record is None:
        return ""
    part = "photos" if record.kind is Kind.CASE else "files"
    return f"{_address(record)}/{part}/{version}/{quote(name, safe='')}"


def _sent(
    reading: Reading,
    view: ProblemDetails,
    told: Mapping[str, Any],
    mask: RecordMask,
    show: Mapping[str, Show],
    titles: Mapping[str, str],
) -> tuple[str, tuple[Line, ...]]:
    """Return the act that was sent, empty for none, and what came with it beside what stands there now."""
    record, change = view.record, view.unapplied_change
    now: Mapping[str, str] = {}
    if record is not None:
        now = mask.record({"label": record.label, "fields": dict(record.fields)}, record)["fields"]
    if change is not None:
        action, sent = change.action, {name: pair[1] or "" for name, pair in told["asked"]["fields"].items()}
    else:
        action, sent = _of_revision(reading, view, mask)
    step = workflow.STEP_OF.get(action)
    compared = change is not None and step is None and record is not None
    lines = [
        Line(
            _title(name, titles),
            (show[name](now.get(name, "")) if name in show else now.get(name, "")) if compared else None,
            show[name](value) if name in show else value,
        )
        for name, value in sent.items()
        if value or compared
    ]
    return "" if step is None else step.label, tuple(lines)


def _of_revision(reading: Reading, view: ProblemDetails, mask: RecordMask) -> tuple[str, dict[str, str]]:
    """Return action and values of the change that a problem is about, where it stands in the history of its record."""
    record, kind = view.record, ProblemKind(view.problem.kind)
    if record is None or view.problem.change is None or kind not in (ProblemKind.RECORDED, ProblemKind.MISFIT):
        return "", {}
    found = [each for each in revisions.list_of(reading, record.id) if each.change == view.problem.change]
    if not found:
        return "", {}
    seen = mask.history(record, found)[0]
    return seen.action, workflow.inputs_of(seen.action, {name: write.new for name, write in seen.received.items()})


def _title(name: str, titles: Mapping[str, str]) -> str:
    return titles.get(name) or LABELS.get(name, name)


def _decided(reading: Reading, view: ProblemDetails, told: Mapping[str, Any]) -> dict[str, str] | None:
    found = view.problem
    if found.settled_at is None:
        return None
    decided = found.settlement
    name = found.settled_by or ""
    return {
        "who": "系统" if name == "server" else display_names.of_people(reading, [name])[name],
        "how": "自动解决" if decided is None else HOW_LABELS[How(decided.how)],
        "at": pages.moment(found.settled_at, reading.now),
        "reason": "" if decided is None else str(told["settlement"]["reason"]),
    }


def _address(record: Record | None) -> str:
    if record is None:
        return ""
    return f"/office/cases/{record.id}" if record.kind is Kind.CASE else f"/office/ledgers/{record.type}/{record.id}"


def _role(reading: Reading, name: str | None) -> str:
    duties = people.actor(reading, name).current if name and people.exists(reading, name) else ()
    return layout.role_label(duties[0].role, reading.now) if duties else ""
