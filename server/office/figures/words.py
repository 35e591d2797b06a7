"""What the figures mean (指标说明): each with its formula, its base and its note, and the cohort by an example."""

from __future__ import annotations

from typing import Any

from flask import Response

from server.db.transactions import Reading
from server.office import layout, pages
from server.office.figures import asked as addresses
from server.office.layout import signed_in
from server.summaries.usecases import requests, summary_tables
from server.web import context

blueprint = layout.create_blueprint("office-figures-words", __name__)

BASES = {
    "received": "按收到的日子数：时段内收到的上报",
    "registered": "按立项的日子数：时段内立项的案件，以后怎样变都算在这个时段",
    "event": "按发生的日子数：时段内发生的事，不论案件何时立项",
}
"""What the days of a period select by, in words; the order of the sections."""


@blueprint.get(addresses.WORDS)
@signed_in
def words() -> Response:
    """Show every figure in force with its definition."""
    requests.reading_scope(context.caller())
    with context.database().reading() as reading:
        values = {"sections": _sections(reading)}
        return layout.show(reading, "figures/words.html", layout.FIGURES.key, values)


def _sections(reading: Reading) -> list[dict[str, Any]]:
    legend = summary_tables.legend(reading.now)
    is_english = layout.language() == pages.ENGLISH
    names = {each["code"]: each["label_en" if is_english else "label"] for each in legend}
    for each in legend:
        each["name"], each["meaning"] = names[each["code"]], each["note_en" if is_english else "note"]
        ends = [names[each[end]] for end in ("numerator", "denominator") if each[end]]
        each["formula"] = " ÷ ".join(ends) if each["kind"] == "rate" else ""
    return [
        {"base": word, "figures": [each for each in legend if each["base"] == base]} for base, word in BASES.items()
    ]
