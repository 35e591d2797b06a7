"""Health (运行状况): how the server is, and the command that cures what is not well."""

from __future__ import annotations

from importlib.metadata import version

from flask import Response

from server.admin.usecases import health
from server.admin.usecases.health import Finding, Mark
from server.office import layout
from server.office.admin import tabs
from server.office.layout import signed_in
from server.web import context
from sync import build

blueprint = layout.create_blueprint("office-admin-health", __name__)

KEY = "health"

MARKS = {
    Mark.GOOD: ("正常", "green", "check"),
    Mark.LOOK: ("留意", "amber", "info"),
    Mark.BAD: ("要处理", "red", "close"),
}
"""What a finding is called, its colour and its icon."""


@blueprint.get("/office/admin/health")
@signed_in
def show() -> Response:
    """Show every finding, those that want something done first."""
    tabs.require(KEY)
    settings, database = context.settings(), context.database()
    with database.reading() as reading:
        found = [*health.findings(database, reading, settings.disk_free_bytes_min), _version()]
        order = {Mark.BAD: 0, Mark.LOOK: 1, Mark.GOOD: 2}
        rows = [
            {"finding": each, "word": word, "colour": colour, "icon": icon, "command": _command(each)}
            for each in sorted(found, key=lambda each: order[each.mark])
            for word, colour, icon in (MARKS[each.mark],)
        ]
        return tabs.show(reading, "admin/health.html", KEY, {"rows": rows, "at": reading.now})


def _version() -> Finding:
    commit = build.commit()
    return Finding("版本", Mark.GOOD, f"firegrid {version('firegrid')}" + (f"（{commit}）" if commit else ""))


def _command(finding: Finding) -> str:
    return finding.command.replace("DIR", str(context.settings().folder.resolve()))
