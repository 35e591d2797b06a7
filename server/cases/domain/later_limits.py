"""The latest limit that each act may set by its rule; a later one is an extension, whatever the act (ADR 0055)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from server import instants
from server.cases.domain import deadlines
from server.cases.domain.acts import Act, ActContext
from server.cases.domain.calendars import Calendar
from server.cases.domain.deadlines import Clock
from server.instants import Instant
from server.people.domain.actors import Role
from server.people.domain.rights import Grant
from server.records.domain.case import Case
from server.records.domain.records import Record
from server.records.domain.status import WITH_HANDLER, Status

EXTENSIONS_MAX = 2
"""How often a case may be extended (GB/T 30428.8 wants the share of extensions kept small)."""

EXTENDING_MARK = "算一次延期"
"""What the office note of an act says that set a later limit than its rule, so that history and phones tell it."""


def by_rule(record: Record, act: Act, context: ActContext) -> Instant | None:
    """Return the latest limit that ``act`` may set without extending the case; None where it sets none.

    Work that somebody has, or had until their duty ended, goes on by the limit that runs; what comes back from a
    transfer by that limit and the days that it was away. A dispatch from intake or after a return, the end of a
    suspension, a failed check and a reopening each have a limit of their own (``data/time_limits.csv``).
    """
    if record.case is None:
        return None
    running, at, calendar = record.case.facts.handle_due_at or "", act.at, context.calendar
    has_it = record.status in WITH_HANDLER
    if act.action == "supervise":
        return running or None if has_it else None
    if act.action == "assign" and (goes_on := goes_on_by(record)) is not None:
        return goes_on
    if act.action == "resume" and (away := after_transfer(record, act.at)) is not None:
        return away
    if act.action in ("assign", "resume"):
        return max(running, deadlines.due_at(Clock.HANDLE, at, calendar, context.rect))
    if act.action in ("rework", "site_check"):
        return max(running, deadlines.due_at(Clock.REWORK, at, calendar))
    return deadlines.due_at(Clock.REOPEN, at, calendar) if act.action == "reopen" else None


def goes_on_by(record: Record) -> Instant | None:
    """Return the limit that stays the same when a case is given to somebody else; None where a new one begins.

    It stays for what somebody has, and for what was taken from somebody whose duty ended; a return begins a new one.
    """
    if record.case is None or record.status not in (*WITH_HANDLER, Status.REGISTERED):
        return None
    dispatches = record.case.facts.dispatches
    is_returned = record.status == Status.REGISTERED and bool(dispatches) and dispatches[-1].returned_at is not None
    return None if is_returned else record.case.facts.handle_due_at


def after_transfer(record: Record, at: Instant) -> Instant | None:
    """Return the limit by which a transferred case goes on when it comes back: later by the days that it was away.

    By the limit as it was where no extension is left, and of a major hazard, whose extension is the brigade's to give.
    None for what is not transferred, or had no limit.
    """
    facts = None if record.case is None else record.case.facts
    if record.status != Status.TRANSFERRED or facts is None or facts.handle_due_at is None or facts.held_since is None:
        return None
    if facts.extended >= EXTENSIONS_MAX or (record.case is not None and record.case.major):
        return facts.handle_due_at
    away = deadlines.day_of(at) - deadlines.day_of(facts.held_since)
    return deadlines.end_of(date.fromisoformat(instants.last_day(facts.handle_due_at)) + away)


def extends(record: Record, act: Act, context: ActContext) -> bool:
    """Say whether an act whose inputs are in order counts as an extension.

    It sets a later limit than its rule, or a later one than the handler had when the case was transferred: one person
    may transfer a case and take it back, so that the days between are told as those of an extension are.
    """
    back = after_transfer(record, act.at) if act.action == "resume" else None
    if back is not None and record.case is not None:
        return (_wanted(act) or back) > (record.case.facts.handle_due_at or "")
    return _is_later(record, act, context)


def _is_later(record: Record, act: Act, context: ActContext) -> bool:
    latest = by_rule(record, act, context)
    wanted = _wanted(act)
    return latest is not None and wanted is not None and wanted > latest


def faults(record: Record, act: Act, context: ActContext) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a limit later than the rule: its author may not extend, not again, or not so far."""
    latest = by_rule(record, act, context)
    if latest is None or record.case is None or not _is_later(record, act, context):
        return
    until = instants.last_day(latest)
    if context.extends_by is None:
        cure = "请不填更晚的日期，由承办人“申请延期”（ask_extension），由上一级批准"
        at_most = f"期限最晚到 {until}" if latest > act.at else f"原来的期限到 {until}，已经过去，不填就不变"
        yield "due_on", f"{at_most}；更晚就是延期：{cure}"
        return
    yield from refusals(record.case, (context.extends_by,))
    if "days_30" in context.extends_by.limits and too_far(latest, _wanted(act) or "", context.calendar):
        yield "due_on", TOO_FAR
    yield from beyond_longest(latest, _wanted(act), "due_on", act, context)


