"""The page of one record of a ledger: its fields as the form groups them, who else writes some, files and history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import UUID

from flask import Response, request

from server import instants
from server.changes.domain import record_history
from server.changes.usecases import interactive
from server.db.transactions import Reading
from server.errors import Invalid, NotAllowed, NotFound
from server.forms.domain import outline
from server.forms.domain.record_types import Kind
from server.forms.store import forms
from server.forms.usecases import ledger_forms
from server.forms.usecases.ledger_forms import LedgerForm
from server.grid.store import areas
from server.office import layout, pages, photos, premises_links
from server.office.cases import acting, case_history, raw_submission
from server.office.layout import signed_in
from server.office.ledgers import ledger_map, ledger_states
from server.office.ledgers.sheet_inputs import Other
from server.office.shown_fields import shows_of, titles_of
from server.people.domain.actors import Actor
from server.people.store import display_names
from server.problems.domain.settlements import How
from server.problems.store import problems
from server.records.domain.records import Record, Revision
from server.records.store import records, revisions
from server.records.usecases import reveal as revealing
from server.records.usecases.disclosing import RecordMask
from server.records.usecases.shown_values import Show
from server.settlement.usecases import settle
from server.submissions.store import submissions
from server.submissions.usecases import case_details
from server.web import context
from server.web.problem_details import status_of
from sync import registers

blueprint = layout.create_blueprint("office-ledger-record", __name__)

DONE = {
    "created": "已登记。",
    "saved": "已保存。",
    "both": "已保存；有一项别人也刚改过，两个值都留着，请选定。",
    "disputed": "已保存；这一项还有别人填的另一个值，请在问题里选定。",
    "settled": "已选定，就按您写的。",
    "same": "没有改动，没有保存新的一版。",
}


class Shown(NamedTuple):
    """A field as its record's page shows it. is_masked: may be revealed. others: the values beside the one shown."""

    name: str
    label: str
    value: str
    is_masked: bool
    others: tuple[Other, ...]


class Section(NamedTuple):
    """Fields under one heading. by: titles of the forms that alone write them; empty for those of the main form."""

    title: str
    by: str
    fields: tuple[Shown, ...]


@blueprint.get("/office/ledgers/<type>/<uuid:record_id>")
@signed_in
def record_page(type: str, record_id: UUID) -> Response:
    """Show a record; a case has its page among the cases. Raises NotFound, also for one out of the caller's scope."""
    return _page(type, str(record_id))


@blueprint.post("/office/ledgers/<type>/<uuid:record_id>/reveal")
@signed_in
def reveal(type: str, record_id: UUID) -> Response:
    """Show one masked field whole, for a reason that the audit keeps."""
    by, field, reason = context.caller(), request.form.get("field", ""), request.form.get("reason", "")
    try:
        found = context.write(lambda tx: revealing.reveal(tx, str(record_id), field, reason, by=by))
    except (Invalid, NotAllowed) as refusal:
        return _page(type, str(record_id), refused=refusal.message, status=status_of(refusal))
    return _page(type, str(record_id), {field: " / ".join(found.values)})


@blueprint.get("/office/ledgers/<type>/<uuid:record_id>/files/<int:version>/<name>")
@signed_in
def file(type: str, record_id: UUID, version: int, name: str) -> Response:
    """Show a photo of one version of a record."""
    with context.database().reading() as reading:
        return photos.send(reading, find(reading, type, str(record_id)), version, name)


@blueprint.get("/office/ledgers/<type>/<uuid:record_id>/submissions/<int:version>")
@signed_in
def submission(type: str, record_id: UUID, version: int) -> Response:
    """Show what a phone sent with one version of a record. Raises NotFound, also for what came by no form."""
    with context.database().reading() as reading:
        record = find(reading, type, str(record_id))
        values = raw_submission.told(reading, record, version, f"/office/ledgers/{type}/{record.id}", "files")
        return layout.show(reading, "cases/submission.html", layout.LEDGERS.key, values)


