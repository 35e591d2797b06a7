"""Counts and rates of a summary by category or month without handling times, which take longest: for a page's parts."""

from __future__ import annotations

from server.db import training
from server.db.transactions import Reading
from server.summaries.domain.summary_rows import Summary
from server.summaries.usecases import closure_summary, live_summary
from server.summaries.usecases.closure_summary import Query
from server.summaries.usecases.groupings import Grouping


def summarise(reading: Reading, query: Query) -> Summary:
    """Return what ``closure_summary.summarise`` counts of the cases of a period, by category or month.

    Neither times nor results need be right, nor 期初在办 and what is made of it: rows of nothing else may be there.

    Raises Invalid and NotFound as that does, and ValueError for other rows.
    """
    view = closure_summary.view_of(reading, query)
    if view.by not in (Grouping.CATEGORY, Grouping.MONTH):
        raise ValueError(view.by)
    if view.area_scope is None or training.is_on(reading) or view.is_ahead(reading.now):
        return closure_summary.summarise(reading, query).summary
    if view.by is Grouping.MONTH:
        return live_summary.by_month(reading, view.area_scope, view.period, live_summary.untimed)
    return live_summary.by_category(reading, view.area_scope, view.categories, view.period, live_summary.untimed)
