"""Approvals (审批): what handlers ask for, decided row by row, and the ledger of what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID, uuid4

from flask import Response, request

from server.cases.domain import decisions
from server.cases.domain.decisions import Kind
from server.cases.store import requests as decided_requests
from server.cases.store.requests import DecidedFilter
from server.cases.usecases import requests
from server.changes.usecases import interactive
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import (
    Busy,
    Conflict,
    IllegalStep,
    Invalid,
    NotAllowed,
    NotFound,
    ShortOfMemory,
    StaleVersion,
    Unavailable,
)
from server.office import drafts, layout, pages
from server.office.approvals import request_rows
from server.office.cases import act_forms, acting
from server.office.cases.act_forms import NOTHING_SENT, Sent
from server.office.layout import signed_in
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.records.store import records
from server.records.usecases.disclosing import RecordMask
from server.summaries.domain import periods
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import Query
from server.web import context, decision_ledger, observability, repeatable
from server.web.problem_details import set_retry_after, status_of

blueprint = layout.create_blueprint("office-approvals", __name__)

HERE = "/office/approvals"
ROWS = 50
RATES = {
    "return_rate": ("退回率", "returns"),
    "extension_rate": ("延期率", "extended_handling_due"),
    "suspended_rate": ("挂账率", "suspended"),
    "transferred_rate": ("移交率", "transferred"),
    "void_rate": ("作废率", "void"),
}
"""Shares that are to be kept small (``domain.md`` section 2.5), what the page calls them, and the figure behind."""


class Opened(NamedTuple):
    """Which form of which row stands open. action: empty for none."""

    record: str = ""
    action: str = ""
    sent: Sent = NOTHING_SENT


@blueprint.get(HERE)
@signed_in
def approvals() -> Response:
    """Show the open requests in the caller's scope, the oldest first, or those that they have decided."""
    if request.args.get("done") == "1":
        return _decided()
    record, _, action = request.args.get("open", "").partition(":")
    return _open(Opened(record, action))


@blueprint.post("/office/approvals/<uuid:record_id>/<action>")
@signed_in
def decide(record_id: UUID, action: str) -> Response:
    """Grant or decline a request; what is refused comes back with all that was typed."""
    kind = decisions.BY_ACTION.get(action)
    if kind is None or action not in decisions.DECIDING:
        raise NotFound("没有这样的决定。", action=action)
    fields = acting.inputs_sent(action, request.form, {})
    change = acting.asked(action, fields, request.form)
    by, id = context.caller(), str(record_id)
    try:
        acting.require_storable(fields)
        context.write(lambda tx: interactive.change(tx, id, change, by=by))
    except NotFound as refusal:
        return acting.gone(fields, refusal)
    except (Invalid, NotAllowed, StaleVersion, IllegalStep, Conflict) as refusal:
        return _open(Opened(id, action, acting.refused(action, fields, refusal)), status_of(refusal))
    except (Unavailable, Busy, ShortOfMemory) as refusal:  # another time; what was typed stays
        observability.log_failure(refusal)
        page = _open(Opened(id, action, acting.refused(action, fields, refusal)), status_of(refusal))
        set_retry_after(refusal, page)
        return page
    kept = {"kind": request.form.get("of", "")} if request.form.get("of") in decisions.BY_NAME else {}
    return pages.see_other(f"{HERE}?{urlencode({**kept, 'said': action, 'about': id})}")


@blueprint.get("/office/approvals/ledger.xlsx")
@signed_in
def ledger() -> Response:
    """Send the ledger of decisions to whoever may export."""
    return pages.guarded(decision_ledger.as_workbook(DecidedFilter(), {}))


@drafts.replays("/office/approvals/<record_id>/<action>")
def replay(arguments: Mapping[str, str], fields: Mapping[str, str]) -> Response:
    """Show the requests again with what was typed into the form of one before its author had to sign in."""
    sent = Sent(arguments["action"], fields, {}, "您已重新登录；写的内容还在，看过再提交。")
    return _open(Opened(arguments["record_id"], arguments["action"], sent))


