"""The page of one case, beside a list or by itself, and the acts that are carried out on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

from flask import Response, request

from server.cases.domain import workflow
from server.cases.usecases import todo_column
from server.db.transactions import Reading
from server.errors import (
    Busy,
    Conflict,
    IllegalStep,
    Invalid,
    NotAllowed,
    NotFound,
    QuotaExceeded,
    Refusal,
    ShortOfMemory,
    StaleVersion,
    TooLarge,
    Unavailable,
)
from server.office import drafts, layout, pages, photos
from server.office.cases import act_forms, act_photos, act_words, acting, assigning, case_view
from server.office.cases.act_forms import NOTHING_SENT, Sent
from server.office.layout import signed_in
from server.records.usecases import reveal as revealing
from server.web import context, observability, photo_exports
from server.web.problem_details import set_retry_after, status_of
from sync.changes import AttachmentName

blueprint = layout.create_blueprint("office-case", __name__)


@blueprint.before_request
def admit_photos() -> None:
    """Take a form with photos where an act is carried out."""
    if request.endpoint == f"{blueprint.name}.act":
        act_photos.allow_body()


@blueprint.get("/office/cases/<uuid:record_id>")
@signed_in
def case_page(record_id: UUID) -> Response:
    """Show a case. Raises NotFound, also for one out of the caller's scope, and for a record that is no case."""
    opened = request.args.get("open", "")
    return _page(str(record_id), Sent(opened, {}, {}, "") if opened in workflow.STEP_OF else NOTHING_SENT)


@blueprint.get("/office/cases/<uuid:record_id>/panel")
@signed_in
def panel(record_id: UUID) -> Response:
    """Show a case beside a list, to a script that puts it there; anybody else gets its page."""
    if "HX-Request" not in request.headers:
        return pages.see_other(f"/office/cases/{record_id}")
    return _page(str(record_id))


@blueprint.post("/office/cases/<uuid:record_id>/acts/<action>")
@signed_in
def act(record_id: UUID, action: str) -> Response:
    """Carry out an act, and show the case as it then is; one that is refused comes back with all that was typed."""
    return _carry_out(str(record_id), action)


@blueprint.get("/office/cases/<uuid:record_id>/photos/<int:version>/<name>")
@signed_in
def photo(record_id: UUID, version: int, name: str) -> Response:
    """Show a photo of one version of a case."""
    with context.database().reading() as reading:
        return photos.send(reading, case_view.find(reading, str(record_id), context.caller()), version, name)


@blueprint.get("/office/cases/<uuid:record_id>/photos.zip")
@signed_in
def photos_zip(record_id: UUID) -> Response:
    """Send the photos of a case as an archive, to be saved."""
    with context.database().reading() as reading:
        found = case_view.find(reading, str(record_id), context.caller())
    return photo_exports.as_zip(found.id)


@blueprint.post("/office/cases/<uuid:record_id>/reveal")
@signed_in
def reveal(record_id: UUID) -> Response:
    """Show one masked field whole, for a reason that the audit keeps."""
    by, id = context.caller(), str(record_id)
    field, reason = request.form.get("field", ""), request.form.get("reason", "")
    try:
        with context.database().reading() as reading:
            case_view.find(reading, id, by)
        found = context.write(lambda tx: revealing.reveal(tx, id, field, reason, by=by))
    except (Invalid, NotAllowed) as refusal:
        return _page(id, Sent("", {}, {}, refusal.message), status_of(refusal))
    return _page(id, revealed={field: " / ".join(found.values)})


@drafts.replays("/office/cases/<record_id>/acts/<action>")
def replay(arguments: Mapping[str, str], fields: Mapping[str, str]) -> Response:
    """Show the case again with what was typed into the form of an act before its author had to sign in."""
    action = arguments["action"]
    typed = assigning.with_handler(fields) if action == assigning.ACTION else fields
    photos = act_photos.carried_again(fields.get(act_photos.KEPT, ""))
    lost = act_photos.LOST if act_forms.takes_photos(action) and not photos else ""
    sent = Sent(action, typed, {}, f"您已重新登录；写的内容还在，看过再提交。{lost}", photos=photos)
    try:
        return _page(arguments["record_id"], sent)
    except NotFound as refusal:
        return acting.gone(fields, refusal)


