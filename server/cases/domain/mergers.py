"""Rules about merging: reports freely, what counts into a case that counts as well, of the same hazard (ADR 0054).

What is merged goes into no rate any more. So nobody lets a case that is due vanish in a report that is then withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterator

from server.cases.domain import similarity
from server.cases.domain.acts import Act, ActContext, MergeTarget
from server.records.domain.records import Record
from server.records.domain.status import ENDED, Status

_VILLAGE_DEPTH = 3
"""Parts of the path of a village: county, town, village."""

UNLIKE = (
    "已立项或已超期的，只能并入同一隐患、同一地点（或相距50米内）的案件，立项后更正的不算；确是同一件的，请由上一级并案"
)


def into_open(record: Record, act: Act, context: ActContext) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the case that ``into`` names: it is this one, unknown, has ended, or is no case yet."""
    into = context.merging.into
    if act["into"] == record.id:
        yield "into", "不能并入自己，请选另一件"
    elif act["into"] and (into is None or into.type != record.type):
        yield "into", "没有这个主案件，或它不在您的管辖范围内；请核对主案件的记录编号"
    elif into is not None and into.status in ENDED:
        yield "into", "选的主案件已经结束，不能再并入；请另选一件"
    elif into is not None and into.status == Status.REPORTED and _counts(record, context):
        yield from _into_report(context)


def _into_report(context: ActContext) -> Iterator[tuple[str, str]]:
    if not context.merging.by_higher_level:
        yield "into", "已立项的不能并入还没有立项的上报；请先把主案件立项，或反过来把那件上报并入这一件"


def into_alike(record: Record, act: Act, context: ActContext) -> Iterator[tuple[str, str]]:
    """Yield why a case that counts, or has been left too long, is not merged: it goes into no rate any more then."""
    into, counts = context.merging.into, _counts(record, context)
    is_late = record.due_at is not None and record.due_at <= act.at
    if into is None or context.merging.by_higher_level or not (counts or is_late):
        return
    if not _is_alike(record, into, context):
        yield "into", UNLIKE
    elif counts and is_late:
        yield "into", "立项后超期的，由上一级并案；在那之前可以一并派给同一承办人"


def holds_none(record: Record, act: Act, context: ActContext) -> Iterator[tuple[str, str]]:
    """Yield why a report is neither withdrawn nor rejected: cases that counted would go with it."""
    if context.merging.holds_cases:
        yield "reason", "已立项的案件并入了这一件，不能撤回或不予立项；请先把它们“拆分”（split），再办这一件"


def _counts(record: Record, context: ActContext) -> bool:
    return record.status == Status.REGISTERED or context.merging.holds_cases


def _is_alike(record: Record, into: MergeTarget, context: ActContext) -> bool:
    """Say whether two cases are about one hazard, as they are and as they were when they were registered."""
    village = record.path.split("/")[:_VILLAGE_DEPTH]
    is_near = village == into.path.split("/")[:_VILLAGE_DEPTH]
    is_so_now = similarity.are_alike(record.fields, into.fields)
    return is_near and is_so_now and similarity.are_alike(context.merging.said, into.said)
