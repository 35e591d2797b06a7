"""A new record of a ledger, and the report of a hazard: the form that brings it into being, filled in on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple
from uuid import uuid4

from flask import Response, request
from werkzeug.datastructures import MultiDict

from server.changes.usecases import interactive
from server.errors import (
    Busy,
    Conflict,
    IllegalStep,
    Invalid,
    NotAllowed,
    NotFound,
    Refusal,
    ShortOfMemory,
    Unavailable,
)
from server.forms.domain.record_types import Kind
from server.forms.domain.sheets import key_of
from server.forms.domain.xpath import Unsupported
from server.office import drafts, layout, pages
from server.office.cases import act_photos, acting
from server.office.layout import signed_in
from server.office.ledgers import sheet_inputs, sheet_photos
from server.office.ledgers.filling import (
    AREA,
    ON_A_PHONE,
    areas_of,
    asks_area,
    fill_in,
    not_seen,
    questions_of,
    request_of,
)
from server.office.ledgers.sheet_photos import NO_PHOTOS, SheetPhotos
from server.web import context, observability
from server.web.problem_details import set_retry_after, status_of

blueprint = layout.create_blueprint("office-new-record", __name__)

HAZARDS = "hazards"
"""The ledger that a report of a hazard goes into."""

SIGNED_IN_AGAIN = "您已重新登录；写的内容还在，看过再提交。"
SENT_BEFORE = "这一页刚才已经提交过一次，没有再办一次；要再登记一条，请重新打开这一页。"


class Page(NamedTuple):
    """Where a form is filled in. address: of its page. here: its place in the rail. back: where one came from."""

    address: str
    here: str
    back: str


@blueprint.get("/office/ledgers/<type>/new")
@signed_in
def new(type: str) -> Response:
    """Show the form of a new record, as far as it is asked now. Raises NotFound, NotAllowed."""
    return _show(_ledger_page(type), type, MultiDict())


@blueprint.post("/office/ledgers/<type>/new")
@signed_in
def create(type: str) -> Response:
    """Keep a new record, or show the form again: with what else it asks, or with what is wrong."""
    return _take(_ledger_page(type), type, request.form)


@blueprint.get("/office/report")
@signed_in
def report() -> Response:
    """Show the report of a hazard."""
    return _show(_report_page(), HAZARDS, MultiDict())


@blueprint.post("/office/report")
@signed_in
def send_report() -> Response:
    """Report a hazard: the case that a phone's report makes."""
    return _take(_report_page(), HAZARDS, request.form)


@drafts.replays("/office/ledgers/<type>/new")
def replay_new(arguments: Mapping[str, str], fields: Mapping[str, str]) -> Response:
    """Show a new record again as it was filled in before its author had to sign in."""
    type = arguments["type"]
    return _show(_ledger_page(type), type, *_with_photos(type, MultiDict(fields)), said=SIGNED_IN_AGAIN)


@drafts.replays("/office/report")
def replay_report(arguments: Mapping[str, str], fields: Mapping[str, str]) -> Response:
    """Show a report again as it was filled in before its author had to sign in."""
    return _show(_report_page(), HAZARDS, *_with_photos(HAZARDS, MultiDict(fields)), said=SIGNED_IN_AGAIN)


@blueprint.before_request
def admit_answers() -> None:
    """Take a form with many long texts, each held against what pages offer, and with photos from who is signed in."""
    request.max_content_length = sheet_inputs.FORM_BYTES_MAX
    act_photos.allow_body()


def _ledger_page(type: str) -> Page:
    return Page(f"/office/ledgers/{type}/new", layout.LEDGERS.key, f"/office/ledgers/{type}")


def _report_page() -> Page:
    return Page("/office/report", "", "/")


