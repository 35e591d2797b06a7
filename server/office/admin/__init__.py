"""Pages of administration (管理): areas, people, bodies, phone cards, forms, codes and limits, health."""

from __future__ import annotations

from server.office.admin import forms, tabs

blueprints = (tabs.blueprint, forms.blueprint)
"""The pages of each part."""
