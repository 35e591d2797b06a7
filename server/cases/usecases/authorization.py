"""Looks up what the rules need for an act on a case, and checks it by the rights of now or of the last 30 days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from server import dated, instants
from server.cases.domain import guards, registering, workflow
from server.cases.domain.acts import Act, ActContext, CodeEntry
from server.cases.domain.right_conditions import LEVELS
from server.cases.domain.workflow import Step
from server.cases.store import calendars, case_numbers
from server.cases.usecases import act_marks, item_words, standing
from server.db.transactions import Reading, Transaction
from server.errors import IllegalStep, Invalid, NotAllowed
from server.forms.domain.record_types import Kind
from server.forms.store import codes
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.people.domain import rights, roles
from server.people.domain.actors import GRACE, Actor, Role
from server.people.domain.rights import Grant
from server.people.store import vacancies
from server.records.domain import relation
from server.records.domain.records import Record
from sync.changes import Change

REASONS = {
    "reject": "reject_reasons",
    "ask_return": "return_reasons",
    "return": "return_reasons",
    "ask_extension": "extension_reasons",
    "extend": "extension_reasons",
    "ask_suspension": "suspension_reasons",
    "suspend": "suspension_reasons",
    "ask_void": "void_reasons",
    "void": "void_reasons",
    "rework": "verify_fail_reasons",
    "site_check": "verify_fail_reasons",
}
"""Code list that a ``reason`` may come from, by action (``domain.md`` section 4.4); free text is a reason too."""

RESULTS = "result_codes"
ITEMS, ITEM_FIELD, REPAIR_COLUMN = item_words.ITEMS, item_words.ITEM, item_words.REPAIR
"""Where the code table says how long a repair of a hazard item takes (``domain.md`` section 4.2)."""

NUMBERING = frozenset({"register", "assign", "split"})
"""Actions by which a report becomes a case and gets its number."""


@dataclass(frozen=True, slots=True)
class Authorized:
    """An act that the rules allow.

    role_label: the role by which it is taken, in Chinese. late: allowed by a recent relation only.
    """

    act: Act
    context: ActContext
    role_label: str
    late: bool = False


def evaluate(tx: Transaction, record: Record, change: Change, by: Actor, authority: Actor | None = None) -> Authorized:
    """Return ``change`` as an act that ``by`` may take on ``record``.

    authority: officer whose rights count in place of the author's, as if they had the case; None for nobody.
    Who may not now, but might have within the last 30 days, is judged by that (``sync.md`` section 4).
    Raises the Refusal that names the rule: IllegalStep, NotAllowed, Invalid.
    """
    step = workflow.step_of(change.action)
    if record.kind is not Kind.CASE:
        raise Invalid(f"只有案件能“{step.label}”，这条记录不是案件。", field="action", value=change.action)
    taken = {*step.needs, *step.takes}
    inputs = {name: write.new.strip() for name, write in change.fields.items() if name in taken and write.new.strip()}
    act = Act(change.action, inputs, by.name, tx.now)
    inputs_context = replace(
        _context_of_inputs(tx, record, act, authority or by),
        return_late=act_marks.is_late_return(tx, record, act, change),
        written_at=act_marks.written_at(record, act, change),
    )
    if authority is not None:
        context = _context_with_authority(tx, record, act, authority, inputs_context)
        grant = guards.check(step, record, act, context)
        return Authorized(act, _numbered(tx, record, act, context), roles.label(grant.role, tx.now))
    try:
        context, late = _context_with_author(tx, record, act, by, inputs_context, by.at), False
        grant = guards.check(step, record, act, context)
    except NotAllowed:
        lately = by.with_recent_duties()
        context, late = (
            _context_with_author(tx, record, act, lately, inputs_context, instants.later(by.at, -GRACE)),
            True,
        )
        grant = guards.check(step, record, act, context)
    return Authorized(act, _numbered(tx, record, act, context), roles.label(grant.role, tx.now), late)


def require_ever(action: str, by: Actor) -> None:
    """Do nothing for somebody whose post may take ``action`` on some case, now or by a duty of the last 30 days.

    Asked before the case and the inputs are looked at, so that whoever may never act is told that and nothing else. An
    action that nobody takes by a right passes. Raises NotAllowed.
    """
    if action not in workflow.STEP_OF or action in workflow.BY_SERVER:
        return
    held = {duty.role for duty in by.with_recent_duties().current}
    if Role.TOWN_STATION in held:
        held.add(Role.VILLAGE_OFFICER)  # for whom they stand in where a village has none
    holders = rights.holders_of("case", action, by.at)
    if held.isdisjoint(holders):
        raise guards.not_allowed_here(workflow.STEP_OF[action], by.at)


def allowed(reading: Reading, record: Record, action: str, by: Actor, vacant: frozenset[str]) -> bool:
    """Say whether ``by`` may take ``action`` on ``record`` now, as far as person and status decide.

    vacant: paths of the villages without an officer that matter, as ``vacancies.vacant_villages`` gives them.
    """
    step, act = workflow.STEP_OF[action], Act(action, {}, by.name, reading.now)
    if record.status not in step.sources:  # true of most steps: it saves finding out how people stand to the case
        return False
    case_context = ActContext(
        has_account=standing.has_account(reading, record),
        body_kinds=standing.body_kinds(reading, record),
        handler_level=standing.handler_level(reading, record, act),
        calendar=calendars.calendar(reading),
    )
    context = _author_context(record, step, by, by.at, vacant, case_context)
    return guards.permits(step, record, act, context)


def obstacle(
    reading: Reading, record: Record, action: str, inputs: Mapping[str, str], by: Actor, vacant: frozenset[str]
) -> str:
    """Return in Chinese why ``by`` could not take ``action`` with these inputs now; empty where they could.

    For acts that name no person and no other case. vacant: as for ``allowed``.
    """
    step, act = workflow.STEP_OF[action], Act(action, inputs, by.name, reading.now)
    case_context = ActContext(
        has_account=standing.has_account(reading, record),
        body_kinds=standing.body_kinds(reading, record),
        handler_level=standing.handler_level(reading, record, act),
        code_entries=_code_entries(reading, act),
        calendar=calendars.calendar(reading),
    )
    try:
        guards.check(step, record, act, _author_context(record, step, by, by.at, vacant, case_context))
    except Invalid as refusal:
        errors = refusal.data.get("errors")
        faults = [str(each["message"]) for each in errors] if isinstance(errors, list) else []
        return "；".join(dict.fromkeys(faults)) or refusal.message
    except (NotAllowed, IllegalStep) as refusal:
        return refusal.message
    return ""


_LOOKED_UP_FROM = {
    "context.grants": ("record.path", "record.author", "record.assignee", "case.assignments"),
    "context.handles": ("record.assignee", "case.assignments"),
    "context.leads": ("case.assignments",),
    "context.own_body_kinds": ("case.assignments", "case.processed_by"),
    "context.has_account": ("record.assignee",),
    "context.handler_level": ("record.assignee",),
    "context.level": ("record.path",),
    "context.body_kinds": ("case.assignments", "case.processed_by"),
    "context.calendar": (),
}
"""What ``allowed`` reads of a record to look up each part of the context."""


def reads_of(action: str) -> frozenset[str]:
    """Return all that ``allowed`` reads of a record to judge ``action``, as ``record.<name>`` and ``case.<name>``."""
    read = guards.reads_of(workflow.STEP_OF[action])
    return frozenset(each for name in read for each in _LOOKED_UP_FROM.get(name, (name,)))


def _context_of_inputs(tx: Transaction, record: Record, act: Act, by: Actor) -> ActContext:
    """Return what the inputs speak of, and what the code tables say."""
    marks = f"{act['assignee']} {act['helpers']}".split()
    parties = {mark: found for mark in marks if (found := standing.party(tx, mark)) is not None}
    is_registered = registering.is_registered_by(record, act.action)
    last = record.case.facts.result_code if record.case is not None else None
    return ActContext(
        has_account=act.action != "site_check" or standing.has_account(tx, record),
        body_kinds=standing.body_kinds(tx, record),
        parties=parties,
        merging=standing.merging_of(tx, record, act, by),
        code_entries=_code_entries(tx, act),
        last_result=None if last is None else _code_entry(tx, RESULTS, last),
        rect=item_words.repair_of(tx, record),
        handler_level=standing.handler_level(tx, record, act),
        calendar=calendars.calendar(tx),
        lacks=item_words.lacking(tx, record) if is_registered else (),
        recurrence_of=act_marks.recurrence_of(tx, record) if is_registered else "",
    )


def _context_with_author(
    tx: Transaction, record: Record, act: Act, by: Actor, context: ActContext, since: instants.Instant
) -> ActContext:
    vacant = _vacant(tx, record, by)
    known = _author_context(record, workflow.STEP_OF[act.action], by, since, vacant, context)
    return replace(known, extends_by=standing.right_to_extend(tx, record, act, by, vacant, known))


def _vacant(tx: Transaction, record: Record, by: Actor) -> frozenset[str]:
    village = "/".join(record.path.split("/")[:3])
    return vacancies.vacant_villages(tx, Place(village)) if Role.TOWN_STATION in by.roles else frozenset()


def _context_with_authority(
    tx: Transaction, record: Record, act: Act, officer: Actor, context: ActContext
) -> ActContext:
    """Return ``context`` with the officer's rights where the case lies; that they do not have it is no limit."""
    vacant = _vacant(tx, record, officer)
    grants = rights.grants(officer, "case", act.action, record.path, vacant=vacant)
    unbound = tuple(replace(grant, limits=grant.limits - {"handler"}) for grant in grants)
    return replace(
        context,
        grants=tuple(dict.fromkeys(unbound)),
        handles=True,
        leads=True,
        level=standing.level(officer, record),
        extends_by=standing.right_to_extend(tx, record, act, officer, vacant, context),
        heirs=standing.heirs(officer, record),
    )


