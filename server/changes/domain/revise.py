"""Turns a record and a change into the next revision: workflow decides the status, merge decides the fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from server import instants
from server.cases.domain import effects, workflow
from server.cases.domain.acts import Act, Known
from server.changes.domain import problem_reports
from server.changes.domain.validation import Sorted, sort, unsound, written
from server.changes.domain.write_context import Asked
from server.forms.domain.record_types import LABEL
from server.problems.domain.problems import Problem, ProblemKind
from server.records.domain.case_facts import Step as CaseStep
from server.records.domain.records import CLOCK_SUSPECT, INVALID_AFTER_MERGE, Record, Revision
from server.records.domain.status import ENDED, Status
from sync import merge, registers
from sync.changes import FieldWrite, Verdict
from sync.created import created
from sync.merge import Merged, Received, Settled

Diff = Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Revised:
    """What a change made of a record; ``conflicts`` names the fields in which this change conflicts.

    step: the step that a case took, None where it took none.
    """

    record: Record
    revision: Revision
    conflicts: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    step: CaseStep | None = None

    @property
    def verdict(self) -> Verdict:
        return self.revision.verdict


@dataclass(frozen=True, slots=True)
class Birth:
    """What is decided for a case before it is born.

    village: short name of its village. case_no: the number it gets when it is a case at once.
    """

    status: Status
    village: str = ""
    case_no: str | None = None


def create(asked: Asked, *, area: str, path: str, birth: Birth | None = None) -> Revised:
    """Return the first revision of a record.

    area, path: where it belongs, decided by the caller. birth: of a case, None for other kinds. Values that do not
    fit become problems and the rest applies.
    """
    change = asked.change
    writes, found = _readable(asked)
    values = {name: write.new for name, write in writes.items()}
    merged = created(values, asked.rules, dot=change.dot, observed_at=asked.observed_at)
    label, label_problem = _first_label(asked, merged, path)
    record = Record(
        id=change.record,
        type=asked.type.name,
        kind=asked.type.kind,
        area=area,
        path=path,
        label=label,
        version=1,
        seq=asked.seq,
        born_seq=asked.seq,
        author=asked.author,
        fields={name: value for name, value in merged.values.items() if name != LABEL},
        registers=registers.to_json(merged.registers),
        created_at=asked.received_at,
        updated_at=asked.received_at,
        flags=marked((), asked, merged),
    )
    step = None
    if birth is not None:
        moved = effects.born(record, change.action, birth.status, village=birth.village, case_no=birth.case_no)
        record, step = moved.record, moved.step
    diff = {name: (None, value) for name, value in _shown(record).items()}
    verdict = Verdict.LATE if asked.late else Verdict.APPLIED
    problems = (
        *problem_reports.misfits(asked, found),
        *label_problem,
        *problem_reports.invalid_after_merge({}, record, asked, merged, found.doubts),
    )
    return Revised(record, revision_of(asked, record, verdict, diff), (), problems, step)


def edit(record: Record, asked: Asked, history: Sequence[Received | Settled] = ()) -> Revised:
    """Return the next revision of ``record`` with the change merged into it.

    history: everything that was merged so far, when this change comes after a later one of the same hand;
    the record is then merged anew in the order in which each hand wrote.
    """
    change, version = asked.change, record.version + 1
    writes, found = _readable(asked)
    if history:
        values = {name: write.new for name, write in writes.items()}
        stated = {name: write.seen for name, write in change.fields.items() if write.seen is not None}
        seen = stated if asked.base is None else asked.base
        mine = Received(change.dot, change.base_version, values, asked.observed_at, version, seen)
        merged = merge.rebuild([*history, mine], asked.rules)
    else:
        merged = _laid(registers.from_json(record.registers), writes, asked, version)
    after = replace(
        record,
        version=version,
        seq=asked.seq,
        label=merged.values.get(LABEL) or record.label,
        fields={name: value for name, value in merged.values.items() if name != LABEL},
        registers=registers.to_json(merged.registers),
        conflicts=tuple(sorted(merged.conflicts)),
        flags=marked(record.flags, asked, merged),
        updated_at=asked.received_at,
    )
    if after.case is not None:
        after = effects.refreshed(after)
    conflicts = tuple(sorted(merged.conflicts & _touched(writes, asked))) if merged.conflicts else ()
    verdict = Verdict.LATE if asked.late else Verdict.MERGED if conflicts else Verdict.APPLIED
    problems = (
        *problem_reports.misfits(asked, found),
        *problem_reports.conflict(record, after, merged, asked),
        *problem_reports.invalid_after_merge(record.fields, after, asked, merged, found.doubts),
    )
    return Revised(after, revision_of(asked, after, verdict, difference(record, after)), conflicts, problems)


def _touched(writes: Mapping[str, FieldWrite], asked: Asked) -> set[str]:
    """Return the fields that a change wrote, the others of their merge groups with them."""
    touched = {name for name, write in writes.items() if write.new != (write.seen or "")}
    groups = {asked.rules[name].group for name in touched if name in asked.rules} - {None}
    return touched | {name for name, rule in asked.rules.items() if groups and rule.group in groups}


def act(
    record: Record, asked: Asked, history: Sequence[Received | Settled], act: Act, known: Known, who: str
) -> Revised:
    """Return the next revision of a case that takes a step which the rules allow.

    history: as in ``edit``. who: the role that acts, in Chinese. Whatever else the author saved to the record is
    merged first, as an edit; inputs of the act never are. The last word stays with a later act of the same hand.
    """
    edited, step = edit(record, asked, history), workflow.STEP_OF[act.action]
    moved = effects.carry_out(step, edited.record, act, known, who)
    if history:
        moved = replace(moved, record=replace(moved.record, office_note=record.office_note))
    verdict = Verdict.LATE if asked.late else edited.verdict
    revision = revision_of(asked, moved.record, verdict, difference(record, moved.record))
    return replace(edited, record=moved.record, revision=revision, step=moved.step)


def tell(record: Record, asked: Asked, note: str) -> Revised:
    """Return a revision by which the server tells the reporter of a duplicate what became of the case it went into.

    The duplicate ends with that case, so that it is on the reporter's phone once more, for as long as any other.
    """
    at = asked.received_at
    after = replace(record, version=record.version + 1, seq=asked.seq, office_note=note, updated_at=at, closed_at=at)
    return Revised(after, revision_of(asked, after, Verdict.APPLIED, difference(record, after)))


def renew(record: Record, asked: Asked) -> Revised:
    """Return a revision that changes nothing but the version, so that phones look at the row again."""
    after = replace(record, version=record.version + 1, seq=asked.seq, updated_at=asked.received_at)
    return Revised(after, revision_of(asked, after, Verdict.APPLIED, {}))


def keep(record: Record, asked: Asked, verdict: Verdict, message: str, kind: ProblemKind) -> Revised:
    """Return a revision that keeps what was sent in the history and changes nothing else.

    Phones count every accepted update as one version, so the record moves on by one whatever the verdict;
    else the phone would never take the server's copy again (``openrosa.md`` section 4.5).
    """
    after = replace(record, version=record.version + 1, seq=asked.seq, updated_at=asked.received_at)
    if verdict is Verdict.RECORDED and record.case is not None:
        after = replace(
            after, office_note=_told_of_kept(record, f"{instants.local_day(asked.received_at)[5:]} {message}")
        )
    problem = problem_reports.problem(asked, kind, record.path, message, {"action": asked.change.action})
    return Revised(after, revision_of(asked, after, verdict, {}), (), (problem,))


def _told_of_kept(record: Record, said: str) -> str:
    """Return the note by which whoever sent something too late reads that it is kept.

    On a case that has ended the outcome stays in front, since its reporter is still to read it.
    """
    if record.status not in ENDED:
        return said
    return record.office_note if record.office_note.endswith(KEPT_TOO) else f"{record.office_note}{KEPT_TOO}"


KEPT_TOO = "；此后现场又有送来，已留存，结果不变"
"""What the note of an ended case adds, once, when more has come in from the field since."""


def marked(before: tuple[str, ...], asked: Asked, merged: Merged) -> tuple[str, ...]:
    """Return the flags of a record after a merge, which takes away ``invalid_after_merge`` as it has brought it."""
    is_unsound = bool(unsound(asked.type, merged.values))
    if asked.is_clock_suspect and CLOCK_SUSPECT not in before:
        before = (*before, CLOCK_SUSPECT)
    if is_unsound == (INVALID_AFTER_MERGE in before):
        return before
    others = tuple(each for each in before if each != INVALID_AFTER_MERGE)
    return (*others, INVALID_AFTER_MERGE) if is_unsound else others


def _readable(asked: Asked) -> tuple[dict[str, FieldWrite], Sorted]:
    """Return the writes that can be applied, and what all that was sent was sorted into."""
    sent = written(asked.change.action, asked.change.fields)
    held = {name: write.seen for name, write in sent.items()}
    values = {name: write.new for name, write in sent.items()}
    found = sort(asked.type, values, asked.observed_at, held)
    return {name: sent[name] for name in found.values}, found


def _laid(known: Mapping[str, merge.Register], writes: Mapping[str, FieldWrite], asked: Asked, version: int) -> Merged:
    left_alone = {
        name: FieldWrite(value, value)
        for name, value in asked.saw.items()
        if name not in writes and name in asked.rules and asked.rules[name].group is not None
    }
    return merge.merge(
        known,
        {**left_alone, **writes},
        asked.rules,
        dot=asked.change.dot,
        base_version=asked.change.base_version,
        observed_at=asked.observed_at,
        version=version,
    )


def _first_label(asked: Asked, merged: Merged, path: str) -> tuple[str, list[Problem]]:
    label = merged.values.get(LABEL, "").strip()
    if label:
        return label, []
    label = f"{asked.type.title} {instants.local_day(asked.received_at)}"
    message = f"手机没有给出名称，暂记为“{label}”。"
    return label, [problem_reports.problem(asked, ProblemKind.LABEL_MISSING, path, message, {})]


def revision_of(asked: Asked, record: Record, verdict: Verdict, diff: Diff) -> Revision:
    """Return the revision by which what was asked made ``record``."""
    change = asked.change
    return Revision(
        record=record.id,
        version=record.version,
        seq=asked.seq,
        change=change.id,
        action=change.action,
        author=asked.author,
        verdict=verdict,
        diff=diff,
        received=change.fields,
        base_version=change.base_version,
        origin=change.dot.origin,
        origin_seq=change.dot.seq,
        made_at=None if change.made_at is None else instants.text(change.made_at),
        observed_at=asked.observed_at,
        received_at=asked.received_at,
        form=change.form,
        form_version=change.form_version,
        submission=asked.submission,
        attachments=change.attachments,
    )


def _shown(record: Record) -> dict[str, str]:
    """Return everything of a record that a history speaks of: fields, label, and the columns that rules decide."""
    columns = {
        LABEL: record.label,
        "status": record.status,
        "assignee": record.assignee,
        "case_no": record.case_no,
        "due_at": record.due_at,
        "office_note": record.office_note or None,
    }
    return {**record.fields, **{name: value for name, value in columns.items() if value is not None}}


def difference(before: Record, after: Record) -> Diff:
    """Return what a history tells of the way from one version of a record to another."""
    old, new = _shown(before), _shown(after)
    return {name: (old.get(name), new.get(name)) for name in sorted({*old, *new}) if old.get(name) != new.get(name)}
