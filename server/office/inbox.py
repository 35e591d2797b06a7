"""The inbox (提醒): what the reader is told of cases, the newest first, and what of it they have read."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from server.cases.domain import workflow
from server.db.transactions import Reading
from server.errors import NotFound
from server.notices.domain import kinds
from server.notices.usecases import inbox
from server.office import layout, pages
from server.office.cases import acting, case_rows
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.web import context

blueprint = layout.create_blueprint("office-inbox", __name__)

HERE = "/office/inbox"
ROWS = 50
ICONS = {
    "assigned": "intake",
    "returned": "return",
    "overdue_soon": "clock",
    "escalated": "problems",
    "decided": "approvals",
}


@blueprint.get(HERE)
@signed_in
def show_inbox() -> Response:
    """Show what the caller is told of cases within reach; ``unread=1`` only what they have not read."""
    by, before = context.caller(), acting.read_number(request.args.get("cursor", ""))
    only_unread = request.args.get("unread") == "1"
    with context.database().reading() as reading:
        found = inbox.page(reading, by, before=before, limit=ROWS + 1, unread=only_unread)
        shown = found[:ROWS]
        more = {"unread": "1"} if only_unread else {}
        values = {
            "rows": _rows(reading, shown, by),
            "only_unread": only_unread,
            "until": shown[0].notice.seq if shown and before is None else None,
            "next": f"{HERE}?{urlencode({**more, 'cursor': shown[-1].notice.seq})}" if len(found) > ROWS else "",
            "is_gone": request.args.get("gone") == "1",
        }
        return layout.show(reading, "inbox.html", "inbox", values)


@blueprint.post(f"{HERE}/<int:seq>/open")
@signed_in
def open_case(seq: int) -> Response:
    """Mark a notice as read and lead to its case; what has given way to a newer one is said."""
    by = context.caller()
    try:
        found = context.write(lambda tx: inbox.read(tx, seq, by=by))
    except NotFound:
        return pages.see_other(f"{HERE}?gone=1")
    return pages.see_other(f"/office/cases/{found.record}")


@blueprint.post(f"{HERE}/read")
@signed_in
def read_all() -> Response:
    """Mark everything that was shown, and all behind it, as read."""
    by, until = context.caller(), acting.read_number(request.form.get("until", ""))
    if until is not None:
        context.write(lambda tx: inbox.read_all(tx, until, by=by))
    return pages.see_other(HERE)


def _rows(reading: Reading, found: list[inbox.Told], by: Actor) -> list[dict[str, Any]]:
    labels = {each.code: each for each in kinds.kinds_at(reading.now)}
    cases = case_rows.shown(reading, [each.row for each in found], by, layout.language())
    is_english = layout.language() == pages.ENGLISH
    return [
        {
            "seq": each.notice.seq,
            "kind": labels[each.notice.kind].label_en if is_english else labels[each.notice.kind].label,
            "icon": ICONS[each.notice.kind],
            "act": workflow.STEP_OF[each.notice.action].label,
            "is_unread": each.notice.read_at is None,
            "at": pages.moment(each.notice.at, reading.now),
            "instant": each.notice.at,
            "case": case,
        }
        for each, case in zip(found, cases, strict=True)
    ]