def _take(page: Page, type: str, sent: MultiDict[str, str]) -> Response:
    form, photos = _with_photos(type, sent)
    if form.get("look"):
        return _show(page, type, form, photos, faults=photos.faults)
    by = context.caller()
    try:
        with context.database().reading() as reading:
            filling = fill_in(reading, type, form, by)
            faults, more = filling.filled.faults(), not_seen(filling, form)
            faults |= sheet_inputs.too_long({key_of(path): text for path, text in filling.filled.answers.items()})
            faults |= photos.faults
            asked = sheet_photos.photo_keys(questions_of(filling))
            new_record = replace(request_of(filling, form), attachments=photos.attachments(asked))
        if more and form.get("seen") is not None:
            told = {} if set(faults) <= more else faults
            return _show(page, type, form, photos, faults=told, more=len(more), status=422)
        if faults:
            return _show(page, type, form, photos, faults=faults, status=422)
        outcome, _ = context.write(lambda tx: interactive.create(tx, new_record, by=by))
    except Unsupported as rule:
        return _show(page, type, form, photos, said=ON_A_PHONE.format(rule=rule), status=422)
    except (Invalid, NotAllowed, NotFound, IllegalStep, Conflict) as refusal:
        return _refused(page, type, form, photos, refusal)
    except (Unavailable, Busy, ShortOfMemory) as refusal:  # another time; what was typed stays
        observability.log_failure(refusal)
        shown = _refused(page, type, form, photos, refusal)
        set_retry_after(refusal, shown)
        return shown
    made = outcome.record
    if made is None:
        raise LookupError(outcome.id)
    is_case = made.kind is Kind.CASE
    return pages.see_other(f"/office/cases/{made.id}" if is_case else f"/office/ledgers/{type}/{made.id}?done=created")


def _with_photos(type: str, form: MultiDict[str, str]) -> tuple[MultiDict[str, str], SheetPhotos]:
    """Return a form with the photos that came with it, now or before, as answers; and these photos."""
    by = context.caller()
    with context.database().reading() as reading:
        keys = sheet_photos.photo_keys(fill_in(reading, type, form, by).sheet.questions)
    photos = sheet_photos.receive(form, keys, by)
    return photos.answered(form, keys), photos


def _refused(page: Page, type: str, form: MultiDict[str, str], photos: SheetPhotos, refusal: Refusal) -> Response:
    faults = acting.faults_of(refusal)
    is_repeated = isinstance(refusal, Conflict) and "id" in refusal.data
    said = SENT_BEFORE if is_repeated else refusal.message
    return _show(page, type, form, photos, faults=faults, said=said, status=status_of(refusal))


def _show(
    page: Page, name: str, form: MultiDict[str, str], photos: SheetPhotos = NO_PHOTOS, *,
    faults: Mapping[str, str] | None = None, said: str = "", more: int = 0, status: int = 200,
) -> Response:  # fmt: skip
    by = context.caller()
    with context.database().reading() as reading:
        filling = fill_in(reading, name, form, by)
        questions = questions_of(filling)
        keys = {each.saves: key_of(each.path) for each in questions if each.saves}
        told = {keys.get(key, key): message for key, message in (faults or {}).items()}
        inputs = sheet_inputs.drawn(filling.filled, questions, told)
        asked = {each.key for each in inputs}
        values = {
            "page": page,
            "type": filling.type,
            "form": filling.sheet,
            "inputs": inputs,
            "kept": [*_kept(form, asked), *photos.beside(asked, by.name)],
            "photos": photos.shown(by.name),
            "areas": [] if asks_area(filling.sheet) else areas_of(reading, by),
            "area": form.get(sheet_inputs.PREFIX + AREA, ""),
            "area_fault": told.get(AREA, ""),
            "faults": _summary(inputs, told),
            "said": said,
            "more": more,
            "seen": " ".join(each.key for each in inputs),
            "opened": filling.opened,
            "change_id": acting.read_uuid(form.get("change", "")) or str(uuid4()),
            "is_report": page.back == "/",
        }
        return layout.show(reading, "ledgers/new.html", page.here, values, status)


def _summary(inputs: list[sheet_inputs.Drawn], faults: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return what is wrong: the input that it is about, what that is called, and the message."""
    labels = {each.key: (each.id, each.label) for each in inputs}
    return [(*labels.get(key, ("q-area" if key == AREA else "main", "")), message) for key, message in faults.items()]


def _kept(form: MultiDict[str, str], asked: set[str]) -> list[tuple[str, str]]:
    """Return what was answered to questions that are not asked now: it comes back where they are asked again."""
    named = ((name, value) for name in form for value in form.getlist(name) if name.startswith(sheet_inputs.PREFIX))
    return [
        (name, value)
        for name, value in named
        if value and name.removeprefix(sheet_inputs.PREFIX) not in asked | {AREA} and not name.endswith(".none")
    ]
