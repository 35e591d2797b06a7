"""Texts and JSON in which the commands show records, changes and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.client.overlay import LocalChange, RecordView
from sync.flags import LABELS

VERDICTS = {
    "applied": "已生效",
    "merged": "已合并，有冲突待定",
    "late": "已生效，情况已有变化",
    "recorded": "已记录在案",
    "waiting": "等待原始记录",
    "quarantined": "待人工判断",
}

DECISIONS = {
    "": "已了结",
    "choose": "已选定",
    "release": "已重新受理",
    "force": "已强制办理",
    "dismiss": "已关闭",
    "undo": "已撤销选定",
}
"""How a problem was settled, by the words of the protocol."""


def verdicts(counts: Mapping[str, int]) -> str:
    """Return counts of verdicts as text, "无 none" for none."""
    counted = [f"{VERDICTS.get(name, name)} {name} {number}" for name, number in sorted(counts.items())]
    return "、".join(counted) or "无 none"


def to_offer_again(user: str, number: int) -> str:
    """Return what is to be done about an earlier user's sent work that a restored server may lack."""
    return (
        f"服务器的数据放回过较早的副本，可能缺 {user} 从本机送出的 {number} 条；"
        f"请 {user} 在本机登录，运行一次 fieldsync sync"
        f" · the server was restored and may lack {number} sent by {user}: let {user} sign in here and sync"
    )


def record_line(seen: RecordView) -> str:
    """Return a record as one line of a list."""
    mark = "  ".join(filter(None, (seen.status or "", (seen.base or {}).get("todo") or "", _marks(seen))))
    return f"{seen.id}  {seen.type}  {seen.label}" + (f"  {mark}" if mark else "")


def record_page(seen: RecordView, labels: Mapping[str, str]) -> str:
    """Return a record as it is shown by itself. labels: of its fields, as far as they are known."""
    base = seen.base or {}
    header = {
        "编号 id": seen.id,
        "台账 type": seen.type,
        "名称 label": seen.label,
        "网格 area": seen.area,
        "状态 status": seen.status,
        "环节 stage": base.get("stage"),
        "案号 case_no": base.get("case_no"),
        "承办 assignee": base.get("assignee"),
        "期限 due": base.get("due_on") or base.get("due_at"),
        "批注 note": base.get("office_note"),
        "可办 todo": base.get("todo"),
        "版本 version": seen.version or "未到服务器 not at the server yet",
        "冲突 conflicts": "、".join(base.get("conflicts") or ()),
        "标记 marks": _marks(seen),
    }
    lines = [f"{name}: {value}" for name, value in header.items() if value]
    lines += [f"  {_with_label(name, labels)} = {value}" for name, value in sorted(seen.fields.items())]
    lines += [change_line(each) for each in seen.pending]
    return "\n".join(lines)


def _with_label(name: str, labels: Mapping[str, str]) -> str:
    label = labels.get(name, name)
    return name if label == name else f"{label} {name}"


def record_json(seen: RecordView) -> dict[str, Any]:
    """Return a record as JSON values: the server's, with the fields as shown here and what is pending."""
    return {
        **(seen.base or {}),
        "id": seen.id,
        "type": seen.type,
        "label": seen.label,
        "area": seen.area,
        "version": seen.version,
        "fields": dict(seen.fields),
        "handed_over": seen.is_handed_over,
        "pending": [change_json(each) for each in seen.pending],
    }


def change_json(change: LocalChange) -> dict[str, Any]:
    """Return a change as JSON values, with its outcome."""
    names = ("id", "seq", "action", "verdict", "version", "problem", "decision", "reason", "trouble")
    return {name: getattr(change, name) for name in names}


def _marks(seen: RecordView) -> str:
    unsent = sum(each.is_unsent for each in seen.pending)
    marks = [f"未发送 {unsent} unsent"] if unsent else []
    marks += [VERDICTS[each.verdict] for each in seen.pending if each.verdict in ("waiting", "quarantined")]
    marks += ["有冲突 conflict"] if (seen.base or {}).get("conflicts") else []
    marks += ["移交中 being handed over"] if seen.is_handed_over else []
    marks += [_flag(name) for name in (seen.base or {}).get("flags") or ()]
    return "，".join(dict.fromkeys(marks))


def _flag(name: str) -> str:
    """Return a flag with its label; one that is newer than this client goes by its own name."""
    return f"{LABELS.get(name, '')} {name}".strip()


def change_line(change: LocalChange) -> str:
    """Return a change as one line: action, state, and the values written while they are still kept here."""
    state = "未发送 unsent" if change.verdict is None else f"{VERDICTS.get(change.verdict, '')} {change.verdict}"
    version = f"v{change.version}" if change.version else ""
    wrote = "，".join(f"{name}: {seen or ''} → {new}" for name, (seen, new) in change.fields.items() if seen != new)
    problem = change.problem
    if problem and change.decision is not None:
        decided = "，".join(filter(None, (DECISIONS.get(change.decision, change.decision), change.reason)))
        problem = f"{problem}（{decided}）"
    return "* " + "  ".join(filter(None, (change.action, state, version, wrote, problem, change.trouble)))
