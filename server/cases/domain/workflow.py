"""The workflow as data: how a case is created, and every step it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from server.errors import IllegalStep, Invalid
from server.records.domain.case_steps import CLOSED
from server.records.domain.records import Record
from server.records.domain.status import OPEN, STATUS_LABELS, WITH_HANDLER, Status
from sync.changes import Change, FieldWrite


class CreationRule(NamedTuple):
    """How a case comes into being: the action, whether its item may be fixed on the spot, and the first status."""

    action: str
    spot_ok: bool
    status: Status


CREATION_RULES = (
    CreationRule("report", False, Status.REPORTED),
    CreationRule("report", True, Status.REPORTED),
    CreationRule("create", False, Status.REPORTED),
    CreationRule("create", True, Status.REPORTED),
    CreationRule("spot_close", True, Status.SPOT_CLOSED),
    CreationRule("spot_close", False, Status.FEEDBACK),
)
"""T01 and T02 of ``domain.md`` section 2.3. What may not be fixed on the spot is fed back, for someone to check."""


def initial_status(action: str, *, spot_ok: bool) -> Status:
    """Return the first status of a case that ``action`` creates.

    spot_ok: whether the code table lets this item be closed on the spot.
    """
    return next(rule.status for rule in CREATION_RULES if (rule.action, rule.spot_ok) == (action, spot_ok))


class Step(NamedTuple):
    """A step of the table: what an action asks for, from where it may be taken, and where it leads.

    action: as in ``design.md`` section 5. Who may take it is its row in ``data/rights.csv``, limits included.
    sources: statuses from which it may be taken. target: where it leads; None where the status stays.
    needs: inputs that must be there. takes: inputs that may be. guards: rules beside these, by name (``guards.py``).
    label: the act in Chinese, as officers and workers read it.
    """

    action: str
    label: str
    sources: frozenset[Status]
    target: Status | None
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()


AT_REST = frozenset({Status.FEEDBACK, Status.SUSPENDED, Status.TRANSFERRED})
"""Somebody has the case and nothing is theirs to do now: it changes hands as it is (T20)."""
AT_INTAKE = frozenset({Status.REPORTED, Status.REGISTERED})

EVIDENCE_PHOTOS = ("fixed_photo", "fixed_photo_2")
"""Inputs that name photos of what was put right."""
JUDGED_BY = ("person_1", "person_2", "person_3")
"""Inputs that name the three people at least who find together that a hazard is a major one."""
FIVE_DUTIES = ("fund", "contingency")
"""Inputs that say, of a long-term or supervised hazard, who pays and what is ready for the worst: of the five things
that are to be settled (五落实: 责任、措施、资金、时限、预案) those that no other input says."""
_EVIDENCE = (*EVIDENCE_PHOTOS, "no_photo_reason")
SCAN, IN_NAME_OF = "scan", "in_name_of"
"""Inputs of who files a paper reply for its handler (代填): the picture of the paper, and the mark of the handler."""
PHOTO_INPUTS = (SCAN, *EVIDENCE_PHOTOS)

STEPS = (
    Step(
        "register", "立项", frozenset({Status.REPORTED}), Status.REGISTERED, takes=("note",), guards=("what_and_where",)
    ),
    Step("reject", "不予立项", frozenset({Status.REPORTED}), Status.REJECTED, ("reason",), ("note",), ("holds_none",)),
    Step("merge", "并案", AT_INTAKE, Status.MERGED, ("into",), ("reason", "note"), ("into_open", "into_alike")),
    Step("split", "拆分", frozenset({Status.MERGED}), Status.REGISTERED, ("reason",), ("note",)),
    Step(
        "assign", "派遣", AT_INTAKE | WITH_HANDLER, Status.ASSIGNED, ("assignee",), ("due_on", "helpers", "note"),
        ("what_and_where", "due_by_rule", "due_ahead"),
    ),
    Step("reassign", "改派", AT_REST, None, ("assignee",), ("helpers", "note")),
    Step("accept", "签收", frozenset({Status.ASSIGNED}), Status.ACCEPTED, takes=("note",)),
    Step("start", "开始处置", frozenset({Status.ACCEPTED}), Status.HANDLING, takes=("note",)),
    Step("ask_return", "申请退回", frozenset({Status.ASSIGNED, Status.ACCEPTED}), None, ("reason",), ("note",)),
    Step(
        "ask_extension", "申请延期", WITH_HANDLER, None, ("reason",), ("until", "safeguard", "note"), ("until_later",)
    ),
    Step(
        "ask_suspension", "申请挂账", WITH_HANDLER, None,
        ("reason", "plan", "until", "leader", "milestones", "safeguard"), (*FIVE_DUTIES, "note"),
        ("within_a_year", "until_later"),
    ),
    Step(
        "return", "同意退回", frozenset({Status.ASSIGNED, Status.ACCEPTED}), Status.REGISTERED, ("reason",), ("note",)
    ),
    Step("extend", "同意延期", WITH_HANDLER, None, ("due_on", "reason"), ("safeguard", "note"), ("longer", "twice")),
    Step(
        "suspend", "同意挂账", WITH_HANDLER, Status.SUSPENDED,
        ("reason", "plan", "plan_due", "leader", "safeguard"), ("milestones", *FIVE_DUTIES, "note"),
        ("within_a_year", "plan_ahead"),
    ),
    Step(
        "review", "定期核查：无变化", frozenset({Status.SUSPENDED, Status.TRANSFERRED}), None, takes=("note",),
        guards=("review_near",),
    ),
    Step(
        "decline_return", "不同意退回", frozenset({Status.ASSIGNED, Status.ACCEPTED}), None, ("reason",), ("note",),
        ("return_asked",),
    ),
    Step(
        "decline_extension", "不同意延期", WITH_HANDLER, None, ("reason",), ("note",),
        ("extension_asked", "major_asked"),
    ),
    Step("decline_suspension", "不同意挂账", WITH_HANDLER, None, ("reason",), ("note",), ("suspension_asked",)),
    Step("ask_transfer", "申请移交", WITH_HANDLER, None, ("body", "reason"), ("document", "note")),
    Step("decline_transfer", "不同意移交", OPEN - AT_INTAKE, None, ("reason",), ("note",), ("transfer_asked",)),
    Step("ask_void", "申请作废", OPEN, None, ("reason",), ("note",)),
    Step("decline_void", "不同意作废", OPEN, None, ("reason",), ("note",), ("void_asked",)),
    Step("ask_major", "申请认定重大隐患", OPEN - {Status.REPORTED}, None, ("reason",), ("note",), ("not_yet_major",)),
    Step(
        "decline_major", "不认定重大隐患", OPEN - {Status.REPORTED}, None, ("reason",), ("note",), ("major_asked_for",)
    ),
    Step(
        "resume", "恢复处置", frozenset({Status.SUSPENDED, Status.TRANSFERRED}), Status.HANDLING,
        takes=("due_on", "note"), guards=("due_by_rule", "due_ahead"),
    ),
    Step(
        "transfer", "移交", WITH_HANDLER, Status.TRANSFERRED, ("body", "document"), ("reason", "note"),
        ("transfer_asked",),
    ),
    Step(
        "feedback", "反馈", WITH_HANDLER, Status.FEEDBACK, ("result_code",), ("note", *_EVIDENCE), ("evidence",)
    ),
    Step(
        "file_reply", "代填反馈", WITH_HANDLER, Status.FEEDBACK, ("result_code", SCAN),
        (IN_NAME_OF, "note", *EVIDENCE_PHOTOS), ("of_the_handler",),
    ),
    Step("close", "核查通过", frozenset({Status.FEEDBACK}), Status.CLOSED, takes=("note",), guards=("closable",)),
    Step(
        "rework", "返工", frozenset({Status.FEEDBACK}), Status.HANDLING, ("reason",), ("due_on", "note"),
        ("due_by_rule", "due_ahead"),
    ),
    Step(
        "site_check", "现场核查", WITH_HANDLER, Status.CLOSED, ("pass",),
        ("result_code", "reason", "due_on", "note", *_EVIDENCE),
        ("no_account", "site_result", "due_by_rule", "due_ahead"),
    ),
    Step(
        "reopen", "回访重开", frozenset({Status.CLOSED, Status.SPOT_CLOSED}), Status.HANDLING, ("reason",),
        ("assignee", "due_on", "note"), ("in_window", "due_by_rule", "due_ahead"),
    ),
    Step("void", "作废", OPEN, Status.VOID, ("reason",), ("note",), ("void_asked",)),
    Step("withdraw", "撤回", frozenset({Status.REPORTED}), Status.VOID, (), ("reason", "note"), ("holds_none",)),
    Step(
        "supervise", "督办", OPEN, None, ("level",), ("due_on", *FIVE_DUTIES, "note"),
        ("due_running", "due_by_rule", "due_ahead"),
    ),
    Step(
        "mark_major", "认定重大火灾隐患", OPEN - {Status.REPORTED}, None, (*JUDGED_BY, "document", "rules"),
        ("determined_on", "note"), ("major_by_rules", "three_people"),
    ),
    Step(
        "unmark_major", "重大火灾隐患销案", OPEN - {Status.REPORTED} | {Status.CLOSED}, None, ("reason", "document"),
        ("note",), ("now_major",),
    ),
    Step("release", "承办人离岗", WITH_HANDLER, Status.REGISTERED, takes=("note",)),
    Step("release_helpers", "协办人离岗", OPEN, None, takes=("helpers", "note")),
    Step("draw_recheck", "抽中回访", CLOSED, None, takes=("note",)),
    Step("carry_over", "列为上年结转", frozenset({Status.REPORTED}), Status.REGISTERED, takes=("note",)),
    Step("take_back", "撤销上年结转", frozenset({Status.REGISTERED}), Status.VOID, takes=("note",)),
    Step("remind", "到期提醒", WITH_HANDLER, None, takes=("note",)),
    Step("escalate", "超期上报", WITH_HANDLER, None, takes=("note",)),
    Step("escalate_request", "申请超时上报", OPEN, None, takes=("note",)),
    Step("recheck", "回访", CLOSED, None, ("pass", "method"), ("note",), ("recheck_drawn",)),
    Step("note", "说明", frozenset(Status), None, ("note",)),
)  # fmt: skip
"""Every step of ``domain.md`` section 2.3 (T03-T22). ``release`` is the server's own: a handler's duty has ended. So
is ``draw_recheck``: a closed case is among those that the week's draw has chosen to be checked again; and
``TIME_TELLING``: a limit is near, or has passed."""

TIME_TELLING = frozenset({"remind", "escalate", "escalate_request"})
"""Actions by which the server tells that time goes by; they change nothing, and take nobody's words away."""

