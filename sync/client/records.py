"""What the user of a device does with records: list, show, create, edit, act. A write is on disk when it returns.

``create``, ``edit`` and ``act`` run inside ``device.writing()``, which the caller opens, so that a file of many
answers is saved whole or not at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sync.changes import CREATING
from sync.client import outbox, replica
from sync.client.device import Device
from sync.client.failures import Refused
from sync.client.overlay import LocalChange, RecordView, edit_fields, view
from sync.datatypes import UNWRITABLE

Values = Mapping[str, str]


class Form(NamedTuple):
    """The form in which answers were given, where there was one."""

    id: str | None = None
    version: str | None = None


NO_FORM = Form()

_UNWRITABLE = re.compile("[\ud800-\udfff]|\\\\u0000")
"""Halves of characters, as a shell hands over what is not UTF-8, and NUL."""


def find(device: Device, id: str) -> RecordView | None:
    """Return a record as the user sees it, None when it is not on this device."""
    held, changes = replica.find(device, id), outbox.of_record(device, id)
    if held is None:
        seen = view(id, None, changes)
        return seen if seen.pending else None
    return view(id, held[0], changes, is_handed_over=held[1])


def get(device: Device, id: str) -> RecordView:
    """Return a record as the user sees it. ``id`` may be cut short. Raises Refused when none or several match."""
    exact = find(device, id)
    if exact is not None:
        return exact
    known = device.rows(
        "SELECT id FROM row WHERE substr(id, 1, length(:id)) = :id"
        " UNION SELECT record FROM change WHERE substr(record, 1, length(:id)) = :id LIMIT 2",
        {"id": id},
    )
    if len(known) > 1:
        raise Refused(f"“{id}”对应不止一条记录，请多写几位 · {id!r} fits several records, give more of it")
    found = find(device, known[0]["id"]) if known else None
    if found is None:
        raise Refused(f"本机没有记录“{id}”，可先 fieldsync pull · no record {id!r} here; try fieldsync pull")
    return found


def decided_changes(device: Device, seen: RecordView, most: int) -> list[LocalChange]:
    """Return this device's newest changes to a record that the server has decided, at most ``most``, newest first."""
    still = {each.id for each in seen.pending}
    decided = [each for each in outbox.of_record(device, seen.id) if not each.is_unsent and each.id not in still]
    return decided[: -most - 1 : -1]


def list_views(device: Device, type: str | None) -> list[RecordView]:
    """Return the records of a type (None: of all but the shared lists) as the user sees them, by label."""
    with device.reading():
        changes = outbox.by_record(device)
        held = replica.rows(device, type)
        seen = [
            view(each["id"], each["body"], changes.pop(each["id"], ()), is_handed_over=bool(each["is_handed_over"]))
            for each in held
        ]
    made = (view(id, None, own) for id, own in changes.items() if type is None or own[0].type == type)
    seen += [each for each in made if each.pending]
    return sorted(seen, key=lambda each: (each.type, each.label, each.id))


def create(
    device: Device,
    type: str,
    values: Values,
    *,
    action: str = "create",
    area: str | None = None,
    record: str | None = None,
    form: Form = NO_FORM,
) -> str:
    """Create a record and return its id. record: its UUID, None to make one. Raises Refused when it is here already."""
    id = record or device.ids()
    if find(device, id) is not None:
        raise Refused(f"本机已有记录 {id}，请改用 edit · record {id} is here already: edit it")
    fields = {name: [None, value] for name, value in values.items() if value}
    _add(device, view(id, None, ()), type, action, fields, area=area, form=form)
    return id


def edit(device: Device, seen: RecordView, values: Values, *, form: Form = NO_FORM) -> bool:
    """Change fields of a record; False when it shows all of it already. Raises Refused for what is read-only."""
    _require_writable(seen)
    fields = edit_fields(seen, values)
    if fields:
        _add(device, seen, seen.type, "edit", fields, form=form)
    return bool(fields)


def act(device: Device, seen: RecordView, action: str, inputs: Values, *, form: Form = NO_FORM) -> None:
    """Take a step of the workflow; the server judges it. Raises Refused for what is read-only."""
    _require_writable(seen)
    if action in CREATING:
        raise Refused(f"{action} 是新建动作，请用 fieldsync create · {action} begins a record: use create")
    if action == "edit":
        raise Refused("请用 fieldsync edit · use fieldsync edit")
    _add(device, seen, seen.type, action, {name: [None, value] for name, value in inputs.items()}, form=form)


def add_photos(device: Device, seen: RecordView, note: str) -> str:
    """Begin a change that photos are attached to, and return its id: a remark on a case, an edit of anything else.

    note: what is said with them, on a case. Raises Refused for what is read-only.
    """
    _require_writable(seen)
    if seen.status is not None:
        return _add(device, seen, seen.type, "note", {"note": [None, note]})
    return _add(device, seen, seen.type, "edit", {})


def _require_writable(seen: RecordView) -> None:
    if seen.type.startswith("_"):
        raise Refused("这是全县共用的清单，不能改 · shared lists are read-only")
    if seen.is_handed_over:
        raise Refused("这条记录正在移交，只能看 · this record is being handed over and is read-only")


def _clock_offset_s(device: Device) -> float | None:
    offset = device.setting("clock_offset_s")
    return None if offset is None else float(offset)


def _add(
    device: Device,
    seen: RecordView,
    type: str,
    action: str,
    fields: Mapping[str, list[str | None]],
    *,
    area: str | None = None,
    form: Form = NO_FORM,
) -> str:
    before = next((each.id for each in reversed(seen.pending) if each.is_unsent), None)
    body: dict[str, Any] = {
        "id": device.ids(),
        "seq": device.next_number("seq"),
        "record": seen.id,
        "type": type,
        "action": action,
        "fields": fields,
        "base_version": seen.version,
        "made_at": device.clock().isoformat(),
    }
    optional = {
        "area": area,
        "after": before,
        "seen_status": None if action in (*CREATING, "edit") else seen.status,
        "form": form.id,
        "form_version": form.version,
        "clock_offset_s": _clock_offset_s(device),
    }
    whole = body | {name: value for name, value in optional.items() if value is not None}
    if _UNWRITABLE.search(json.dumps(whole, ensure_ascii=False)):
        raise Refused("内容里有无法保存的字符，请改用 UTF-8 重新输入 · characters that no UTF-8 text can hold")
    wrong = sorted(name for name, (_, new) in fields.items() if new and UNWRITABLE.search(new))
    if wrong:
        raise Refused(
            f"{'、'.join(wrong)}：含有不能保存的控制字符（如从 Word 粘贴来的软换行），请删去；什么也没有保存"
            f" · control characters in {', '.join(wrong)}; nothing was kept"
        )
    outbox.add(device, whole)
    return str(body["id"])
