"""Makes the next revision of a record: the workflow decides the status, the merge decides the fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from server import instants
from server.cases.domain import effects, workflow
from server.cases.domain.acts import Act, ActContext
from server.cases.domain.calendars import Calendar
from server.changes.domain import problem_reports, record_history
from server.changes.domain.merged_record import flags_after_merge, with_merged
from server.changes.domain.validation import Validated, field_writes, validate
from server.changes.domain.write_context import WriteContext
from server.forms.domain.record_types import LABEL
from server.problems.domain.problems import Problem, ProblemKind
from server.records.domain.case_steps import Step as CaseStep
from server.records.domain.records import Record, Revision
from server.records.domain.status import ENDED, Status
from sync import merge, registers, replay
from sync.changes import FieldWrite, Verdict
from sync.created import Created, created
from sync.merge import Merged
from sync.replay import Entry
from sync.values import frozen

Diff = Mapping[str, tuple[str | None, str | None]]


@frozen
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


@frozen
class NewCase:
    """What is decided for a case before it is created.

    calendar: the county's working days. village: short name of its village. case_no: the number it gets when it is a
    case at once.
    """

    status: Status
    calendar: Calendar
    village: str = ""
    case_no: str | None = None


def create(context: WriteContext, *, area: str, path: str, new_case: NewCase | None = None) -> Revised:
    """Return the first revision of a record.

    area, path: where it belongs, decided by the caller. new_case: of a case, None for other kinds. Values that do not
    fit become problems and the rest applies.
    """
    writes, found = _valid_writes(context, {})
    values = {name: write.new for name, write in writes.items()}
    made = created(values, context.rules, dot=context.change.dot, observed_at=context.observed_at)
    label, label_problem = _first_label(context, made.values, path)
    record = _first_version(context, made, found, label, area, path)
    step = None
    if new_case is not None:
        village, number, days = new_case.village, new_case.case_no, new_case.calendar
        moved = effects.create_case(
            record, context.change.action, new_case.status, village=village, case_no=number, calendar=days
        )
        record, step = moved.record, moved.step
    diff = {name: (None, value) for name, value in _history_fields(record).items()}
    verdict = Verdict.LATE if context.late else Verdict.APPLIED
    problems = (
        *problem_reports.invalid(context, found),
        *label_problem,
        *problem_reports.invalid_after_merge({}, record, context, made.values, found.codes_to_check),
    )
    return Revised(record, revision_of(context, record, verdict, diff), (), problems, step)


def _first_version(context: WriteContext, made: Created, found: Validated, label: str, area: str, path: str) -> Record:
    # Each value fits by itself; what may still be unfit is a code to check, or a blank beside the others of its group.
    is_fit = not found.codes_to_check and "" not in made.values.values()
    return Record(
        id=context.change.record,
        type=context.type.name,
        kind=context.type.kind,
        area=area,
        path=path,
        label=label,
        version=1,
        seq=context.seq,
        born_seq=context.seq,
        author=context.author,
        fields={name: value for name, value in made.values.items() if name != LABEL},
        registers=made.registers,
        created_at=context.received_at,
        updated_at=context.received_at,
        flags=flags_after_merge((), context, {} if is_fit else made.values),
        placed=context.type.has_position(made.values),
    )


def edit(record: Record, context: WriteContext, history: Sequence[Entry] = ()) -> Revised:
    """Return the next revision of ``record`` with the change merged into it.

    history: everything that came in so far, when this change comes after a later one of the same origin, or under a
    device id that hands share; the record is then merged anew in the order in which each of them wrote.
    """
    change, version = context.change, record.version + 1
    writes, found = _valid_writes(context, {name: write.seen for name, write in change.fields.items()})
    if history:
        values = {name: write.new for name, write in writes.items()}
        mine = record_history.arrived(change, context.base, values, context.observed_at, version)
        merged = replay.rebuild([*history, mine], context.rules, context.shared)
    else:
        merged = _merged(registers.from_json(record.registers), writes, context, version)
    after = with_merged(record, context, merged)
    conflicts = tuple(sorted(merged.conflicts & _written_fields(writes, context))) if merged.conflicts else ()
    verdict = Verdict.LATE if context.late else Verdict.MERGED if conflicts else Verdict.APPLIED
    problems = (
        *problem_reports.invalid(context, found),
        *problem_reports.conflict(record, after, merged, context),
        *problem_reports.invalid_after_merge(record.fields, after, context, merged.values, found.codes_to_check),
    )
    return Revised(after, revision_of(context, after, verdict, difference(record, after)), conflicts, problems)


def _written_fields(writes: Mapping[str, FieldWrite], context: WriteContext) -> set[str]:
    """Return the fields that a change wrote, the others of their merge groups with them."""
    touched = {name for name, write in writes.items() if write.new != (write.seen or "")}
    groups = {context.rules[name].group for name in touched if name in context.rules} - {None}
    return touched | {name for name, rule in context.rules.items() if rule.group in groups} if groups else touched


def act(
    record: Record,
    context: WriteContext,
    history: Sequence[Entry],
    act: Act,
    act_context: ActContext,
    role_label: str,
) -> Revised:
    """Return the next revision of a case that takes a step which the rules allow.

    history: as in ``edit``. role_label: the role that acts, in Chinese. Whatever else the author saved to the record is
    merged first, as an edit; inputs of the act never are. The last word stays with a later act of the same origin.
    """
    edited, step = edit(record, context, history), workflow.STEP_OF[act.action]
    moved = effects.carry_out(step, edited.record, act, act_context, role_label)
    dot = context.change.dot
    if any(each.dot.origin == dot.origin and each.dot.seq > dot.seq for each in history):
        moved = replace(moved, record=replace(moved.record, office_note=record.office_note))
    verdict = Verdict.LATE if context.late else edited.verdict
    revision = revision_of(context, moved.record, verdict, difference(record, moved.record))
    return replace(edited, record=moved.record, revision=revision, step=moved.step)


def notify(record: Record, context: WriteContext, note: str) -> Revised:
    """Return a revision by which the server tells the reporter of a duplicate what became of the case it went into.

    The duplicate ends with that case, so that it is on the reporter's phone once more, for as long as any other.
    """
    at = context.received_at
    after = replace(record, version=record.version + 1, seq=context.seq, office_note=note, updated_at=at, closed_at=at)
    return Revised(after, revision_of(context, after, Verdict.APPLIED, difference(record, after)))


def bump_version(record: Record, context: WriteContext) -> Revised:
    """Return a revision that changes nothing but the version, so that phones look at the row again."""
    after = replace(record, version=record.version + 1, seq=context.seq, updated_at=context.received_at)
    return Revised(after, revision_of(context, after, Verdict.APPLIED, {}))


def keep_in_history(
    record: Record, context: WriteContext, verdict: Verdict, message: str, kind: ProblemKind | None
) -> Revised:
    """Return a revision that keeps what was sent in the history and changes nothing else.

    Phones count every accepted update as one version, so the record moves on by one whatever the verdict;
    else the phone would never take the server's copy again (``openrosa.md`` section 4.5). kind: None tells nobody.
    """
    after = replace(record, version=record.version + 1, seq=context.seq, updated_at=context.received_at)
    if kind is None:
        return Revised(after, revision_of(context, after, verdict, {}), (), ())
    if verdict is Verdict.RECORDED and record.case is not None:
        after = replace(
            after, office_note=_note_of_kept(record, f"{instants.local_day(context.received_at)[5:]} {message}")
        )
    problem = problem_reports.problem(context, kind, record.path, message, {"action": context.change.action})
    return Revised(after, revision_of(context, after, verdict, {}), (), (problem,))


def _note_of_kept(record: Record, message: str) -> str:
    """Return the note by which whoever sent something too late reads that it is kept.

    On a case that has ended the outcome stays in front, since its reporter is still to read it.
    """
    if record.status not in ENDED:
        return message
    return record.office_note if record.office_note.endswith(ALSO_RECEIVED) else f"{record.office_note}{ALSO_RECEIVED}"


ALSO_RECEIVED = "；此后现场又有送来，已留存，结果不变"
"""What the note of an ended case adds, once, when more has come in from the field since."""


def _valid_writes(context: WriteContext, held: Mapping[str, str | None]) -> tuple[dict[str, FieldWrite], Validated]:
    """Return the writes that can be applied, and what all that was sent was sorted into.

    held: what the author found in each field; nothing where the record is new.
    """
    sent = field_writes(context.change.action, context.change.fields)
    values = {name: write.new for name, write in sent.items()}
    found = validate(context.type, values, context.observed_at, held)
    return {name: sent[name] for name in found.values}, found


def _merged(
    current: Mapping[str, merge.Register], writes: Mapping[str, FieldWrite], context: WriteContext, version: int
) -> Merged:
    left_alone = {
        name: FieldWrite(value, value)
        for name, value in context.seen_members.items()
        if name not in writes and name in context.rules and context.rules[name].group is not None
    }
    return merge.merge(
        current,
        {**left_alone, **writes},
        context.rules,
        dot=context.change.dot,
        base_version=context.change.base_version,
        observed_at=context.observed_at,
        version=version,
    )


def _first_label(context: WriteContext, values: Mapping[str, str], path: str) -> tuple[str, list[Problem]]:
    label = values.get(LABEL, "").strip()
    if label:
        return label, []
    label = f"{context.type.title} {instants.local_day(context.received_at)}"
    message = f"手机没有给出名称，暂记为“{label}”。"
    return label, [problem_reports.problem(context, ProblemKind.LABEL_MISSING, path, message, {})]


def revision_of(context: WriteContext, record: Record, verdict: Verdict, diff: Diff) -> Revision:
    """Return the revision by which the change made ``record``."""
    change = context.change
    return Revision(
        record=record.id,
        version=record.version,
        seq=context.seq,
        change=change.id,
        action=change.action,
        author=context.author,
        verdict=verdict,
        diff=diff,
        received=change.fields,
        base_version=change.base_version,
        origin=change.dot.origin,
        origin_seq=change.dot.seq,
        made_at=None if change.made_at is None else instants.text(change.made_at),
        observed_at=context.observed_at,
        received_at=context.received_at,
        form=change.form,
        form_version=change.form_version,
        submission=context.submission,
        attachments=change.attachments,
        after=change.after,
    )


def _history_fields(record: Record) -> dict[str, str]:
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
    old, new = _history_fields(before), _history_fields(after)
    return {name: (old.get(name), new.get(name)) for name in sorted({*old, *new}) if old.get(name) != new.get(name)}
