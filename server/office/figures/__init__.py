"""Pages of figures (汇总): the summary with its charts, the cases behind each number, the sheet to print, the words."""

from __future__ import annotations

from server.office.figures import corrections, counted, hazard_lists, monthly, page, review, sheet, words

blueprints = (
    page.blueprint,
    counted.blueprint,
    sheet.blueprint,
    monthly.blueprint,
    corrections.blueprint,
    hazard_lists.blueprint,
    review.blueprint,
    words.blueprint,
)
"""The pages of each part."""
