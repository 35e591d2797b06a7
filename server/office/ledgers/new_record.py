"""A new record of a ledger, and the report of a hazard: the form that brings it into being, filled in on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID, uuid4

from flask import Response, request
from werkzeug.datastructures import MultiDict

from server.changes.usecases import interactive
from server.changes.usecases.interactive import CreateRequest
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
    Unavailable,
)
from server.forms.domain import sheets
from server.forms.domain.filled_sheets import FilledSheet
from server.forms.domain.record_types import ACTION, CASE_COLUMNS, LABEL, Kind, RecordType
from server.forms.domain.sheets import Ask, Question, Sheet, key_of
from server.forms.domain.xpath import Unsupported
from server.forms.store import forms
from server.forms.usecases import ledger_forms
from server.grid.domain.areas import UNKNOWN_AREA, code_of
from server.grid.store import areas
from server.office import drafts, layout, pages
from server.office.layout import signed_in
from server.office.ledgers import sheet_inputs
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.phones.usecases import entity_lists
from server.records.domain.relation import home_path
from server.web import context, observability
from server.web.problem_details import set_retry_after, status_of
from sync.changes import CREATING

blueprint = layout.create_blueprint("office-new-record", __name__)

HAZARDS = "hazards"
"""The ledger that a report of a hazard goes into."""

AREA = "area"
SIGNED_IN_AGAIN = "您已重新登录；写的内容还在，看过再提交。"
SENT_BEFORE = "这一页刚才已经提交过一次，没有再办一次；要再登记一条，请重新打开这一页。"
NO_FORM = "“{title}”没有可以在网页上填的登记表单；请在手机上填，或请管理员发布一张。"
ON_A_PHONE = "这张表单有网页不会算的规则（{rule}）；请在手机上填。"


class Page(NamedTuple):
    """Where a form is filled in. address: of its page. here: its place in the rail. back: where one came from."""

    address: str
    here: str
    back: str


class Filling(NamedTuple):
    """A form as it has been filled in so far. fixed: the question that is answered by the page itself."""

    type: RecordType
    sheet: Sheet
    filled: FilledSheet
    fixed: str
    opened: str


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
    return _show(_ledger_page(arguments["type"]), arguments["type"], MultiDict(fields), said=SIGNED_IN_AGAIN)


@drafts.replays("/office/report")
def replay_report(arguments: Mapping[str, str], fields: Mapping[str, str]) -> Response:
    """Show a report again as it was filled in before its author had to sign in."""
    return _show(_report_page(), HAZARDS, MultiDict(fields), said=SIGNED_IN_AGAIN)


def may_create(by: Actor, type: RecordType) -> bool:
    """Say whether somebody's duties let them bring records of a type into being, somewhere."""
    subject, verb = ("case", "report") if type.kind is Kind.CASE else ("record", "write")
    return bool(rights.scope_for(by, subject, verb).places)


def _ledger_page(type: str) -> Page:
    return Page(f"/office/ledgers/{type}/new", layout.LEDGERS.key, f"/office/ledgers/{type}")


def _report_page() -> Page:
    return Page("/office/report", "", "/")


def _take(page: Page, type: str, form: MultiDict[str, str]) -> Response:
    if form.get("look"):
        return _show(page, type, form)
    by = context.caller()
    try:
        with context.database().reading() as reading:
            filling = _filling(reading, type, form, by)
            faults, more = filling.filled.faults(), _not_seen(filling, form)
            new_record = _request(filling, form)
        if more and form.get("seen") is not None:
            return _show(page, type, form, faults={} if set(faults) <= more else faults, more=len(more), status=422)
        if faults:
            return _show(page, type, form, faults=faults, status=422)
        outcome, _ = context.write(lambda tx: interactive.create(tx, new_record, by=by))
    except Unsupported as rule:
        return _show(page, type, form, said=ON_A_PHONE.format(rule=rule), status=422)
    except (Invalid, NotAllowed, NotFound, IllegalStep, Conflict) as refusal:
        return _refused(page, type, form, refusal)
    except (Unavailable, Busy, ShortOfMemory) as refusal:  # another time; what was typed stays
        observability.log_failure(refusal)
        shown = _refused(page, type, form, refusal)
        set_retry_after(refusal, shown)
        return shown
    made = outcome.record
    if made is None:
        raise LookupError(outcome.id)
    is_case = made.kind is Kind.CASE
    return pages.see_other(f"/office/cases/{made.id}" if is_case else f"/office/ledgers/{type}/{made.id}?done=created")


def _refused(page: Page, type: str, form: MultiDict[str, str], refusal: Refusal) -> Response:
    found = refusal.data.get("errors")
    errors = found if isinstance(found, list) else []
    faults = {str(each["field"]).removeprefix("fields."): str(each["message"]) for each in errors}
    is_repeated = isinstance(refusal, Conflict) and "id" in refusal.data
    said = SENT_BEFORE if is_repeated else refusal.message
    return _show(page, type, form, faults=faults, said=said, status=status_of(refusal))


