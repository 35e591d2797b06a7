"""Gathers what an officer needs to settle a problem: every value with its author, time, distance and photos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from server.changes.store import verdicts
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.instants import Instant
from server.people.domain.actors import Actor
from server.people.store import accounts
from server.problems.domain.settlements import How
from server.problems.store import problems
from server.problems.store.problems import StoredProblem
from server.records.domain import positions
from server.records.domain.positions import Position
from server.records.domain.records import Record, Revision
from server.records.store import records, revisions
from server.records.usecases.disclosing import RecordMask
from server.settlement.usecases import settle
from server.submissions.store import submissions
from server.submissions.store.submissions import StoredSubmission
from server.submissions.usecases import masked_answers
from server.submissions.usecases.masked_answers import ShownFile
from sync import registers
from sync.changes import Change, Verdict
from sync.registers import Head

POSITION = "geometry"
"""Field that says where somebody stood."""


@dataclass(frozen=True, slots=True)
class Value:
    """One of the values that stand beside each other.

    is_shown: people see this one. author: user name; display: as people call them. device: what the phone calls
    itself, else the origin that wrote. made_at: by the device's clock. form: id of the one that was filled in, None for
    none. position: where the author stood, as sent; from_record_m: how far that is from the record's own position.
    photos: of the submission it came in.
    """

    head: Head
    is_shown: bool
    author: str | None
    display: str | None
    device: str
    made_at: Instant | None
    received_at: Instant | None
    submission: str | None
    form: str | None
    position: Position | None
    from_record_m: float | None
    photos: tuple[ShownFile, ...]


@dataclass(frozen=True, slots=True)
class ConflictedField:
    """A field with all its values, oldest version first. apart_m: the farthest that two of their authors stood apart.

    is_open: it is in conflict now; otherwise the values are all that ever stood there while it was.
    """

    name: str
    label: str
    is_open: bool
    values: tuple[Value, ...]
    apart_m: float | None


@dataclass(frozen=True, slots=True)
class ProblemDetails:
    """A problem with all that one needs to settle it.

    ways: how the reader may settle it now. record: what it is about, None when it is not the reader's to see.
    unapplied_change: a change that was kept and not carried out; verdict: on the change that the problem is about.
    """

    problem: StoredProblem
    author_display: str | None
    ways: tuple[How, ...]
    record: Record | None
    fields: tuple[ConflictedField, ...]
    unapplied_change: Change | None
    verdict: Verdict | None


def get(reading: Reading, problem_id: str, by: Actor) -> ProblemDetails:
    """Return the problem as ``by`` sees it. Raises NotFound when it is out of their scope."""
    problem = problems.get(reading, problem_id, by.scope)
    record = _record(reading, problem, by)
    stored = None if problem.change is None else verdicts.find(reading, problem.change)
    unapplied = None if stored is None else verdicts.find_unapplied(reading, stored.id)
    named = accounts.display_names(reading, [problem.author] if problem.author else [])
    return ProblemDetails(
        problem,
        named.get(problem.author or ""),
        settle.ways_for(reading, problem, by),
        record,
        () if record is None or not problem.fields else _fields(reading, problem, record, by),
        None if unapplied is None else unapplied[1],
        None if stored is None else stored.told if record is None else stored.verdict,
    )


def _record(reading: Reading, problem: StoredProblem, by: Actor) -> Record | None:
    try:
        return None if problem.record is None else records.get(reading, problem.record, by.scope)
    except NotFound:
        return None


def _fields(reading: Reading, problem: StoredProblem, record: Record, by: Actor) -> tuple[ConflictedField, ...]:
    by_field = registers.from_json(record.registers)
    heads: dict[str, list[Head]] = {}
    for name in sorted(problem.fields):
        now = (
            by_field[name].heads
            if name in record.conflicts
            else [Head(**each) for each in problem.detail["fields"][name]]
        )
        heads[name] = sorted(now, key=lambda head: (head.version, head.origin))
    origins = _WriteOrigins(reading, record, {head.version for each in heads.values() for head in each}, by)
    type = forms.catalogue(reading).types[record.type]
    return tuple(_field(name, type, record, each, origins) for name, each in heads.items())


def _field(name: str, type: RecordType, record: Record, heads: list[Head], origins: _WriteOrigins) -> ConflictedField:
    newest = max(heads, key=lambda head: (head.observed_at, head.origin, head.seq), default=None)
    values = tuple(origins.value(head, is_shown=head == newest) for head in heads)
    places = [value.position for value in values if value.position is not None]
    apart = max((positions.distance_m(one, other) for one, other in combinations(places, 2)), default=None)
    return ConflictedField(name, type.label_of(name), name in record.conflicts, values, apart)


class _WriteOrigins:
    """What the history of a record tells of the writes that made its values."""

    def __init__(self, reading: Reading, record: Record, versions: Iterable[int], by: Actor) -> None:
        self._made = revisions.at_versions(reading, record.id, versions)
        self._named = accounts.display_names(reading, (each.author for each in self._made.values()))
        self._own = positions.read(record.fields.get(POSITION, ""))
        ids = {each.submission for each in self._made.values() if each.submission is not None}
        self._sent = {id: found for id in sorted(ids) if (found := _submission(reading, id, by)) is not None}

    def value(self, head: Head, *, is_shown: bool) -> Value:
        made = self._made.get(head.version)
        if made is None:
            return Value(head, is_shown, None, None, head.origin, None, None, None, None, None, None, ())
        stored, photos = self._sent.get(made.submission or "", (None, ()))
        position = self._position(made)
        return Value(
            head,
            is_shown,
            made.author,
            self._named.get(made.author),
            head.origin if stored is None or stored.device is None else stored.device,
            made.made_at,
            made.received_at,
            None if stored is None else stored.id,
            made.form,
            position,
            None if position is None or self._own is None else positions.distance_m(position, self._own),
            photos,
        )

    def _position(self, made: Revision) -> Position | None:
        write = made.received.get(POSITION)
        return None if write is None else positions.read(write.new)


def _submission(reading: Reading, id: str, by: Actor) -> tuple[StoredSubmission, tuple[ShownFile, ...]] | None:
    """Return a submission with its pictures, each name once; None when it is not the reader's to see."""
    try:
        stored = submissions.get(reading, id, by.scope)
    except NotFound:
        return None
    files = masked_answers.files_of(reading, stored, RecordMask(reading, by))
    served: Mapping[str, ShownFile] = {each.file.name: each for each in reversed(files)}
    return stored, tuple(served[name] for name in sorted(served) if served[name].file.is_picture)
