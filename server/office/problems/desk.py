"""The problems desk (待处理问题): one problem at a time, with all that one needs to settle it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, request

from server.db.transactions import Reading
from server.errors import Busy, Conflict, IllegalStep, Invalid, NotAllowed, NotFound, StaleVersion, Unavailable
from server.forms.store import forms
from server.grid.domain.scope import Scope
from server.office import drafts, layout, pages
from server.office import problem_kinds as kinds
from server.office.cases import acting
from server.office.layout import signed_in
from server.office.ledgers import record_sheets
from server.office.ledgers.record_sheets import Rule
from server.office.problems import answers, problem_list, problem_views
from server.office.problems.answers import NOTHING_ANSWERED, Answered
from server.office.problems.problem_views import ShownProblem
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.domain.devices import Contact
from server.people.store import devices
from server.problems.domain.problems import ProblemKind
from server.problems.domain.settlements import How, SettlementRequest
from server.problems.store import problems
from server.problems.store.problems import StoredProblem
from server.records.domain.disclosure import Kinds
from server.records.store import records
from server.records.usecases.disclosing import RecordMask
from server.settlement.usecases import details, masked_problems, settle
from server.settlement.usecases.details import ProblemDetails
from server.staffing.usecases.account_management import people_scope
from server.submissions.store import rejected, submissions
from server.submissions.usecases import unknown_forms
from server.submissions.usecases.masked_answers import NOTHING, AnswerMask
from server.web import context, observability, sent_documents
from server.web.problem_details import set_retry_after, status_of

blueprint = layout.create_blueprint("office-problems", __name__)

HERE = "/office/problems"
ROWS = 200


@blueprint.get(HERE)
@signed_in
def desk() -> Response:
    """Show the problems that the caller settles, and one of them beside; or those that were settled."""
    wanted = acting.read_uuid(request.args.get("problem", ""))
    return _page(wanted, done=acting.read_uuid(request.args.get("done", "")))


@blueprint.post("/office/problems/<uuid:problem_id>/settlement")
@signed_in
def settlement(problem_id: UUID) -> Response:
    """Settle a problem or take a choice back; what is refused comes back with all that was typed."""
    by, id = context.caller(), str(problem_id)
    answered = answers.read(request.form)
    try:
        with context.database().reading() as reading:
            found = details.get(reading, id, by)
            wanted = answers.asked(answered, [each.name for each in found.fields])
            _require_rules(reading, found, wanted)
        context.write(lambda tx: settle.settle(tx, id, wanted, by=by))
    except (NotAllowed, NotFound) as refusal:  # it is theirs to settle or to see no longer
        return acting.taken_along(answers.written(answered), refusal, ("看待处理问题", HERE))
    except (Invalid, Conflict, StaleVersion, IllegalStep) as refusal:
        return _page(id, answered=answers.refused(answered, refusal), status=status_of(refusal))
    except (Unavailable, Busy) as refusal:
        observability.log_failure(refusal)
        page = _page(id, answered=answers.refused(answered, refusal), status=status_of(refusal))
        set_retry_after(refusal, page)
        return page
    kept = {"kind": request.form["of"]} if request.form.get("of") in ProblemKind._value2member_map_ else {}
    if wanted.how is How.UNDO:
        kept["problem"] = id
    return pages.see_other(f"{HERE}?{urlencode({**kept, 'done': id})}")


def _require_rules(reading: Reading, found: ProblemDetails, wanted: SettlementRequest) -> None:
    """Hold a value that is written at the desk against its form. Raises Invalid that names each that does not fit."""
    written = {name: choice.value for name, choice in wanted.choices.items() if choice.head is None}
    type = None if found.record is None else forms.catalogue(reading).types.get(found.record.type)
    if found.record is None or type is None or not written:
        return
    faults = record_sheets.faults_of(reading, found.record, type, context.caller(), written)
    if faults:
        errors = [{"field": f"{answers.OTHER}{name}", "message": message} for name, message in faults.items()]
        raise Invalid("；".join(message.removesuffix("。") for message in faults.values()) + "。", errors=errors)


@blueprint.get("/office/problems/<uuid:problem_id>/original.xml")
@signed_in
def original(problem_id: UUID) -> Response:
    """Send the XML that a problem is about, to be saved: no browser runs it. Raises NotFound."""
    with context.database().reading() as reading:
        found = problems.get(reading, str(problem_id), context.caller().scope)
        content, form, known = _sent(reading, found)
        mask = AnswerMask(reading, forms.catalogue(reading).forms.get(form), RecordMask(reading, context.caller()))
        hidden = mask.hidden(found.path, found.author or "") if known is NOTHING else known
        is_unknown = unknown_forms.is_unknown(reading, found.kept_body)
    if is_unknown and known == NOTHING:
        reason = request.args.get("reason", "")
        return pages.guarded(sent_documents.revealed(content, form, found.id, mask, reason))
    return pages.guarded(sent_documents.download(content, form, found.id, mask, hidden))


@drafts.replays("/office/problems/<problem_id>/settlement")
def replay(arguments: Mapping[str, str], fields: Mapping[str, str]) -> Response:
    """Show a problem again with what was typed before its author had to sign in."""
    said = Answered(answers.read(fields).how, fields, {}, "您已重新登录；写的内容还在，看过再提交。")
    return _page(acting.read_uuid(arguments["problem_id"]), answered=said)


def _page(
    wanted: str | None, *, answered: Answered = NOTHING_ANSWERED, done: str | None = None, status: int = 200
) -> Response:
    by, is_settled = context.caller(), request.args.get("settled") == "1"
    kind = request.args.get("kind", "") or request.form.get("of", "")
    with context.database().reading() as reading:
        scope = _scope(by)
        counts = problems.count_open(reading, scope)
        listed = _listed(reading, scope, kind, is_settled)
        mask = RecordMask(reading, by)
        chosen = wanted or (listed[0].id if listed else None)
        shown = None if chosen is None else _shown(reading, chosen, by, mask, answered)
        values = {
            "tabs": tabs_of(reading, by, "settled" if is_settled else "open"),
            "chips": _chips(counts, kind),
            "kind": kind,
            "is_settled": is_settled,
            "rows": problem_list.rows(reading, listed[:ROWS], mask),
            "more": len(listed) > ROWS,
            "next": f"{HERE}?settled=1&cursor={listed[ROWS - 1].seq}" if is_settled and len(listed) > ROWS else "",
            "chosen": chosen,
            "is_asked_for": wanted is not None,
            "problem": shown,
            "rules": _rules(reading, shown, by),
            "answered": answered,
            "done": None if done is None else _done(reading, done, by, mask),
        }
        page = layout.show(reading, "problems/desk.html", "problems", values, status)
    _note_read(shown)
    return page


def _rules(reading: Reading, shown: ShownProblem | None, by: Actor) -> Mapping[str, Rule]:
    """Return what the form of its record says of each field in conflict, before anybody writes another value."""
    if shown is None or shown.record is None or "choose" not in shown.ways:
        return {}
    record = records.get(reading, shown.record, by.scope)
    type = forms.catalogue(reading).types.get(record.type)
    return {} if type is None else record_sheets.rules_of(reading, record, type, by)


def _scope(by: Actor) -> Scope:
    """Return where the caller settles problems; nowhere for who has no right to."""
    scope = rights.scope_for(by, "problem", "settle")
    return scope if scope.places else Scope()


def _listed(reading: Reading, scope: Scope, kind: str, is_settled: bool) -> list[StoredProblem]:
    """Return the problems of the list: of the oldest open ones by kind, settled ones the newest first."""
    found = problems.list_filed(
        reading,
        scope,
        filters={"kind": kind} if kind in ProblemKind._value2member_map_ else {},
        settled="settled" if is_settled else "open",
        bounds=None,
        before=acting.read_number(request.args.get("cursor", "")) if is_settled else None,
        limit=ROWS + 1,
        oldest_first=not is_settled,
    )
    if is_settled:
        return found
    return sorted(found[:ROWS], key=lambda each: (kinds.ORDER.index(ProblemKind(each.kind)), each.seq)) + found[ROWS:]


def _shown(
    reading: Reading, id: str, by: Actor, mask: RecordMask, answered: Answered
) -> problem_views.ShownProblem | None:
    try:
        view = details.get(reading, id, by)
    except NotFound:
        if request.args.get("problem") == id or answered.how:
            raise
        return None
    return problem_views.in_full(reading, view, mask, answered, layout.language())


def tabs_of(reading: Reading, by: Actor, here: str) -> list[dict[str, Any]]:
    """Return the tabs of the desk with their counts. here: open, devices or settled."""
    silent = (Contact.QUIET, Contact.LOST)
    quiet = [each for each in devices.list_devices(reading, people_scope(by)) if each.contact(reading.now) in silent]
    found = (
        ("open", "要人决定", sum(problems.count_open(reading, _scope(by)).values()), HERE),
        ("devices", "设备未同步", len(quiet), f"{HERE}/devices"),
        ("settled", "已处理", None, f"{HERE}?settled=1"),
    )
    return [
        {"word": word, "count": count, "address": address, "is_current": name == here}
        for name, word, count, address in found
    ]


def _chips(counts: Mapping[str, int], kind: str) -> list[dict[str, Any]]:
    """Return the filter by kind, for kinds that there are problems of."""
    found = [("", "全部", sum(counts.values()))]
    found += [(each.value, kinds.WORDS[each].title, counts[each]) for each in kinds.ORDER if each in counts]
    return [
        {
            "word": word,
            "count": count,
            "address": f"{HERE}?kind={name}" if name else HERE,
            "is_current": name == kind,
        }
        for name, word, count in found
    ]


def _done(reading: Reading, id: str, by: Actor, mask: RecordMask) -> dict[str, Any] | None:
    """Return what has just been settled, and whether that can be taken back; None for what the caller cannot see."""
    try:
        view = details.get(reading, id, by)
    except NotFound:
        return None
    decided = view.problem.settlement
    shown = problem_views.in_full(reading, view, mask, NOTHING_ANSWERED, layout.language())
    _note_read(shown)
    return {
        "id": id,
        "how": None if decided is None else decided.how.value,
        "label": shown.label,
        "fields": [(each.label, each.now) for each in shown.fields],
        "can_undo": How.UNDO in view.ways,
    }


def _note_read(shown: problem_views.ShownProblem | None) -> None:
    if shown is not None and shown.shows_persons:
        context.audit_read("personal.read", shown.record or "", {"types": [shown.type or ""]}, [shown.record or ""])


def _sent(reading: Reading, found: StoredProblem) -> tuple[bytes, str, Kinds]:
    """Return the bytes, the id of their form, and what is hidden of them whatever the form says."""
    by = context.caller()
    if found.kept_body is not None:
        content = rejected.xml_of(reading, found.kept_body)
        hidden = None if masked_problems.is_hidden(RecordMask(reading, by), found) else NOTHING
        if content is not None:
            return content, rejected.form_of(reading, found.kept_body), hidden
    if found.submission is not None:
        stored = submissions.get(reading, found.submission, by.scope)
        return submissions.xml_of(reading, stored.id), stored.form, NOTHING
    raise NotFound("这个问题没有另外保存的提交内容。", problem=found.id)
