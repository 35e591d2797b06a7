"""Makes the revisions by which an officer settles a conflict, and by which that is undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from server import instants
from server.changes.domain import problem_reports, record_history
from server.changes.domain.merged_record import with_merged
from server.changes.domain.revise import Revised, difference, revision_of
from server.changes.domain.validation import masked_parts, validate
from server.changes.domain.write_context import WriteContext
from server.errors import Conflict, Invalid, StaleVersion
from server.forms.domain.record_types import RecordType
from server.instants import Instant
from server.records.domain.records import Record, Revision
from server.records.domain.status import ENDED
from sync import merge, registers, replay
from sync.changes import Verdict
from sync.merge import Merged

ACTIONS = frozenset({record_history.SETTLE, record_history.UNSETTLE})


def require_current(record: Record, base_version: int | None) -> None:
    """Do nothing when the author of a settlement has seen every value that stands. Raises StaleVersion."""
    if base_version != record.version:
        message = f"记录已更新到第 {record.version} 版，可能又有新的值；请刷新，看过现在的各个值再选定。"
        raise StaleVersion(message, version=record.version)


def settle(record: Record, context: WriteContext, role_label: str) -> Revised:
    """Return the next revision, in which one value stands in each field of the change, whatever stood there.

    role_label: the role that decides, in Chinese. It always writes, also what is shown already. Raises Invalid that
    names every field that is not in conflict, or whose value neither stands there nor fits.
    """
    choices = {name: write.new for name, write in context.change.fields.items()}
    current = registers.from_json(record.registers)
    _require_choices(record, context.type, current, choices, context.received_at)
    merged = merge.settled(
        current,
        choices,
        context.rules,
        dot=context.change.dot,
        observed_at=context.observed_at,
        version=record.version + 1,
    )
    values = "；".join(f"{context.type.label_of(name)}：{value or '（空）'}" for name, value in choices.items())
    return _revised(record, context, merged, f"{role_label} 核定：{values}")


def unsettle(record: Record, context: WriteContext, history: Sequence[Revision], role_label: str) -> Revised:
    """Return the next revision, in which all stands as if the settlements named by the change had never been.

    history: every revision of the record, oldest first. role_label: as in ``settle``. What others wrote since stays.
    Raises Invalid when there are no such settlements, Conflict when all values but one have been replaced since.
    """
    undone = record_history.undone_by(context.change.fields)
    if not undone or not undone <= record_history.settlements(history):
        raise Invalid("没有这样的选定可以撤销，或它已经撤销；请刷新后重试。", field=record_history.UNDOES)
    merged = replay.rebuild(record_history.received(history, context.type, undone), context.rules, context.shared)
    names = {name for revision in history if revision.version in undone for name in revision.received}
    reopened = sorted(merged.conflicts & names)
    if not reopened:
        raise Conflict("后来的修改已经取代了当时的各个值，撤销后也没有可选的；需要时请直接更正记录。", record=record.id)
    listed = "、".join(context.type.label_of(name) for name in reopened)
    return _revised(record, context, merged, f"{role_label} 撤销核定：{listed}，待重新核定")


def _require_choices(
    record: Record, type: RecordType, current: dict[str, merge.Register], choices: dict[str, str], now: Instant
) -> None:
    faults: dict[str, str] = {} if choices else {"choices": "请至少选定一项。"}
    validated = validate(type, choices, now)
    reasons = {**validated.invalid, **validated.codes_to_check, **masked_parts(type, choices)}
    for name, value in choices.items():
        if name not in record.conflicts:
            faults[name] = "这一项现在没有冲突，不用选定。"
        elif name in reasons and value not in merge.values(current[name]):
            faults[name] = f"{reasons[name].removesuffix('。')}。"
    if faults:
        listed = "；".join(f"{type.label_of(name)}：{reason}".removesuffix("。") for name, reason in faults.items())
        errors = [{"field": _place(name), "message": reason} for name, reason in faults.items()]
        raise Invalid(f"选定有误，没有保存。{listed}。", errors=errors)


def _place(name: str) -> str:
    return name if name == "choices" else f"choices.{name}"


def _revised(record: Record, context: WriteContext, merged: Merged, message: str) -> Revised:
    after = with_merged(record, context, merged)
    if after.case is not None and after.status not in ENDED:
        # Where it has ended, the last word is its outcome, which its reporter is still to read.
        after = replace(after, office_note=f"{instants.local_day(context.received_at)[5:]} {message}")
    problems = tuple(problem_reports.invalid_after_merge(record.fields, after, context, merged.values))
    return Revised(after, revision_of(context, after, Verdict.APPLIED, difference(record, after)), (), problems)
