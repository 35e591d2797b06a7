"""Codes and limits (代码和时限): every dated table as of today, and new versions of the lists beside forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask import Response, request

from server import dated, instants
from server.db.transactions import Reading
from server.errors import Busy, Conflict, FormRefused, NotFound, Refusal, ShortOfMemory, TypeConflict, Unavailable
from server.forms.domain.definitions import ON_TRIAL
from server.forms.store import codes, drafts, forms
from server.forms.store.codes import Code
from server.forms.store.forms import State
from server.forms.usecases import management
from server.office import layout, pages
from server.office.admin import holidays, inputs, tabs
from server.office.admin.forms import NOTHING, UPLOAD_BYTES_MAX, Outcome, refused
from server.office.layout import signed_in
from server.people.domain import roles
from server.web import context, downloads, observability
from server.web.problem_details import set_retry_after, status_of

blueprint = layout.create_blueprint("office-admin-codes", __name__)

KEY, ADDRESS = "codes", "/office/admin/codes"

TABLES = {
    "time_limits": "办理时限",
    "rights": "岗位权限",
    "roles": "岗位",
    "body_kinds": "责任主体类别",
    "figures": "统计指标",
    "sign_in": "登录规则",
    "retention": "个人信息保存期限",
    "audit_retention": "审计保存期限",
}
"""The dated tables that come with the product, and what the page calls them."""

LISTS = {
    "case_statuses": "案件状态",
    "check_items": "检查项目",
    "departments": "行业部门",
    "extension_reasons": "延期原因",
    "hazard_categories": "隐患类别",
    "hazard_items": "隐患细项",
    "hazard_sources": "隐患来源",
    "kit_items": "站内器材",
    "no_photo_reasons": "没有照片的原因",
    "patrol_results": "巡查结果",
    "premises_kinds": "场所类型",
    "premises_states": "场所使用状态",
    "readiness_levels": "达标等级",
    "reject_reasons": "不予立项原因",
    "result_codes": "处置结果",
    "return_reasons": "退回原因",
    "station_kinds": "微型消防站类型",
    "station_states": "微型消防站状态",
    "suspension_reasons": "挂账原因",
    "told": "告知对象",
    "verify_fail_reasons": "核查不通过的原因",
    "void_reasons": "作废原因",
}
"""The lists that come with the built-in forms, and what the page calls them; any other goes by its own name."""

DONE = {
    "replaced": "新名单已放到用它的每张表单旁；手机下次更新时拿到。",
    "back": "已恢复为上一版；手机下次更新时拿到。",
}


inputs.admit_uploads(blueprint, management.require_right, UPLOAD_BYTES_MAX)


@blueprint.get(ADDRESS)
@signed_in
def list_tables() -> Response:
    """Show every list and table with its state today."""
    tabs.require(KEY)
    with context.database().reading() as reading:
        values = {
            "lists": [_list_row(reading, name) for name in _names(reading)],
            "holidays": holidays.overview(reading),
            "tables": [_table_row(name, reading.now) for name in TABLES],
        }
        return tabs.show(reading, "admin/codes.html", KEY, values)


@blueprint.get(f"{ADDRESS}/tables/<name>")
@signed_in
def one_table(name: str) -> Response:
    """Show one table that comes with the product, as it is in force today. Raises NotFound."""
    tabs.require(KEY)
    if name not in TABLES:
        raise NotFound("没有这张表。", table=name)
    with context.database().reading() as reading:
        return tabs.show(reading, "admin/dated_table.html", KEY, _table(name, reading))


@blueprint.get(f"{ADDRESS}/<name>.csv")
@signed_in
def file(name: str) -> Response:
    """Give a list as it was uploaded, to go on from. Raises NotFound."""
    tabs.require(KEY)
    with context.database().reading() as reading:
        content = next(reversed(forms.media_named(reading, f"{name}.csv")), None)
    if content is None:
        raise NotFound(f"没有名单“{name}”。", list=name)
    return downloads.download(content, "text/csv; charset=utf-8", f"{name}.csv")


@blueprint.get(f"{ADDRESS}/<name>")
@signed_in
def one_list(name: str) -> Response:
    """Show the codes of one list. Raises NotFound."""
    tabs.require(KEY)
    return _page(name, Outcome(done=request.args.get("done", "")))


@blueprint.post(f"{ADDRESS}/<name>")
@signed_in
def replace(name: str) -> Response:
    """Put an uploaded list in the place of this one, beside every form that has it."""
    uploaded = request.files.get("list")
    if uploaded is None or not uploaded.filename:
        return _page(name, Outcome(said="请先选一个 CSV 文件。"), 422)
    content, sent = uploaded.read(), Outcome(file_name=uploaded.filename)
    by = context.caller()
    try:
        warnings = context.carry_out(lambda database: management.replace_list(database, f"{name}.csv", content, by=by))
    except (FormRefused, TypeConflict, Conflict, Unavailable, Busy, ShortOfMemory) as refusal:
        return _refused(name, sent, refusal)
    return _finished(name, "replaced", warnings)


@blueprint.post(f"{ADDRESS}/<name>/bring-back")
@signed_in
def bring_back(name: str) -> Response:
    """Bring back what the last new version replaced; sent twice, once."""
    by, seen = context.caller(), request.form.get("seen", "")
    try:
        warnings = context.carry_out(
            lambda database: management.bring_back_list(database, f"{name}.csv", by=by, seen=seen)
        )
    except (FormRefused, TypeConflict, Conflict, Unavailable, Busy, ShortOfMemory) as refusal:
        return _refused(name, NOTHING, refusal)
    return _finished(name, "back", warnings)


def _finished(name: str, word: str, warnings: tuple[str, ...]) -> Response:
    if warnings:
        return _page(name, Outcome(done=word, warnings=warnings))
    return pages.see_other(f"{ADDRESS}/{quote(name, safe='')}?done={word}")


def _refused(name: str, sent: Outcome, refusal: Refusal) -> Response:
    status = status_of(refusal)
    if status >= 500:
        observability.log_failure(refusal)
    page = _page(name, refused(sent, refusal), status)
    set_retry_after(refusal, page)
    return page


def _page(name: str, outcome: Outcome = NOTHING, status: int = 200) -> Response:
    with context.database().reading() as reading:
        held = codes.of_list(reading, name)
        if not held:
            raise NotFound(f"没有名单“{name}”。", list=name)
        replaced = drafts.last_replaced_named(reading, f"{name}.csv")
        today = instants.local_day(reading.now)
        values = {
            **_list_row(reading, name),
            "rows": [_code(row, today) for rows in held.values() for row in rows],
            "outcome": outcome,
            "done": DONE.get(outcome.done, ""),
            "replaced": None
            if replaced is None
            else {"at": pages.moment(replaced[0], reading.now), "mark": replaced[0]},
        }
        return tabs.show(reading, "admin/code_list.html", KEY, values, status)


def _names(reading: Reading) -> list[str]:
    return list(dict.fromkeys(code.list for code in codes.list_all(reading)))


def _list_row(reading: Reading, name: str) -> dict[str, Any]:
    today = instants.local_day(reading.now)
    rows = [row for dated_rows in codes.of_list(reading, name).values() for row in dated_rows]
    using = [
        form.title
        for form in forms.catalogue(reading).forms.values()
        if f"{name}.csv" in form.media and form.state is not State.CLOSED and not form.id.endswith(ON_TRIAL)
    ]
    return {
        "name": name,
        "title": LISTS.get(name, name),
        "address": f"{ADDRESS}/{quote(name, safe='')}",
        "active": sum(row.is_active(today) for row in rows),
        "all": len(rows),
        "since": max((row.active_from for row in rows), default=""),
        "forms": using,
    }


def _code(row: Code, today: str) -> dict[str, Any]:
    return {
        "code": row.code,
        "label": row.label,
        "label_en": row.label_en,
        "from": row.active_from,
        "to": row.active_to,
        "is_active": row.is_active(today),
        "extra": " ".join(f"{name}={value}" for name, value in row.extra.items() if value),
    }


def _table_row(name: str, now: str) -> dict[str, Any]:
    rows = dated.rows_at(name, now)
    return {
        "name": name,
        "title": TABLES[name],
        "address": f"{ADDRESS}/tables/{name}",
        "active": len(rows),
        "all": len(dated.table(name)),
        "since": max((row["active_from"] for row in rows), default=""),
    }


def _table(name: str, reading: Reading) -> dict[str, Any]:
    rows = dated.rows_at(name, reading.now)
    is_english = layout.language() == pages.ENGLISH
    held = roles.list_roles(reading.now) if name == "rights" else ()
    named = {each.role.value: each.label_en if is_english else each.label for each in held}
    dates = ("active_from", "active_to")
    columns = [column for column in dated.table(name)[0] if column not in dates and not column.endswith("_en")]

    def cell(row: Mapping[str, str], column: str) -> str:
        said = pages.say(layout.language(), row[column]) if column == "label" else row[column]
        return (row.get(f"{column}_en", "") if is_english else "") or said

    return {
        **_table_row(name, reading.now),
        "columns": [named.get(column, column) for column in columns],
        "rows": [
            {"cells": [cell(row, column) for column in columns], "from": row["active_from"], "to": row["active_to"]}
            for row in rows
        ],
    }
