"""Acts on several cases at once: a page to say what they need, and what became of each case, which has its own change.

Each case is written in a transaction of its own, as if somebody had gone through them one by one, so that one that is
refused keeps none of the others back. Its change has an id of its own, made when the page is: sent twice, the form has
one effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

from flask import Response, request
from werkzeug.datastructures import MultiDict

from server.cases.domain import workflow
from server.cases.usecases.todo_column import TodoOfCaller
from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest
from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.errors import Invalid, NotFound, Refusal
from server.forms.domain.outline import Wording
from server.office import drafts, layout, pages
from server.office.cases import act_forms, acting, case_rows
from server.office.cases.act_forms import NOTHING_SENT, Sent
from server.office.cases.case_rows import ShownCase
from server.office.layout import signed_in
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.records.store import record_lists
from server.records.store.record_lists import Filters
from server.staffing.usecases import handover
from server.web import context, observability, record_exports, repeatable
from server.web.problem_details import status_of
from server.web.record_exports import Wanted, listed

blueprint = layout.create_blueprint("office-bulk", __name__)

ADDRESS = "/office/board/bulk"
MOST = 100
"""Cases that one form takes: two pages of the board."""


class Bulk(NamedTuple):
    """An act on several cases. actions: of the table; a case takes the first of them that it allows.

    inputs: that its form asks for, all of the actions' where it is empty.
    """

    key: str
    word: str
    actions: tuple[str, ...]
    inputs: tuple[str, ...] = ()


ACTS = (
    Bulk("assign", "派遣/改派", ("assign", "reassign")),
    Bulk("handover", "移交承办", ("assign", "reassign"), ("assignee", "note")),
    Bulk("register", "立项", ("register",)),
    Bulk("extend", "延期", ("extend",)),
    Bulk("supervise", "督办", ("supervise",)),
)
HANDOVER = ACTS[1]
"""What somebody has goes to somebody else: its limit and its helpers stay (``server.staffing.usecases.handover``)."""

BY_KEY = {each.key: each for each in ACTS}


EXPORT = "export"
EXPORT_WORD = "导出所选"


class Picked(NamedTuple):
    """A case that was picked. action: that it would take, empty where the caller may not now. said: why it was not."""

    case: ShownCase
    row: Row
    action: str
    said: str = ""


@blueprint.get("/office/board/bulk")
@signed_in
def fill_in() -> Response:
    """Show the page on which an act on several cases is filled in."""
    ids, key = _ids(request.args.getlist("pick")), request.args.get("act", "")
    if key == EXPORT:
        return _export(ids)
    act = _act(key)
    return _page(act, ids, _back(request.args), NOTHING_SENT, {}, 0, 200)


@blueprint.get("/office/board/bulk/acts")
@signed_in
def offered() -> Response:
    """Show the bar of the acts that all picked cases allow."""
    ids = _ids(request.args.getlist("pick"))
    with context.database().reading() as reading:
        by = context.caller()
        todo, rows = TodoOfCaller(reading, by), _rows(reading, by, ids)
        acts = [each for each in ACTS if rows and all(_action(todo, row, each) for row in rows)]
        export = rows and rights.scope_for(by, "export", "read").places
        values = {"acts": [*acts, *([Bulk(EXPORT, EXPORT_WORD, ())] if export else [])], "count": len(rows)}
    return pages.respond("cases/bulk_acts.html", layout.language(), values)


@blueprint.post("/office/board/bulk/<key>")
@signed_in
def carry_out(key: str) -> Response:
    """Act on each of the cases that were picked, and tell of each that was not done why."""
    act, by, form = _act(key), context.caller(), request.form
    ids, fields = _ids(form.getlist("case")), _inputs(act, form)
    try:
        _require_some(ids)
        acting.require_storable(fields)
    except Invalid as refusal:
        return _page(act, ids, _back(form), acting.refused(act.key, fields, refusal), {}, 0, status_of(refusal))
    refused: dict[str, Refusal] = {}
    for id in ids:
        change = _change(act, id, fields, form)
        try:
            context.write(partial(_write, act, id, change, by))
        except Refusal as refusal:
            if status_of(refusal) >= 500:
                observability.log_failure(refusal)
            refused[id] = refusal
    if not refused:
        back = _back(form)
        return pages.see_other(f"{back}{'&' if '?' in back else '?'}bulk={act.key}.{len(ids)}")
    return _left(act, ids, fields, refused)


@drafts.replays("/office/board/bulk/<key>")
def replay(arguments: Mapping[str, str], fields: Mapping[str, str]) -> Response:
    """Show the page again with what was typed into it before its author had to sign in."""
    act = _act(arguments["key"])
    typed = {name: fields[name] for name in _names(act) if fields.get(name)}
    sent = Sent(act.key, typed, {}, "您已重新登录；写的内容还在，看过再提交。")
    return _page(act, _ids(fields.get("case", "").split()), _back(fields), sent, {}, 0, 200)


def on_board(by: Actor, said: Mapping[str, str]) -> dict[str, Any]:
    """Return what the board shows of acts on several cases: those that ``by`` may take somewhere, and what was done."""
    acts = [
        (act.key, act.word)
        for act in ACTS
        if any(rights.scope_for(by, "case", action).places for action in act.actions)
    ]
    export = [(EXPORT, EXPORT_WORD)] if rights.scope_for(by, "export", "read").places else []
    return {"bulk_acts": [*acts, *export], "bulk_done": _done(said.get("bulk", ""))}


def _done(said: str) -> tuple[int, str] | None:
    """Return how many cases an address says to have been done, and by which act; None where it says nothing known."""
    key, _, count = said.partition(".")
    known = BY_KEY.get(key)
    number = acting.read_number(count)
    return None if known is None or not number or number > MOST else (number, known.word)


def _require_some(ids: Sequence[str]) -> None:
    if not ids:
        raise Invalid("请至少选一件。")


def _write(act: Bulk, id: str, change: ChangeRequest, by: Actor, tx: Transaction) -> None:
    write = handover.hand_over_case if act is HANDOVER else interactive.change
    write(tx, id, change, by=by)


def _export(ids: Sequence[str]) -> Response:
    """Answer with a workbook of the cases that were picked. Raises NotAllowed where the caller may not export."""
    wanted = Wanted(None, {"picked": len(ids)}, listed(Filters(ids=frozenset(ids))), "案件", "cases")
    return record_exports.as_workbook(wanted, Wording(True, layout.form_language()))


def _left(act: Bulk, ids: Sequence[str], fields: Mapping[str, str], refused: Mapping[str, Refusal]) -> Response:
    """Show the page with those cases that were not done, each with its reason, and all that was typed."""
    first = next(iter(refused.values()))
    faults = acting.refused(act.key, fields, first).faults if isinstance(first, Invalid) else {}
    said = {id: acting.refused(act.key, fields, each).said for id, each in refused.items()}
    count = len(ids) - len(refused)
    return _page(act, list(refused), _back(request.form), Sent(act.key, fields, faults, ""), said, count, 409)


def _page(
    act: Bulk, ids: Sequence[str], back: str, sent: Sent, said: Mapping[str, str], count: int, status: int
) -> Response:
    """Show the page for the cases ``ids``. said: why one was not done, by id; count: how many were done."""
    by = context.caller()
    with context.database().reading() as reading:
        picked = _picked(reading, by, act, ids, said)
        values = {
            "act": act,
            "able": [each for each in picked if each.action],
            "unable": [each for each in picked if not each.action],
            "missing": len(ids) - len(picked),
            "inputs": _fields(reading, by, act, {each.action for each in picked if each.action}, sent),
            "sent": sent,
            "said": said,
            "count": count,
            "back": back,
            "changes": {
                each.case.id: repeatable.sent_once_more(f"change-{each.case.id}") or str(uuid4()) for each in picked
            },
        }
        return layout.show(reading, "cases/bulk.html", layout.BOARD.key, values, status)


def _picked(reading: Reading, by: Actor, act: Bulk, ids: Sequence[str], said: Mapping[str, str]) -> list[Picked]:
    rows, todo = _rows(reading, by, ids), TodoOfCaller(reading, by)
    shown = case_rows.shown(reading, rows, by, layout.language())
    return [
        Picked(case, row, _action(todo, row, act), said.get(case.id, "")) for case, row in zip(shown, rows, strict=True)
    ]


def _rows(reading: Reading, by: Actor, ids: Sequence[str]) -> list[Row]:
    """Return the cases of the caller's scope among ``ids``, the one due first before all."""
    return record_lists.page_by_due(reading, by.scope, Filters(ids=frozenset(ids)), after=None, limit=MOST)


