"""Pages of administration (管理): areas, people, bodies, phone cards, forms, codes, audit, webhooks, health."""

from __future__ import annotations

from server.office.admin import (
    area_import,
    areas,
    audit_list,
    bodies,
    cards,
    code_lists,
    forms,
    health,
    holidays,
    lists,
    people,
    person,
    roster,
    tabs,
    webhooks,
)

blueprints = (
    tabs.blueprint,
    areas.blueprint,
    area_import.blueprint,
    roster.blueprint,
    people.blueprint,
    person.blueprint,
    bodies.blueprint,
    *lists.blueprints,
    cards.blueprint,
    forms.blueprint,
    code_lists.blueprint,
    holidays.blueprint,
    audit_list.blueprint,
    webhooks.blueprint,
    health.blueprint,
)
"""The pages of each part."""
