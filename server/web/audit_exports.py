"""Says who may read the audit and where, and gives it as a file, for every door."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from flask import Response

from server import table_files
from server.audit.store.entry_lists import EVERYWHERE, AuditFilters
from server.audit.usecases import reading as audit
from server.errors import NotAllowed
from server.people.domain import rights, roles
from server.people.domain.actors import Actor
from server.web import context, downloads, record_exports

READ, EXPORT = ("audit", "read"), ("audit", "export")
"""Rows of the matrix of rights."""


def prefixes_of(by: Actor, *more: tuple[str, str]) -> tuple[str, ...]:
    """Return in which areas ``by`` may read the audit, as beginnings of codes. Raises NotAllowed for nowhere.

    more: further rights on the audit that the same duty must give, as rows of the matrix.
    """
    places = rights.scope_for(by, *READ, *more).places
    if not places:
        subject, action = (READ, *more)[-1]
        names = "、".join(roles.label(role, by.at) for role in rights.holders_of(subject, action, by.at))
        verb = "导出" if more else "查看"
        raise NotAllowed(f"您的岗位不能{verb}审计记录；可以{verb}的有：{names}。", object=subject, action=action)
    if any("/" not in place.path for place in places):
        return EVERYWHERE
    return tuple(place.path.replace("/", "") for place in places)


def may_export(by: Actor) -> bool:
    """Return whether ``by`` may take the audit away as a file from anywhere."""
    return bool(rights.scope_for(by, *READ, EXPORT).places)


def as_csv(filters: AuditFilters, told: Mapping[str, str]) -> Response:
    """Answer the caller with the audit as CSV (UTF-8 with BOM), newest first, in Beijing time; the export is on record.

    told: what the audit keeps of the filters. Raises NotAllowed where the caller's duties do not let them export it.
    """
    database, prefixes = context.database(), prefixes_of(context.caller(), EXPORT)
    export = record_exports.begin("audit.export", "audit", {"format": "csv", "filters": told})
    rows = export.counted(audit.entries(database, prefixes, filters))
    lines = (table_files.csv_lines([audit.cells(row)]) for row in rows)
    heading = table_files.BOM + table_files.csv_lines([audit.HEADINGS])
    return downloads.download(export.sending(chain([heading], lines)), table_files.CSV_TYPE, "audit.csv")