def _action(todo: TodoOfCaller, row: Row, act: Bulk) -> str:
    if act is HANDOVER and not row["assignee"]:
        return ""
    return next((each for each in act.actions if todo.may_take(row, (each,))), "")


def _fields(reading: Reading, by: Actor, act: Bulk, actions: set[str], sent: Sent) -> list[act_forms.Input]:
    """Return the inputs of the act, those of all its actions that the picked cases take."""
    offers = act_forms.Offers(reading, by, {}, layout.language())
    main = next((each for each in act.actions if each in actions), act.actions[0])
    step = workflow.STEP_OF[main]
    return [
        act_forms.Input(
            name,
            act_forms.LABELS.get(name, name),
            offers.kind(main, name),
            name in step.needs,
            sent.fields.get(name, ""),
            offers.choices(main, name),
            sent.faults.get(name, ""),
        )
        for name in (*step.needs, *step.takes)
        if name not in act_forms.FILES and name in (act.inputs or (name,))
    ]


def _names(act: Bulk) -> list[str]:
    steps = [workflow.STEP_OF[action] for action in act.actions]
    return list(act.inputs) or list(dict.fromkeys(name for step in steps for name in (*step.needs, *step.takes)))


def _inputs(act: Bulk, form: MultiDict[str, str]) -> dict[str, str]:
    """Return what was typed, of the inputs of any of the act's actions."""
    found: dict[str, str] = {}
    for action in act.actions:
        found |= acting.inputs_sent(action, form, {"helpers": form.getlist("helpers")})
    return {name: value for name, value in found.items() if name in _names(act)}