def without_limit(record: Record, act: Act, context: ActContext) -> Iterator[tuple[str, str]]:
    """Yield that a day is named for a case whose limit does not run: it would be kept nowhere."""
    cure = _LIMIT_BEGINS.get(Status(record.status or ""), "")
    if act["due_on"] and cure:
        yield "due_on", f"这件现在没有处置期限：{cure}，或不填期限"


_LIMIT_BEGINS = {
    **dict.fromkeys((Status.REPORTED, Status.REGISTERED), "请先派遣，再定期限"),
    Status.FEEDBACK: "已反馈，请先核查；没改好的返工时定期限",
    **dict.fromkeys((Status.SUSPENDED, Status.TRANSFERRED), "请先恢复处置，再定期限"),
}
"""What is to be done first, by status, of a case whose handler has no limit that runs."""


def refusals(case: Case, grants: Iterable[Grant]) -> Iterator[tuple[str, str]]:
    """Yield why nobody may extend the case any more by these rights."""
    if case.facts.extended >= EXTENSIONS_MAX:
        yield "due_on", f"已经延期{EXTENSIONS_MAX}次，不能再延；需要更长时间请走挂账"
    if case.major and all(grant.role is not Role.BRIGADE for grant in grants):
        yield "due_on", "重大火灾隐患的延期须由大队批准"


TOO_FAR = "乡镇一次最多延期30天；更长的请由大队批准挂账"


def too_far(running: Instant, wanted: Instant, calendar: Calendar) -> bool:
    """Say whether a town would extend by more than it may at once. running: the limit that is moved."""
    step = deadlines.due_at(Clock.EXTENSION_STEP, instants.later(running, -timedelta(seconds=1)), calendar)
    return wanted > step


def beyond_longest(
    running: Instant, wanted: Instant | None, name: str, act: Act, context: ActContext
) -> Iterator[tuple[str, str]]:
    """Yield that one extension would move a limit further than any may, from the limit that runs or from today.

    running: the limit that is moved. name: of the input that holds the day.
    """
    start = max(instants.later(running, -timedelta(seconds=1)), act.at)
    longest = deadlines.due_at(Clock.EXTENSION, start, context.calendar)
    if wanted is not None and wanted > longest:
        days = deadlines.limit_of(Clock.EXTENSION, act.at).amount
        yield (
            name,
            f"一次延期最多{days}天，到 {instants.last_day(longest)} 为止；需要更长时间请“申请挂账”（最长12个月）",
        )


def _wanted(act: Act) -> Instant | None:
    """Return the limit that an act names, None where it names no day."""
    try:
        day = date.fromisoformat(act["due_on"]) if len(act["due_on"]) == 10 else date.max
    except ValueError:
        return None
    return None if day == date.max else deadlines.end_of(day)
