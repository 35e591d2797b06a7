"""Keeps code lists as dated data, so that a rule that changes is a row and never a release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from server.db.transactions import Reading, Transaction
from server.forms.domain.choices import Choices, CodeList, Span
from server.forms.domain.record_types import Field, RecordType
from server.instants import local_day

_ALWAYS = (Span("", ""),)


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a list, valid from the local day ``active_from`` to ``active_to``, both inclusive; empty is open.

    label: Chinese; label_en: English. extra: the list's own columns, such as ``spot_ok``.
    """

    list: str
    code: str
    label: str
    label_en: str
    active_from: str
    active_to: str
    extra: Mapping[str, str]

    def is_active(self, day: str) -> bool:
        """Return whether the code may be chosen anew on the local ``day`` (``YYYY-MM-DD``)."""
        return self.active_from <= day and (not self.active_to or day <= self.active_to)


def replace_list(tx: Transaction, name: str, codes: Iterable[Code]) -> None:
    """Put ``codes`` in the place of the list ``name``; codes that the history names must stay, retired."""
    tx.sql.put("DELETE FROM code WHERE list = :list", {"list": name})
    tx.sql.run_each(
        """
        INSERT INTO code (list, code, label, label_en, active_from, active_to, extra, position)
        VALUES (:list, :code, :label, :label_en, :active_from, :active_to, :extra, :position)
        ON CONFLICT (list, code, active_from) DO NOTHING
        """,
        [
            {
                "list": name,
                "code": code.code,
                "label": code.label,
                "label_en": code.label_en,
                "active_from": code.active_from,
                "active_to": code.active_to,
                "extra": orjson.dumps(dict(code.extra)).decode(),
                "position": position,
            }
            for position, code in enumerate(codes)
        ],
    )
    tx.configuration_changed()


def of_list(reading: Reading, name: str) -> Mapping[str, tuple[Code, ...]]:
    """Return every code of a list with all of its dated rows, oldest first; cached."""
    return reading.cached(("codes", name), lambda fresh: _of_list(fresh, name))


def list_all(reading: Reading) -> list[Code]:
    """Return the row of every code of every list that holds today, else its newest one, by list and position."""
    names = reading.sql.rows("SELECT list, code, MIN(position) AS first FROM code GROUP BY list, code")
    ordered = sorted(names, key=lambda row: (row["list"], row["first"], row["code"]))
    found = (current(reading, row["list"], row["code"]) for row in ordered)
    return [code for code in found if code is not None]


def current(reading: Reading, name: str, code: str) -> Code | None:
    """Return the row of ``code`` that holds today, else its newest one (a retired code keeps its meaning)."""
    rows = of_list(reading, name).get(code, ())
    today = local_day(reading.now)
    holding = [row for row in rows if row.is_active(today)]
    return next(reversed(holding or list(rows)), None)


def choices_of(reading: Reading, type: RecordType) -> Mapping[str, Choices]:
    """Return the codes that each field of ``type`` may hold, by name; fields that take anything are left out.

    They are those of its forms and those of the code lists that its questions choose from. A field that chooses from a
    list which is no code list (places, people, records) takes anything: such a list is another one for everybody, and
    from one day to the next.
    """
    found = {name: _choices(reading, field) for name, field in type.fields.items()}
    return {name: choices for name, choices in found.items() if choices is not None}


def _choices(reading: Reading, field: Field) -> Choices | None:
    options = field.options
    if options is None:
        return None
    spans: dict[str, tuple[Span, ...]] = dict.fromkeys(options.retired, ())
    for each in options.lists:
        held = _spans(reading, each)
        if not held:
            return None
        for code, days in held.items():
            spans[code] = (*spans.get(code, ()), *days)
    spans |= dict.fromkeys(options.codes, _ALWAYS)
    return Choices(spans, field.set_valued)


def _spans(reading: Reading, source: CodeList) -> Mapping[str, tuple[Span, ...]]:
    """Return the codes in one column of a code list with the days on which each holds; nothing when there is none."""
    found: dict[str, tuple[Span, ...]] = {}
    for rows in of_list(reading, source.name).values():
        for row in rows:
            value = row.code if source.column == "name" else row.extra.get(source.column, "")
            found[value] = (*found.get(value, ()), Span(row.active_from, row.active_to))
    return found


def _of_list(reading: Reading, name: str) -> Mapping[str, tuple[Code, ...]]:
    rows = reading.sql.each(
        """
        SELECT list, code, label, label_en, active_from, active_to, extra
          FROM code
         WHERE list = :list
         ORDER BY active_from, position
        """,
        {"list": name},
    )
    codes: dict[str, tuple[Code, ...]] = {}
    for row in rows:
        code = Code(**(row | {"extra": orjson.loads(row["extra"])}))
        codes[code.code] = (*codes.get(code.code, ()), code)
    return codes
