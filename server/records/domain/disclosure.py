"""Who is shown the personal data of a record: whoever may write it, or they would save its mask back as an edit.

One rule decides what the API lets somebody correct and what every door shows them (``domain.md`` section 3.2).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Set
from dataclasses import dataclass, replace
from functools import lru_cache

from server import instants
from server.forms.domain import personal
from server.forms.domain.personal import Personal
from server.forms.domain.record_types import LABEL, Kind, RecordType
from server.grid.domain.areas import Place, path_of
from server.grid.domain.scope import Scope
from server.instants import BEGINNING, FOREVER
from server.people.domain import rights
from server.people.domain.actors import Actor, Duty, Role
from server.people.domain.rights import NOWHERE, Grant, Mark

CASE, RECORD = "case", "record"
ACTIONS = {CASE: "edit", RECORD: "write"}
"""The rights by which somebody writes a field, of a case and of any other record: their subjects and actions."""


def subject_of(kind: Kind) -> str:
    """Return under which subject of the rights records of a kind are written: ``case`` or ``record``."""
    return CASE if kind is Kind.CASE else RECORD


def deciding_grants(
    by: Actor, subject: str, path: str, *, is_author: bool, is_given: bool, vacant: Set[str] = NOWHERE
) -> tuple[list[Grant], list[Grant]]:
    """Return the rights of ``by`` to write a record at ``path``, and those of them that hold for this very one.

    subject: ``case`` or ``record``. is_author: they brought it in. is_given: it is given to them or to their body.
    vacant: as for ``rights.allows``.
    """
    granted = rights.grants(by, subject, ACTIONS[subject], path, vacant=vacant)
    if is_author or is_given:
        granted += rights.grants_anywhere(by, subject, ACTIONS[subject])
    decisive = [grant for grant in granted if grant.mark is not Mark.PROPOSE]
    return decisive, [
        grant for grant in decisive if not grant.limits or is_author or (is_given and "own" in grant.limits)
    ]


@dataclass(frozen=True, slots=True)
class Sight:
    """Where somebody sees personal data whole; equal for whoever sees the same.

    person: user name; roles: of theirs; both left out for whoever sees all whole. hidden: subjects of which not all of
    it is whole. whole: of each of these the part of the grid where it is; beyond it theirs is what they brought in or
    what is given to them, as their roles say.
    """

    person: str = ""
    roles: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    whole: tuple[Scope, ...] = ()

    def hidden_at(self, path: str) -> tuple[str, ...]:
        """Return the subjects whose personal data is masked at ``path``."""
        return tuple(subject for subject, scope in zip(self.hidden, self.whole, strict=True) if not scope.covers(path))


WHOLE = Sight()
"""Of whoever may write all that they see."""


def sight_of(by: Actor, vacant: frozenset[str] = frozenset()) -> Sight:
    """Return where ``by`` sees personal data whole. vacant: villages in which a town stands in for the officer."""
    return _sight_on(by.name, by.current, instants.local_day(by.at), vacant)


@lru_cache(maxsize=4_096)  # asked in every request for a list, and duties seldom change
def _sight_on(name: str, duties: tuple[Duty, ...], day: str, vacant: frozenset[str]) -> Sight:
    lasting = tuple(replace(duty, starts_at=BEGINNING, ends_at=FOREVER) for duty in duties)
    by = Actor(name, name, instants.text(instants.parse(day)), lasting)
    found = {}
    for subject in ACTIONS:
        writing = [duty for duty in by.current if _writes(by, subject, duty.place.path)]
        if len(writing) < len(by.current) or not writing:
            places = [place for duty in writing for place in duty.places]
            places += [Place(path) for path in sorted(vacant) if _writes(by, subject, path, vacant)]
            found[subject] = Scope(tuple(places), tuple(path for duty in writing for path in duty.exact_paths))
    return Sight(name, tuple(sorted(by.roles)), tuple(found), tuple(found.values())) if found else WHOLE


def _writes(by: Actor, subject: str, path: str, vacant: Set[str] = NOWHERE) -> bool:
    grants = rights.grants(by, subject, ACTIONS[subject], path, vacant=vacant)
    return any(not grant.limits and grant.mark is not Mark.PROPOSE for grant in grants)


def stands_in(by: Actor) -> tuple[Place, ...]:
    """Return the towns for which ``by`` stands in where a village has no officer."""
    return tuple(duty.place for duty in by.current if duty.role is Role.TOWN_STATION)


class Disclosure:
    """What one caller is shown of personal data; records that are alike in what decides it are judged once."""

    def __init__(self, by: Actor, vacant: frozenset[str] = frozenset()) -> None:
        self.sight = sight_of(by, vacant)
        self.vacant = vacant
        self._by = by
        self._marks = frozenset(by.scope.assignees)
        self._judged: dict[Hashable, bool] = {}

    def is_whole(self, kind: Kind, area: str, author: str, assignee: str | None) -> bool:
        """Say whether the caller is shown all of a record. area: its code. author, assignee: as stored."""
        subject = subject_of(kind)
        if subject not in self.sight.hidden:
            return True
        is_author, is_given = author == self._by.name, assignee in self._marks
        key = (subject, area, is_author, is_given)
        if key not in self._judged:
            self._judged[key] = self._judge(subject, path_of(area), is_author, is_given)
        return self._judged[key]

    def _judge(self, subject: str, path: str, is_author: bool, is_given: bool) -> bool:
        by = self._by
        _, holding = deciding_grants(by, subject, path, is_author=is_author, is_given=is_given, vacant=self.vacant)
        if holding:
            return True
        # Beyond their own places they see what they once had to do: as whoever does this work sees it.
        anywhere = rights.grants_anywhere(by, subject, ACTIONS[subject])
        return not any(duty.covers(path) for duty in by.current) and any(
            not grant.limits and grant.mark is not Mark.PROPOSE for grant in anywhere
        )


Kinds = Collection[Personal] | None
"""Kinds of personal fields that are masked; None for all of them."""


def masked_value(type: RecordType, name: str, value: str, kinds: Kinds = None) -> str:
    """Return what of a field's value may be seen by who may not write it; a field that nobody declared is free text."""
    kind = type.personal.get(name)
    if kind is not None:
        return personal.masked(value, kind) if kinds is None or kind in kinds else value
    return value if name in type.unwritten else personal.without_numbers(value)


