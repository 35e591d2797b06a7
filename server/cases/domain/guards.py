"""Checks an act on a case: is it complete, may its author take it, does any other rule forbid it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta

from server import instants
from server.cases.domain import assignable, deadlines, later_limits, major_hazards, mergers, registering, workflow
from server.cases.domain.acts import PASSES, Act, ActContext
from server.cases.domain.circumstances import CIRCUMSTANCES
from server.cases.domain.deadlines import Clock
from server.cases.domain.right_conditions import CONDITIONS
from server.cases.domain.workflow import Step
from server.errors import IllegalStep, Invalid, NotAllowed
from server.people.domain import roles
from server.people.domain.rights import Grant, Mark, holders_of, limits_of
from server.records.domain.records import Record
from server.records.domain.status import Status

Fault = tuple[str, str]
"""An input and what is wrong with it, in Chinese."""

DATES = ("due_on", "until", "plan_due", "determined_on")
INPUT_LABELS = {
    "reason": "原因", "note": "说明", "assignee": "承办人", "due_on": "期限", "helpers": "协办人", "into": "主案件",
    "until": "延期至", "safeguard": "临时防范措施", "plan": "整治计划",
    "milestones": "分阶段目标", "plan_due": "计划完成日", "leader": "责任领导",
    "body": "移交部门", "document": "文号", "result_code": "处置结果", "pass": "是否通过", "level": "督办级别",
    "person_1": "集体研究人员一", "person_2": "集体研究人员二", "person_3": "集体研究人员三", "rules": "判定标准",
    "determined_on": "认定日期", "method": "回访方式", "fund": "整改资金", "contingency": "应急预案",
    "scan": "回复件的扫描件或照片", "in_name_of": "代谁填",
}  # fmt: skip


def check(step: Step, record: Record, act: Act, context: ActContext) -> Grant:
    """Return the right by which ``act`` is taken.

    Raises IllegalStep (the status does not allow it), NotAllowed (nobody may who is not …), and Invalid with every
    wrong input at once.
    """
    workflow.require_legal(step, Status(record.status or ""))
    grant = _permitted(step, record, act, context)
    _require_circumstances(step, record, act, context)
    faults = [*_missing(step, act), *_unreadable(act), *_unknown(act, context)]
    faults += [fault for name in step.guards if name in _GUARDS for fault in _GUARDS[name](record, act, context)]
    if act.action in ("assign", "reassign", "reopen"):
        faults += _out_of_reach(grant, record, act, context)
    if act.action == "extend" and "days_30" in grant.limits:
        faults += _too_long(record, act, context)
    if faults:
        raise Invalid(
            f"“{step.label}”没有办成：{'；'.join(dict.fromkeys(message for _, message in faults))}。",
            errors=[{"field": f"fields.{name}", "message": message} for name, message in dict(faults).items()],
        )
    return grant


def permits(step: Step, record: Record, act: Act, context: ActContext) -> bool:
    """Say whether the author could take this step now, whatever the inputs will be."""
    if record.status not in step.sources:
        return False
    try:
        _permitted(step, record, act, context)
        _require_circumstances(step, record, act, context)
    except (NotAllowed, IllegalStep):
        return False
    return True


def reads_of(step: Step) -> frozenset[str]:
    """Return all that ``permits`` reads for a step besides the act, whoever takes it; named as in ``Condition``."""
    found = {"record.status", "context.grants"}
    for limit in limits_of("case", step.action):
        found.update(CONDITIONS[limit].reads)
    for name in step.guards:
        if name in CIRCUMSTANCES:
            found.update(CIRCUMSTANCES[name].reads)
    return frozenset(found)


def _require_circumstances(step: Step, record: Record, act: Act, context: ActContext) -> None:
    for name in step.guards:
        if name in CIRCUMSTANCES:
            CIRCUMSTANCES[name].require(record, act, context)


def right_among(grants: Iterable[Grant], record: Record, act: Act, context: ActContext) -> tuple[Grant | None, str]:
    """Return the first of these rights that nothing narrows away from the act; None and the first reason else."""
    why = ""
    for grant in grants:
        if grant.mark is Mark.PROPOSE:
            continue
        refused = next(
            (reason for limit in grant.limits if (reason := CONDITIONS[limit].refusal(record, act, context))), ""
        )
        if not refused:
            return grant, ""
        why = why or refused
    return None, why


def _permitted(step: Step, record: Record, act: Act, context: ActContext) -> Grant:
    grant, why = right_among(context.grants, record, act, context)
    if grant is not None:
        return grant
    if why:
        raise NotAllowed(why, action=act.action)
    raise not_allowed_here(step, act.at)


def not_allowed_here(step: Step, at: instants.Instant) -> NotAllowed:
    """Return the refusal to somebody whose post gives no right to a step, which names the posts that do."""
    names = "、".join(roles.label(role, at) for role in holders_of("case", step.action, at))
    return NotAllowed(f"您的岗位不能在这里“{step.label}”；可以办理的有：{names}。", action=step.action)


def _missing(step: Step, act: Act) -> Iterator[Fault]:
    needs = step.needs
    if act.action == "site_check":
        needs += ("result_code",) if act.passed else ("reason",) if act.failed else ()
    if act.action == "recheck" and act.failed:
        needs += ("note",)
    for name in needs:
        if not act[name]:
            yield name, f"请填写{INPUT_LABELS.get(name, name)}（{name}）"


def _unreadable(act: Act) -> Iterator[Fault]:
    for name in DATES:
        if act[name] and _date(act[name]) is None:
            yield name, f"“{act[name][:30]}”不是日期，应写成 2026-12-03"
    if act[PASSES] not in ("", "yes", "no"):
        yield "pass", "是否通过应为 yes 或 no"
    if act["level"] not in ("", "1", "2", "3"):
        yield "level", "督办级别应为 1、2 或 3"
    if act["reason"] and len(act["reason"]) < _REASON_CHARACTERS_MIN:
        yield "reason", "原因太短，请写明白"


_REASON_CHARACTERS_MIN = 2


def _unknown(act: Act, context: ActContext) -> Iterator[Fault]:
    if act["result_code"] and "result_code" not in context.code_entries:
        yield "result_code", f"处置结果没有“{act['result_code'][:30]}”这一项，请从处置结果表中选，如 fixed"
    if act["method"] and "method" not in context.code_entries:
        yield "method", f"回访方式没有“{act['method'][:30]}”这一项，请从回访方式表中选，如 phone"
    for name in ("assignee", "helpers"):
        for mark in act[name].split():
            if mark not in context.parties:
                yield name, not_to_be_given(mark)
    if len(act["assignee"].split()) > 1:
        yield "assignee", "承办人只能有一个，其余写到协办人（helpers）"


def _out_of_reach(grant: Grant, record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    """Yield whom the author's role may not give work to at this place (``domain.md`` section 3.2, dispatch)."""
    for name in ("assignee", "helpers"):
        for mark in act[name].split():
            party = context.parties.get(mark)
            paths = (record.path, *context.heirs)
            if party is not None and not any(assignable.party(grant, path, party) for path in paths):
                yield name, not_to_be_given(mark)


