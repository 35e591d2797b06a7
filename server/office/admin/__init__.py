"""Pages of administration (管理): areas, people, bodies, phone cards, forms, codes and limits, audit, health."""

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
    people,
    person,
    premises,
    roster,
    tabs,
)

blueprints = (
    tabs.blueprint,
    areas.blueprint,
    area_import.blueprint,
    roster.blueprint,
    people.blueprint,
    person.blueprint,
    bodies.blueprint,
    premises.blueprint,
    cards.blueprint,
    forms.blueprint,
    code_lists.blueprint,
    holidays.blueprint,
    audit_list.blueprint,
    health.blueprint,
)
"""The pages of each part."""