def masked_fields(type: RecordType, fields: Mapping[str, str], kinds: Kinds = None) -> dict[str, str]:
    """Return fields as an officer sees them who may not write them: ``138****0201``, ``张**``."""
    return {name: masked_value(type, name, value, kinds) for name, value in fields.items()}


def fields_left(type: RecordType, fields: Mapping[str, str]) -> dict[str, str]:
    """Return fields as a phone or field client holds them: without personal ones, since a form could save a mask."""
    return {name: masked_value(type, name, value) for name, value in fields.items() if name not in type.personal}


def names_in(type: RecordType, *held: Mapping[str, str | None], kinds: Kinds = None) -> dict[str, str]:
    """Return what the personal fields of records hold, each value with its mask, the longest first.

    held: fields of one record, of several versions of it too. Labels and notes are made of such values.
    """
    found = {
        value.strip(): personal.masked(value, kind)
        for fields in held
        for name, kind in type.personal.items()
        if (kinds is None or kind in kinds) and (value := fields.get(name)) and len(value.strip()) >= _SHORT
    }
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


_SHORT = 2
"""Characters of a value from which on it is looked for in a text."""


def masked_text(text: str, names: Mapping[str, str]) -> str:
    """Return a label or a note with the numbers in it masked, and with ``names`` of ``names_in``."""
    for value, mask in names.items():
        text = text.replace(value, mask)
    return personal.without_numbers(text)


def mask_of(type: RecordType, name: str, value: str, names: Mapping[str, str]) -> str:
    """Return the mask of one entry of a record's fields, its label among them. names: for the label."""
    return masked_text(value, names) if name in _TOLD else masked_value(type, name, value)


_TOLD = frozenset({LABEL, "office_note"})
