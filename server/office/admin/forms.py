"""Forms (表单): what phones are given, publishing with what came of it, drafts with testers, and taking a form out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple
from urllib.parse import quote

from flask import Response, request

from server.errors import (
    Busy,
    Conflict,
    FormRefused,
    FormUnknown,
    Invalid,
    NotFound,
    Refusal,
    ShortOfMemory,
    TypeConflict,
    Unavailable,
)
from server.forms.domain.definitions import Allowance
from server.forms.store import forms
from server.forms.store.forms import State
from server.forms.usecases import management, marked_forms
from server.forms.usecases.publications import Upload
from server.forms.usecases.publish import Published
from server.office import layout, pages
from server.office.admin import form_rows, inputs, tabs, testers
from server.office.layout import signed_in
from server.table_files import XLSX_TYPE
from server.web import context, downloads, observability
from server.web.problem_details import set_retry_after, status_of

blueprint = layout.create_blueprint("office-admin-forms", __name__)

KEY, ADDRESS = "forms", "/office/admin/forms"
UPLOAD_BYTES_MAX = 50_000_000
"""Of one upload with all of its files, in bytes, as over the API."""

DONE = {
    "open": "已重新下发；手机下次更新时列出它。",
    "closing": "不再下发；手机上已填的照收。",
    "closed": "已关闭；再送来的留给办公室处理，不进台账。",
    "published": "手机下次更新时拿到，旧版照收。",
    "draft": "只在试用人的手机上；不进台账，不计入统计。",
    "same": "早已发布，内容没有变化。",
    "back": "已恢复；手机会更新到它。",
}
"""What a page says of an act that is done, by the word in its address."""


class Outcome(NamedTuple):
    """What came of an act. said: a refusal, empty where there is none. done: a word of ``DONE``.

    faults: why a form was not published. warnings: what does not keep it from being so. testers: as chosen and typed.
    marked: token of the workbook in which the faults are marked, empty for none.
    """

    said: str = ""
    done: str = ""
    faults: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    published: Published | None = None
    file_name: str = ""
    testers: tuple[str, ...] = ()
    is_draft: bool = False
    marked: str = ""


NOTHING = Outcome()


inputs.admit_uploads(blueprint, management.require_right, UPLOAD_BYTES_MAX, ("publish", "publish_again"))


@blueprint.get(ADDRESS)
@signed_in
def list_forms() -> Response:
    """Show every form, and the form to publish one."""
    tabs.require(KEY)
    return _page("")


@blueprint.get(f"{ADDRESS}/<form_id>")
@signed_in
def one_form(form_id: str) -> Response:
    """Show one form with its versions, and what may be done with it."""
    tabs.require(KEY)
    return _page(form_id, Outcome(done=request.args.get("done", "")))


@blueprint.get(f"{ADDRESS}/<form_id>/<version>.xlsx")
@signed_in
def workbook(form_id: str, version: str) -> Response:
    """Give a version as a workbook, to go on from."""
    tabs.require(KEY)
    with context.database().reading() as reading:
        content = management.workbook(reading, form_id, version, by=context.caller())
    return downloads.download(content, XLSX_TYPE, f"{form_id}-{version}.xlsx")


@blueprint.get(f"{ADDRESS}/<form_id>/<version>.xml")
@signed_in
def xform(form_id: str, version: str) -> Response:
    """Give a version as phones get it."""
    tabs.require(KEY)
    with context.database().reading() as reading:
        form = management.get_visible(reading, form_id, context.caller())
        content = forms.xml(reading, form.id, version)
    return downloads.download(content, "application/xml", f"{form_id}-{version}.xml")


@blueprint.get("/office/admin/refused-forms/<token>.xlsx")
@signed_in
def marked(token: str) -> Response:
    """Give a form that was refused with its faults marked, to be mended. Raises NotFound after a day."""
    tabs.require(KEY)
    with context.database().reading() as reading:
        name, content = marked_forms.get(reading, token, by=context.caller())
    return downloads.download(content, XLSX_TYPE, f"{PurePath(name).stem}-标红.xlsx")


@blueprint.post(ADDRESS)
@signed_in
def publish() -> Response:
    """Publish an upload, for everyone or for its testers."""
    return _publish("")


@blueprint.post(f"{ADDRESS}/<form_id>")
@signed_in
def publish_again(form_id: str) -> Response:
    """Publish an upload from the page of a form."""
    return _publish(form_id)


@blueprint.post(f"{ADDRESS}/<form_id>/state")
@signed_in
def turn(form_id: str) -> Response:
    """List a form, wind it down, or close it."""
    state, by = request.form.get("state", ""), context.caller()
    if state not in set(State):
        raise Invalid("没有这个状态；请从页面上的按钮选。", errors=[{"field": "state", "message": "没有这个状态。"}])
    context.write(lambda tx: management.set_state(tx, form_id, State(state), by=by))
    return pages.see_other(f"{ADDRESS}/{quote(form_id, safe='')}?done={state}")


@blueprint.post(f"{ADDRESS}/<form_id>/release")
@signed_in
def release(form_id: str) -> Response:
    """Publish what is on trial for everyone."""
    by = context.caller()

    def act() -> Published:
        return context.carry_out(lambda database: management.release(database, form_id, by=by))

    return _done(form_id, act, "published")


@blueprint.post(f"{ADDRESS}/<form_id>/bring-back")
@signed_in
def bring_back(form_id: str) -> Response:
    """Bring back what the last publication replaced; sent twice, it is brought back once."""
    seen, by = request.form.get("seen", ""), context.caller()

    def act() -> Published:
        return context.carry_out(lambda database: management.bring_back(database, form_id, by=by, seen=seen)[1])

    return _done(form_id, act, "back")


def _publish(form_id: str) -> Response:
    uploaded, by = request.files.get("form"), context.caller()
    chosen, typed = request.form.getlist("tester"), request.form.get("testers", "")
    name = "" if uploaded is None else uploaded.filename or ""
    is_draft = bool(request.form.get("draft"))
    sent = Outcome(file_name=name, testers=(*chosen, typed), is_draft=is_draft)
    if uploaded is None or not name:
        return _page(form_id, sent._replace(said="请先选一个表单文件（.xlsx）。"), 422)
    media = {each.filename: each.read() for each in request.files.getlist("media") if each.filename}
    allowed = [each for each in Allowance if each in request.form.getlist("allow")]
    upload = Upload(uploaded.read(), name, media, allowed)

    def act() -> Published:
        if not is_draft:
            return context.carry_out(lambda database: management.publish(database, upload, by=by))
        with context.database().reading() as reading:
            names = (*chosen, *testers.named(reading, typed, by))
        return context.carry_out(lambda database: management.publish_draft(database, upload, names, by=by))

    return _done(form_id, act, "draft" if is_draft else "published", sent, upload)


def _done(
    form_id: str, act: Callable[[], Published], word: str, sent: Outcome = NOTHING, upload: Upload | None = None
) -> Response:
    """Carry out a publication; answer with the page of its form, or with the page that it came from and why not.

    upload: what was uploaded, to be given back with its faults marked.
    """
    try:
        done = act()
    except FormUnknown:
        raise
    except (FormRefused, Invalid, NotFound, Conflict, TypeConflict) as refusal:
        return _page(form_id, _marked(refused(sent, refusal), upload), status_of(refusal))
    except (Unavailable, Busy, ShortOfMemory) as refusal:
        observability.log_failure(refusal)
        page = _page(form_id, refused(sent, refusal), status_of(refusal))
        set_retry_after(refusal, page)
        return page
    word = word if done.added or word == "back" else "same"
    if not done.warnings:
        return pages.see_other(f"{ADDRESS}/{quote(done.form_id, safe='')}?done={word}")
    return _page(done.form_id, Outcome(done=word, warnings=done.warnings, published=done))


def _marked(outcome: Outcome, upload: Upload | None) -> Outcome:
    """Return what a page says of a form that was refused, with the token of its marked workbook where there is one."""
    content = marked_forms.marked(upload, outcome.faults) if upload is not None and outcome.faults else None
    if upload is None or content is None:
        return outcome
    by, name = context.caller(), upload.file_name
    return outcome._replace(marked=context.write(lambda tx: marked_forms.keep(tx, content, name, by=by)))


def refused(sent: Outcome, refusal: Refusal) -> Outcome:
    """Return what a page says of a publication that was refused, with every fault of the form."""
    faults, warnings = refusal.data.get("errors"), refusal.data.get("warnings")
    if not isinstance(refusal, FormRefused) or not isinstance(faults, list):
        return sent._replace(said=refusal.message)
    told: Iterable[str] = warnings if isinstance(warnings, list) else ()
    return sent._replace(faults=tuple(faults), warnings=tuple(told))


def _page(form_id: str, outcome: Outcome = NOTHING, status: int = 200) -> Response:
    by = context.caller()
    with context.database().reading() as reading:
        shown = management.get_visible(reading, form_id, by) if form_id else None
        values = {
            "rows": form_rows.listed(reading, by, layout.language()),
            "shown": None if shown is None else form_rows.in_full(reading, shown, layout.language()),
            "outcome": outcome,
            "done": DONE.get(outcome.done, ""),
            "allowances": form_rows.ALLOWANCES,
            "people": testers.offered(reading, by, outcome.testers, layout.language()),
            "post_to": f"{ADDRESS}/{quote(form_id, safe='')}" if form_id else ADDRESS,
        }
        return tabs.show(reading, "admin/forms.html", KEY, values, status)