def _filling(reading: Reading, name: str, form: MultiDict[str, str], by: Actor) -> Filling:
    """Return the form as it has been filled in. Raises NotFound (no such ledger, no form), NotAllowed, Invalid."""
    type = forms.catalogue(reading).types.get(name)
    if type is None:
        raise NotFound("没有这个台账。", type=name)
    if not may_create(by, type):
        rights.require(by, *(("case", "report") if type.kind is Kind.CASE else ("record", "write")), "-")
    form_layout = ledger_forms.layout(reading, type)
    sheet = form_layout.sheet
    if sheet is None or not form_layout.creates or sheet.repeats:
        raise NotFound(NO_FORM.format(title=type.title), type=name)
    fixed = sheets.creating_answer(sheet)
    given = {} if fixed is None else {key_of(fixed[0]): fixed[1]}
    lists = sheet_inputs.lists_of(reading, sheet.form_id, by)
    opened = form.get("opened", "")
    at = sheet_inputs.moment(reading, opened)
    questions = [(key_of(each.path), each) for each in sheet.questions if each.asked is not None]

    def fill(answers: Mapping[str, str]) -> FilledSheet:
        return FilledSheet(sheet, {**answers, **given}, lists, at, sheet_inputs.language())

    try:
        answers = sheet_inputs.answers_in(form, questions, fill({}))
        sheet_inputs.require_storable(answers)
        filled = fill(sheet_inputs.answers_in(form, questions, fill(answers)))
    except Unsupported as rule:
        raise NotFound(ON_A_PHONE.format(rule=rule), type=name) from rule
    return Filling(type, sheet, filled, "" if fixed is None else fixed[0], at.opened)


def _questions(filling: Filling) -> list[Question]:
    return [each for each in filling.filled.shown() if each.path != filling.fixed]


def _not_seen(filling: Filling, form: MultiDict[str, str]) -> set[str]:
    """Return the questions that are asked now and were not on the page: other answers have brought them up."""
    answered = {name.removeprefix(sheet_inputs.PREFIX) for name in form if form.get(name)}
    seen = {*form.get("seen", "").split(), *answered}
    asked = (each for each in _questions(filling) if each.asked not in (Ask.NOTE, Ask.FILE))
    return {key_of(each.path) for each in asked} - seen


def _request(filling: Filling, form: MultiDict[str, str]) -> CreateRequest:
    """Return what the filled-in form asks for. Raises Invalid where its answers make no record, or say no place."""
    filled, type = filling.filled, filling.type
    saved = filled.saved()
    area = saved.pop(AREA, "") or form.get(sheet_inputs.PREFIX + AREA, "").strip()
    if area == UNKNOWN_AREA[0]:  # as from a phone: the narrowest area that holds all that its author is there for
        area = code_of(home_path(context.caller()) or "")
    action = saved.pop(ACTION, "") if type.kind is Kind.CASE else ""
    if type.kind is Kind.CASE:
        saved = {name: value for name, value in saved.items() if name not in CASE_COLUMNS}
    if not filled.faults():
        if not filled.creates():
            raise Invalid("按这些回答，这张表单不登记新的记录；请核对。", errors=[])
        if not area:
            where = _area_question(filling)
            raise Invalid("请写明网格。", errors=[{"field": where, "message": "请选一个网格"}])
    birth = "report" if type.kind is Kind.CASE else "create"
    return CreateRequest(
        action=action if action in CREATING else birth,
        type=type.name,
        fields={**saved, LABEL: filled.name().strip()},
        area=area or None,
        id=_uuid(form.get("change", "")),
    )


def _area_question(filling: Filling) -> str:
    """Return the key of the question that is answered by a grid; that of the page's own where the form has none."""
    file = f"{entity_lists.AREAS}.csv"
    lists = {id for id, name in filling.sheet.files.items() if name == file}
    asked = (each for each in _questions(filling) if each.offered is not None and each.offered.instance in lists)
    return next((key_of(each.path) for each in asked), AREA)


def _asks_area(sheet: Sheet) -> bool:
    return any(each.saves == AREA for each in sheet.questions)


def _show(
    page: Page, name: str, form: MultiDict[str, str], *, faults: Mapping[str, str] | None = None, said: str = "",
    more: int = 0, status: int = 200,
) -> Response:  # fmt: skip
    by = context.caller()
    with context.database().reading() as reading:
        filling = _filling(reading, name, form, by)
        questions = _questions(filling)
        keys = {each.saves: key_of(each.path) for each in questions if each.saves}
        told = {keys.get(key, key): message for key, message in (faults or {}).items()}
        inputs = sheet_inputs.drawn(filling.filled, questions, told)
        values = {
            "page": page,
            "type": filling.type,
            "form": filling.sheet,
            "inputs": inputs,
            "kept": _kept(form, {each.key for each in inputs}),
            "areas": [] if _asks_area(filling.sheet) else _areas(reading, by),
            "area": form.get(sheet_inputs.PREFIX + AREA, ""),
            "area_fault": told.get(AREA, ""),
            "faults": _summary(inputs, told),
            "said": said,
            "more": more,
            "seen": " ".join(each.key for each in inputs),
            "opened": filling.opened,
            "change_id": _uuid(form.get("change", "")) or str(uuid4()),
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


def _areas(reading: Reading, by: Actor) -> list[tuple[str, str]]:
    """Return the units that somebody may record in; of one who has a single unit, that."""
    codes = [unit.code for unit in areas.list_units(reading, entity_lists.phone_scope(by))]
    names = areas.full_names(reading, codes)
    return [(code, names[code]) for code in codes]


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
