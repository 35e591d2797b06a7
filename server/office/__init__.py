"""The office: pages for officers, the brigade and the administrator, under ``/`` and ``/office/``.

A door like the API: it translates. Pages read what the API reads, in the same scopes, and write through the same use
cases; they have no rule, no query and no list of actions of their own.
"""

from __future__ import annotations

from flask import Flask

from server.office import (
    admin,
    approvals,
    assets,
    cases,
    figures,
    front_door,
    inbox,
    intake,
    ledgers,
    own_password,
    problems,
    today,
)
from server.office.errors import as_page, is_office_path, refusal

__all__ = ["as_page", "is_office_path", "mount", "refusal"]

BLUEPRINTS = (
    front_door.blueprint,
    own_password.blueprint,
    today.blueprint,
    inbox.blueprint,
    *cases.blueprints,
    *ledgers.blueprints,
    *figures.blueprints,
    *admin.blueprints,
    *intake.blueprints,
    *approvals.blueprints,
    *problems.blueprints,
    assets.blueprint,
)


def mount(app: Flask) -> None:
    """Register the pages with the application, and what was built of their script and style."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
