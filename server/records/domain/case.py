"""What the rules must know of a case beyond its status: who has it, who had it, which requests are open."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from sync.flags import Flag
from sync.values import frozen


class Assignment(NamedTuple):
    """A party that has or had the case (承办).

    mark: ``user:<name>`` or ``body:<code>``. lead: False for a co-handler (协办). until: None while they have it.
    fed_back_at: when a co-handler last said what came of their part, None before; of the lead the facts tell.
    """

    mark: str
    lead: bool
    since: Instant
    until: Instant | None = None
    fed_back_at: Instant | None = None


class Request(NamedTuple):
    """What somebody has asked for and nobody has decided: the action, by whom, when, until which day (or empty).

    level: at which its author decides (``roles.DecisionLevel``), so that a higher one decides this; empty where it was
    asked before levels were kept. late: to give it back, after the time for that was over (超窗).
    """

    action: str
    author: str
    at: Instant
    until: str = ""
    level: str = ""
    late: bool = False


OF_THE_CASE = frozenset({"ask_transfer", "ask_void", "ask_major"})
"""Requests about the case itself, which stand whoever has it; all others are its handler's and go with them."""


@frozen
class Case:
    """What the workflow remembers of one case.

    facts: what it contributes to the figures. assignments: everyone who has or had it, oldest first. processed_by: who
    may not check it: names of those who accepted it or fed back, and all who had it when that came in, bodies by mark.
    requests: open ones. merged_into: id of the case that it was merged into. supervised: level of supervision (督办),
    0 for none. major: determined by the brigade. village: short name of its village when it was reported; labels on
    phones keep it. plan_due_at: end of a suspension's plan; review_due_at: until when a suspended or transferred
    case is to be looked at again.
    closed_by: user name of whoever closed it, as long as it is closed. recheck_due_at: until when it is
    to be checked again, since it was drawn for that; recheck_result: what that found (``PASSED``, ``FAILED``), empty
    before. recurrence_of: id of the closed case of the same hazard that it comes back after, empty for none.
    dispatchers: user names of all who registered it or gave it to somebody.
    """

    facts: CaseFacts
    village: str = ""
    assignments: tuple[Assignment, ...] = ()
    processed_by: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()
    merged_into: str | None = None
    supervised: int = 0
    major: bool = False
    evidence_missing: bool = False
    reworked: bool = False
    returns: int = 0
    plan_due_at: Instant | None = None
    review_due_at: Instant | None = None
    closed_by: str = ""
    recheck_due_at: Instant | None = None
    recheck_result: str = ""
    recurrence_of: str = ""
    dispatchers: tuple[str, ...] = ()

    @property
    def lead(self) -> Assignment | None:
        """Who has the case now, None while nobody has."""
        return next((each for each in reversed(self.assignments) if each.lead and each.until is None), None)

    def lead_at(self, at: Instant) -> Assignment | None:
        """Return who had the case at an instant, None while nobody had."""
        had = (each for each in reversed(self.assignments) if each.lead and each.since <= at)
        return next((each for each in had if each.until is None or each.until > at), None)

    @property
    def marks(self) -> tuple[str, ...]:
        """Marks of all who have the case now, co-handlers included."""
        return tuple(each.mark for each in self.assignments if each.until is None)

    def had_since(self, earliest: Instant) -> frozenset[str]:
        """Return the marks of all who have the case or had it after ``earliest``."""
        return frozenset(each.mark for each in self.assignments if each.until is None or each.until > earliest)

    def assign_to(self, lead: str | None, helpers: Collection[str], at: Instant) -> Case:
        """Return the case as it is once ``lead`` and ``helpers`` have it from ``at``; None and nobody take it away."""
        wanted = [(lead, True)] if lead else []
        wanted += [(mark, False) for mark in helpers if mark != lead]
        unchanged = {(each.mark, each.lead) for each in self.assignments if each.until is None} & set(wanted)
        kept = tuple(
            each if each.until is not None or (each.mark, each.lead) in unchanged else each._replace(until=at)
            for each in self.assignments
        )
        added = tuple(Assignment(mark, leads, at) for mark, leads in wanted if (mark, leads) not in unchanged)
        return replace(self, assignments=kept + added)

    @property
    def helping(self) -> tuple[Assignment, ...]:
        """The co-handlers who have the case now."""
        return tuple(each for each in self.assignments if not each.lead and each.until is None)

    def with_part(self, marks: Collection[str], at: Instant) -> Case:
        """Return the case once co-handlers, by their ``marks``, have said at ``at`` what came of their part."""
        parts = tuple(
            each._replace(fed_back_at=at) if each in self.helping and each.mark in marks else each
            for each in self.assignments
        )
        return replace(self, assignments=parts)

    def with_processor(self, name: str) -> Case:
        """Return the case once ``name`` has accepted it or fed back."""
        return self if name in self.processed_by else replace(self, processed_by=(*self.processed_by, name))

    def with_dispatcher(self, name: str) -> Case:
        """Return the case once ``name`` has registered it or given it to somebody."""
        return self if name in self.dispatchers else replace(self, dispatchers=(*self.dispatchers, name))

    def with_processors(self) -> Case:
        """Return the case once its work is handed in: all who have it now had a part in that, co-handlers as well."""
        parts = (mark.removeprefix("user:") for mark in self.marks)
        return replace(self, processed_by=tuple(dict.fromkeys((*self.processed_by, *parts))))

    def with_request(self, request: Request) -> Case:
        """Return the case with one more open request; a second one of the same kind takes the first one's place."""
        others = tuple(each for each in self.requests if each.action != request.action)
        return replace(self, requests=(*others, request))

    def without_requests(self, *actions: str) -> Case:
        """Return the case without open requests of these kinds; of none at all where none is named."""
        return replace(self, requests=tuple(each for each in self.requests if actions and each.action not in actions))

    def without_handlers_requests(self) -> Case:
        """Return the case without what its handler had asked for: it leaves them, or they have handed it in."""
        return replace(self, requests=tuple(each for each in self.requests if each.action in OF_THE_CASE))

    @property
    def waits_for_recheck(self) -> bool:
        """Whether it was drawn to be checked again and nobody has done so."""
        return self.recheck_due_at is not None and not self.recheck_result

    def taken_up_again(self) -> Case:
        """Return the case once it is no longer closed: a re-check of that closing has nothing to look at."""
        return replace(self, closed_by="", recheck_due_at=None, recheck_result="")

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What the office sees beside the status (``domain.md`` section 2.2)."""
        found = [Flag(f"{each.action.removeprefix('ask_')}_pending") for each in self.requests]
        found += [Flag(f"supervised_{self.supervised}")] if self.supervised else []
        conditions = {
            Flag.MAJOR: self.major,
            Flag.REWORKED: self.reworked,
            Flag.EVIDENCE_MISSING: self.evidence_missing,
            Flag.JOINT_MEETING: self.returns >= JOINT_MEETING_AFTER and self.lead is None,
            Flag.RECHECK_DUE: self.waits_for_recheck,
            Flag.RECHECK_FAILED: self.recheck_result == FAILED,
            Flag.RETURN_LATE: any(each.late for each in self.requests),
            Flag.RECURRENCE: self.recurrence_of != "",
        }
        return (*found, *(flag for flag, holds in conditions.items() if holds))


PASSED, FAILED = "passed", "failed"
"""What a re-check finds: the hazard is still gone, or not."""

JOINT_MEETING_AFTER = 2
"""After so many returns a joint meeting (会商) decides who is to handle the case; giving it to somebody closes it."""
