"""Pages about cases: the board and the page of one case."""

from __future__ import annotations

from server.office.cases import board, bulk, case_page

blueprints = (board.blueprint, bulk.blueprint, case_page.blueprint)
