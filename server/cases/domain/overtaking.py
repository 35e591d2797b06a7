"""Which acts from a device no longer stand, since somebody else has taken a decision that their author did not see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from server import instants
from server.cases.domain import workflow
from server.errors import StaleVersion
from server.records.domain.records import Record, Revision
from sync.changes import Change, Verdict

CARRIED_OUT = frozenset({Verdict.APPLIED, Verdict.MERGED, Verdict.LATE})
"""Verdicts of what has been done; of all others the history alone tells."""

_INTAKE = frozenset({"register", "reject", "merge", "split"})
_DISPATCH = frozenset({"assign", "reassign", "return", "reopen"})

OVERTAKEN_BY: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("register", "reject", "merge"), _INTAKE | _DISPATCH),
    **dict.fromkeys(("assign", "reassign"), _DISPATCH),
}
"""Acts that decide, each with the decisions after which it no longer stands.

Whoever registers a report has not said who is to handle it: giving it to somebody still stands after that.
"""

CURES = {
    **dict.fromkeys(("register", "reject", "merge"), "请由镇或村看过现在的情况后重新受理"),
    **dict.fromkeys(("assign", "reassign"), "如仍要改派，请由镇或村看过现在的情况后重新派遣"),
}


def require_seen(record: Record, change: Change, author: str, since: Iterable[Revision]) -> None:
    """Do nothing where nobody else has decided since what ``change`` decides. Raises StaleVersion that names it.

    author: user name. since: the revisions that the author had not seen, newest first. What came from the same device,
    or from the same author by any, is no decision of somebody else.
    """
    note = record.office_note
    for each in since:
        before, after = each.diff.get("office_note", (note, note))
        if each.action in OVERTAKEN_BY[change.action] and _is_by_another(each, change, author):
            if _changes_nothing(record, change):
                return
            message = f"填写时还没有看到“{_told(each, after or '')}”；{CURES[change.action]}。"
            raise StaleVersion(message, version=record.version, status=record.status)
        note = before or ""


def _is_by_another(made: Revision, change: Change, author: str) -> bool:
    is_own = made.author == author or _device(made.origin) == _device(change.dot.origin)
    return made.verdict in CARRIED_OUT and not is_own


def _device(origin: str) -> str:
    """Return the device of an origin: its hands are told apart after a slash, its clones after a hash sign."""
    return origin.partition("#")[0].partition("/")[0]


def _changes_nothing(record: Record, change: Change) -> bool:
    """Say whether an act gives a case to whoever has it already, takes it from nobody, and leaves no more time."""
    sent = workflow.inputs_of(change.action, {name: write.new.strip() for name, write in change.fields.items()})
    assignee, due_on = sent.get("assignee"), sent.get("due_on", "")
    if record.case is None or not assignee or assignee != record.assignee:
        return False
    is_later = due_on > ("" if record.due_at is None else instants.last_day(record.due_at))
    return not is_later and set(record.case.marks) <= {assignee, *sent.get("helpers", "").split()}


def _told(made: Revision, note: str) -> str:
    """Return day, role and step of a decision. note: the office note that it left."""
    label = workflow.STEP_OF[made.action].label
    head = note.partition("：")[0]
    return head if head.endswith(label) else f"{instants.local_day(made.received_at)[5:]} {label}"
