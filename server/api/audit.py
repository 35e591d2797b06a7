"""Serve the audit to auditors and county administrators; who reads it is in it."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from flask import Response

from schemas.audit import AuditEntrySchema, AuditFilter, AuditQuery
from schemas.lists import page_of
from server.api import responses
from server.api.blueprints import create_blueprint
from server.audit.domain.entries import Recorded
from server.audit.store import entry_lists
from server.audit.usecases import reading as audit
from server.db.transactions import Reading
from server.web import audit_exports, context

blueprint = create_blueprint("audit", "审计记录 · who did what, and who looked")

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
    prefixes = audit_exports.prefixes_of(context.caller())
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
    return audit_exports.as_csv(audit.filters(*_asked(query)), _told(query))


def _asked(query: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(query.get(name) for name in ("from_", "to", "user", "event", "object"))


def _told(query: dict[str, Any]) -> dict[str, str]:
    """Return a query as the audit keeps it."""
    return {name.rstrip("_"): str(value) for name, value in query.items()}
