"""Serve the audit to auditors and county administrators; who reads it is in it."""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import Any

from flask import Response

from schemas.audit import AuditEntrySchema, AuditFilter, AuditQuery
from schemas.lists import page_of
from server import table_files
from server.api import responses
from server.api.blueprints import create_blueprint
from server.audit.domain.entries import Recorded
from server.audit.store import entry_lists
from server.audit.store.entry_lists import EVERYWHERE
from server.audit.usecases import reading as audit
from server.db.transactions import Reading
from server.errors import NotAllowed
from server.people.domain import rights, roles
from server.people.domain.actors import Actor
from server.web import context, downloads, record_exports

blueprint = create_blueprint("audit", "审计记录 · who did what, and who looked")

_READ, _EXPORT = ("audit", "read"), ("audit", "export")
_REFUSED = "the caller's duties do not let them read the audit"


@blueprint.route("/audit")
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, page_of(AuditEntrySchema))
@blueprint.alt_response(403, success=False, description=_REFUSED)
def list_audit(query: dict[str, Any]) -> Response:
    """List what was done, by whom, from where, newest first.

    An auditor of a town or village sees what people did whose first duty lay there; failed sign-ins, and what the
    server did by itself, belong to the county.
    """
    prefixes = prefixes_of(context.caller())
    filters = audit.filters(*_asked(query))

    def find(reading: Reading, before: int | None, limit: int) -> list[Recorded]:
        return entry_lists.page(reading, prefixes, filters, before=before, limit=limit)

    listed = responses.listing(query, responses.decode_number, find, audit.as_json, attrgetter("number"))
    context.audit_read("audit.read", "audit", _told(query))
    return listed


@blueprint.route("/audit.csv")
@blueprint.arguments(AuditFilter, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
@blueprint.alt_response(403, success=False, description=f"{_REFUSED}, or do not let them export it")
def export_audit(query: dict[str, Any]) -> Response:
    """Export the audit as CSV (UTF-8 with BOM), newest first, in Beijing time."""
    by, database = context.caller(), context.database()
    prefixes = prefixes_of(by, _EXPORT)
    filters = audit.filters(*_asked(query))
    export = record_exports.begin("audit.export", "audit", {"format": "csv", "filters": _told(query)})
    rows = export.counted(audit.entries(database, prefixes, filters))
    lines = (table_files.csv_lines([audit.cells(row)]) for row in rows)
    heading = table_files.BOM + table_files.csv_lines([audit.HEADINGS])
    return downloads.download(export.sending(chain([heading], lines)), table_files.CSV_TYPE, "audit.csv")


def prefixes_of(by: Actor, *more: tuple[str, str]) -> tuple[str, ...]:
    """Return in which areas ``by`` may read the audit, as beginnings of codes. Raises NotAllowed for nowhere.

    more: further rights on the audit that the same duty must give, as rows of the matrix.
    """
    places = rights.scope_for(by, *_READ, *more).places
    if not places:
        subject, action = (_READ, *more)[-1]
        names = "、".join(roles.label(role, by.at) for role in rights.holders_of(subject, action, by.at))
        verb = "导出" if more else "查看"
        raise NotAllowed(f"您的岗位不能{verb}审计记录；可以{verb}的有：{names}。", object=subject, action=action)
    if any("/" not in place.path for place in places):
        return EVERYWHERE
    return tuple(place.path.replace("/", "") for place in places)


def _asked(query: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(query.get(name) for name in ("from_", "to", "user", "event", "object"))


def _told(query: dict[str, Any]) -> dict[str, str]:
    """Return a query as the audit keeps it."""
    return {name.rstrip("_"): str(value) for name, value in query.items()}
