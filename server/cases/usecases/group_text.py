"""A case as a text for a group chat: what, where, how it stands and until when, and no person's data whoever asks.

Group chats are outside of this system: what is pasted there stays there. So nothing depends on what the reader may see.
Personal fields are masked in the label, numbers go through the net over free text, people are their role, and neither
notes nor photos are part of it.
"""

from __future__ import annotations

from datetime import date

from server import instants
from server.db.transactions import Reading
from server.forms.store import codes, forms
from server.grid.store import areas
from server.people.domain import roles
from server.people.store import display_names
from server.records.domain import disclosure
from server.records.domain.records import Record
from server.records.domain.status import ENDED, STATUS_LABELS, Status

ITEMS = "hazard_items"


def of_case(reading: Reading, record: Record) -> str:
    """Return the text of a case, a few lines of Chinese. record: a case, in the reader's scope."""
    type, status = forms.catalogue(reading).types[record.type], Status(record.status or "")
    names = disclosure.names_in(type, record.fields)
    item = codes.current(reading, ITEMS, record.fields.get("item", ""))
    place, _, rest = disclosure.masked_text(record.label, names).partition("｜")
    hazard = item.label if item is not None else rest
    lines = [
        f"【{type.title}】{place}" + (f"：{hazard}" if hazard and hazard != place else ""),
        f"编号：{record.case_no or '未编号'}",
        f"网格：{areas.full_name(reading, record.area)}",
        f"环节：{STATUS_LABELS[status]}",
        f"承办：{_handler(reading, record.assignee)}" if record.assignee and status not in ENDED else "",
        _limit(record, status, reading),
        "办理情况请登录系统查看；请勿在群里发姓名、电话和照片。",
    ]
    return disclosure.masked_text("\n".join(line for line in lines if line), names)


def _handler(reading: Reading, assignee: str) -> str:
    """Return the organisation that has a case; of a person only the role."""
    kind, _, name = assignee.partition(":")
    if kind == "body":
        return display_names.of_assignees(reading, [assignee])[assignee]
    role = display_names.roles_at(reading, [name], reading.now).get(name)
    return "个人" if role is None else roles.label(role, reading.now)


def _limit(record: Record, status: Status, reading: Reading) -> str:
    if record.due_at is None or status in ENDED:
        return ""
    day = instants.last_day(record.due_at)
    over = (date.fromisoformat(instants.local_day(reading.now)) - date.fromisoformat(day)).days
    late = f"（已超期 {over} 天）" if over else "（已超期）"
    return f"期限：{day}" + (late if record.due_at <= reading.now else "")
