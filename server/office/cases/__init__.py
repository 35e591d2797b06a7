"""Pages about cases: the board and the page of one case."""

from __future__ import annotations

from server.office.cases import board, board_choices, board_map, bulk, case_page, case_paper, raw_submission

blueprints = (
    board.blueprint,
    board_choices.blueprint,
    board_map.blueprint,
    bulk.blueprint,
    case_page.blueprint,
    case_paper.blueprint,
    raw_submission.blueprint,
)
