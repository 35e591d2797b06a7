"""Reads the form by which a problem is settled, and tells what is wrong with one that was refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from server.errors import Conflict, Invalid, Refusal, StaleVersion
from server.office.cases import acting
from server.problems.domain.settlements import Choice, How, SettlementRequest
from sync.datatypes import UNWRITABLE

REASON_CHARS_MAX, VALUE_CHARS_MAX = 500, 2_000
"""As the API takes them."""

PICK, OTHER, WITH, OWN = "pick:", "other:", "with:", "own"
"""How the inputs of a field are named, the one that says with which field it settles as one (a merge group), and the
pick that says that none of its values is right."""


class Answered(NamedTuple):
    """What was sent about a problem. fields: of the form. faults: by input; said: what is wrong as a whole."""

    how: str
    fields: Mapping[str, str]
    faults: Mapping[str, str]
    said: str


NOTHING_ANSWERED = Answered("", {}, {}, "")


def read(form: Mapping[str, str]) -> Answered:
    """Return what a form says."""
    return Answered(form.get("how", ""), dict(form.items()), {}, "")


def written(answered: Answered) -> list[tuple[str, str]]:
    """Return what somebody wrote in their own words, each under its title, to take along."""
    said = [("原因", answered.fields.get("reason", ""))]
    said += [("正确的值", value) for name, value in answered.fields.items() if name.startswith(OTHER)]
    return [(title, value) for title, value in said if value.strip()]


def asked(answered: Answered, names: Iterable[str]) -> SettlementRequest:
    """Return what a form asks for. names: fields in conflict. Raises Invalid that names every bad input."""
    if answered.how not in How._value2member_map_:
        raise Invalid("请从这一页的按钮里选一个办法。", field="how", value=answered.how[:40])
    how, faults = How(answered.how), {}
    reason = answered.fields.get("reason", "").replace("\r\n", "\n").strip()
    if len(reason) > REASON_CHARS_MAX:
        faults["reason"] = f"有{len(reason)}个字符，最多{REASON_CHARS_MAX}个；请删短后再提交。"
    elif UNWRITABLE.search(reason):
        faults["reason"] = "含有不能保存的控制字符，请删去。"
    choices: dict[str, Choice] = {}
    for name in names if how is How.CHOOSE else ():
        choice, fault = _choice(answered.fields, name)
        if choice is not None:
            choices[name] = choice
        elif fault:
            faults[f"{OTHER}{name}"] = fault
    if how is How.CHOOSE and not choices and not faults:
        faults["how"] = "请先选一个值。"
    if faults:
        errors = [{"field": name, "message": message} for name, message in faults.items()]
        raise Invalid("；".join(message.removesuffix("。") for message in faults.values()) + "。", errors=errors)
    return SettlementRequest(how, choices, reason, acting.read_number(answered.fields.get("version", "")))


def refused(answered: Answered, refusal: Refusal) -> Answered:
    """Return the same with what is wrong with each of its inputs."""
    faults = {_input_of(name): message for name, message in acting.faults_of(refusal).items()}
    if isinstance(refusal, (Conflict, StaleVersion)):
        return answered._replace(said=f"{refusal.message}现在的情况见下。")
    return answered._replace(faults=faults, said=refusal.message)


def _input_of(name: str) -> str:
    """Return the input by which a page asks for what a refusal is about: a field, or one of the inputs itself."""
    if name in ("how", "reason", "version") or name.startswith((PICK, OTHER)):
        return name
    return f"{OTHER}{name.removeprefix('choices.').partition('.')[0]}"


def _choice(fields: Mapping[str, str], name: str) -> tuple[Choice | None, str]:
    leader = fields.get(f"{WITH}{name}", name)
    picked = fields.get(f"{PICK}{leader}", "")
    if picked != OWN:  # a version that is chosen for one field of a group is chosen for all of them
        version = acting.read_number(picked) if leader == name else None
        return (None if version is None else Choice(head=version)), ""
    value = fields.get(f"{OTHER}{name}", "").replace("\r\n", "\n").strip()
    if not value:
        alone = not any(fields.get(f"{OTHER}{each}", "").strip() for each in _together(fields, leader))
        return None, "请写上正确的值，或选上面的一个。" if alone and leader == name else ""
    if len(value) > VALUE_CHARS_MAX:
        return None, f"有{len(value)}个字符，最多{VALUE_CHARS_MAX}个；请删短后再提交。"
    if UNWRITABLE.search(value):
        return None, "含有不能保存的控制字符，请删去。"
    return Choice(value=value), ""


def _together(fields: Mapping[str, str], leader: str) -> list[str]:
    named = (name.removeprefix(WITH) for name, value in fields.items() if name.startswith(WITH) and value == leader)
    return [leader, *named]
