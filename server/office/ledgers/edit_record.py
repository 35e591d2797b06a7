"""An edit of a record of a ledger: what was changed is written, what others changed meanwhile is merged or kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID, uuid4

from flask import Response, request
from werkzeug.datastructures import MultiDict

from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest
from server.db.transactions import Reading
from server.errors import (
    Busy,
    Conflict,
    IllegalStep,
    Invalid,
    NotAllowed,
    NotFound,
    Refusal,
    ShortOfMemory,
    StaleVersion,
    Unavailable,
)
from server.forms.domain.filled_sheets import RecordSheet
from server.forms.domain.record_types import RecordType
from server.forms.domain.sheets import Ask, Question
from server.forms.domain.xpath import Unsupported
from server.forms.store import forms
from server.office import drafts, layout, pages, shown_fields
from server.office.cases import act_photos, acting
from server.office.cases.act_photos import ShownPhoto
from server.office.layout import signed_in
from server.office.ledgers import filling, new_record, record_page, record_sheets, sheet_inputs, sheet_photos
from server.office.ledgers.sheet_inputs import Drawn
from server.office.ledgers.sheet_photos import SheetPhotos
from server.people.domain.actors import Actor
from server.records.domain.records import Record
from server.records.usecases.disclosing import RecordMask
from server.settlement.usecases import editing as editing_conflicts
from server.settlement.usecases.editing import Edited
from server.submissions.usecases import case_details
from server.web import context, observability
from server.web.problem_details import set_retry_after, status_of
from sync.changes import FieldWrite

blueprint = layout.create_blueprint("office-edit-record", __name__)

WAS = "was."
"""Before the names of what stood on the page when it was opened, each told by its print."""


class Editing(NamedTuple):
    """A record whose form is filled in. asked: questions by field. filled: with what has been typed."""

    record: Record
    type: RecordType
    asked: Mapping[str, Question]
    filled: RecordSheet


@blueprint.get("/office/ledgers/<type>/<uuid:record_id>/edit")
@signed_in
def edit(type: str, record_id: UUID) -> Response:
    """Show the fields of a record in the form's inputs. Raises NotFound, NotAllowed."""
    return _show(type, str(record_id), MultiDict())


@blueprint.post("/office/ledgers/<type>/<uuid:record_id>/edit")
@signed_in
def save(type: str, record_id: UUID) -> Response:
    """Write what was changed, or show the form again with what is wrong."""
    return _save(type, str(record_id), request.form)


@drafts.replays("/office/ledgers/<type>/<record_id>/edit")
def replay(arguments: Mapping[str, str], fields: Mapping[str, str]) -> Response:
    """Show an edit again as it was typed before its author had to sign in."""
    form = MultiDict(fields)
    return _show(arguments["type"], arguments["record_id"], form, said=new_record.SIGNED_IN_AGAIN)


@blueprint.before_request
def admit_long_answers() -> None:
    """Take a form with many long texts, each held against what pages offer, and with photos from who is signed in."""
    request.max_content_length = sheet_inputs.FORM_BYTES_MAX
    act_photos.allow_body()


def _save(type: str, record_id: str, sent: MultiDict[str, str]) -> Response:
    by, form = context.caller(), sent
    try:
        form, photos = _with_photos(type, record_id, sent, by)
        with context.database().reading() as reading:
            editing = _editing(reading, type, record_id, form, by)
            changed = _changed(editing, form)
            faults = _faults(editing, changed) | dict(photos.faults)
            faults |= sheet_inputs.too_long(
                {name: editing.filled.answers[editing.asked[name].path] for name in changed}
            )
        if faults:
            return _show(type, record_id, form, faults=faults, status=422)
        if not changed:
            return pages.see_other(f"/office/ledgers/{type}/{record_id}?done=same")
        id, seen = acting.read_uuid(form.get("change", "")), acting.read_number(form.get("version", ""))
        asked = ChangeRequest("edit", changed, id, seen, attachments=photos.attachments(changed))
        told = context.write(lambda tx: _told(editing, editing_conflicts.edit(tx, record_id, asked, by=by)))
    except (NotAllowed, NotFound) as refusal:  # it is theirs to change or to see no longer
        return acting.taken_along(_typed(type, form), refusal, ("回到台账", f"/office/ledgers/{type}"))
    except (Invalid, IllegalStep, Conflict, StaleVersion) as refusal:
        return _refused(type, record_id, form, refusal)
    except (Unavailable, Busy, ShortOfMemory) as refusal:  # another time; what was typed stays
        observability.log_failure(refusal)
        shown = _refused(type, record_id, form, refusal)
        set_retry_after(refusal, shown)
        return shown
    return pages.see_other(f"/office/ledgers/{type}/{record_id}?{told}")


