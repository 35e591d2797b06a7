"""Makes the problems that a change leaves for the office: nothing is refused, and nothing overlooked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from server.changes.domain.validation import Validated, invalid_fields
from server.changes.domain.write_context import WriteContext
from server.forms.domain.record_types import RecordType
from server.problems.domain.problems import Problem, ProblemKind
from server.records.domain.records import Record
from sync.flags import Flag
from sync.merge import Merged, Register

Value = Mapping[str, Any]
"""A value that stands beside another, as the detail of a conflict holds it: the parts of ``Head`` by name."""


def problem(context: WriteContext, kind: ProblemKind, path: str, message: str, detail: Mapping[str, object]) -> Problem:
    """Return a problem about the record and the change of ``context``."""
    return Problem(
        kind,
        path,
        message,
        record=context.change.record,
        type=context.type.name,
        submission=context.submission,
        change=context.change.id,
        author=context.author,
        detail=detail,
    )


def invalid(context: WriteContext, found: Validated) -> list[Problem]:
    """Return the problem of what did not fit, and of codes that nobody offered them; none when all is well.

    Its detail names the ``reasons`` and the ``values`` by field; those of ``applied`` stand in the record all the same.
    """
    reasons = found.invalid | found.codes_to_check
    if not reasons:
        return []
    listed = "；".join(f"{context.type.label_of(name)}：{reason}" for name, reason in reasons.items())
    summary = "有填写内容不能用，其余已保存。" if found.invalid else "有选项需要核对，已照存。"
    values = {name: context.change.fields[name].new for name in reasons}
    detail = {"reasons": reasons, "values": values, "applied": sorted(found.codes_to_check)}
    return [problem(context, ProblemKind.MISFIT, "", f"{summary}{listed}", detail)]


def conflict(before: Record, after: Record, merged: Merged, context: WriteContext) -> list[Problem]:
    """Return the problem of fields that this change has brought into conflict; none when there are none."""
    fresh = sorted(set(after.conflicts) - set(before.conflicts))
    if not fresh:
        return []
    values = values_in_conflict(merged.registers, fresh)
    message = conflict_message(context.type, fresh)
    return [problem(context, ProblemKind.CONFLICT, after.path, message, {"fields": values})]


def conflict_message(type: RecordType, names: Iterable[str]) -> str:
    """Return what people read of a conflict. type: of the record. names: the fields in conflict."""
    labels = "、".join(type.label_of(name) for name in sorted(names))
    return f"两人各自修改了“{labels}”，两个值都已保留，请选定一个。"


def values_in_conflict(
    registers: Mapping[str, Register], names: Iterable[str], known: Mapping[str, Sequence[Value]] | None = None
) -> dict[str, list[Value]]:
    """Return the values that stand beside each other in each field, as the detail of a conflict lists them.

    known: those that the problem lists already, which stay: a value that was replaced since was there all the same.
    """
    found: dict[str, list[Value]] = {}
    for name in names:
        found[name] = list((known or {}).get(name, ()))
        listed = {(each["origin"], each["seq"], each["value"]) for each in found[name]}
        for head in sorted(registers[name].heads, key=lambda head: (head.version, head.origin)):
            if (head.origin, head.seq, head.value) not in listed:
                found[name].append(head._asdict())
    return found


def invalid_after_merge(
    before: Mapping[str, str],
    after: Record,
    context: WriteContext,
    values: Mapping[str, str],
    reported: Collection[str] = (),
) -> list[Problem]:
    """Return the problem of values that this change has made unfit to stand together; none when there are none.

    before, values: what the record showed until now, and what it shows. reported: fields whose codes are in the
    problem of invalid values already. Its detail names the ``reasons`` by field (``sync.md`` section 3).
    """
    if Flag.INVALID_AFTER_MERGE not in after.flags:
        return []
    reported_before = {*reported, *invalid_fields(context.type, before)}
    reasons = {
        name: reason for name, reason in invalid_fields(context.type, values).items() if name not in reported_before
    }
    if not reasons:
        return []
    listed = "；".join(f"{context.type.label_of(name)}：{reason}" for name, reason in reasons.items())
    message = f"合并后有填写不合表单的要求，已照存，请更正。{listed}"
    return [problem(context, ProblemKind.INVALID_AFTER_MERGE, after.path, message, {"reasons": reasons})]
