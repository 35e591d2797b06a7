"""A record's fields as the questions of its form: what each may hold, offers and asks for, with what stands there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from server.db.transactions import Reading
from server.forms.domain import outline, sheets
from server.forms.domain.filled_sheets import Choice, RecordSheet
from server.forms.domain.record_types import RecordType
from server.forms.domain.sheets import Ask, Question, Sheet, key_of
from server.forms.domain.xpath import Unsupported
from server.forms.usecases import ledger_forms
from server.office import layout
from server.office.ledgers import sheet_inputs
from server.people.domain.actors import Actor
from server.records.domain.records import Record

UNASKED = frozenset({Ask.PHOTO, Ask.FILE, Ask.NOTE, Ask.OTHER})

CHOICES_MOST = 60
"""Codes among which a page lets one choose; of a longer list the code is written."""


class RecordForm(NamedTuple):
    """The form of a record. asked: questions by field. fill: makes the sheet of values by field."""

    sheet: Sheet
    asked: Mapping[str, Question]
    fill: Callable[[Mapping[str, str]], RecordSheet]


class Rule(NamedTuple):
    """What a field may hold. text: the form's words, empty for none. choices: its codes; empty where one writes."""

    text: str
    choices: tuple[Choice, ...]


def form_of(
    reading: Reading, record: Record, type: RecordType, by: Actor, *, photos: bool = False
) -> RecordForm | None:
    """Return how the main form of a ledger asks for the fields of a record; None where there is no form.

    photos: with the questions that a photo answers.
    """
    ledger = ledger_forms.layout(reading, type)
    sheet = ledger.sheet
    if sheet is None:
        return None
    unasked = UNASKED - {Ask.PHOTO} if photos else UNASKED
    asked = {
        each.name: each.question
        for each in ledger.fields
        if each.question is not None and each.question.asked not in unasked
    }
    fixed = sheets.creating_answer(sheet)
    at, lists = sheet_inputs.moment(reading), sheet_inputs.lists_of(reading, sheet.form_id, by)
    known = {question.path for question in asked.values()} | {
        each.path for each in sheet.questions if each.saves in type.fields
    }

    def fill(values: Mapping[str, str]) -> RecordSheet:
        given = {key_of(asked[field].path): value for field, value in values.items()}
        given |= {} if fixed is None else {key_of(fixed[0]): fixed[1]}
        held = frozenset(key_of(asked[field].path) for field in asked if record.fields.get(field))
        return RecordSheet(sheet, given, lists, at, layout.form_language(), known=frozenset(known), held=held)

    return RecordForm(sheet, asked, fill)


def standing(form: RecordForm, record: Record) -> dict[str, str]:
    """Return what stands in the fields that a form asks for."""
    return {field: record.fields.get(field, "") for field in form.asked}


def rules_of(reading: Reading, record: Record, type: RecordType, by: Actor) -> dict[str, Rule]:
    """Return what the form says that each field may hold, before anybody writes; nothing of what only a phone knows."""
    form = form_of(reading, record, type, by)
    if form is None:
        return {}
    try:
        filled = form.fill(standing(form, record))
        return {field: _rule(form, filled, question) for field, question in form.asked.items()}
    except Unsupported:
        return {}


def faults_of(
    reading: Reading, record: Record, type: RecordType, by: Actor, values: Mapping[str, str]
) -> dict[str, str]:
    """Return what of ``values`` the form would not take, by field; what only a phone can judge is left to the server.

    values: by field, to be written beside what stands in the others.
    """
    form = form_of(reading, record, type, by)
    if form is None:
        return {}
    own = {field: value for field, value in values.items() if field in form.asked}
    try:
        filled = form.fill({**standing(form, record), **own})
        return {field: wrong for field in own if (wrong := filled.fault(form.asked[field]))}
    except Unsupported:
        return {}


def _rule(form: RecordForm, filled: RecordSheet, question: Question) -> Rule:
    text = outline.text_in(question.constraint_text or {}, layout.form_language(), form.sheet.default)
    choices = tuple(filled.choices(question)) if question.asked is Ask.ONE else ()
    # A text with an answer of the record in it might tell what its reader may not see.
    return Rule("" if "\ue000" in text else text, choices if len(choices) <= CHOICES_MOST else ())
