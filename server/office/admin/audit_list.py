"""The audit (审计记录): who did what, when, from where, and who looked; by day, person, kind and object; read alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from flask import Response, request

from server import dated, instants
from server.audit.domain.entries import Recorded, kinds
from server.audit.store import entry_lists
from server.audit.store.entry_lists import AuditFilters
from server.audit.usecases import reading as audit
from server.db.transactions import Reading
from server.errors import Invalid
from server.grid.domain.areas import short_name
from server.grid.store import areas
from server.instants import BEIJING
from server.office import layout, pages
from server.office.admin import inputs, tabs
from server.office.layout import signed_in
from server.people.domain.actors import Role
from server.people.store import accounts
from server.web import audit_exports, context

blueprint = layout.create_blueprint("office-admin-audit", __name__)

KEY, ADDRESS = "audit", "/office/admin/audit"
ROWS = 50
NAMES = ("from", "to", "user", "event", "object")
CHARS_MAX = 500
KINDS = {
    "session": "登录和退出",
    "refusal": "被拒绝",
    "export": "导出",
    "reveal": "查看原文",
    "read": "读取",
    "rights": "人员和权限",
    "configuration": "配置",
    "audit": "审计本身",
}
"""What the kinds of events are called."""

RESULTS = {"done": "", "stopped": "中途停止", "failed": "失败", "interrupted": "中断", "refused": "被拒绝"}
"""What a result is called; a status of HTTP stands as it is."""


class Asked(NamedTuple):
    """What an address asks. said: by name of the filter. ignored: what of the address nobody understands."""

    said: Mapping[str, str]
    filters: AuditFilters
    before: int | None
    ignored: tuple[str, ...]

    def address(self, path: str = ADDRESS, **other: str) -> str:
        """Return the address of the same list but for ``other``."""
        return inputs.with_query(path, **{**self.said, **other})


@blueprint.get(ADDRESS)
@signed_in
def entries() -> Response:
    """Show the entries that an address asks for, newest first; that they were read is an entry too.

    Raises NotAllowed for who may not read the audit.
    """
    by, asked = context.caller(), _asked(request.args)
    prefixes = audit_exports.prefixes_of(by)
    with context.database().reading() as reading:
        found = entry_lists.page(reading, prefixes, asked.filters, before=asked.before, limit=ROWS + 1)
        shown = found[:ROWS]
        values = {
            "asked": asked,
            "rows": _rows(reading, shown),
            "next": asked.address(cursor=str(shown[-1].number)) if len(found) > ROWS else "",
            "events": _events(),
            "export": asked.address(f"{ADDRESS}.csv") if audit_exports.may_export(by) else "",
        }
        answer = tabs.show(reading, "admin/audit.html", KEY, values)
    context.audit_read("audit.read", "audit", asked.said)
    return answer


@blueprint.get(f"{ADDRESS}.csv")
@signed_in
def file() -> Response:
    """Give the entries that an address asks for as a file. Raises NotAllowed (the right to export the audit)."""
    asked = _asked(request.args)
    return audit_exports.as_csv(asked.filters, asked.said)


def _asked(args: Mapping[str, str]) -> Asked:
    """Return what a query asks; what is not understood of it is left out and told."""
    said = {name: value for name in NAMES if (value := args.get(name, "").strip()[:CHARS_MAX])}
    ignored = [name for name in args if name not in (*NAMES, "cursor")]
    days: dict[str, date | None] = {}
    for name in ("from", "to"):
        days[name] = None
        try:
            days[name] = date.fromisoformat(said[name]) if name in said else None
        except ValueError:
            ignored.append(said.pop(name))
    try:
        audit.filters(event=said.get("event"))
    except Invalid:
        ignored.append(said.pop("event"))
    first, last = days["from"], days["to"]
    if first is not None and last is not None and last < first:
        first, last = last, first
        said |= {"from": first.isoformat(), "to": last.isoformat()}
    filters = audit.filters(first, last, said.get("user"), said.get("event"), said.get("object"))
    before = args.get("cursor", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) <= len("1" * 15) else None
    return Asked(said, filters, number, tuple(ignored))


def _events() -> list[dict[str, Any]]:
    """Return every kind of event with its events, as the reader's language calls them."""
    rows, word = dated.table("audit_events"), _label_column()
    return [
        {
            "kind": kind,
            "word": KINDS.get(kind, kind),
            "events": [(row["event"], row[word]) for row in rows if row["kind"] == kind],
        }
        for kind in kinds()
    ]


def _label_column() -> str:
    return "label_en" if layout.language() == pages.ENGLISH else "label"


def _rows(reading: Reading, found: list[Recorded]) -> list[dict[str, Any]]:
    labels = {row["event"]: row for row in dated.table("audit_events")}
    people = accounts.display_names(reading, (each.actor for each in found))
    names = areas.full_names(reading, {code for each in found for code in each.place.split()})
    word, roles = _label_column(), {each.value: layout.role_label(each, reading.now) for each in Role}
    return [
        {
            "number": each.number,
            "instant": each.at,
            "at": pages.moment(each.at, reading.now),
            "exactly": f"{instants.parse(each.at).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
            "word": labels[each.event][word] if each.event in labels else each.event,
            "is_refusal": each.result not in ("done", "") or each.event in ("session.failed", "session.lock"),
            "display": people.get(each.actor, ""),
            "user": each.actor,
            "duties": "、".join(roles.get(role, role) for role in each.role.split()),
            "places": "、".join(short_name(names.get(code, code)) for code in each.place.split()),
            "address": each.address,
            "object": each.object,
            "result": RESULTS.get(each.result, each.result),
            "details": [(name, _told(value)) for name, value in each.details.items()],
            "hash": each.hash,
        }
        for each in found
    ]


def _told(value: object) -> str:
    """Return a particular of an entry as one line."""
    if isinstance(value, Mapping):
        return "；".join(f"{name}：{_told(each)}" for name, each in value.items())
    if isinstance(value, list):
        return "、".join(_told(each) for each in value)
    return "" if value is None else str(value)