@blueprint.get("/office/ledgers/<type>/<uuid:record_id>/submissions/<int:version>.xml")
@signed_in
def submission_xml(type: str, record_id: UUID, version: int) -> Response:
    """Send a submission as XML, to be saved: no browser runs it."""
    with context.database().reading() as reading:
        return raw_submission.as_xml(reading, find(reading, type, str(record_id)), version)


def find(reading: Reading, type: str, record_id: str) -> Record:
    """Return a record of a ledger that the caller may see. Raises NotFound."""
    found = records.get(reading, record_id, context.caller().scope)
    if found.type != type:
        raise NotFound("没有这条记录，或它不在您的管辖范围内。", record=record_id)
    return found


def others_of(reading: Reading, record: Record, mask: RecordMask, show: Mapping[str, Show]) -> dict[str, list[Other]]:
    """Return the values that stand beside the one shown, of each field in conflict, as the reader may see them."""
    kept = registers.from_json(record.registers)
    heads = {name: kept[name].heads for name in record.conflicts if name in kept}
    versions = {head.version for found in heads.values() for head in found}
    made = revisions.at_versions(reading, record.id, versions)
    authors = {version: each.author for version, each in made.items()}
    people = display_names.of_people(reading, set(authors.values()))
    listed = {name: [{"value": head.value, "version": head.version} for head in found] for name, found in heads.items()}
    shown = mask.record({"fields": dict(record.fields), "heads": listed}, record)
    return {
        name: [
            Other(
                people.get(made[head["version"]].author, "") if head["version"] in made else "",
                show[name](head["value"]),
            )
            for head in found
            if head["value"] != shown["fields"].get(name, "")
        ]
        for name, found in shown["heads"].items()
        if name in show
    }


def _page(
    name: str, record_id: str, revealed: Mapping[str, str] | None = None, refused: str = "", status: int = 200
) -> Response:
    by = context.caller()
    with context.database().reading() as reading:
        record, mask = find(reading, name, record_id), RecordMask(reading, by)
        if record.kind is Kind.CASE:
            return pages.see_other(f"/office/cases/{record.id}")
        type = forms.catalogue(reading).types[name]
        show, titles = shows_of(reading, type, mask), titles_of(reading, type)
        values = {
            "record": record,
            "type": type,
            "label": mask.label(record),
            "states": ledger_states.states_of(reading, type, record.fields, titles).values(),
            "place": areas.full_names(reading, [record.area]).get(record.area, record.area),
            "sections": _sections(reading, record, mask, show, titles, revealed or {}),
            "has_position": ledger_map.position_of(type, record.fields) is not None,
            **premises_links.of_premises(reading, record, mask),
            "files": _files(reading, record, mask),
            "history": _history(reading, record, mask, show, titles),
            "updated": pages.moment(record.updated_at, reading.now),
            "may_reveal": revealing.may_reveal(by, record),
            "may_edit": interactive.may_edit(reading, record, by=by)
            and ledger_forms.layout(reading, type).sheet is not None,
            "done": DONE.get(request.args.get("done", "") if request.method == "GET" else "", ""),
            "undo": _undo(reading, by),
            "refused": refused,
        }
        shown = layout.show(reading, "ledgers/record.html", layout.LEDGERS.key, values, status)
    if mask.shows_persons_of(record):
        context.audit_read("personal.read", record.id, {"types": [record.type]}, [record.id])
    return shown


def _undo(reading: Reading, by: Actor) -> str:
    """Return the problem whose settlement by an edit the reader may take back; empty where there is none."""
    id = acting.read_uuid(request.args.get("problem", "")) if request.args.get("done") == "settled" else None
    if id is None:
        return ""
    try:
        problem = problems.get(reading, id, by.scope)
    except NotFound:
        return ""
    return id if How.UNDO in settle.ways_for(reading, problem, by) else ""