BY_SERVER = frozenset({"release", "release_helpers", "draw_recheck", "carry_over", "take_back"}) | TIME_TELLING
"""Actions that nobody asks for: the server takes them when something else has happened."""

DECLINES = {
    f"decline_{kind}": f"ask_{kind}" for kind in ("return", "extension", "suspension", "transfer", "void", "major")
}
"""Acts that turn a request down, each with the act that it turns down."""

GRANTS = {
    "return": "ask_return",
    "extend": "ask_extension",
    "suspend": "ask_suspension",
    "transfer": "ask_transfer",
    "void": "ask_void",
    "mark_major": "ask_major",
}
"""Acts that grant a request, each with the act that it grants."""

DECIDES = {**GRANTS, **DECLINES}
"""Acts that decide a request, each with the act that had asked for it."""

UNDONE_BY = {"merge": "split", "suspend": "resume", "transfer": "resume"}
"""Acts that another act of the table takes back, each with that act; all others stand."""

STEP_OF = {step.action: step for step in STEPS}
"""The step of each action, those of the server included."""
ACTIONS = tuple(STEP_OF)
INPUTS = frozenset(name for step in STEPS for name in (*step.needs, *step.takes))
"""Names of all inputs of acts: they stay in the revision and never become fields of the record."""


def step_of(action: str) -> Step:
    """Return the step of an action. Raises Invalid that lists the actions when there is none of this name."""
    step = STEP_OF.get(action)
    if step is None or action in BY_SERVER:
        listed = "、".join(each for each in ACTIONS if each not in BY_SERVER)
        raise Invalid(f"没有“{action}”这个操作；可选：edit、{listed}。", field="action", value=action)
    return step


