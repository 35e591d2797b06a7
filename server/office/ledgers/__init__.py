"""Pages about ledgers, generated from the forms that declare them; and the report of a hazard, from its form."""

from __future__ import annotations

from server.office.ledgers import (
    coverage_page,
    edit_record,
    ledger_list,
    ledger_map,
    new_record,
    record_page,
    unvisited_page,
)

blueprints = (
    ledger_list.blueprint,
    ledger_map.blueprint,
    coverage_page.blueprint,
    new_record.blueprint,
    edit_record.blueprint,
    record_page.blueprint,
    unvisited_page.blueprint,
)
