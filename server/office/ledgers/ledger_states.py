"""States of a ledger's records: which fields are one, how each of their codes is shown, how many records have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from server.db.transactions import Reading
from server.forms.domain.record_types import RecordType
from server.forms.usecases import choice_labels, ledger_forms
from server.office.layout import form_language

TONES = {
    "good": ("green", "check"),
    "fair": ("amber", "info"),
    "bad": ("red", "problems"),
    "neutral": ("grey", "pause"),
}
"""How a tone of a code list is shown: its colour, and the icon that says the same without colour."""


class State(NamedTuple):
    """A state as a mark of colour, icon and word. field: what it is a state of."""

    field: str
    word: str
    colour: str
    icon: str


def states_of(
    reading: Reading, type: RecordType, fields: Mapping[str, str], titles: Mapping[str, str]
) -> dict[str, State]:
    """Return the states that a record has, by field. fields: its values; titles: what its fields are called."""
    return {
        name: state(reading, type, name, fields[name], titles)
        for name in ledger_forms.state_fields(reading, type)
        if fields.get(name)
    }


def state(reading: Reading, type: RecordType, name: str, code: str, titles: Mapping[str, str]) -> State:
    """Return how one code of a field that says a state is shown; one that no list knows has no colour."""
    labels = choice_labels.of_type(reading, type.name, form_language())[name]
    colour, icon = TONES.get(labels.tones.get(code, ""), TONES["neutral"])
    return State(titles[name], labels.known.get(code, code), colour, icon)


def first_of(reading: Reading, type: RecordType) -> tuple[str, Mapping[str, str]]:
    """Return the field that says the first state of a ledger, with the tone of each code; both empty without one."""
    name = next(iter(ledger_forms.state_fields(reading, type)), "")
    return name, choice_labels.of_type(reading, type.name, form_language())[name].tones if name else {}


def said(number: int, most: int) -> str:
    """Return a number that is counted as far as ``most``."""
    return f"{most}+" if number > most else str(number)


def codes_of(reading: Reading, type: RecordType, name: str) -> list[str]:
    """Return the codes of a field that says a state, in the order of their list."""
    return list(choice_labels.of_type(reading, type.name, form_language())[name].tones)
