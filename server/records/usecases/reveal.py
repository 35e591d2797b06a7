"""Reveals what is masked: one field of one record, for a reason, and the audit tells who looked at what and why.

What is true if we die after each step: nothing, until the commit that holds the entry; only then is the value shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Transaction
from server.errors import Invalid, NotAllowed
from server.forms.domain import personal
from server.forms.domain.record_types import LABEL, RecordType
from server.forms.store import forms
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.domain.rights import Grant, Mark
from server.records.domain.records import Record
from server.records.store import records
from sync import registers

REASON_CHARACTERS_MIN = 4


@dataclass(frozen=True, slots=True)
class Revealed:
    """A field as it is. value: what is shown of it; values: all that stand there, the one that is shown among them."""

    record: str
    field: str
    label: str
    value: str
    values: tuple[str, ...]


def reveal(tx: Transaction, record_id: str, field: str, reason: str, *, by: Actor) -> Revealed:
    """Return a field of a record whole, and record who asked for it, and why.

    field: of the record, or ``label``. reason: in words. Raises NotFound (out of scope), NotAllowed (the right
    ``personal,reveal``), and Invalid that names what is wrong.
    """
    found = records.get(tx, record_id, by.scope)
    _require_reveal(by, found)
    type = forms.catalogue(tx).types[found.type]
    _require(type, field, reason.strip())
    told = personal.told({"type": found.type, "field": field, "reason": reason.strip()})
    record(tx, Entry("personal.reveal", by.name, found.id, told, objects=(found.id,)))
    if field == LABEL:
        return Revealed(found.id, field, type.label_of(field), found.label, (found.label,))
    value = found.fields.get(field, "")
    heads = registers.from_json(found.registers).get(field, registers.EMPTY).heads
    values = dict.fromkeys((value, *sorted(head.value for head in heads)))
    return Revealed(found.id, field, type.label_of(field), value, tuple(values))


def may_reveal(by: Actor, found: Record) -> bool:
    """Say whether ``reveal`` would show ``by`` what is masked in a record that they see."""
    is_own, decisive = _granted(by, found)
    return any(is_own or not grant.limits for grant in decisive)


def _granted(by: Actor, found: Record) -> tuple[bool, list[Grant]]:
    is_own = found.author == by.name or found.assignee in by.scope.assignees
    granted = rights.grants(by, "personal", "reveal", found.path)
    if is_own:
        granted += rights.grants_anywhere(by, "personal", "reveal")
    return is_own, [grant for grant in granted if grant.mark is not Mark.PROPOSE]


def _require_reveal(by: Actor, found: Record) -> None:
    if may_reveal(by, found):
        return
    if _granted(by, found)[1]:
        message = "您的岗位只能查看自己上报或承办的记录里的个人信息；请联系管这个网格的人。"
        raise NotAllowed(message, object="personal", action="reveal")
    rights.require(by, "personal", "reveal", found.path)


def _require(type: RecordType, field: str, reason: str) -> None:
    faults: dict[str, str] = {}
    if field != LABEL and field not in type.fields:
        known = "、".join([*type.personal, LABEL])
        faults["field"] = f"“{type.title}”没有这一项；有个人信息的有：{known}。"
    if len(reason) < REASON_CHARACTERS_MIN:
        faults["reason"] = f"请写明为什么要看（至少{REASON_CHARACTERS_MIN}个字），审计会记下。"
    if faults:
        listed = "；".join(wrong.removesuffix("。") for wrong in faults.values())
        errors = [{"field": name, "message": wrong} for name, wrong in faults.items()]
        raise Invalid(f"请求有误。{listed}。", errors=errors)