def _sections(
    reading: Reading, record: Record, mask: RecordMask, show: Mapping[str, Show], titles: Mapping[str, str],
    revealed: Mapping[str, str],
) -> list[Section]:  # fmt: skip
    """Return the fields of a record as the main form groups them, then those that only other forms write."""
    type = forms.catalogue(reading).types[record.type]
    form = ledger_forms.layout(reading, type)
    seen = mask.record({"fields": dict(record.fields)}, record)["fields"]
    hidden, others = mask.hides(record), others_of(reading, record, mask, show)
    found: dict[tuple[str, str], list[Shown]] = {}
    for field in form.fields:
        if type.fields[field.name].type == "binary":
            continue
        value = seen.get(field.name, "")
        said = revealed.get(field.name) or (show[field.name](value) if value else "")
        masked = hidden and bool(value) and value != record.fields.get(field.name) and field.name not in revealed
        shown = Shown(field.name, titles[field.name], said, masked, tuple(others.get(field.name, ())))
        found.setdefault(_heading(form, field), []).append(shown)
    return [Section(title, by, tuple(fields)) for (title, by), fields in found.items()]


def _heading(form: LedgerForm, field: ledger_forms.LedgerField) -> tuple[str, str]:
    """Return under which heading a field stands, and which forms alone write it."""
    if field.question is not None and form.sheet is not None:
        texts = [outline.text_in(group.label, layout.form_language(), form.sheet.default) for group in field.groups]
        return next((text for text in reversed(texts) if text), ""), ""
    own = form.sheet.form_id if form.sheet is not None else ""
    if any(writer.form_id == own for writer in field.writers):
        return "", ""
    return "", "、".join(dict.fromkeys(f"“{writer.title}”" for writer in field.writers))


def _files(reading: Reading, record: Record, mask: RecordMask) -> list[dict[str, Any]]:
    found = case_details.photos(reading, record, mask)
    at = f"/office/ledgers/{record.type}/{record.id}/files"
    addresses = [f"{at}/{each.version}/{quote(each.address, safe='')}" if each.is_here else "" for each in found]
    return [
        {
            "address": address,
            "thumbnail": photos.thumbnail(address),
            "is_damaged": each.is_damaged,
            "version": each.version,
            "name": each.shown,
        }
        for each, address in zip(found, addresses, strict=True)
    ]


def _history(
    reading: Reading, record: Record, mask: RecordMask, show: Mapping[str, Show], titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the versions of a record, the newest first: who, when, what changed, and by which form it came."""
    found = mask.history(record, list(revisions.list_of(reading, record.id)))
    people = display_names.of_people(reading, {each.author for each in found})
    names = {form.id: form.title for form in forms.catalogue(reading).forms.values()}
    sent = (each.submission for each in found if each.submission)
    visible = submissions.in_scope(reading, sent, context.caller().scope)
    return [
        _entry(reading, each, people, names, show, titles) | {"is_sent": each.submission in visible}
        for each in reversed(found)
    ]


def _entry(
    reading: Reading, revision: Revision, people: Mapping[str, str], names: Mapping[str, str],
    show: Mapping[str, Show], titles: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    is_office = revision.origin.partition("#")[0] == interactive.OFFICE
    return {
        "version": revision.version,
        "who": people.get(revision.author, revision.author),
        "verb": case_history.CREATIONS.get(revision.action, revision.action),
        "verdict": case_history.VERDICTS.get(revision.verdict, ""),
        "tone": case_history.TONES.get(revision.verdict, ""),
        "at": pages.moment(revision.received_at, reading.now),
        "instant": revision.received_at,
        "told": [] if revision.version == 1 else list(_told(revision, show, titles)),
        "form": names.get(revision.form or "", ""),
        "way": "网页或接口" if is_office else "离线电脑",
        "settles": revision.action in (record_history.SETTLE, record_history.UNSETTLE),
        "made": _made(revision, reading),
    }


def _told(revision: Revision, show: Mapping[str, Show], titles: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    for name, (was, new) in revision.diff.items():
        if name in titles:
            shown = show.get(name, str)
            yield titles[name], shown(was) if was else "", shown(new) if new else ""


def _made(revision: Revision, reading: Reading) -> str:
    """Return when a phone says that it was filled in, where that was more than two minutes before it came."""
    if revision.made_at is None:
        return ""
    lag = instants.parse(revision.received_at) - instants.parse(revision.made_at)
    return pages.claimed_moment(revision.made_at, reading.now) if abs(lag.total_seconds()) > 120 else ""
