"""Which acts from a device no longer stand, since somebody else has done what their author did not see."""

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
_PARTS = frozenset({"feedback"})
"""Acts that count where they moved the case on: what a co-handler says of their part hands nothing in."""
_ANSWERS = frozenset({"feedback", "file_reply"})
_CHECKS = frozenset({"close", "rework", "site_check"})
_REOPENING = frozenset({"reopen"})

OVERTAKEN_BY: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("register", "reject", "merge"), _INTAKE | _DISPATCH),
    **dict.fromkeys(("assign", "reassign"), _DISPATCH),
    **dict.fromkeys(_CHECKS, _ANSWERS | _CHECKS | _REOPENING),
    **dict.fromkeys(_ANSWERS, _REOPENING),
}
"""Acts that decide, judge or answer, each with the acts of others after which it no longer stands.

Whoever registers a report has not said who is to handle it: giving it to somebody still stands after that. A check
judges the feedback that its author saw; a feedback that was written before a reopening does not answer it.
"""

CURES = {
    **dict.fromkeys(("register", "reject", "merge"), "请由镇或村看过现在的情况后重新受理"),
    **dict.fromkeys(("assign", "reassign"), "如仍要改派，请由镇或村看过现在的情况后重新派遣"),
    **dict.fromkeys(_CHECKS, "请核查人看过现在的情况后重新核查"),
    **dict.fromkeys(_ANSWERS, "这次反馈不算对重开的答复，请承办人看过重开的原因后再反馈一次"),
}


def require_seen(record: Record, change: Change, author: str, since: Iterable[Revision]) -> None:
    """Do nothing where nobody else has done since what ``change`` would undo. Raises StaleVersion that names it.

    author: user name. since: the revisions that the author had not seen, newest first. What came from the same device,
    or from the same author by any, is no act of somebody else.
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
    has_moved = made.action not in _PARTS or "status" in made.diff
    return made.verdict in CARRIED_OUT and has_moved and not is_own


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
    """Return day, role and step of an act. note: the office note that it left."""
    label = workflow.STEP_OF[made.action].label
    head = note.partition("：")[0]
    return head if head.endswith(label) else f"{instants.local_day(made.received_at)[5:]} {label}"