def not_to_be_given(mark: str) -> str:
    """Return one refusal for nobody and for somebody beyond reach: no name is told to be somebody's."""
    return (
        f"没有您能派遣的承办人“{mark[:60]}”：写错了、现在没有岗位，或不在您能派遣的范围内；"
        "请选本辖区的人员或单位（user:用户名 或 body:代码），或请上级派遣"
    )


def _due_ahead(record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    yield from _ahead(act, "due_on")


def _plan_ahead(record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    yield from _ahead(act, "plan_due")


def _within_a_year(record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    longest = deadlines.due_at(Clock.SUSPENSION, act.at, context.calendar)
    for name in ("until", "plan_due"):
        day = _date(act[name])
        if day is not None and deadlines.end_of(day) > longest:
            yield name, f"挂账最长12个月，到 {instants.last_day(longest)} 为止；到期仍未完成的，再申请一次"


def _ahead(act: Act, name: str) -> Iterator[Fault]:
    day = _date(act[name])
    if day is None:
        return
    if deadlines.end_of(day) <= act.at:
        yield name, f"{INPUT_LABELS[name]} {day} 已经过去，请选今天或以后的日期"
    elif day > deadlines.day_of(act.at) + _FARTHEST:
        yield name, f"{INPUT_LABELS[name]} {day} 太远了，请核对年份"


_FARTHEST = timedelta(days=3 * 366)


def _until_later(record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    yield from _beyond(record, act, context, "until", "申请的日期")
    yield from _ahead(act, "until")


def _longer(record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    yield from _beyond(record, act, context, "due_on", "延期后的期限")


def _beyond(record: Record, act: Act, context: ActContext, name: str, called: str) -> Iterator[Fault]:
    day, due = _date(act[name]), record.due_at
    if day is None or due is None:
        return
    if deadlines.end_of(day) <= due:
        yield name, f"{called}应晚于现在的期限 {instants.last_day(due)}"
    if act.action in ("extend", "ask_extension"):
        yield from later_limits.beyond_longest(due, deadlines.end_of(day), name, act, context)


def _twice(record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    if record.case is not None:
        yield from later_limits.refusals(record.case, context.grants)


def _too_long(record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    day = _date(act["due_on"])
    if day is None or record.due_at is None:
        return
    if later_limits.too_far(record.due_at, deadlines.end_of(day), context.calendar):
        yield "due_on", later_limits.TOO_FAR


def _evidence(record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    if not any(act[name] for name in ("fixed_photo", "fixed_photo_2", "no_photo_reason")):
        yield "no_photo_reason", "请附整改后照片（fixed_photo），不能拍照时写明原因（no_photo_reason）"


def _of_the_handler(record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    if act[workflow.IN_NAME_OF] != record.assignee:
        yield workflow.IN_NAME_OF, "这件现在的承办人已不是回复的这一方；请刷新，看过现在由谁承办再填"


def _closable(record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    result = context.last_result
    if result is not None and result.extra.get("closable") == "0":
        yield "result_code", f"反馈结果是“{result.label}”，还不能办结；请退回返工，或走挂账、移交"


def _site_result(record: Record, act: Act, context: ActContext) -> Iterator[Fault]:
    result = context.code_entries.get("result_code")
    if act.passed and result is not None and result.extra.get("closable") == "0":
        yield "result_code", f"结果是“{result.label}”，不能算通过"
    if act.passed:
        yield from _evidence(record, act, context)


_GUARDS: dict[str, Callable[[Record, Act, ActContext], Iterator[Fault]]] = {
    "due_ahead": _due_ahead,
    "due_by_rule": later_limits.faults,
    "due_running": later_limits.without_limit,
    "plan_ahead": _plan_ahead,
    "within_a_year": _within_a_year,
    "until_later": _until_later,
    "into_open": mergers.into_open,
    "into_alike": mergers.into_alike,
    "holds_none": mergers.holds_none,
    "what_and_where": registering.says_what_and_where,
    "longer": _longer,
    "twice": _twice,
    "evidence": _evidence,
    "of_the_handler": _of_the_handler,
    "closable": _closable,
    "major_by_rules": major_hazards.by_rules,
    "three_people": major_hazards.by_three_people,
    "site_result": _site_result,
}
"""Rules about what comes with an act."""


NAMES = frozenset({*_GUARDS, *CIRCUMSTANCES})
"""Names of guards that a step may have."""


def _date(text: str) -> date | None:
    """Return the day that an input names, None for none; the last day of all is none, since it has no end."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else date.max
    except ValueError:
        return None
    return None if day == date.max else day
