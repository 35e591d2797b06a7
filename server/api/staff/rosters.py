"""Serve rosters of people to import, cards for many at once, and vacancies."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, request

from schemas.rosters import (
    CardsRequestSchema,
    CardsSchema,
    RosterQuery,
    RosterSchema,
    VacanciesSchema,
    VacancyQuery,
)
from server.api import responses, serializers
from server.api.areas import place_of
from server.api.blueprints import admit_uploads, create_blueprint, import_body
from server.errors import Invalid
from server.people.usecases import setup_card, setup_qr
from server.staffing.domain.roster_plan import Kind
from server.staffing.usecases import card_printing, roster_files, roster_import, vacancies
from server.staffing.usecases.card_printing import PrintedCard
from server.staffing.usecases.roster_import import DryRun
from server.table_files import XLSX_TYPE
from server.web import context, downloads

blueprint = create_blueprint("rosters", "花名册、手机卡片、空岗 · rosters, cards for many, vacancies")

UPLOAD_BYTES_MAX = roster_files.FILE_BYTES_MAX + 100_000
FILE = {"type": "string", "format": "binary"}
UPLOAD = import_body("the roster, .xlsx or CSV (UTF-8 or GB18030), at most 5,000 rows")
_REFUSED = "the caller fills no role"


admit_uploads(blueprint, roster_import.require_right, UPLOAD_BYTES_MAX, "import_roster")


@blueprint.route("/users/import", methods=("POST",))
@blueprint.needs(("staff", "edit"))
@blueprint.doc(requestBody=UPLOAD)
@blueprint.arguments(RosterQuery, location="query")
@blueprint.response(200, RosterSchema)
@blueprint.alt_response(403, success=False, description=_REFUSED)
@blueprint.alt_response(404, success=False, description="the token is unknown, another's, or past its 24 hours")
@blueprint.alt_response(413, success=False, description="the file or a sheet of it is too large")
def import_roster(query: dict[str, Any]) -> Response:
    """Import the good rows of a roster, or only look with `dry_run`; the same roster again adds nobody."""
    by, token = context.caller(), request.form.get("token", "")
    uploaded = request.files.get("file")
    if not token:
        if uploaded is None:
            raise Invalid("请上传花名册（file），或给出核对时的 token。", field="file")
        roster, name = roster_files.read(uploaded.read()), uploaded.filename or ""
        token = context.write(lambda tx: roster_import.keep(tx, roster, name, by=by))
    if not query.get("dry_run"):
        context.write(lambda tx: roster_import.carry_out(tx, token, by=by))
    with context.database().reading() as reading:
        return responses.json(_roster(roster_import.get(reading, token, by=by)))


@blueprint.route("/users/import/template.xlsx")
@blueprint.response(200, FILE, content_type=XLSX_TYPE)
@blueprint.alt_response(403, success=False, description=_REFUSED)
def roster_template() -> Response:
    """Get the empty roster, with the roles and towns of the caller to choose from."""
    with context.database().reading() as reading:
        content = roster_import.template(reading, context.caller())
    return downloads.download(content, XLSX_TYPE, "roster.xlsx")


@blueprint.route("/users/cards", methods=("POST",))
@blueprint.needs(("staff", "edit"))
@blueprint.arguments(CardsRequestSchema)
@blueprint.response(201, CardsSchema)
@blueprint.alt_response(404, success=False, description="somebody is unknown, or out of scope")
@blueprint.alt_response(409, success=False, description="an account is closed, or these cards were made already")
def make_cards(arguments: dict[str, Any]) -> Response:
    """Make a card with a new key for each of many people; they are shown this once."""
    server_url, by = context.card_url(), context.caller()
    batch = "" if arguments["id"] is None else str(arguments["id"])
    names, replace = arguments["names"], arguments["replace"]
    made = context.write(lambda tx: card_printing.make(tx, names, server_url, batch=batch, replace=replace, by=by))
    warning = setup_card.warning(server_url)
    return responses.secret({"items": [_card(each, warning) for each in made]}, 201)


@blueprint.route("/vacancies")
@blueprint.arguments(VacancyQuery, location="query")
@blueprint.response(200, VacanciesSchema)
@blueprint.alt_response(403, success=False, description="the caller sees no people")
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def list_vacancies(query: dict[str, Any]) -> Response:
    """List the villages without a community officer, town by town."""
    by = context.caller()
    with context.database().reading() as reading:
        place = place_of(reading, query, by)
        found = vacancies.in_place(vacancies.by_town(reading, by), place)
        items = [
            {
                "town": each.town.code,
                "name": each.town.name,
                "villages": each.villages,
                "vacant": [serializers.grid.area(area, reading.now) for area in each.vacant],
            }
            for each in found
        ]
    return responses.json({"items": items})


def _roster(found: DryRun) -> responses.Json:
    done = found.done
    counts = {kind.value: len(found.plan.of(kind) if done is None else done[kind.value]) for kind in Kind}
    return {
        "token": found.token,
        "file": found.file_name,
        "sheet": found.sheet,
        "rows": len(found.rows),
        **counts,
        "faulty": len({each.line for each in found.plan.faults}) if done is None else roster_import.not_imported(done),
        "done": done is not None,
        "added": [] if done is None else done["new"],
        "notes": list(found.notes),
        "faults": [asdict(each) for each in roster_import.shown_faults(found)],
    }


def _card(made: PrintedCard, warning: str | None) -> responses.Json:
    settings = setup_qr.settings(made.card.url, made.card.username, made.card.project)
    told = {"settings": settings, "payload": made.payload, "warning": warning}
    return {**asdict(made.card), **told, "place": made.place, "post": made.post}
