"""Settles a problem: chooses a value, undoes a choice, applies a quarantined change, or closes it with a reason.

What is true if we die after each step: nothing, until the commit. 1. The problem is found in the officer's scope. 2.
The right to settle problems is judged where it lies. 3. A request that was done already gets its outcome again. 4.
The request is held against the kind of problem, and the state it is in. 5. ``write`` carries it out, and what cannot
be carried out is refused as a whole. 6. The decision is kept with the problem, and in the audit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.changes.domain import record_history, settling
from server.changes.store import verdicts
from server.changes.usecases import write
from server.changes.usecases.interactive import OFFICE
from server.changes.usecases.recording import Outcome
from server.db.transactions import Reading, Transaction
from server.errors import Conflict, Invalid, NotFound
from server.forms.domain import personal
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.problems.domain import settlements
from server.problems.domain.problems import ProblemKind
from server.problems.domain.settlements import HOW_LABELS, Choice, How, Settlement, SettlementRequest
from server.problems.store import problems
from server.problems.store.problems import StoredProblem
from server.records.domain import disclosure
from server.records.domain.records import Record
from server.records.store import records
from server.submissions.store import submissions
from sync import registers
from sync.changes import Change, Dot, FieldWrite, Verdict


@dataclass(frozen=True, slots=True)
class SettlementResult:
    """A problem as it then stands, and what became of the change that settled it; None where there was none."""

    problem: StoredProblem
    outcome: Outcome | None


def settle(tx: Transaction, problem_id: str, request: SettlementRequest, *, by: Actor) -> SettlementResult:
    """Settle a problem as ``request`` says and return what became of it; the same request again returns the same.

    Raises NotFound (out of scope), NotAllowed, IllegalStep (not a way to settle this kind), Conflict and StaleVersion
    (settled otherwise, or moved on), Invalid, and whatever rule turns down the change that is judged again.
    """
    problem = problems.get(tx, problem_id, by.scope)
    rights.require(by, "problem", "settle", problem.path)
    if request.is_done_by(problem.settlement):
        return SettlementResult(problem, _outcome_of(tx, problem.settlement, by))
    settlements.require_way(_kind_for(tx, problem, by), request)
    _require_open(problem, request)
    outcome = _HANDLERS[request.how](tx, problem, request, by)
    settlement = _keep_settlement(tx, problem, request, outcome, by)
    return SettlementResult(problems.get(tx, problem_id, by.scope), _outcome_of(tx, settlement, by))


def ways_for(reading: Reading, problem: StoredProblem, by: Actor) -> tuple[How, ...]:
    """Return how ``by`` may settle a problem as it stands; none for who has no right to."""
    if not rights.allows(by, "problem", "settle", problem.path):
        return ()
    ways = settlements.WAYS[_kind_for(reading, problem, by)]
    return tuple(how for how in ways if _why_not(problem, how) is None)


def _kind_for(reading: Reading, problem: StoredProblem, by: Actor) -> ProblemKind:
    """Return the kind of a problem by which ``by`` settles it.

    What a stranger sent about a record looks like what waits for one that is not here, save to who answers for the
    author's area and for the record: they may release or force it as anything in quarantine (ADR 0038).
    """
    kind, stored = ProblemKind(problem.kind), verdicts.find(reading, problem.change or "")
    if kind is not ProblemKind.WAITING or stored is None or stored.verdict is not Verdict.QUARANTINED:
        return kind
    try:
        record = records.get(reading, stored.record, by.scope)
    except NotFound:
        return kind
    return ProblemKind.QUARANTINED if rights.allows(by, "problem", "settle", record.path) else kind


def _require_open(problem: StoredProblem, request: SettlementRequest) -> None:
    why_not = _why_not(problem, request.how)
    if why_not is not None:
        raise Conflict(why_not, problem=problem.id)


def _why_not(problem: StoredProblem, how: How) -> str | None:
    settlement = problem.settlement
    if how is How.UNDO:
        can_be_undone = settlement is not None and settlement.versions
        return None if can_be_undone else "这个冲突还没有由人选定过，没有可以撤销的。"
    if problem.settled_at is None:
        return None
    done = "自动解决" if settlement is None else HOW_LABELS[settlement.how]
    return f"这个问题已由 {problem.settled_by} 处理（{done}）；请刷新。"


def _choose(tx: Transaction, problem: StoredProblem, request: SettlementRequest, by: Actor) -> Outcome:
    record = _record_of(tx, problem, by)
    settling.require_current(record, record.version if request.base_version is None else request.base_version)
    catalogue = forms.catalogue(tx)
    type, rules = catalogue.types[record.type], catalogue.rules[record.type]
    choices = {name: _without_mask(record, type, name, choice) for name, choice in request.choices.items()}
    values = settlements.values_chosen(record, type, rules, problem.fields, choices)
    seen = {name: FieldWrite(record.fields.get(name), value) for name, value in values.items()}
    change = _change_by_officer(tx, record, record_history.SETTLE, seen, id=request.change)
    return write.apply_or_refuse(tx, change, by=by)


def _without_mask(record: Record, type: RecordType, name: str, choice: Choice) -> Choice:
    """Return a choice with the value itself where it names its mask. Raises Invalid where two values look alike."""
    if choice.head is not None or not personal.is_mask(choice.value):
        return choice
    heads = registers.from_json(record.registers).get(name, registers.EMPTY).heads
    meant = {head.value for head in heads if disclosure.masked_value(type, name, head.value) == choice.value}
    if len(meant) > 1:
        message = f"“{type.label_of(name)}”有几个值遮盖后一样；请按版本 (head) 选，或先申请查看完整内容。"
        raise Invalid(message, errors=[{"field": f"choices.{name}", "message": message}])
    return Choice(value=meant.pop()) if meant else choice


def _undo(tx: Transaction, problem: StoredProblem, request: SettlementRequest, by: Actor) -> Outcome:
    versions = () if problem.settlement is None else problem.settlement.versions
    named = {record_history.UNDOES: FieldWrite(None, " ".join(map(str, versions)))}
    return write.apply_or_refuse(
        tx, _change_by_officer(tx, _record_of(tx, problem, by), record_history.UNSETTLE, named), by=by
    )


def _release(tx: Transaction, problem: StoredProblem, request: SettlementRequest, by: Actor) -> Outcome:
    outcome = _apply_quarantined(tx, problem, by, None)
    if outcome.verdict in (Verdict.QUARANTINED, Verdict.WAITING):
        why = problems.message_of(tx, outcome.problem or "")
        raise Conflict(
            f"重新受理仍然办不成：{why}如岗位有误请先更正；也可以“强制办理”，或“注明原因后关闭”。", problem=problem.id
        )
    return outcome


def _force(tx: Transaction, problem: StoredProblem, request: SettlementRequest, by: Actor) -> Outcome:
    outcome = _apply_quarantined(tx, problem, by, by)
    if outcome.refusal is not None:
        raise outcome.refusal
    if outcome.verdict in (Verdict.QUARANTINED, Verdict.WAITING):
        why = problems.message_of(tx, outcome.problem or "")
        raise Conflict(f"强制办理也办不成：{why}可以“注明原因后关闭”。", problem=problem.id)
    return outcome


def _dismiss(tx: Transaction, problem: StoredProblem, request: SettlementRequest, by: Actor) -> None:
    problems.settle(tx, problem.id, by.name)


_HANDLERS: dict[How, Callable[[Transaction, StoredProblem, SettlementRequest, Actor], Outcome | None]] = {
    How.CHOOSE: _choose,
    How.UNDO: _undo,
    How.RELEASE: _release,
    How.FORCE: _force,
    How.DISMISS: _dismiss,
}


def _apply_quarantined(tx: Transaction, problem: StoredProblem, by: Actor, authority: Actor | None) -> Outcome:
    kept = verdicts.find_unapplied(tx, problem.change or "")
    if kept is None or kept[0].verdict is not Verdict.QUARANTINED:
        raise Conflict("这份内容已经办理过了，不能再办；请刷新。", problem=problem.id)
    outcome = write.apply_quarantined(tx, kept, problem=problem.id, settled_by=by.name, authority=authority)
    if outcome.record is not None and problem.submission is not None:
        submissions.move(tx, problem.submission, outcome.record.path)
    return outcome


def _change_by_officer(
    tx: Transaction, record: Record, action: str, fields: dict[str, FieldWrite], *, id: str | None = None
) -> Change:
    return Change(
        id=id or tx.new_id(),
        record=record.id,
        type=record.type,
        action=action,
        dot=Dot(OFFICE, record.version + 1),
        fields=fields,
        base_version=record.version,
    )


def _record_of(tx: Transaction, problem: StoredProblem, by: Actor) -> Record:
    return records.get(tx, problem.record or "", by.scope)


def _keep_settlement(
    tx: Transaction, problem: StoredProblem, request: SettlementRequest, outcome: Outcome | None, by: Actor
) -> Settlement:
    """Keep what was decided and return it; of a conflict ``write`` has kept the versions already."""
    kept = problems.get(tx, problem.id, by.scope).settlement
    change, version = (None, None) if outcome is None else (outcome.id, outcome.version)
    if request.how not in (How.CHOOSE, How.UNDO) or kept is None:
        kept = Settlement(request.how, by.name, tx.now)
    settlement = replace(kept, reason=request.reason, choices=request.plain_choices, change=change, version=version)
    problems.keep_settlement(tx, problem.id, settlement)
    detail: dict[str, object] = {
        "how": request.how.value,
        "kind": problem.kind,
        "record": problem.record,
        "change": change,
        "version": version,
    }
    if request.how in (How.RELEASE, How.FORCE) and outcome is not None:
        detail["verdicts"] = [Verdict.QUARANTINED.value, outcome.verdict.value]
    if request.choices:
        detail["fields"] = sorted(request.choices)
    record(tx, Entry("problem.settle", by.name, problem.id, detail))
    return settlement


def _outcome_of(tx: Transaction, settlement: Settlement | None, by: Actor) -> Outcome | None:
    """Return the stored outcome of the change that a settlement made, without a record beyond the officer's areas."""
    stored = None if settlement is None or settlement.change is None else verdicts.find(tx, settlement.change)
    if stored is None:
        return None
    try:
        record = records.get(tx, stored.record, by.scope)
    except NotFound:
        record = None
    return Outcome(stored.id, stored.verdict, stored.raised, record, stored.conflicts, stored.problem)
