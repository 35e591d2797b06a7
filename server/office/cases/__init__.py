"""Pages about cases: the board and the page of one case."""

from __future__ import annotations

from server.office.cases import board, case_page

blueprints = (board.blueprint, case_page.blueprint)
