"""Say what has become of the cases of a filed month since: which acts, and what each adds to which column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from server import dated
from server.instants import Instant
from server.monthly_reports.domain.definition import Definition
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import CLOSED
from server.records.domain.status import Status
from server.summaries.domain.count_rules import COUNT_RULES, Window

TABLE = "monthly_report_changes"


class Kind(StrEnum):
    """What has become of a case since, by its code in ``data/monthly_report_changes.csv``.

    CORRECTED: its category, item, severity, place or area was put right. DUE: nothing but that a limit has passed.
    LATE: discovered in the month and received after it was filed (补报); it counts in the month in which it came in,
    and so changes no column.
    """

    CLOSED = "closed"
    VOID = "void"
    MERGED = "merged"
    REOPENED = "reopened"
    SPLIT = "split"
    CORRECTED = "corrected"
    EXTENDED = "extended"
    HELD = "held"
    REGISTERED = "registered"
    DUE = "due"
    OTHER = "other"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Change:
    """What has become of one case. differences: what it adds to each column now, by code; nought is left out."""

    id: str
    received_at: Instant
    kinds: tuple[Kind, ...]
    differences: Mapping[str, int]


def labels(at: Instant, *, english: bool = False) -> dict[str, str]:
    """Return what each kind is called, by its code, in the order in which they are told."""
    return {row["kind"]: row["label_en" if english else "label"] for row in dated.rows_at(TABLE, at)}


def change_of(
    definition: Definition, then: CaseFacts | None, now: CaseFacts, window_then: Window, window_now: Window, *,
    is_corrected: bool = False,
) -> Change | None:  # fmt: skip
    """Return what has become of a case, None where it changes no column and none of its acts is to be told.

    then, now: its facts as of the filing and as of now; None: it was not there. window_then, window_now: the month as
    of these instants. is_corrected: its item, severity or place was put right between them.
    """
    differences = {
        column.code: n
        for column in definition.counts
        if (n := _count(column.code, now, window_now) - _count(column.code, then, window_then))
    }
    of_month = _of_month(now, window_now) or (then is not None and _of_month(then, window_then))
    kinds = tuple(_kinds(then, now, window_then.as_of, is_corrected=is_corrected)) if of_month else ()
    if not kinds and not differences:
        return None
    if not kinds:
        kinds = (Kind.DUE,) if then == now else (Kind.OTHER,)
    return Change(now.id, now.received_at, kinds, differences)


def _count(code: str, case: CaseFacts | None, window: Window) -> int:
    return 0 if case is None else int(COUNT_RULES[code](case, window))


def _of_month(case: CaseFacts, window: Window) -> bool:
    return window.holds(case.registered_at) or window.holds(case.received_at)


def _kinds(then: CaseFacts | None, now: CaseFacts, since: Instant, *, is_corrected: bool) -> Iterator[Kind]:
    """Yield what has happened to a case since an instant, each once, what matters most first."""
    if now.closed and now.closed_at is not None and now.closed_at > since:
        yield Kind.CLOSED
    if now.void and (then is None or not then.void):
        yield Kind.VOID
    if now.merged and (then is None or not then.merged):
        yield Kind.MERGED
    undone = {status for _, undone_at, status in now.endings if undone_at is not None and undone_at > since}
    if undone & CLOSED:
        yield Kind.REOPENED
    if Status.MERGED in undone:
        yield Kind.SPLIT
    if then is not None:
        yield from _while_open(then, now, is_corrected=is_corrected)


def _while_open(then: CaseFacts, now: CaseFacts, *, is_corrected: bool) -> Iterator[Kind]:
    """Yield what has happened to a case that was there, beside its endings."""
    if is_corrected or (then.category, then.path) != (now.category, now.path):
        yield Kind.CORRECTED
    if now.extended > then.extended:
        yield Kind.EXTENDED
    if then.held != now.held and not now.closed:
        yield Kind.HELD
    if then.registered_at is None and now.registered_at is not None:
        yield Kind.REGISTERED
