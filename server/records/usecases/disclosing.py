"""Shows records to one reader: whole to whoever may write them, and with personal data masked to everyone else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any

import orjson

from server import instants
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.domain import personal
from server.forms.domain.personal import NUMBERS
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.people.domain.actors import Actor
from server.people.store import vacancies
from server.records.domain import disclosure
from server.records.domain.disclosure import WHOLE, Disclosure, Sight
from server.records.domain.records import Record, Revision
from server.records.usecases import remembered
from sync.changes import FieldWrite

FieldMask = Callable[[RecordType, Mapping[str, str]], dict[str, str]]


def sight_of(reading: Reading, by: Actor) -> Sight:
    """Return where ``by`` sees personal data whole."""
    return disclosure.sight_of(by, _vacant(reading, by))


def _vacant(reading: Reading, by: Actor) -> frozenset[str]:
    """Return the villages in which ``by`` stands in for an officer; looked up whenever one comes or goes."""
    vacant: frozenset[str] = frozenset()
    for town in disclosure.stands_in(by):
        changes = reading.cached(("vacancies change", town), partial(vacancies.vacancies_change_at, place=town))
        key = ("vacant villages", town, bisect_right(changes, reading.now))
        vacant |= reading.cached(key, partial(vacancies.vacant_villages, place=town))
    return vacant


@dataclass(frozen=True, slots=True)
class Mask:
    """What somebody's lists leave out: part of the name of a bucket, so that whoever holds one holds the same rows.

    declared: tells one set of declared fields from another; empty where nothing is left out.
    """

    sight: Sight = WHOLE
    declared: str = ""

    def name(self, bucket: str) -> str:
        """Return the name of a bucket (``area:<path>``, ``person:…``, ``body:…``) as this reader holds it."""
        if not self.sight.hidden:
            return bucket
        kind, _, path = bucket.partition(":")
        is_area = kind == "area"
        hidden = self.sight.hidden_at(path) if is_area else self.sight.hidden
        return f"{bucket}{_suffix(self, hidden, is_area=is_area)}" if hidden else bucket


def base_of(name: str) -> tuple[str, str]:
    """Return the bucket that a name of ``Mask.name`` is of, and what the mask has added."""
    bucket, sign, mask = name.partition(";")
    return bucket, sign + mask


@lru_cache(maxsize=1_024)
def _suffix(mask: Mask, hidden: tuple[str, ...], *, is_area: bool) -> str:
    sight = mask.sight
    # Which rows are whole follows in an area from the roles; among what is somebody's own also from their places.
    basis = (sight.roles, mask.declared) if is_area else (sight.roles, mask.declared, sight.whole)
    digest = sha256(repr(basis).encode()).hexdigest()[:8]
    return f";masked={'+'.join(hidden)};for={sight.person};{digest}"


def mask_of(reading: Reading, by: Actor) -> Mask:
    """Return what the lists of ``by`` leave out now."""
    sight = sight_of(reading, by)
    return (
        Mask(sight, reading.cached(("personal fields", instants.local_day(reading.now)), _declared))
        if sight.hidden
        else NOTHING
    )


NOTHING = Mask()


def _declared(reading: Reading) -> str:
    types = forms.catalogue(reading).types
    plain = [(name, sorted(type.personal.items()), sorted(type.unwritten)) for name, type in sorted(types.items())]
    return sha256(repr((_PATTERNS, plain)).encode()).hexdigest()[:8]


_PATTERNS = 3
"""To be raised whenever the masks themselves change, so that clients read again what they hold."""


class RecordMask:
    """Shows records, their revisions and what is said of them to one reader."""

    def __init__(self, reading: Reading, by: Actor, *, masks_phones: bool = False) -> None:
        """masks_phones: numbers are masked in every record, whoever may write it."""
        self.masks_phones = masks_phones
        self.disclosure = Disclosure(by, _vacant(reading, by))
        self.may_hide = bool(self.disclosure.sight.hidden)  # asked of every row: a call less for most readers
        self._judged = remembered.hidden_rows(reading, by, self.disclosure.vacant)
        self._types = forms.catalogue(reading).types
        self._known = remembered.masked_rows(reading)

    def type_of(self, name: str | None) -> RecordType | None:
        """Return what forms declare of a type, None where none does."""
        return self._types.get(name or "")

    def hides_row(self, row: Row) -> bool:
        """Say whether a row with ``type``, ``area``, ``author`` and ``assignee`` is not shown whole."""
        if not self.may_hide:
            return False
        deciding = (row["type"], row["area"], row["author"], row["assignee"])
        hidden = self._judged.get(deciding)  # rows of a list have much in common
        if hidden is None:
            kind = self._types[row["type"]].kind
            hidden = not self.disclosure.is_whole(kind, *deciding[1:])
            remembered.keep(self._judged, deciding, hidden)
        return hidden

    def hides(self, record: Record) -> bool:
        """Say whether a record is not shown whole."""
        return not self.disclosure.is_whole(record.kind, record.area, record.author, record.assignee)

    def shows_persons(self, row: Row) -> bool:
        """Say whether a row is shown whole and something stands in its personal fields."""
        return self._names_persons(row) and not self.hides_row(row)

    def _names_persons(self, row: Row) -> bool:
        declared = self._types[row["type"]].personal
        if not declared:
            return False
        key = (row["id"], row["version"])
        names = self._known.names.get(key)
        if names is None:
            fields = orjson.loads(row["fields"])
            names = any(fields.get(name) for name in declared)
            remembered.keep(self._known.names, key, names)
        return names

    def shows_persons_of(self, record: Record) -> bool:
        """Say whether a record is shown whole and something stands in its personal fields."""
        named = (record.fields.get(name) for name in self._types[record.type].personal)
        return any(named) and not self.hides(record)

    def listed(self, shown: dict[str, Any], row: Row, whole: dict[str, str] | None = None) -> dict[str, Any]:
        """Return JSON of a record, made of ``row``, as an officer sees it.

        whole: gets the type, by id, of a record whose personal fields are shown whole.
        """
        if self.may_hide and self.hides_row(row):
            return self._masked(shown, row)
        if whole is not None and self._names_persons(row):
            whole[row["id"]] = row["type"]
        return shown

    def exported(self, row: Row) -> Row:
        """Return a row of a list as a file tells of it; what a file shows of ``fields`` and ``label`` is made of it."""
        hidden = self.hides_row(row)
        if not hidden and not self.masks_phones:
            return row
        type, fields = self._types[row["type"]], orjson.loads(row["fields"])
        kinds = None if hidden else NUMBERS
        label = disclosure.masked_text(row["label"], disclosure.names_in(type, fields, kinds=kinds))
        left = disclosure.masked_fields(type, fields, kinds)
        return {**row, "label": label, "fields": orjson.dumps(left).decode()}

    def text(self, row: Row, text: str) -> str:
        """Return a text about a record as a file tells it."""
        return personal.without_numbers(text) if self.masks_phones or self.hides_row(row) else text

    def told_fields(self, row: Row, names: Sequence[str]) -> dict[str, str]:
        """Return some fields of a row as ``exported`` has them, but for numbers in free texts: ``text`` masks those."""
        type, fields = self._types[row["type"]], orjson.loads(row["fields"])
        found = {name: fields[name] for name in names if name in fields}
        if type.personal.keys().isdisjoint(found) or not (self.masks_phones or self.hides_row(row)):
            return found
        return disclosure.masked_fields(type, found, None if self.hides_row(row) else NUMBERS)

    def text_of(self, record: Record, text: str) -> str:
        """Return a text about a record as ``text`` does."""
        return personal.without_numbers(text) if self.masks_phones or self.hides(record) else text

    def held(self, shown: dict[str, Any], row: Row) -> dict[str, Any]:
        """Return a record, made of ``row``, as a field client holds it: what is masked is not there."""
        hidden = self.may_hide and self.hides_row(row)
        return self._changed(shown, row, disclosure.fields_left) if hidden else shown

    def on_phone(self, row: Row, label: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return what a phone's list has of a row: its label and its values by column, without what is masked.

        A column is left blank, where a mask would be saved back by the form that shows it.
        """
        if not self.may_hide or not self.hides_row(row):
            return label, values
        type = self._types[row["type"]]
        names, fields = (
            disclosure.names_in(type, values),
            {name: values[name] for name in values if name in type.fields},
        )
        told = {"label": label, **{name: values[name] for name in ("office_note",) if values.get(name)}}
        told = _told(told, names)
        left = dict.fromkeys(type.personal, "") | disclosure.fields_left(type, fields)
        return told.pop("label", label), {**values, **left, **told}

    def _masked(self, shown: dict[str, Any], row: Row) -> dict[str, Any]:
        """Put what an officer sees into ``shown``; it depends on the row alone, so that each is masked once."""
        key = (row["type"], row["label"], row["fields"])
        found = self._known.rows.get(key)
        if found is None:
            changed = self._changed({"label": row["label"]}, row, disclosure.masked_fields)
            found = changed["label"], orjson.Fragment(orjson.dumps(changed["fields"]))
            remembered.keep(self._known.rows, key, found)
        shown["label"], shown["fields"] = found
        return shown

    def _changed(self, shown: dict[str, Any], row: Row, of: FieldMask) -> dict[str, Any]:
        type, fields = self._types[row["type"]], orjson.loads(row["fields"])
        return {**shown, **_told(shown, disclosure.names_in(type, fields)), "fields": of(type, fields)}

    def record(self, shown: dict[str, Any], record: Record) -> dict[str, Any]:
        """Return JSON of a record with what belongs to it (``heads``, ``office_note``) as an officer sees it."""
        if not self.hides(record):
            return shown
        type = self._types[record.type]
        heads = {
            name: [{**head, "value": disclosure.masked_value(type, name, head["value"])} for head in listed]
            for name, listed in shown.get("heads", {}).items()
        }
        more = {"heads": heads} if "heads" in shown else {}
        told = _told(shown, disclosure.names_in(type, record.fields))
        return {**shown, **told, **more, "fields": disclosure.masked_fields(type, record.fields)}

    def label(self, record: Record) -> str:
        """Return what a record is called, as an officer sees it."""
        if not self.hides(record):
            return record.label
        names = disclosure.names_in(self._types[record.type], record.fields)
        return disclosure.masked_text(record.label, names)

    def row_label(self, row: Row) -> str:
        """Return what a record is called, as an officer sees it, by its row with ``label`` and ``fields`` too."""
        label: str = row["label"]
        hidden = self.hides_row(row)
        if not hidden and not self.masks_phones:
            return label
        kinds = None if hidden else NUMBERS
        names = disclosure.names_in(self._types[row["type"]], orjson.loads(row["fields"]), kinds=kinds)
        return disclosure.masked_text(label, names)

    @property
    def shown_label(self) -> Callable[[Row], str] | None:
        """Return ``row_label`` for ``record_lists.Filters``, None where the caller sees every label whole."""
        return self.row_label if self.disclosure.sight.hidden else None

    def history(self, record: Record, found: list[Revision]) -> list[Revision]:
        """Return revisions of ``record`` as an officer sees them, what was received with them too."""
        if not self.hides(record):
            return found
        type, names = self._types[record.type], self.names_of(record, found)

        def mask(name: str, value: str | None) -> str | None:
            return None if value is None else disclosure.mask_of(type, name, value, names)

        return [
            replace(
                each,
                diff={name: (mask(name, old), mask(name, new)) for name, (old, new) in each.diff.items()},
                received={
                    name: FieldWrite(mask(name, write.seen), mask(name, write.new) or "")
                    for name, write in each.received.items()
                },
                attachments=tuple(
                    file._replace(name=disclosure.masked_text(file.name, names)) for file in each.attachments
                ),
            )
            for each in found
        ]

    def names_of(self, record: Record, history: Sequence[Revision]) -> dict[str, str]:
        """Return what personal fields of a record hold or ever held, each value with its mask, the longest first."""
        diffs = ({name: pair[at] for name, pair in each.diff.items()} for each in history for at in (0, 1))
        sent = ({name: write.new for name, write in each.received.items()} for each in history)
        return disclosure.names_in(self._types[record.type], record.fields, *diffs, *sent)


def _told(shown: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    return {name: disclosure.masked_text(shown[name], names) for name in ("label", "office_note") if shown.get(name)}
