"""Writes through the API: a change is checked as everywhere, but what a rule forbids is refused and leaves no trace.

What is true if we die after each step: nothing, until the commit. 1. The record is found in the caller's scope. 2. A
change id that was carried out already gets its outcome again. 3. Rights, 4. ``If-Match``, ``base_version`` and what was
seen, 5. every field are held against the record. 6. ``write`` carries it out.

An edit of an older version is merged; another person's request in between must not look like one of the same origin, so
it gets an origin of its own. An act on an older version is refused: its author decided on what is no longer so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from server import instants
from server.cases.domain import workflow
from server.cases.usecases import authorization, item_words
from server.changes.domain import manual_edits, validation
from server.changes.store import named_files
from server.changes.usecases import base_state, change_ids, write
from server.changes.usecases.recording import Outcome
from server.db.transactions import Reading, Transaction
from server.errors import IllegalStep, Invalid, NotAllowed, PreconditionFailed, StaleVersion
from server.forms.domain.record_types import ACTION, CASE_COLUMNS, LABEL, Kind, RecordType
from server.forms.store import forms
from server.grid.domain.areas import Area, Level, Place
from server.grid.store import areas
from server.instants import Instant
from server.people.domain.actors import Actor, Role
from server.people.store import vacancies
from server.people.usecases import visibility
from server.records.domain.records import Record
from server.records.store import records
from sync.changes import AttachmentName, Change, Dot, FieldWrite
from sync.datatypes import UNWRITABLE

OFFICE = "office"
"""Origin of what is written at a desk by who saw the newest version; its counter is the version it makes."""


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A change that somebody asks for.

    id: UUID of the change, None to let the server make one. fields: name to what it shall be, or to what was seen and
    what it shall be. base_version: the version that was looked at, None for the present one. expected: versions
    one of which must be the present one (``If-Match``), None for any. seen_status: of the case that was looked at.
    attachments: photos that belong to it; their bytes come before or after.
    """

    action: str
    fields: Mapping[str, FieldWrite | str]
    id: str | None = None
    base_version: int | None = None
    expected: frozenset[int] | None = None
    seen_status: str | None = None
    attachments: tuple[AttachmentName, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """A record that somebody wants to be. id: of the change, None lets the server make one.

    area: code, may be short; None for the author's unit, where they have just one. attachments: as above. record: UUID
    by which a request without ``id`` is known again. The record's own id is always the server's: by one of the
    author's choice they could try which ids are in use (ADR 0038).
    """

    action: str
    type: str
    fields: Mapping[str, FieldWrite | str]
    area: str | None = None
    id: str | None = None
    record: str | None = None
    attachments: tuple[AttachmentName, ...] = ()


def change(tx: Transaction, record_id: str, request: ChangeRequest, *, by: Actor) -> Outcome:
    """Edit a record or move a case, and return what became of it; the same change again returns the same.

    Raises NotFound (out of scope), Conflict (the change id was used for something else), PreconditionFailed,
    StaleVersion, NotAllowed, IllegalStep, and Invalid that names every wrong field.
    """
    record = records.get(tx, record_id, by.scope)
    asked = (record.id, request.action, request.fields, request.base_version, request.seen_status)
    content = _content(by, *asked, *_told(request.attachments))
    id, again = change_ids.repeated(tx, request.id, content, by)
    if again is not None:
        return again
    authorization.require_ever(request.action, by)
    if request.action == manual_edits.EDIT:
        require_edit(tx, record, by=by)
    base, type = _base(record, request), forms.catalogue(tx).types[record.type]
    if request.action == manual_edits.EDIT:
        values = {name: _new(value) for name, value in request.fields.items()}
        masks = base_state.masks_among(tx, record, type, values, base)
        written = {name: value for name, value in request.fields.items() if name not in masks}
        if written or not (masks or request.attachments):
            _require_fields(type, written, tx.now, record.fields)
    else:
        _require_inputs(request)
        _require_current(record, request, base)
        _require_scan_in(tx, request, by)
    new_change = Change(
        id=id,
        record=record.id,
        type=record.type,
        action=request.action,
        dot=Dot(OFFICE, record.version + 1) if base == record.version else Dot(f"{OFFICE}#{id}", 1),
        fields=_writes(tx, record, request, base),
        base_version=base,
        seen_status=request.seen_status,
        attachments=request.attachments,
    )
    return change_ids.answered(write.apply_or_refuse(tx, new_change, by=by, content=content), request.id)


def may_edit(reading: Reading, record: Record, *, by: Actor) -> bool:
    """Say whether ``change`` would take an edit of ``record`` by this person."""
    try:
        require_edit(reading, record, by=by)
    except (NotAllowed, IllegalStep):
        return False
    return True


def require_edit(reading: Reading, record: Record, *, by: Actor) -> None:
    """Do nothing for who may edit ``record``. Raises NotAllowed, and IllegalStep for what is never edited."""
    manual_edits.require_edit(by, record, vacant=_vacant(reading, record, by))


def create(tx: Transaction, new: CreateRequest, *, by: Actor) -> tuple[Outcome, bool]:
    """Bring a record into being and return what became of it, and whether that was now.

    Raises NotFound (the area is out of reach), Conflict (the change id was used otherwise), NotAllowed, and Invalid
    that names every wrong field.
    """
    content = _content(by, new.record, new.action, new.fields, new.type, new.area, *_told(new.attachments))
    named = new.id if new.id or new.record is None else change_ids.of_record(new.record, by)
    id, again = change_ids.repeated(tx, named, content, by)
    if again is not None:
        return again, False
    manual_edits.require_ever_create(by, forms.catalogue(tx).types.get(new.type))
    type, area = _type(tx, new.type), _area_of_new_record(tx, new.area, by)
    manual_edits.require_create(by, type, new.action, area.path)
    _require_fields(type, new.fields, tx.now, {})
    values = item_words.filled_in(tx, type, {name: _new(value) for name, value in new.fields.items()})
    if not values.get(LABEL, "").strip():
        values[LABEL] = f"{type.title} {instants.local_day(tx.now)}"
    new_change = Change(
        id=id,
        record=tx.new_record_id(),
        type=type.name,
        action=new.action,
        dot=Dot(OFFICE, 1),
        fields={name: FieldWrite(None, value) for name, value in values.items()},
        area=area.code,
        attachments=new.attachments,
    )
    return change_ids.answered(write.apply_or_refuse(tx, new_change, by=by, content=content), named), True


def _base(record: Record, request: ChangeRequest) -> int:
    """Return the version that was looked at. Raises PreconditionFailed, StaleVersion."""
    if request.expected is not None and record.version not in request.expected:
        raise PreconditionFailed(
            f"记录已更新到第 {record.version} 版，与 If-Match 不符；请刷新后重试。", version=record.version
        )
    base = record.version if request.base_version is None else request.base_version
    if base > record.version:
        message = f"base_version {base} 比现在的第 {record.version} 版还新；请刷新后重试。"
        raise StaleVersion(message, version=record.version)
    return base


def _require_current(record: Record, request: ChangeRequest, base: int) -> None:
    """Do nothing when the author of an act saw the case as it is. Raises StaleVersion."""
    if base != record.version or request.seen_status not in (None, record.status):
        message = f"案件已被他人办理到第 {record.version} 版；请刷新，看过现在的情况再办。"
        raise StaleVersion(message, version=record.version, status=record.status)


def _require_inputs(request: ChangeRequest) -> None:
    """Do nothing when an act brings nothing but what it takes; the rules judge the rest. Raises Invalid."""
    step = workflow.step_of(request.action)
    taken = (*step.needs, *step.takes)
    values = {name: _new(value) for name, value in request.fields.items()}
    listed = "、".join(taken)
    faults = {name: f"“{step.label}”没有这一项；可填：{listed}。" for name in values if name not in taken}
    _refuse(faults | dict(_unwritable(values)))


def _require_scan_in(reading: Reading, request: ChangeRequest, by: Actor) -> None:
    """Raise Invalid when the scan that a filed reply names has not come in; naming none is for the rules to judge."""
    if request.action != "file_reply" or not request.attachments:
        return
    name = _new(request.fields.get(workflow.SCAN, request.attachments[0].name))
    scan = next((each for each in request.attachments if each.name == name), None)
    if scan is not None and not named_files.is_in(reading, scan.sha256, by.name):
        _refuse({workflow.SCAN: f"回复件“{name[:60]}”还没有传到；请先上传扫描件或照片，再代填。"})


def _require_fields(
    type: RecordType, fields: Mapping[str, FieldWrite | str], now: Instant, held: Mapping[str, str]
) -> None:
    """Do nothing when every field may be written as asked. Raises Invalid that names every one that may not.

    held: what stands there now; a retired code may stay, but nobody chooses it anew.
    """
    faults = dict(_faults(type, {name: _new(value) for name, value in fields.items()}, now, held))
    _refuse(faults if fields else {"fields": "请至少填写一项。"})


def _refuse(faults: Mapping[str, str]) -> None:
    """Do nothing without faults. Raises Invalid that names each."""
    if faults:
        listed = "；".join(f"{name}：{reason}".removesuffix("。") for name, reason in faults.items())
        errors = [{"field": _field_path(name), "message": reason} for name, reason in faults.items()]
        raise Invalid(f"填写有误，没有保存。{listed}。", errors=errors)


def _field_path(name: str) -> str:
    return name if name == "fields" else f"fields.{name}"


def _faults(
    type: RecordType, values: Mapping[str, str], now: Instant, held: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    claims = {ACTION, *CASE_COLUMNS} if type.kind is Kind.CASE else {"area"}
    for name in sorted(claims & set(values)):
        yield name, "由系统管理，不能直接填写；请使用相应的操作。"
    validated = validation.validate(type, values, now, held)
    yield from (validated.invalid | validated.codes_to_check).items()
    yield from validation.masked_parts(type, values, held).items()
    yield from _unwritable(values)


def _unwritable(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if UNWRITABLE.search(value):
            yield name, "含有不能保存的控制字符，请删去。"


def _writes(tx: Transaction, record: Record, request: ChangeRequest, base: int) -> dict[str, FieldWrite]:
    """Return the writes with what was seen: as stated, else what the record showed at ``base``."""
    fields_at_base = base_state.fields_at(tx, record, base)
    return {
        name: value if isinstance(value, FieldWrite) else FieldWrite(fields_at_base.get(name), value)
        for name, value in request.fields.items()
    }


def _new(value: FieldWrite | str) -> str:
    return value.new if isinstance(value, FieldWrite) else value


def _type(reading: Reading, name: str) -> RecordType:
    types = forms.catalogue(reading).types
    if name not in types:
        wrong = f"没有“{name}”这个台账；可选：{'、'.join(sorted(types))}。"
        raise Invalid(f"请求有误。type：{wrong}", errors=[{"field": "type", "message": wrong}])
    return types[name]


def _area_of_new_record(reading: Reading, code: str | None, by: Actor) -> Area:
    """Return where a new record belongs. Raises NotFound (out of reach), Invalid (none stated, or no longer in use)."""
    if code is None:
        area = areas.find(reading, by.current[0].area if len(by.current) == 1 else "")
        if area is None or area.level is not Level.UNIT:
            raise _bad_area("请写明网格代码。")
        return area
    area = visibility.get_visible(reading, code, by)
    if not area.in_force(reading.now):
        onward = f"，现由 {area.successor} 接管" if area.successor else ""
        raise _bad_area(f"{area.code} {area.name} 已不在用{onward}；请改用现行网格。")
    return area


def _bad_area(wrong: str) -> Invalid:
    return Invalid(f"请求有误。area：{wrong}", errors=[{"field": "area", "message": wrong}])


def _vacant(reading: Reading, record: Record, by: Actor) -> frozenset[str]:
    if Role.TOWN_STATION not in by.roles:
        return frozenset()
    return vacancies.vacant_villages(reading, Place("/".join(record.path.split("/")[:3])))


def _told(attachments: tuple[AttachmentName, ...]) -> tuple[object, ...]:
    """Return what of attachments tells one request from another: nothing without any, as before there were such."""
    return (attachments,) if attachments else ()


def _content(by: Actor, *parts: object) -> str:
    """Return a hash that tells one request from another: of all its parts and its author."""
    return hashlib.sha256(orjson.dumps((by.name, *parts), default=tuple, option=orjson.OPT_SORT_KEYS)).hexdigest()
