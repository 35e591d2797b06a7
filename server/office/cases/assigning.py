"""Makes the form by which a case is assigned: who is suggested, why, what they have in hand already, until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from server.cases.usecases import suggesting
from server.cases.usecases.suggesting import DEPARTMENTS, SuggestedDue, SuggestedHandler
from server.db.transactions import Reading
from server.office import labels
from server.office.cases.act_forms import Choice, Sent
from server.office.cases.case_rows import ITEMS
from server.people.domain.actors import Actor
from server.records.domain.records import Record

ACTION, ASSIGNEE, OTHER = "assign", "assignee", "other"
"""``other`` is the list of all handlers below those who are suggested: whoever is chosen there gets the case."""


class AssignForm(NamedTuple):
    """What the form shows. chosen: mark of the handler; due_on, note: as they stand in it.

    others: all that are not suggested. unreached: who should handle it by the rule and cannot be chosen. chips: days
    from now, each with the day that it names. faults: by input.
    """

    suggested: tuple[SuggestedHandler, ...]
    others: tuple[Choice, ...]
    unreached: str
    chosen: str
    due_on: str
    due: SuggestedDue
    chips: Mapping[int, str]
    note: str
    faults: Mapping[str, str]


def form_of(reading: Reading, record: Record, by: Actor, sent: Sent) -> AssignForm:
    """Return the form for a case, filled in with what is suggested, or with what was ``sent`` and not carried out."""
    found = suggesting.suggest(reading, record, by)
    marks = [each.candidate.mark for each in found.handlers]
    others = tuple(Choice(mark, label) for mark, label in labels.handlers(reading, by).items() if mark not in marks)
    words = labels.in_english(reading, ITEMS) | labels.in_english(reading, DEPARTMENTS)
    said = sent.fields if sent.action == ACTION else {ASSIGNEE: next(iter(marks), ""), "due_on": found.due.day}
    return AssignForm(
        suggested=tuple(
            each._replace(said={name: words.get(word, word) for name, word in each.said.items()})
            for each in found.handlers
        ),
        others=others,
        unreached=words.get(found.unreached, found.unreached),
        chosen=said.get(ASSIGNEE, ""),
        due_on=said.get("due_on", ""),
        due=found.due,
        chips=found.days,
        note=said.get("note", ""),
        faults=sent.faults if sent.action == ACTION else {},
    )


def with_handler(form: Mapping[str, str]) -> dict[str, str]:
    """Return a form that was sent with the handler whom it names, from whichever list they were chosen."""
    return {**form, ASSIGNEE: form.get(OTHER) or form.get(ASSIGNEE, "")}
