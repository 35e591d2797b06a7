"""The JSON API: sessions, the grid, people, forms, records, submissions, problems and items, described by OpenAPI."""

from __future__ import annotations

from flask import Flask

from server.api import (
    answers,
    areas,
    audit,
    changes,
    description,
    devices,
    exports,
    forms,
    hazard_ledger,
    hazard_lists,
    monthly_reports,
    problems,
    records,
    sent_items,
    session,
    submissions,
    summaries,
    summary_parts,
    sync,
    unvisited,
    users,
)
from server.api.cases import rechecks, requests, review_list, reviews
from server.api.notices import inbox, webhooks
from server.api.photos import record_photos, uploads
from server.api.staff import area_changes, area_imports, carried_imports, handover, premises_imports, rosters
from server.web import session_tokens

__all__ = ["mount"]

BLUEPRINTS = (
    *(session.blueprint, areas.blueprint, users.blueprint, users.management, handover.blueprint, forms.blueprint),
    *(area_imports.blueprint, area_changes.blueprint, rosters.blueprint, premises_imports.blueprint),
    carried_imports.blueprint,
    *(records.blueprint, changes.blueprint, exports.blueprint, hazard_ledger.blueprint, submissions.blueprint),
    *(answers.blueprint, audit.blueprint, requests.blueprint, rechecks.blueprint, reviews.blueprint, devices.blueprint),
    *(unvisited.blueprint, monthly_reports.blueprint, hazard_lists.blueprint),
    *(problems.blueprint, sent_items.blueprint, summaries.blueprint, summary_parts.blueprint),
    *(review_list.blueprint, inbox.blueprint, webhooks.blueprint),
    *(sync.blueprint, uploads.discovery, uploads.blueprint, record_photos.blueprint),
)


def mount(app: Flask) -> None:
    """Register the JSON API with the application, with its description and the page that shows it."""
    session_tokens.mount(app)
    api = description.describe(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(description.blueprint)
