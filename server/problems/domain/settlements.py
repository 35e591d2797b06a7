"""How a problem of each kind may be settled, which values a choice makes, and what is stored of the decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from server.errors import Conflict, IllegalStep, Invalid
from server.forms.domain.record_types import RecordType
from server.instants import Instant
from server.problems.domain.problems import ProblemKind
from server.records.domain.records import Record
from sync import registers
from sync.merge import FieldRule, Register


class How(StrEnum):
    """What an officer does about a problem."""

    CHOOSE = "choose"
    RELEASE = "release"
    FORCE = "force"
    DISMISS = "dismiss"
    UNDO = "undo"


HOW_LABELS = {
    How.CHOOSE: "选定",
    How.RELEASE: "重新受理",
    How.FORCE: "强制办理",
    How.DISMISS: "注明原因后关闭",
    How.UNDO: "撤销选定",
}
KIND_LABELS = {
    ProblemKind.CONFLICT: "两个值冲突",
    ProblemKind.MISFIT: "有内容不能用",
    ProblemKind.INVALID_AFTER_MERGE: "合并后不合要求",
    ProblemKind.AREA_UNKNOWN: "网格不明",
    ProblemKind.ENTITY_UNUSABLE: "没有写进台账",
    ProblemKind.LABEL_MISSING: "没有名称",
    ProblemKind.BASE_UNKNOWN: "版本不明",
    ProblemKind.DOT_REUSED: "设备编号重复",
    ProblemKind.RECORDED: "已留存、未办理",
    ProblemKind.WAITING: "等待原始记录",
    ProblemKind.QUARANTINED: "已隔离",
    ProblemKind.EDIT_DIFFERS: "修改过的表单",
    ProblemKind.COPY_DIFFERS: "两份内容不同",
    ProblemKind.FILE_DIFFERS: "附件内容不同",
    ProblemKind.NOT_TAKEN: "没有收下",
    ProblemKind.UNREADABLE: "不能直接办理",
}

_DISMISSED = (How.DISMISS,)
WAYS: Mapping[ProblemKind, tuple[How, ...]] = {
    **dict.fromkeys(ProblemKind, _DISMISSED),
    ProblemKind.CONFLICT: (How.CHOOSE, How.UNDO),
    ProblemKind.QUARANTINED: (How.RELEASE, How.FORCE, How.DISMISS),
}
"""How a problem of each kind may be settled. What waits for its record is released by that record alone."""

REASON_CHARACTERS_MIN = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """What shall stand in a field: the value that the record version ``head`` brought, or another ``value``."""

    head: int | None = None
    value: str = ""

    @property
    def plain(self) -> Mapping[str, int | str]:
        return {"value": self.value} if self.head is None else {"head": self.head}


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an officer decided about a problem, and what came of it.

    by: user name. choices: as asked for, by field. change: id of the change by which it was carried out, None for
    none; version: of the record that it made. versions: of the settlements that stand, so that they can be taken
    back. undone: the settlement that this one took back, as plain values.
    """

    how: How
    by: str
    at: Instant
    reason: str = ""
    choices: Mapping[str, Mapping[str, int | str]] = field(default_factory=dict)
    change: str | None = None
    version: int | None = None
    versions: tuple[int, ...] = ()
    undone: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SettlementRequest:
    """What an officer wants done about a problem.

    base_version: version of the record that they looked at; None for the present one. change: id of the change that a
    choice makes; None lets the server make one.
    """

    how: How
    choices: Mapping[str, Choice] = field(default_factory=dict)
    reason: str = ""
    base_version: int | None = None
    change: str | None = None

    @property
    def plain_choices(self) -> Mapping[str, Mapping[str, int | str]]:
        return {name: choice.plain for name, choice in self.choices.items()}

    def is_done_by(self, settlement: Settlement | None) -> bool:
        """Say whether this very request is what was done last."""
        if settlement is None:
            return False
        done = (settlement.how, settlement.reason, dict(settlement.choices))
        return done == (self.how, self.reason, dict(self.plain_choices))


