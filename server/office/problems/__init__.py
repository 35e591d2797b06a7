"""The problems desk: what only a person can settle, and devices that have been silent for long."""

from __future__ import annotations

from server.office.problems import desk, device_list

blueprints = (desk.blueprint, device_list.blueprint)
