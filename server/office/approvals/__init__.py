"""Pages on which requests of handlers are decided."""

from __future__ import annotations

from server.office.approvals import approvals

blueprints = (approvals.blueprint,)
