"""Intake (受理): reports that nobody has looked at yet, one after the other, with what may be the same beside each."""

from __future__ import annotations

from server.office.intake import intake_page

blueprints = (intake_page.blueprint,)