def inputs_of(action: str, sent: Mapping[str, str]) -> dict[str, str]:
    """Return what of ``sent`` were inputs of the act, blank ones left out; none for what is no act."""
    step = STEP_OF.get(action)
    taken = () if step is None else (*step.needs, *step.takes)
    return {name: sent[name] for name in taken if sent.get(name)}


def photos_as_evidence(change: Change) -> Change:
    """Return ``change`` with its attachments as the photos that its act takes, where none of its fields names them.

    Whether their bytes are in does not matter: what is announced is under way, and not missing.
    """
    step = STEP_OF.get(change.action)
    if step is None or not change.attachments:
        return change
    named = {write.new for write in change.fields.values()}
    blank = (each for each in PHOTO_INPUTS if each in (*step.needs, *step.takes) and not _is_filled(change, each))
    unnamed = (each.name for each in change.attachments if each.name not in named)
    found = {field: FieldWrite(None, name) for field, name in zip(blank, unnamed, strict=False)}
    return replace(change, fields={**change.fields, **found}) if found else change


def in_handlers_name(change: Change, assignee: str | None) -> Change:
    """Return a change that files a reply with whose it is, where it names nobody, and only with a scan that came along.

    assignee: who has the case. All other changes stay as they are.
    """
    if change.action != "file_reply":
        return change
    came = {each.name for each in change.attachments}
    fields = {name: write for name, write in change.fields.items() if name != SCAN or write.new in came}
    if assignee and not _is_filled(change, IN_NAME_OF):
        fields[IN_NAME_OF] = FieldWrite(None, assignee)
    return replace(change, fields=fields)