def _change(act: Bulk, id: str, fields: Mapping[str, str], form: Mapping[str, str]) -> ChangeRequest:
    """Return what is asked for one case: with its own change id, and the action and the version that were seen."""
    seen = form.get(f"action-{id}", "")
    action = seen if seen in act.actions else act.actions[0]
    step = workflow.STEP_OF[action]
    taken = {name: value for name, value in fields.items() if name in (*step.needs, *step.takes)}
    told = {name: form.get(f"{name}-{id}", "") for name in ("change", "version", "status")}
    return acting.asked(action, taken, told)


def _act(key: str) -> Bulk:
    if key not in BY_KEY:
        raise NotFound(f"没有“{key}”这个批量操作。", action=key)
    return BY_KEY[key]


def _ids(picked: Sequence[str]) -> list[str]:
    """Return the ids of cases that were picked, each once. Raises Invalid for more than a form takes."""
    ids = list(dict.fromkeys(id for each in picked if (id := acting.read_uuid(each)) is not None))
    if len(ids) > MOST:
        raise Invalid(f"一次最多办{MOST}件；请少选一些。")
    return ids


def _back(said: Mapping[str, str]) -> str:
    """Return the address of the board that one came from; nothing but the board."""
    back = said.get("back", "")
    path, _, query = back.partition("?")
    return f"{path}?{quote(query, safe='=&%+~-._')}" if path == layout.BOARD.address and query else layout.BOARD.address
