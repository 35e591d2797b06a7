"""The JSON door: sessions, the grid, people, forms, records, submissions, problems and items, described by OpenAPI."""

from __future__ import annotations

from flask import Flask

from server.api import (
    areas,
    changes,
    description,
    exports,
    forms,
    handover,
    hazard_ledger,
    problems,
    records,
    sent_items,
    session,
    staff,
    submissions,
    summaries,
    sync,
    tokens,
    users,
)

__all__ = ["mount"]

DOORS = (
    *(session, areas, users, staff, handover, forms, records, changes),
    *(exports, hazard_ledger, submissions, problems, sent_items, summaries, sync),
)


def mount(app: Flask) -> None:
    """Give the application the JSON door, its description and the page that shows it."""
    tokens.mount(app)
    api = description.describe(app)
    for module in DOORS:
        api.register_blueprint(module.door)
    app.register_blueprint(description.door)
