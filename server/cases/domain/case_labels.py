"""Texts of a case: the office note, the measure in the hazard ledger, and the label in phones' lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from server import instants
from server.cases.domain import workflow
from server.cases.domain.acts import Act, ActContext
from server.cases.domain.later_limits import EXTENDING_MARK
from server.cases.domain.workflow import Step
from server.records.domain import severity as severities
from server.records.domain.case import Case, Request
from server.records.domain.records import Record
from server.records.domain.status import ENDED, STATUS_LABELS, WITH_HANDLER, Status
from sync.flags import Flag

SEVERITIES = {"general": "一般", "suspected_major": "疑似重大", "major": "重大"}
"""What files and figures call each severity."""


CLOCKS = {
    Status.REPORTED: "受理",
    Status.REGISTERED: "派遣",
    Status.ASSIGNED: "处置",
    Status.ACCEPTED: "处置",
    Status.HANDLING: "处置",
    Status.SUSPENDED: "挂账",
    Status.TRANSFERRED: "移交",
    Status.FEEDBACK: "核查",
}
"""What is being timed while a case has a status: no limit is shown without its name."""


def severity(fields: Mapping[str, str], flags: Collection[str]) -> str:
    """Return what files call the severity of a case by its fields and flags; empty where it says none."""
    found = severities.of_case(fields.get(severities.FIELD), is_major=Flag.MAJOR in flags) or ""
    return SEVERITIES.get(found, found)


def office_note(step: Step, act: Act, context: ActContext, who: str, after: Record, *, extends: bool) -> str:
    """Return what the next person and the reporter read of this step: ``11-25 村/社区干部 派遣：…；限12-03``.

    who: the role that acts, in Chinese. after: the case once it is done. extends: it set a later limit than its rule.
    """
    parts = [
        context.code_entries[name].label if name in context.code_entries else act[name]
        for name in ("result_code", "method", "reason", "note", "plan", "body", "document")
        if act[name]
    ]
    if act.action in _SAYING_LIMIT and after.due_at is not None:
        parts.append(f"限{instants.last_day(after.due_at)[5:]}")
    if extends:
        parts.append(EXTENDING_MARK)
    parts += [FILED_MARK] * (act.action == "file_reply")
    parts += [LATE_RETURN_MARK] * context.return_late + [RECURRENCE_MARK] * (context.recurrence_of != "")
    head = f"{instants.local_day(act.at)[5:]} {who} {step.label}"
    return f"{head}：{'；'.join(parts)}" if parts else head


_SAYING_LIMIT = {"assign", "extend", "rework", "resume", "reopen", *workflow.DECLINES}
"""Acts after which the handler has to know by when: a limit was set, or the one that was to move stands."""


def dropped_requests(act: Act, dropped: Iterable[Request]) -> str:
    """Return what the office note says of open requests that end with an act which does not decide them.

    dropped: requests that stand no more after it; one that the act grants, declines or repeats is not told.
    """
    told = {act.action, workflow.DECIDES.get(act.action, "")}
    labels = [workflow.STEP_OF[each.action].label for each in dropped if each.action not in told]
    return f"；未决定的“{'、'.join(labels)}”随之作罢" if labels else ""


FILED_MARK = "代承办人填，附回复件"
"""What the office note of a paper reply says that somebody else typed."""

LATE_RETURN_MARK = "已过退回时限（超窗）"
RECURRENCE_MARK = "近期办结过，又出现（反弹）"
"""What the office note of an act says that asked too late, or that registered a hazard again."""


def measure(status: str, inputs: Mapping[str, str]) -> str:
    """Return what is to be done about a hazard, as the ledger of duties (责任清单) says it; empty where nobody has to.

    status: of the case. inputs: what the office last said in each input of the acts that set work.
    """
    if status == Status.SPOT_CLOSED:
        return "当场整改"
    if status == Status.TRANSFERRED:
        return f"移交{inputs.get('body', '')}（{inputs.get('document', '')}）"
    if status not in {*WITH_HANDLER, Status.SUSPENDED, Status.FEEDBACK, Status.CLOSED}:
        return ""
    held = status == Status.SUSPENDED
    parts = [inputs.get("plan", "") if held else inputs.get("note", "")]
    parts.append(f"临时防范：{inputs['safeguard']}" if inputs.get("safeguard") else "")
    text = "；".join(part for part in parts if part)
    kind = "挂账整治" if held else "限期整改"
    return f"{kind}：{text}" if text else kind


def list_label(record: Record, case: Case) -> str:
    """Return what phones show of a record and its case: ``【返工】限12-03｜荆山口村｜演示民宿07｜燃气软管老化``.

    It is made of what only a revision changes, since a phone ignores a row of equal version (``design.md`` section 5).
    """
    marks = [
        word
        for word, stands in (
            ("重大", case.major),
            ("督办", case.supervised > 0),
            ("返工", case.reworked),
        )
        if stands and record.status not in ENDED
    ]
    with_handler = record.status in WITH_HANDLER and record.due_at is not None
    head = "".join(f"【{mark}】" for mark in marks)
    head += f"限{instants.last_day(record.due_at or '')[5:]}" if with_handler else ""
    if record.status in ENDED:
        head += f"【{STATUS_LABELS[Status(record.status)]}】"
    return "｜".join(part for part in (head, case.village, record.label) if part)
