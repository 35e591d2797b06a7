"""Fills the form of a new record in from what a page sends, and says what record it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from werkzeug.datastructures import MultiDict

from server.changes.usecases.interactive import CreateRequest
from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.forms.domain import sheets
from server.forms.domain.filled_sheets import FilledSheet
from server.forms.domain.record_types import ACTION, CASE_COLUMNS, LABEL, Kind, RecordType
from server.forms.domain.sheets import Ask, Question, Sheet, key_of
from server.forms.domain.xpath import Unsupported
from server.forms.store import forms
from server.forms.usecases import ledger_forms
from server.grid.domain.areas import UNKNOWN_AREA, code_of
from server.grid.store import areas
from server.office import layout
from server.office.cases import acting
from server.office.ledgers import sheet_inputs
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.phones.usecases import entity_lists
from server.records.domain.relation import home_path
from server.web import context
from sync.changes import CREATING

AREA = "area"
NO_FORM = "“{title}”没有可以在网页上填的登记表单；请在手机上填，或请管理员发布一张。"
ON_A_PHONE = "这张表单有网页不会算的规则（{rule}）；请在手机上填。"


class Filling(NamedTuple):
    """A form as it has been filled in so far. fixed: the question that is answered by the page itself."""

    type: RecordType
    sheet: Sheet
    filled: FilledSheet
    fixed: str
    opened: str


def may_create(by: Actor, type: RecordType) -> bool:
    """Say whether somebody's duties let them bring records of a type into being, somewhere."""
    subject, verb = ("case", "report") if type.kind is Kind.CASE else ("record", "write")
    return bool(rights.scope_for(by, subject, verb).places)


def fill_in(reading: Reading, name: str, form: MultiDict[str, str], by: Actor) -> Filling:
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
        return FilledSheet(sheet, {**answers, **given}, lists, at, layout.form_language())

    try:
        answers = sheet_inputs.answers_in(form, questions, fill({}))
        filled = fill(sheet_inputs.answers_in(form, questions, fill(answers)))
    except Unsupported as rule:
        raise NotFound(ON_A_PHONE.format(rule=rule), type=name) from rule
    return Filling(type, sheet, filled, "" if fixed is None else fixed[0], at.opened)


def questions_of(filling: Filling) -> list[Question]:
    return [each for each in filling.filled.shown() if each.path != filling.fixed]


def not_seen(filling: Filling, form: MultiDict[str, str]) -> set[str]:
    """Return the questions that are asked now and were not on the page: other answers have brought them up."""
    answered = {name.removeprefix(sheet_inputs.PREFIX) for name in form if form.get(name)}
    seen = {*form.get("seen", "").split(), *answered}
    asked = (each for each in questions_of(filling) if each.asked not in (Ask.NOTE, Ask.PHOTO, Ask.FILE))
    return {key_of(each.path) for each in asked} - seen


def request_of(filling: Filling, form: MultiDict[str, str]) -> CreateRequest:
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
        id=acting.read_uuid(form.get("change", "")),
    )


def _area_question(filling: Filling) -> str:
    """Return the key of the question that is answered by a grid; that of the page's own where the form has none."""
    file = f"{entity_lists.AREAS}.csv"
    lists = {id for id, name in filling.sheet.files.items() if name == file}
    asked = (each for each in questions_of(filling) if each.offered is not None and each.offered.instance in lists)
    return next((key_of(each.path) for each in asked), AREA)


def asks_area(sheet: Sheet) -> bool:
    return any(each.saves == AREA for each in sheet.questions)


def areas_of(reading: Reading, by: Actor) -> list[tuple[str, str]]:
    """Return the units that somebody may record in; of one who has a single unit, that."""
    codes = [unit.code for unit in areas.list_units(reading, entity_lists.phone_scope(by))]
    names = areas.full_names(reading, codes)
    return [(code, names[code]) for code in codes]