def _open(opened: Opened, status: int = 200) -> Response:
    by = context.caller()
    with context.database().reading() as reading:
        kind = decisions.BY_NAME.get(request.args.get("kind", "") or request.form.get("of", ""))
        found = requests.list_open(reading, by)
        wanted = [each for each in found if kind in (None, each.kind)]
        mask = RecordMask(reading, by)
        _note_shown(mask, [each.row for each in wanted])
        offers = act_forms.Offers(reading, by, {}, layout.language())
        rows = request_rows.open_rows(reading, wanted, mask, offers, layout.language(), *opened)
        values = {
            **_frame(reading, by, found, kind),
            "rows": rows,
            "decided": (),
            "next": "",
            "change_ids": [(row.opened and repeatable.sent_once_more("change")) or str(uuid4()) for row in rows],
            "sent": opened.sent,
            "is_gone": bool(opened.sent.said) and all(row.opened is None for row in rows),
            "kept": _words(opened.sent),
            "said": _said(reading, by),
        }
        return layout.show(reading, "approvals/approvals.html", "approvals", values, status)


def _words(sent: Sent) -> list[tuple[str, str]]:
    """Return what was typed into a form that is not offered any more, each under its title."""
    return [(act_forms.LABELS.get(name, name), value) for name, value in sent.fields.items() if value]


def _decided() -> Response:
    by = context.caller()
    cursor = acting.read_number(request.args.get("cursor", ""))
    with context.database().reading() as reading:
        wanted = DecidedFilter(author=by.name)
        found = decided_requests.list_decided(reading, by.scope, wanted, before=cursor, limit=ROWS + 1)
        mask, shown = RecordMask(reading, by), found[:ROWS]
        cases = decided_requests.cases(reading, (each.record for each in shown))
        _note_shown(mask, list(cases.values()))
        values = {
            **_frame(reading, by, requests.list_open(reading, by), None),
            "rows": (),
            "decided": request_rows.decided_rows(reading, shown, cases, mask, layout.language()),
            "next": f"{HERE}?done=1&cursor={shown[-1].seq}" if len(found) > ROWS else "",
            "sent": NOTHING_SENT,
            "is_gone": False,
            "kept": (),
            "said": "",
        }
        return layout.show(reading, "approvals/approvals.html", "approvals", values)


def _frame(reading: Reading, by: Actor, found: list[requests.OpenRequest], kind: Kind | None) -> dict[str, Any]:
    """Return the tabs with their counts, and the shares of this quarter."""
    is_done = request.args.get("done") == "1" and request.method == "GET"
    tabs = [("", "待审批", len(found))]
    tabs += [(each.name, each.label, sum(1 for one in found if one.kind is each)) for each in decisions.KINDS]
    return {
        "tabs": [
            {
                "word": word,
                "count": count,
                "address": f"{HERE}?kind={name}" if name else HERE,
                "is_current": not is_done and name == ("" if kind is None else kind.name),
            }
            for name, word, count in tabs
        ],
        "kind": "" if kind is None else kind.name,
        "is_done": is_done,
        "rates": _rates(reading, by),
        "may_export": bool(rights.scope_for(by, "export", "read").places),
    }


def _rates(reading: Reading, by: Actor) -> list[dict[str, str]]:
    """Return the control shares of this quarter so far, where the caller may sum up; none for who may not."""
    scope = rights.scope_for(by, "summary", "read")
    if not scope.places:
        return []
    period = periods.named(periods.Named.QUARTER, periods.day_of(reading.now))
    total = closure_summary.summarise(reading, Query(scope, None, None, period)).summary.total
    found = {word: (total.rates[code], figure) for code, (word, figure) in RATES.items()}
    return [
        {
            "word": word,
            "rate": "—" if rate.value is None else f"{float(rate.value):.2%}",
            "of": f"{rate.n} / {rate.d}",
            "address": f"/office/figures/cases?period=quarter&figure={figure}",
        }
        for word, (rate, figure) in found.items()
    ]


def _said(reading: Reading, by: Actor) -> str:
    """Return what has just been decided about which case, for the page that an act leads to."""
    kind = decisions.BY_ACTION.get(request.args.get("said", ""))
    about = acting.read_uuid(request.args.get("about", ""))
    if request.method != "GET" or kind is None or about is None:
        return ""
    try:
        label = RecordMask(reading, by).label(records.get(reading, about, by.scope))
    except NotFound:
        return ""
    said = "已同意{kind}：{case}" if request.args["said"] == kind.grant else "已不同意{kind}：{case}，原因会告诉申请人"
    return pages.say(
        layout.language(), said, kind=pages.say(layout.language(), kind.label), case=label.partition("｜")[0]
    )


def _note_shown(mask: RecordMask, rows: list[Row]) -> None:
    """Let the audit tell that the caller was shown personal data of these cases whole."""
    whole = {row["id"]: row["type"] for row in rows if mask.shows_persons(row)}
    if whole:
        context.audit_read("personal.read", "requests", {"types": sorted({*whole.values()})}, whole)
