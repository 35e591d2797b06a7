"""The papers about a case to print and sign, each on one sheet of A4, with the number of the case and its QR code."""

from __future__ import annotations

from uuid import UUID

import segno
from flask import Response

from server.cases.usecases import papers
from server.office import layout, pages
from server.office.cases import case_view
from server.office.layout import signed_in
from server.web import context

blueprint = layout.create_blueprint("office-case-paper", __name__)


@blueprint.get("/office/cases/<uuid:record_id>/print/<paper>")
@signed_in
def show_paper(record_id: UUID, paper: str) -> Response:
    """Show a paper about a case. Raises NotFound, NotAllowed, IllegalStep."""
    by = context.caller()
    with context.database().reading() as reading:
        record = case_view.find(reading, str(record_id), by)
        told = papers.of_case(reading, record, paper, by=by)
        back = f"/office/cases/{record.id}"
        values = {
            **layout.bare_in(reading),
            "told": told,
            "back": back,
            "qr": code(f"{context.card_url()}{back}"),
            "unit": context.settings().report_unit,
        }
    return pages.respond("cases/paper.html", layout.language(), values)


def code(address: str) -> str:
    """Return the QR code of an address as an ``svg`` element; it opens the case to who may see it, and to nobody else.

    With error correction M, as paper creases, and a quiet zone of two modules inside of white paper.
    """
    made = segno.make(address, error="m", micro=False)
    return str(made.svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None))
