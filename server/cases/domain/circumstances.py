"""Rules about an act that hold whatever comes with it: what they forbid is not offered to anybody either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

from server import instants
from server.cases.domain import deadlines, workflow
from server.cases.domain.acts import Act, ActContext
from server.cases.domain.calendars import Calendar
from server.cases.domain.deadlines import Clock
from server.errors import IllegalStep
from server.instants import Instant
from server.people.domain.actors import Role
from server.records.domain.records import Record

Require = Callable[[Record, Act, ActContext], None]


class Circumstance(NamedTuple):
    """A rule about the case as it stands. require: raises IllegalStep where it forbids the act.

    reads: all that it reads, as of a ``Condition``.
    """

    require: Require
    reads: tuple[str, ...]


def is_for_brigade(record: Record, context: ActContext) -> bool:
    """Say whether an extension of this case is the brigade's to decide, and the author is not of it."""
    is_major = record.case is not None and record.case.major
    return is_major and not any(grant.role is Role.BRIGADE for grant in context.grants)


def _no_account(record: Record, act: Act, context: ActContext) -> None:
    if context.has_account:
        raise IllegalStep(
            "承办人有账号，应由承办人自己反馈，再来核查；现场核查只用于没有账号的承办单位。", action=act.action
        )


def reopened_until(record: Record, closed_at: Instant, calendar: Calendar) -> Instant:
    """Return until when a closed case may be reopened: some days, and until it is checked again if it was drawn."""
    window = deadlines.due_at(Clock.REOPEN_WINDOW, closed_at, calendar)
    recheck_due_at = None if record.case is None else record.case.recheck_due_at
    return window if recheck_due_at is None else max(window, recheck_due_at)


def _recheck_drawn(record: Record, act: Act, context: ActContext) -> None:
    case = record.case
    if case is None or case.recheck_due_at is None:
        raise IllegalStep("这件事没有被抽中回访；没改好的可以“回访重开”。", action=act.action)
    if case.recheck_result:
        raise IllegalStep("这件事已经回访过；没改好的请“回访重开”。", action=act.action)


def _in_window(record: Record, act: Act, context: ActContext) -> None:
    closed_at = record.closed_at
    if closed_at is not None and act.at > reopened_until(record, closed_at, context.calendar):
        raise IllegalStep(f"案件办结于 {instants.local_day(closed_at)}，已过重开期限；请另行上报。", action=act.action)


def _asked(decline: str) -> Require:
    """Return what forbids to decline a request that is not open: it was never made, or has been decided."""
    asked = workflow.STEP_OF[workflow.DECLINES[decline]]

    def require(record: Record, act: Act, context: ActContext) -> None:
        if record.case is None or all(each.action != asked.action for each in record.case.requests):
            raise IllegalStep(f"没有等待决定的“{asked.label}”，可能已由别人办理；请刷新后再看。", action=act.action)

    return require


def _asked_first(ask: str, label: str) -> Require:
    """Return what forbids to decide what nobody asked for: one asks and a higher level decides, never one signature."""

    def require(record: Record, act: Act, context: ActContext) -> None:
        if record.case is None or all(each.action != ask for each in record.case.requests):
            raise IllegalStep(
                f"没有等待决定的“申请{label}”：{label}由一级申请、上一级决定。请先“申请{label}”（{ask}），"
                "再由上一级决定；在那之前照常计时。",
                action=act.action,
            )

    return require


def _not_yet_major(record: Record, act: Act, context: ActContext) -> None:
    if record.case is not None and record.case.major:
        raise IllegalStep("这件已经认定为重大火灾隐患，不用再申请。", action=act.action)


def _now_major(record: Record, act: Act, context: ActContext) -> None:
    if record.case is None or not record.case.major:
        raise IllegalStep("这件没有认定为重大火灾隐患，不用销案。", action=act.action)


def _major_asked(record: Record, act: Act, context: ActContext) -> None:
    """Who may not grant it may not decline it either."""
    if is_for_brigade(record, context):
        raise IllegalStep("重大火灾隐患的延期须由大队决定。", action=act.action)


_REVIEW_AHEAD = timedelta(days=14)
"""How long before its day a suspended or transferred case may be looked at again."""


def may_be_reviewed(due_at: Instant | None, at: Instant) -> bool:
    """Say whether it is time to look again at a suspended or transferred case.

    due_at: until when that is due; None for what was held before such days were kept, which is due at once.
    """
    return due_at is None or at >= instants.later(due_at, -_REVIEW_AHEAD)


def _review_near(record: Record, act: Act, context: ActContext) -> None:
    due = None if record.case is None else record.case.review_due_at
    if due is not None and not may_be_reviewed(due, act.at):
        raise IllegalStep(f"本期已核查过；下次请在 {instants.last_day(due)} 前14天内核查。", action=act.action)


CIRCUMSTANCES: Mapping[str, Circumstance] = {
    "no_account": Circumstance(_no_account, ("context.has_account",)),
    "in_window": Circumstance(_in_window, ("record.closed_at", "case.recheck_due_at", "context.calendar")),
    "recheck_drawn": Circumstance(_recheck_drawn, ("case.recheck_due_at", "case.recheck_result")),
    "return_asked": Circumstance(_asked("decline_return"), ("case.requests",)),
    "extension_asked": Circumstance(_asked("decline_extension"), ("case.requests",)),
    "suspension_asked": Circumstance(_asked("decline_suspension"), ("case.requests",)),
    "void_asked": Circumstance(_asked_first("ask_void", "作废"), ("case.requests",)),
    "transfer_asked": Circumstance(_asked_first("ask_transfer", "移交"), ("case.requests",)),
    "major_asked_for": Circumstance(_asked("decline_major"), ("case.requests",)),
    "review_near": Circumstance(_review_near, ("case.review_due_at",)),
    "now_major": Circumstance(_now_major, ("case.major",)),
    "not_yet_major": Circumstance(_not_yet_major, ("case.major",)),
    "major_asked": Circumstance(_major_asked, ("case.major", "context.grants")),
}
"""By the name that a step gives them (``workflow.Step.guards``)."""