def _told(editing: Editing, edited: Edited) -> str:
    """Return what the page of the record is to tell of an edit, as the query of its address."""
    if edited.conflicts:
        return "done=both" if edited.conflicts - set(editing.record.conflicts) else "done=disputed"
    return f"done=settled&problem={edited.settled[-1]}" if edited.settled else "done=saved"


def _with_photos(
    type: str, record_id: str, form: MultiDict[str, str], by: Actor
) -> tuple[MultiDict[str, str], SheetPhotos]:
    """Return a form with the photos that came with it, now or before, as answers that it carries on; and these."""
    with context.database().reading() as reading:
        keys = _photo_fields(_editing(reading, type, record_id, form, by))
    photos = sheet_photos.receive(form, keys, by)
    answered = photos.answered(form, keys)
    for field, photo in photos.shown(by.name).items():
        answered[sheet_photos.KEPT + field] = photo.sealed
    return answered, photos


def _photo_fields(editing: Editing) -> list[str]:
    return [field for field, question in editing.asked.items() if question.asked is Ask.PHOTO]


def _typed(name: str, form: MultiDict[str, str]) -> list[tuple[str, str]]:
    """Return what a form says of each field, under the field's title."""
    with context.database().reading() as reading:
        type = forms.catalogue(reading).types.get(name)
        titles = {} if type is None else shown_fields.titles_of(reading, type)
    said = {
        each.removeprefix(sheet_inputs.PREFIX): form.get(each, "")
        for each in form
        if each.startswith(sheet_inputs.PREFIX)
    }
    return [(titles.get(field, field), value) for field, value in said.items() if value.strip()]


def _faults(editing: Editing, changed: Iterable[str]) -> dict[str, str]:
    try:
        return {name: wrong for name in changed if (wrong := editing.filled.fault(editing.asked[name]))}
    except Unsupported as rule:
        raise NotFound(filling.ON_A_PHONE.format(rule=rule), type=editing.type.name) from rule


def _refused(type: str, record_id: str, form: MultiDict[str, str], refusal: Refusal) -> Response:
    faults = acting.faults_of(refusal)
    is_repeated = isinstance(refusal, Conflict) and "id" in refusal.data
    said = "" if faults else new_record.SENT_BEFORE if is_repeated else refusal.message
    return _show(type, record_id, form, faults=faults, said=said, status=status_of(refusal))


def _editing(reading: Reading, name: str, record_id: str, form: MultiDict[str, str], by: Actor) -> Editing:
    """Return a record with its form. Raises NotFound (also without a form), NotAllowed, IllegalStep, Invalid."""
    record = record_page.find(reading, name, record_id)
    interactive.require_edit(reading, record, by=by)
    type = forms.catalogue(reading).types[name]
    made = record_sheets.form_of(reading, record, type, by, photos=True)
    if made is None:
        raise NotFound(filling.NO_FORM.format(title=type.title), type=name)
    asked, fill, stands = made.asked, made.fill, record_sheets.standing(made, record)
    try:
        raw = sheet_inputs.answers_in(form, asked.items(), fill(stands))
        typed = sheet_inputs.answers_in(form, asked.items(), fill({**stands, **raw}))
        return Editing(record, type, asked, fill({**stands, **typed}))
    except Unsupported as rule:
        raise NotFound(filling.ON_A_PHONE.format(rule=rule), type=name) from rule