def require_way(kind: ProblemKind, request: SettlementRequest) -> None:
    """Do nothing when this kind may be settled so and the request is complete. Raises IllegalStep, Invalid."""
    if request.how not in WAYS[kind]:
        raise IllegalStep(_no_way(kind, request.how), kind=kind.value, how=request.how.value)
    faults: dict[str, str] = {}
    if request.how is How.CHOOSE and not request.choices:
        faults["choices"] = "请为有冲突的字段选定一个值（head），或写一个新的值（value）。"
    if request.how is not How.CHOOSE and request.choices:
        faults["choices"] = f"“{HOW_LABELS[request.how]}”不用选值，请去掉这一项。"
    if request.how is How.DISMISS and len(request.reason) < REASON_CHARACTERS_MIN:
        faults["reason"] = "请写明原因，填报人会看到。"
    _refuse(faults)


def _no_way(kind: ProblemKind, how: How) -> str:
    if kind is ProblemKind.WAITING:
        return (
            f"它的原始记录还没有到，不能“{HOW_LABELS[how]}”；记录到达后会自动办理。"
            f"确认不再需要时，可以“{HOW_LABELS[How.DISMISS]}”。"
        )
    ways = "、".join(f"“{HOW_LABELS[way]}”（{way.value}）" for way in WAYS[kind])
    return f"“{KIND_LABELS[kind]}”的问题不能“{HOW_LABELS[how]}”；可以：{ways}。"


def values_chosen(
    record: Record,
    type: RecordType,
    rules: Mapping[str, FieldRule],
    names: frozenset[str],
    choices: Mapping[str, Choice],
) -> dict[str, str]:
    """Return the value that shall stand in each field, members of a merge group with each other.

    type, rules: of the record. names: fields that the problem is about. Raises Conflict when none of them is in
    conflict any more, Invalid that names every wrong choice.
    """
    open_conflicts = names & set(record.conflicts)
    if not open_conflicts:
        raise Conflict("这里已经没有冲突：后来的修改已经取代了旧值；请刷新。", record=record.id)
    by_field = registers.from_json(record.registers)
    values: dict[str, str] = {}
    faults: dict[str, str] = {}
    for name, choice in choices.items():
        if name not in open_conflicts:
            listed = "、".join(f"{each}（{type.label_of(each)}）" for each in sorted(open_conflicts))
            faults[f"choices.{name}"] = f"这一项没有待选的值；待选定的有：{listed}。"
        elif choice.head is None:
            current = {each: record.fields.get(each, "") for each in _group_members(name, rules, open_conflicts)}
            values = {each: value for each, value in current.items() if each not in choices} | values
            values[name] = choice.value
        else:
            values = (
                _values_of_head(choice.head, _group_members(name, rules, open_conflicts), by_field, choices) | values
            )
            if name not in values:
                versions = "、".join(str(head.version) for head in _heads(by_field[name]))
                faults[f"choices.{name}.head"] = f"没有第 {choice.head} 版的值；现有：{versions}。请刷新后再选。"
    _refuse(faults)
    return values


def _group_members(name: str, rules: Mapping[str, FieldRule], open_conflicts: frozenset[str]) -> list[str]:
    """Return the fields that apply or conflict as one with ``name``."""
    group = rules[name].group if name in rules else None
    if group is None:
        return [name]
    return [each for each in sorted(open_conflicts) if each in rules and rules[each].group == group]


def _values_of_head(
    version: int, names: list[str], by_field: Mapping[str, Register], choices: Mapping[str, Choice]
) -> dict[str, str]:
    """Return what the head of ``version`` holds in each of these fields, but for those with a choice of their own."""
    return {
        name: head.value
        for name in names
        if name not in choices or choices[name].head == version
        for head in by_field[name].heads
        if head.version == version
    }


def _heads(register: Register) -> list[registers.Head]:
    return sorted(register.heads, key=lambda head: head.version)


def _refuse(faults: Mapping[str, str]) -> None:
    if faults:
        listed = "；".join(reason.removesuffix("。") for reason in faults.values())
        errors = [{"field": name, "message": reason} for name, reason in faults.items()]
        raise Invalid(f"没有办成：{listed}。", errors=errors)