def _carry_out(record_id: str, form: str) -> Response:
    """Carry out what a form asks for. form: the act, or the check, whose outcome is the act."""
    action = request.form.get(act_forms.OUTCOME, "") if form == act_forms.CHECK else form
    unsaid = _unsaid(form, action)
    said = assigning.with_handler(request.form) if action == assigning.ACTION else request.form
    asked = "rework" if act_forms.OUTCOME in unsaid else action
    fields = acting.inputs_sent(asked, said, {"helpers": request.form.getlist("helpers")})
    by, photos, base = context.caller(), list[AttachmentName](), acting.read_number(request.form.get("version", ""))

    def back(refusal: Refusal) -> Response:
        typed = {**fields, act_forms.OUTCOME: action} if form == act_forms.CHECK else fields
        sent = acting.refused(form, typed, refusal, base)
        sent = sent._replace(faults={**act_photos.faults_of(refusal), **sent.faults}, photos=tuple(photos))
        return _page(record_id, sent, status_of(refusal))

    try:
        act_photos.receive(photos, asked, by)
        _require_said(unsaid)
        acting.require_storable(fields)
        change = acting.asked(action, fields, request.form, photos)
        is_again = context.write(lambda tx: acting.carry_out(tx, record_id, change, by), is_repeatable=False)
    except NotFound as refusal:
        return acting.gone(fields, refusal)
    except (Invalid, TooLarge, QuotaExceeded, NotAllowed, StaleVersion, IllegalStep, Conflict) as refusal:
        return back(refusal)
    except (Unavailable, Busy, ShortOfMemory) as refusal:  # another time; what was typed stays
        observability.log_failure(refusal)
        page = back(refusal)
        set_retry_after(refusal, page)
        return page
    if "HX-Request" in request.headers:
        return _acted(record_id, action, is_again)
    return pages.see_other(f"/office/cases/{record_id}?done={action}{'&again=1' if is_again else ''}")


def _unsaid(form: str, action: str) -> dict[str, str]:
    """Return what a form leaves open that no act goes without: which outcome a check has, and a confirmation."""
    if form == act_forms.CHECK and action not in act_forms.OUTCOMES:
        return {act_forms.OUTCOME: act_forms.NOT_CHOSEN}
    if action in act_words.CONFIRMED and not request.form.get(act_words.CONFIRM):
        return {act_words.CONFIRM: act_words.NOT_CONFIRMED}
    return {}


def _require_said(unsaid: Mapping[str, str]) -> None:
    for name, message in unsaid.items():
        raise Invalid(message, errors=[{"field": name, "message": message}])


def _acted(record_id: str, action: str, is_again: bool) -> Response:
    """Answer a script with the case as it is now, and tell it what was done; gone from sight, with that alone.

    is_again: the act had been carried out before this request.
    """
    try:
        response = _page(record_id)
    except NotFound as refusal:
        response = acting.gone({}, refusal)
        response.status_code = 200
    act = pages.say(layout.language(), workflow.STEP_OF[action].label)
    said = pages.say(layout.language(), acting.DONE_BEFORE if is_again else "“{act}”已办好。", act=act)
    with context.database().reading() as reading:
        undo = _undoing(reading, record_id, action)
    told = {"id": record_id, "said": said, "undo": undo, "word": pages.say(layout.language(), "撤回")}
    response.headers["HX-Trigger"] = json.dumps({"acted": told})  # in ASCII, as headers are
    return response


def _undoing(reading: Reading, record_id: str, action: str) -> str:
    """Return the address at which an act is taken back, empty where the caller cannot."""
    undo = workflow.UNDONE_BY.get(action)
    if undo is None:
        return ""
    try:
        record = case_view.find(reading, record_id, context.caller())
    except NotFound:
        return ""
    may = undo in todo_column.actions(reading, record, context.caller())
    return f"/office/cases/{record_id}?open={undo}#act-{undo}" if may else ""


def _page(
    record_id: str, sent: Sent = NOTHING_SENT, status: int = 200, revealed: Mapping[str, str] | None = None
) -> Response:
    """Answer with the page of a case, or, to a script that shows it beside a list or has sent a form, its body."""
    done = workflow.STEP_OF.get(request.args.get("done", "") if request.method == "GET" else "")
    with context.database().reading() as reading:
        values = {
            **case_view.shown(reading, record_id, sent, revealed or {}),
            "done": "" if done is None else done.label,
            "done_before": acting.DONE_BEFORE if request.args.get("again") else "",
            "undo": "" if done is None else _undoing(reading, record_id, done.action),
        }
        if "HX-Request" in request.headers:
            frame = {**layout.bare(), "is_panel": _is_beside_list()}
            return pages.respond("cases/body.html", layout.language(), {**frame, **values}, status)
        return layout.show(reading, "cases/case.html", layout.BOARD.key, {**values, "is_panel": False}, status)


def _is_beside_list() -> bool:
    return request.path.endswith("/panel") or "/office/board" in request.headers.get("HX-Current-URL", "")