def _changed(editing: Editing, form: MultiDict[str, str]) -> dict[str, FieldWrite | str]:
    """Return what somebody changed on the page; what they saw there, the base version tells."""
    photos = _photo_fields(editing)
    changed: dict[str, FieldWrite | str] = {
        name: form[sheet_inputs.PREFIX + name] for name in photos if sheet_inputs.PREFIX + name in form
    }
    for name, question in editing.asked.items():
        value = editing.filled.answers[question.path]
        if name not in photos and form.get(WAS + name, "") not in ("", _print(question, value)):
            changed[name] = value
    return changed


def _print(question: Question, value: str) -> str:
    """Return what tells one value from another as an input shows them: it has no room for the seconds of a time."""
    shown = sheet_inputs.stands_as(question, value).replace("\r\n", "\n").strip()
    if question.asked is Ask.MANY:
        shown = " ".join(sorted(value.split()))
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def _show(
    name: str, record_id: str, form: MultiDict[str, str], *, faults: Mapping[str, str] | None = None, said: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    by = context.caller()
    with context.database().reading() as reading:
        editing = _editing(reading, name, record_id, form, by)
        record, mask = editing.record, RecordMask(reading, by)
        inputs = _inputs(reading, editing, mask, faults or {})
        labels = {each.key: (each.id, each.label) for each in inputs}
        titles = shown_fields.titles_of(reading, editing.type)
        values = {
            "record": record,
            "type": editing.type,
            "label": mask.label(record),
            "form": editing.filled.sheet,
            "inputs": inputs,
            "was": {
                field: form.get(WAS + field) or _print(question, record.fields.get(field, ""))
                for field, question in editing.asked.items()
                if question.asked is not Ask.PHOTO
            },
            "photos": _kept(editing, form, by),
            "files": _files(reading, record, mask),
            "version": form.get("version") or record.version,
            "faults": [
                (*labels.get(field, ("main", titles.get(field, ""))), wrong) for field, wrong in (faults or {}).items()
            ],
            "said": said,
            "settles": editing_conflicts.settles(reading, record, by),
            "change_id": acting.read_uuid(form.get("change", "")) or str(uuid4()),
            "has_moved": form.get("version", str(record.version)) != str(record.version),
        }
        shown = layout.show(reading, "ledgers/edit.html", layout.LEDGERS.key, values, status)
    if mask.shows_persons_of(record):
        context.audit_read("personal.read", record.id, {"types": [record.type]}, [record.id])
    return shown


def _kept(editing: Editing, form: MultiDict[str, str], by: Actor) -> dict[str, ShownPhoto]:
    """Return the photos that are in already, by field, as the form that comes back names them."""
    carried = {field: form.getlist(sheet_photos.KEPT + field) for field in _photo_fields(editing)}
    found = {field: act_photos.carried_again(" ".join(sealed)) for field, sealed in carried.items()}
    return {field: act_photos.shown(photos, by.name)[-1] for field, photos in found.items() if photos}


def _files(reading: Reading, record: Record, mask: RecordMask) -> dict[str, str]:
    """Return where the photo that stands in a field is seen, by field."""
    here = (each for each in case_details.photos(reading, record, mask) if each.is_here)
    return {
        each.field: f"/office/ledgers/{record.type}/{record.id}/files/{each.version}/{quote(each.address, safe='')}"
        for each in here
        if each.field and record.fields.get(each.field) == each.name
    }


def _inputs(reading: Reading, editing: Editing, mask: RecordMask, faults: Mapping[str, str]) -> list[Drawn]:
    keys = {question.path: field for field, question in editing.asked.items()}
    show = shown_fields.shows_of(reading, editing.type, mask)
    others = record_page.others_of(reading, editing.record, mask, show)
    try:
        drawn = sheet_inputs.drawn(editing.filled, editing.asked.values(), faults, keys)
    except Unsupported as rule:
        raise NotFound(filling.ON_A_PHONE.format(rule=rule), type=editing.type.name) from rule
    return [each._replace(others=tuple(others.get(each.key, ())), is_required=False) for each in drawn]
