"""Pages of administration (管理): areas, people, bodies, phone cards, forms, codes and limits, health."""

from __future__ import annotations

from server.office.admin import code_lists, forms, health, tabs

blueprints = (tabs.blueprint, forms.blueprint, code_lists.blueprint, health.blueprint)
"""The pages of each part."""
