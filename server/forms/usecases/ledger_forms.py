"""Says which form writes which field of a ledger, which one brings its records into being, and how pages ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from server.db.transactions import Reading
from server.forms.domain.outline import Language
from server.forms.domain.record_types import RecordType
from server.forms.domain.sheets import Ask, Group, Question, Sheet
from server.forms.store import forms
from server.forms.store.forms import Form, State
from server.forms.usecases import choice_labels
from server.forms.usecases.xform.sheet_reader import read_sheet

_LOOKED_UP = re.compile(r"instance\(\s*'[^']*'\s*\)[^,)]*")
_STRINGS = re.compile(r"'[^']*'|\"[^\"]*\"")
_PATH = re.compile(r"/[\w./:\-]+")


class Writer(NamedTuple):
    """A form that writes a field. creates: it brings records of the ledger into being."""

    form_id: str
    title: str
    creates: bool


class LedgerField(NamedTuple):
    """A field of a ledger as pages order it. question: by which the main form asks it, None where it does not.

    groups: around that question, the outermost first. writers: of the forms in use.
    """

    name: str
    question: Question | None
    groups: tuple[Group, ...]
    writers: tuple[Writer, ...]


class LedgerForm(NamedTuple):
    """How a ledger is laid out. sheet: of its main form, None where no form in use saves to it. creates: whether the
    main form may bring a record into being.
    """

    sheet: Sheet | None
    creates: bool
    fields: tuple[LedgerField, ...]

    @property
    def by_name(self) -> Mapping[str, LedgerField]:
        return {each.name: each for each in self.fields}


def writers(reading: Reading, type: RecordType) -> Mapping[str, tuple[Writer, ...]]:
    """Return the forms in use that write each field of a record type, by its name; nobody writes those without any."""
    found: dict[str, dict[Writer, None]] = {name: {} for name in type.fields}
    for form in _in_use(reading):
        for entity in form.current.definition.entities:
            if entity.dataset != type.name:
                continue
            for field in entity.properties.values():
                if field.name in found:
                    found[field.name][Writer(form.id, form.title, entity.creates)] = None
    return {name: tuple(listed) for name, listed in found.items()}


def sheet_of(reading: Reading, form: Form) -> Sheet:
    """Return the version of a form that phones are given, as a page shows it; cached."""
    return reading.cached(
        ("sheet", form.id, form.version), lambda fresh: read_sheet(forms.xml(fresh, form.id, form.version))
    )


def layout(reading: Reading, type: RecordType) -> LedgerForm:
    """Return how pages lay a ledger out: the fields that its main form asks, in its order, then all others; cached."""
    return reading.cached(("ledger layout", type.name), lambda fresh: _layout(fresh, type))


def state_fields(reading: Reading, type: RecordType) -> tuple[str, ...]:
    """Return the fields that say a state, in the order of ``layout``: one code of a list whose codes have tones."""
    known = choice_labels.of_type(reading, type.name, Language.CHINESE)
    named = (each.name for each in layout(reading, type).fields)
    return tuple(
        name
        for name in named
        if name in known and known[name].tones and not type.fields[name].set_valued and name not in type.personal
    )


def _layout(reading: Reading, type: RecordType) -> LedgerForm:
    main = _main_form(reading, type)
    written = writers(reading, type)
    kept = [name for name in type.fields if name not in type.claims]  # where a record lies it says by itself
    if main is None:
        return LedgerForm(None, False, tuple(LedgerField(name, None, (), written[name]) for name in kept))
    sheet = sheet_of(reading, main)
    asked: dict[str, Question] = {}
    for saving in sheet.questions:
        if saving.saves in kept:
            question = saving if saving.asked is not None else _handed_on(sheet, saving)
            if question is not None and question.asked is not Ask.NOTE:
                asked.setdefault(saving.saves, question)
    order = {each.path: number for number, each in enumerate(sheet.questions)}
    names = sorted(asked, key=lambda name: order[asked[name].path])
    fields = [LedgerField(name, asked[name], sheet.groups_of(asked[name].path), written[name]) for name in names]
    fields += [LedgerField(name, None, (), written[name]) for name in kept if name not in asked]
    return LedgerForm(sheet, sheet.creates is not None, tuple(fields))


def _main_form(reading: Reading, type: RecordType) -> Form | None:
    """Return the form by which the ledger is mostly filled in: one that creates, the newest of those."""
    found = [
        (entity.creates, form.current.published_at, form)
        for form in _in_use(reading)
        for entity in form.current.definition.entities
        if entity.dataset == type.name and not entity.container and not form.current.definition.encrypted
    ]
    return max(found, key=lambda each: each[:2])[2] if found else None


def _in_use(reading: Reading) -> Iterator[Form]:
    for form in forms.catalogue(reading).forms.values():
        if form.draft is None and form.state is not State.CLOSED:
            yield form


def _handed_on(sheet: Sheet, saving: Question) -> Question | None:
    """Return the one question whose answer a calculation hands on as it stands, or not at all; None for any other."""
    bare = _STRINGS.sub("''", _LOOKED_UP.sub("''", saving.calculate))
    if re.search(r"\b(?!if\b|once\b|not\b|and\b|or\b)[a-z][\w-]*\s*\(|[+*]|\bdiv\b|\bmod\b", bare):
        return None
    results = [path for part in re.split(r",", bare)[1:] or [bare] for path in _PATH.findall(part)]
    asked = {each.path: each for each in sheet.questions if each.asked is not None}
    found = dict.fromkeys(path for path in results if path in asked)
    kinds = {saving.type} | {asked[path].type for path in found}
    return asked[next(iter(found))] if len(found) == 1 and len(kinds) == 1 else None