def _is_filled(change: Change, field: str) -> bool:
    return field in change.fields and change.fields[field].new.strip() != ""


def require_legal(step: Step, status: Status) -> None:
    """Do nothing when ``step`` may be taken from ``status``; otherwise raise IllegalStep that names both."""
    if status in step.sources:
        return
    sources = "、".join(STATUS_LABELS[each] for each in Status if each in step.sources)
    raise IllegalStep(
        f"案件现在是“{STATUS_LABELS[status]}”，不能“{step.label}”；只有{sources}的案件可以。请刷新后再办。",
        action=step.action,
        status=status.value,
        sources=sorted(each.value for each in step.sources),
    )


def is_done_already(record: Record, action: str, by: str) -> bool:
    """Say whether an act that is not legal any more was taken by the same person: a phone sent 签收 or 开始 twice.

    by: user name of its author.
    """
    is_under_way = record.status in (Status.ACCEPTED, Status.HANDLING)
    return is_under_way and action in ("accept", "start") and record.case is not None and by in record.case.processed_by


def leads_to(step: Step, status: Status) -> frozenset[Status]:
    """Return where a step from ``status`` may end: a failed check on the spot goes back to handling."""
    targets = {status if step.target is None else step.target}
    if step.action == "site_check":
        targets.add(Status.HANDLING)
    if step.action == "feedback":
        targets.add(status)  # what a co-handler says does not hand the case in
    return frozenset(targets)