def _author_context(
    record: Record, step: Step, by: Actor, since: instants.Instant, vacant: frozenset[str], context: ActContext
) -> ActContext:
    """Return ``context`` with what concerns the author: rights, and their relation to the case."""
    scope = by.scope
    handles = relation.handles(scope, record, since)
    grants: tuple[Grant, ...] = rights.grants(by, "case", step.action, record.path, vacant=vacant)
    if handles or record.author == by.name:
        grants += rights.grants_anywhere(by, "case", step.action)
    return replace(
        context,
        grants=tuple(dict.fromkeys(grants)),
        handles=handles,
        leads=_leads(scope, record, since),
        own_marks=frozenset(scope.assignees),
        own_body_kinds=frozenset(kind for mark, kind in context.body_kinds.items() if mark in scope.assignees),
        level=standing.level(by, record),
        heirs=standing.heirs(by, record),
    )


def _leads(scope: Scope, record: Record, since: instants.Instant) -> bool:
    assignments = () if record.case is None else record.case.assignments
    return any(
        each.lead and each.mark in scope.assignees and (each.until is None or each.until > since)
        for each in assignments
    )


def _code_entries(reading: Reading, act: Act) -> Mapping[str, CodeEntry]:
    lists = {"reason": REASONS.get(act.action, ""), "result_code": RESULTS}
    found = {name: _code_entry(reading, codes_in, act[name]) for name, codes_in in lists.items() if act[name]}
    found["method"] = next((each for each in recheck_methods(act.at) if each.code == act["method"]), None)
    return {name: word for name, word in found.items() if word is not None}


def recheck_methods(at: instants.Instant) -> tuple[CodeEntry, ...]:
    """Return the ways in which a closed case may be checked again (``data/recheck_methods.csv``)."""
    rows = dated.rows_at("recheck_methods", at)
    return tuple(CodeEntry(row["method"], row["label"], {"label_en": row["label_en"]}) for row in rows)


def _code_entry(reading: Reading, codes_in: str, code: str) -> CodeEntry | None:
    found = codes.current(reading, codes_in, code) if codes_in else None
    return None if found is None else CodeEntry(found.code, found.label, found.extra)


def _numbered(tx: Transaction, record: Record, act: Act, context: ActContext) -> ActContext:
    if record.case_no is not None or act.action not in NUMBERING:
        return context
    return replace(context, case_no=case_numbers.take(tx))


def levels(by: Actor) -> tuple[str, ...]:
    """Return the levels at which ``by`` may supervise some case (督办), the most urgent first."""
    limited = [LEVELS.keys() & grant.limits for grant in rights.grants_anywhere(by, "case", "supervise")]
    allowed = {level for limits in limited for limit in limits or LEVELS for level in LEVELS[limit]}
    return tuple(sorted(allowed))
