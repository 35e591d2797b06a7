"""The conditions that narrow a right in ``data/rights.csv``: handler, author, level of supervision, …"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from server.cases.domain import workflow
from server.cases.domain.acts import Act, ActContext
from server.people.domain.roles import DecisionLevel
from server.records.domain.records import Record
from server.records.domain.status import Status

Limit = Callable[[Record, Act, ActContext], str]
"""Returns in Chinese why a right does not reach an act on a record; empty when it does."""


class Condition(NamedTuple):
    """A word that narrows a right.

    reads: all that ``refusal`` reads besides the act, as ``record.<name>``, ``case.<name>`` (of the record's case) and
    ``context.<name>``; whoever remembers what it returned tells records apart by them.
    """

    refusal: Limit
    reads: tuple[str, ...] = ()


def _handler(record: Record, act: Act, context: ActContext) -> str:
    return "" if context.handles else "这件事不是派给您的，只有承办人能办；需要改派请联系派遣的人。"


def _not_handler(record: Record, act: Act, context: ActContext) -> str:
    if record.case is not None and act.author in record.case.processed_by:
        return "您办理过这件事，不能核查自己的处置；请由他人核查。"
    if record.case is not None and f"user:{act.author}" in record.case.marks:
        return "这件事由您承办或协办，不能由您核查；请由没有经办的上报人或上级核查。"
    by_reporter = act.author == record.author and context.own_body_kinds <= _CHECKED_BY_REPORTER
    if context.own_body_kinds and not by_reporter:
        return "您是承办或协办单位的人员，不能核查本单位的处置；请由上报人或上级核查。"
    return ""


_CHECKED_BY_REPORTER = frozenset({"village_committee"})
"""Kinds of bodies (``data/body_kinds.csv``) so small that a reporter of theirs who had no hand in it checks their work:
a village of two people has nobody else."""


def _dispatcher(record: Record, act: Act, context: ActContext) -> str:
    """A check on the spot closes without anybody's feedback, so that whoever answers for the case makes it.

    That it is still there anybody may find. The town checks the work of a village committee, whoever gave it that.
    """
    case = record.case
    if case is None or act.failed or act.author in case.dispatchers:
        return ""
    kind = "" if case.lead is None else context.body_kinds.get(case.lead.mark, "")
    level = DecisionLevel(context.level or DecisionLevel.UNIT)
    if kind in _CHECKED_BY_REPORTER and level.rank >= DecisionLevel.TOWN.rank:
        return ""
    return (
        "现场核查办结只由立项或派遣这件事的人办；请把看到的写成“说明”，由他们核验，他们离岗的由现在负责派遣的人重新派遣后核验。"
        "没改好的您可以记“不通过”；办结后被抽中的，您可以回访。"
    )


def _not_closer(record: Record, act: Act, context: ActContext) -> str:
    case = record.case
    if case is not None and act.author == case.closed_by:
        return "这件事是您办结的，不能由您回访；请由别人打电话或下次巡查时看。"
    own_hand = case is not None and (act.author in case.processed_by or f"user:{act.author}" in case.marks)
    if own_hand or context.own_body_kinds:
        return "这件事由您或您的单位经办，不能由您回访；请由没有经办的人打电话或下次巡查时看。"
    return ""


def _not_major(record: Record, act: Act, context: ActContext) -> str:
    major = record.case is not None and record.case.major
    return "重大火灾隐患须由村干部或上级核查办结。" if major and not act.failed else ""


def _author(record: Record, act: Act, context: ActContext) -> str:
    return "" if act.author == record.author else "只有上报人本人能办。"


def _for_another(record: Record, act: Act, context: ActContext) -> str:
    has_part = record.case is not None and f"user:{act.author}" in record.case.marks
    return "这件由您或您的单位承办，请直接“反馈”，不用代填。" if has_part or context.leads else ""


def _own(record: Record, act: Act, context: ActContext) -> str:
    return "" if context.handles or act.author == record.author else "只能办理自己上报或承办的案件。"


def _registered(record: Record, act: Act, context: ActContext) -> str:
    return "还没有立项，您不能直接派遣；请村干部或乡镇先立项。" if record.status == Status.REPORTED else ""


_NEXT = {
    DecisionLevel.VILLAGE: "乡镇",
    DecisionLevel.TOWN: "大队",
    DecisionLevel.BRIGADE: "县级管理员或大队另一位人员",
    DecisionLevel.COUNTY: "大队",
}


def _decides(level: DecisionLevel) -> Limit:
    """Return what keeps a level from deciding: its own request, its own or its body's case, what a peer asks for.

    The brigade is the highest office of the trade: what one of its officers asks for, another one may decide.
    """

    def limit(record: Record, act: Act, context: ActContext) -> str:
        if record.case is None:
            return ""
        asked = workflow.DECIDES.get(act.action)
        request = next((each for each in record.case.requests if each.action == asked), None)
        if request is not None and request.author == act.author:
            return f"这是您自己申请的，不能由您决定；请由{_NEXT[level]}决定。"
        if context.own_body_kinds or f"user:{act.author}" in record.case.marks:
            return f"这件由您或您的单位承办，不能由您决定；请由{_NEXT[level]}决定。"
        below = context.handler_level if request is None else request.level
        if not below or DecisionLevel(below).rank < level.rank or (request and below == level == DecisionLevel.BRIGADE):
            return ""
        return f"同级提出的事不能由同级决定；请由{_NEXT[level]}决定。"

    return limit


LEVELS = {"level_1": "1", "level_2_3": "23"}
"""Levels of supervision that each limit of the right to supervise leaves."""


def _level(allowed: str) -> Limit:
    def limit(record: Record, act: Act, context: ActContext) -> str:
        named, now = act["level"], 0 if record.case is None else record.case.supervised
        if now > max(int(each) for each in allowed):
            return f"这件已由大队{now}级挂牌督办；挂牌督办只能由大队调整，您要说的请写成“说明”。"
        may = "、".join(allowed)
        return "" if not named or named in allowed else f"您的岗位只能{may}级督办；其他级别请交有权的岗位办理。"

    return limit


def _none(record: Record, act: Act, context: ActContext) -> str:
    return ""


CONDITIONS: Mapping[str, Condition] = {
    "handler": Condition(_handler, ("context.handles",)),
    "not_handler": Condition(
        _not_handler,
        ("case.processed_by", "case.assignments", "record.author", "context.own_body_kinds"),
    ),
    "dispatcher": Condition(
        _dispatcher, ("case.dispatchers", "case.assignments", "context.level", "context.body_kinds")
    ),
    "not_closer": Condition(
        _not_closer, ("case.closed_by", "case.processed_by", "case.assignments", "context.own_body_kinds")
    ),
    "not_major": Condition(_not_major, ("case.major",)),
    "author": Condition(_author, ("record.author",)),
    "own": Condition(_own, ("context.handles", "record.author")),
    **{
        f"decides_{level}": Condition(
            _decides(level),
            ("case.requests", "case.assignments", "context.own_body_kinds", "context.handler_level"),
        )
        for level in _NEXT
    },
    "for_another": Condition(_for_another, ("case.assignments", "context.leads")),
    "registered": Condition(_registered, ("record.status",)),
    **{limit: Condition(_level(allowed), ("case.supervised",)) for limit, allowed in LEVELS.items()},
    # These narrow whom one may assign and for how long, not whether one may act at all.
    "village": Condition(_none),
    "local": Condition(_none),
    "days_30": Condition(_none),
}
