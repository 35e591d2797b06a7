"""Reads what an address asks of a ledger: filters by codes of its fields, words, area, and the columns to show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.record_types import RecordType
from server.forms.domain.sheets import Ask
from server.forms.usecases import choice_labels, ledger_forms
from server.grid.domain.areas import Area
from server.office import layout, shown_fields
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.records.store.type_lists import TypeFilters

FIELDS_SHOWN, FILTERS_SHOWN, CODES_MOST = 8, 5, 60
Q_CHARS_MAX = 100
FIELD = "f."
"""Before the name of a field in an address, so that a field may be called like a filter of ours."""

NAMES = ("area", "conflict", "q", "cursor", "col")
_UNLISTED = frozenset({"geopoint", "geotrace", "geoshape", "binary"})


class CodeFilter(NamedTuple):
    """A filter by the codes of a field. chosen: one of them, empty for all."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...]
    chosen: str


class Asked(NamedTuple):
    """What an address asks of a ledger. ignored: what of it nobody knows. columns: names of fields."""

    type: RecordType
    area: Area | None
    conflict: bool
    q: str
    codes: Mapping[str, str]
    columns: tuple[str, ...]
    picked: bool
    before: int | None
    ignored: tuple[str, ...]

    def address(self, ending: str = "", **other: str) -> str:
        """Return the address of the same list but for ``other``; an empty value leaves a filter out."""
        said = {
            "area": "" if self.area is None else self.area.code,
            "conflict": "1" if self.conflict else "",
            "q": self.q,
            **{FIELD + name: code for name, code in self.codes.items()},
            **other,
        }
        pairs = [(name, value) for name, value in said.items() if value]
        pairs += [("col", name) for name in self.columns] if self.picked else []
        return f"/office/ledgers/{self.type.name}{ending}" + (f"?{urlencode(pairs)}" if pairs else "")

    @property
    def is_filtered(self) -> bool:
        return bool(self.area or self.conflict or self.q or self.codes)

    def filters(self) -> TypeFilters:
        fields = self.type.fields
        return TypeFilters(
            type=self.type.name,
            place=None if self.area is None else self.area.place,
            conflict=self.conflict,
            codes=self.codes,
            several=frozenset(name for name in self.codes if fields[name].set_valued),
            q=self.q,
            texts=tuple(name for name, field in fields.items() if field.type == "string" and field.options is None),
        )


def filters_of(reading: Reading, type: RecordType, said: Mapping[str, str]) -> list[CodeFilter]:
    """Return the filters that a ledger has: of its fields with codes, in form order, those in the address besides."""
    labels, titles = (
        choice_labels.of_type(reading, type.name, layout.form_language()),
        shown_fields.titles_of(reading, type),
    )
    found: list[CodeFilter] = []
    for field in _ordered(reading, type):
        known = labels.get(field.name)
        # What is masked to some is no filter for anybody: who filters learns what stands there.
        if known is None or known.list is not None or field.name in type.personal:
            continue
        choices = tuple((code, label) for code, label in known.known.items() if code)
        if 1 < len(choices) <= CODES_MOST and (len(found) < FILTERS_SHOWN or FIELD + field.name in said):
            found.append(CodeFilter(field.name, titles[field.name], choices, ""))
    return found


def asked_of(
    reading: Reading, type: RecordType, said: MultiDict[str, str], by: Actor, filters: Iterable[CodeFilter]
) -> Asked:
    known = {FIELD + each.name: {code for code, _ in each.choices} for each in filters}
    ignored = [name for name in said if name not in NAMES and name not in known]
    codes = {}
    for name, code in ((name, said[name]) for name in said if name in known and said[name]):
        if code in known[name]:
            codes[name.removeprefix(FIELD)] = code
        else:
            ignored.append(code)
    area = None
    if code := said.get("area", ""):
        try:
            area = visibility.get_visible(reading, code, by)
        except NotFound:
            ignored.append(code)
    wanted = said.getlist("col")
    ignored += [name for name in wanted if name not in type.fields]
    columns_shown, cursor = _columns(reading, type, wanted), said.get("cursor", "")
    return Asked(
        type,
        area,
        said.get("conflict") == "1",
        said.get("q", "").strip()[:Q_CHARS_MAX],
        codes,
        columns_shown,
        any(name in type.fields for name in wanted),
        int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) <= 18 else None,
        tuple(each[:50] for each in ignored),
    )


def _columns(reading: Reading, type: RecordType, wanted: list[str]) -> tuple[str, ...]:
    """Return the fields that have a column: those that are wanted, else the first that fit one."""
    ordered = _ordered(reading, type)
    if picked := tuple(each.name for each in ordered if each.name in wanted):
        return picked
    sheet = ledger_forms.layout(reading, type).sheet
    name = "" if sheet is None else sheet.name  # what the record is called stands in the first column as it is
    short = [
        each.name
        for each in ordered
        if type.fields[each.name].type not in _UNLISTED
        and (each.question is None or (each.question.asked is not Ask.LONG and each.question.path != name))
    ]
    return tuple(short[:FIELDS_SHOWN])


def _ordered(reading: Reading, type: RecordType) -> list[ledger_forms.LedgerField]:
    """Return the fields of a ledger in the order of its form, but what says a state first: officers look for that."""
    states = ledger_forms.state_fields(reading, type)
    return sorted(ledger_forms.layout(reading, type).fields, key=lambda each: each.name not in states)
