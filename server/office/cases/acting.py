"""Reads the form of an act as the change that it asks for, and tells what became of one that was not carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import Response

from server.cases.domain import workflow
from server.changes.usecases import change_ids, interactive
from server.changes.usecases.interactive import ChangeRequest
from server.db.transactions import Transaction
from server.errors import Conflict, Invalid, NotFound, Refusal
from server.office import layout
from server.office.cases.act_forms import FILES, Sent, written
from server.people.domain.actors import Actor
from server.web import context
from server.web.problem_details import status_of
from sync.changes import AttachmentName

TEXT_CHARS_MAX = 2_000

DONE_BEFORE = "这件事刚才已经办好了，没有再办一次。"
"""Of an act whose page was sent twice as it was."""

SENT_BEFORE = "这一页刚才已经提交过一次；这次改过的内容没有办。请看过现在的情况再提交。"
"""Of an act that was carried out, and whose page was sent again with something else typed into it."""


def inputs_sent(action: str, form: Mapping[str, str], several: Mapping[str, list[str]]) -> dict[str, str]:
    """Return what a form says of the inputs of an act; of an input with several choices, all of them.

    Lines end as they are typed: browsers send each as two characters, of which the page has counted one.
    """
    step = workflow.step_of(action)
    names = [name for name in (*step.needs, *step.takes) if name not in FILES]
    said = {name: " ".join(several[name]) if name == "helpers" else form[name] for name in names if name in form}
    return {name: text for name, value in said.items() if (text := value.replace("\r\n", "\n").strip())}


def require_storable(fields: Mapping[str, str]) -> None:
    """Do nothing for inputs of a length that pages offer, of characters that can be kept. Raises Invalid."""
    errors: list[dict[str, object]] = []
    for name, value in fields.items():
        if len(value) > TEXT_CHARS_MAX:
            said = f"有{len(value)}个字符，最多{TEXT_CHARS_MAX}个；请删短后再提交，或分几次写。"
            errors.append({"field": name, "message": said})
        elif "\x00" in value:
            errors.append({"field": name, "message": "有不能保存的字符（NUL）；请删掉重写。"})
    if errors:
        raise Invalid("填写内容有误，请按提示改正；写的内容都还在。", errors=errors)


def asked(
    action: str, fields: Mapping[str, str], form: Mapping[str, str], photos: Sequence[AttachmentName] = ()
) -> ChangeRequest:
    """Return what a form asks for: its hidden fields say the change's id, and the version and status that were seen.

    fields: what was typed, as ``inputs_sent`` reads it. photos: that came with it.
    """
    return ChangeRequest(
        action=action,
        fields=fields,
        id=read_uuid(form.get("change", "")),
        base_version=read_number(form.get("version", "")),
        seen_status=form.get("status") or None,
        attachments=tuple(photos),
    )


def carry_out(tx: Transaction, record_id: str, change: ChangeRequest, by: Actor) -> bool:
    """Carry out an act, and return whether the same had been carried out before: then nothing is done now.

    Raises what ``interactive.change`` raises.
    """
    is_again = change.id is not None and change_ids.find(tx, change.id, by)[1] is not None
    interactive.change(tx, record_id, change, by=by)
    return is_again


def refused(action: str, fields: Mapping[str, str], refusal: Refusal, base: int | None = None) -> Sent:
    """Return a form that was refused, with what is wrong with each of its inputs, to be shown again.

    base: the version of the case on which it was made.
    """
    is_repeated = isinstance(refusal, Conflict) and "id" in refusal.data
    return Sent(action, fields, faults_of(refusal), SENT_BEFORE if is_repeated else refusal.message, base)


def faults_of(refusal: Refusal) -> dict[str, str]:
    """Return what a refusal says is wrong with each input, by its name; empty where it is about none of them."""
    found = refusal.data.get("errors")
    errors = found if isinstance(found, list) else []
    return {str(each["field"]).removeprefix("fields."): str(each["message"]) for each in errors}


def gone(fields: Mapping[str, str], refusal: NotFound) -> Response:
    """Answer who can see a case no longer with what they wrote at length, to take along."""
    return taken_along(written(fields), refusal, ("返回看板", layout.BOARD.address))


def taken_along(kept: Sequence[tuple[str, str]], refusal: Refusal, step: tuple[str, str]) -> Response:
    """Answer whose form cannot be shown again with what they wrote, each under its title, and one next step.

    step: what the way on is called, and its address.
    """
    status = status_of(refusal)
    values = {
        "status": status,
        "title": "没有找到" if status == 404 else "不能办理",
        "said": refusal.message,
        "step": step[0],
        "to": step[1],
        "number": "",
        "may_search": False,
    }
    with context.database().reading() as reading:
        return layout.show(reading, "error.html", "", {**values, "kept": kept}, status)


def read_uuid(text: str) -> str | None:
    """Return a UUID as it is written in full, None for anything else."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


def read_number(text: str) -> int | None:
    """Return a version, None for what is no number of one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
