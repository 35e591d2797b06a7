"""Serve forms in all their versions and the record types, and take uploads of forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

from flask import Response, request
from werkzeug.datastructures import FileStorage, MultiDict

from schemas.forms import FormDetailSchema, FormQuery, FormSchema, FormStateRequestSchema, PublicationSchema
from schemas.lists import PageQuery, page_of
from schemas.record_types import CoverageQuery, CoveredVillageSchema, FieldWritersSchema
from schemas.records import RecordTypeSchema
from server import instants
from server.api import responses, serializers
from server.api.blueprints import admit_uploads, create_blueprint
from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.forms.domain.definitions import Allowance
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.forms.store.forms import Catalogue, Form, State
from server.forms.usecases import ledger_forms, management
from server.forms.usecases.publications import Upload
from server.records.usecases import coverage
from server.web import context, downloads

blueprint = create_blueprint("forms", "表单与台账 · forms and record types")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UPLOAD_BYTES_MAX = 50_000_000
"""Of one upload with all of its files, in bytes; each file has a limit of its own."""

FORM_PART, MEDIA_PART, ALLOW_PART, TESTER_PART = "form", "media", "allow", "tester"
"""Names of the parts of an upload."""

UPLOAD = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["form"],
                "properties": {
                    "form": {
                        "type": "string",
                        "format": "binary",
                        "description": "XLSForm (.xlsx, .xls, .csv, .md) or XForm (.xml), by the ending of its name",
                    },
                    "media": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "description": "lists, pictures and other files that the form needs, under their own names",
                    },
                    "allow": {
                        "type": "array",
                        "items": {"type": "string", "enum": [*Allowance]},
                        "description": "what is refused otherwise: `several-entities` (entities from repeats or into "
                        "several lists, which KoboCollect cannot open), `encryption` (answers that the server cannot "
                        "read)",
                    },
                    "tester": {
                        "type": "array",
                        "items": {"type": "string"},
                        "description": "user names: publish a draft, for their phones alone",
                    },
                },
            }
        }
    },
}


admit_uploads(blueprint, management.require_right, UPLOAD_BYTES_MAX, "publish_form")


@blueprint.route("/forms")
@blueprint.arguments(FormQuery, location="query")
@blueprint.response(200, page_of(FormSchema))
def list_forms(query: dict[str, Any]) -> Response:
    """List forms by id."""

    def find(reading: Reading, after: str, limit: int) -> Iterator[Form]:
        known = (form for id, form in sorted(_shown(reading).forms.items()) if id > after)
        return (form for form in known if query.get("state") in (None, form.state.value))

    return responses.listing(query, responses.decode_text, find, serializers.forms.form, attrgetter("id"))


@blueprint.route("/forms/<form_id>")
@blueprint.response(200, FormDetailSchema)
@blueprint.alt_response(404, success=False, description="unknown")
def get_form(form_id: str) -> Response:
    """Get one form with every version ever published."""
    with context.database().reading() as reading:
        return responses.json(
            serializers.forms.form_in_full(management.get_visible(reading, form_id, context.caller()))
        )


@blueprint.route("/forms/<form_id>/versions/<version>.xml")
@blueprint.response(200, {"type": "string"}, content_type="text/xml")
@blueprint.alt_response(304, success=False, description="the client has it")
@blueprint.alt_response(404, success=False, description="unknown")
def get_form_xml(form_id: str, version: str) -> Response:
    """Get the XForm of one version, as phones get it."""
    with context.database().reading() as reading:
        form = management.get_visible(reading, form_id, context.caller())
        content = forms.xml(reading, form.id, version)
    response = responses.xml_attachment(content, f"{form_id}.xml")
    response.set_etag(form.versions[version].md5)  # the hash of these bytes, as the form's versions tell it
    response.make_conditional(request)
    return response


@blueprint.route("/forms/<form_id>/versions/<version>.xlsx")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=XLSX)
@blueprint.alt_response(404, success=False, description="unknown, or published from something else than a spreadsheet")
def get_form_workbook(form_id: str, version: str) -> Response:
    """Get one version as an Excel workbook, to go on from."""
    with context.database().reading() as reading:
        content = management.workbook(reading, form_id, version, by=context.caller())
    return downloads.download(content, XLSX, f"{form_id}.xlsx")


@blueprint.route("/forms", methods=("POST",))
@blueprint.needs(("configuration", "edit"))
@blueprint.doc(requestBody=UPLOAD)
@blueprint.response(201, PublicationSchema)
@blueprint.alt_response(200, schema=PublicationSchema, description="this very version is there already")
@blueprint.alt_response(403, success=False, description="only who configures the county may publish")
@blueprint.alt_response(404, success=False, description="a tester is unknown")
@blueprint.alt_response(
    422, success=False, description="refused; `errors` lists sheet or file, row, column, text, message and cure"
)
def publish_form() -> Response:
    """Publish a version of a form with its attached files, or a draft for testers; no form is half published."""
    by = context.caller()
    name, source, media = _uploaded(request.files)
    upload, testers = Upload(source, name, media, _allowed(request.form)), request.form.getlist(TESTER_PART)
    if testers:
        done = context.carry_out(lambda database: management.publish_draft(database, upload, testers, by=by))
    else:
        done = context.carry_out(lambda database: management.publish(database, upload, by=by))
    return responses.json(serializers.forms.published(done), 201 if done.added else 200)


@blueprint.route("/forms/<form_id>/release", methods=("POST",))
@blueprint.needs(("configuration", "edit"))
@blueprint.response(200, PublicationSchema)
@blueprint.alt_response(404, success=False, description="unknown, or nothing of it is on trial")
@blueprint.alt_response(409, success=False, description="another form declares the same ledger otherwise")
@blueprint.alt_response(422, success=False, description="no longer fit to be published; `errors` as in publishing")
def release_form(form_id: str) -> Response:
    """Publish the draft of a form for everyone, and take it off the testers' lists."""
    by = context.caller()
    done = context.carry_out(lambda database: management.release(database, form_id, by=by))
    return responses.json(serializers.forms.published(done))


@blueprint.route("/forms/<form_id>/bring-back", methods=("POST",))
@blueprint.needs(("configuration", "edit"))
@blueprint.response(200, PublicationSchema)
@blueprint.alt_response(404, success=False, description="unknown, or nothing was ever replaced")
@blueprint.alt_response(409, success=False, description="another form declares the same ledger otherwise")
@blueprint.alt_response(422, success=False, description="it no longer fits; `errors` as in publishing")
def bring_back_form(form_id: str) -> Response:
    """Bring back what the last publication replaced: its version, under a new number, or its files."""
    by = context.caller()
    done = context.carry_out(lambda database: management.bring_back(database, form_id, by=by)[1])
    return responses.json(serializers.forms.published(done))


@blueprint.route("/forms/<form_id>", methods=("PATCH",))
@blueprint.needs(("configuration", "edit"))
@blueprint.arguments(FormStateRequestSchema)
@blueprint.response(200, FormSchema)
@blueprint.alt_response(404, success=False, description="unknown")
def turn_form(arguments: dict[str, str], form_id: str) -> Response:
    """List a form, wind it down, or close it; what is sent to a closed form is kept for the office."""
    state, by = State(arguments["state"]), context.caller()
    form = context.write(lambda tx: management.set_state(tx, form_id, state, by=by))
    return responses.json(serializers.forms.form(form))


@blueprint.route("/record-types")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(RecordTypeSchema))
def list_record_types(query: dict[str, Any]) -> Response:
    """List record types with their fields, by name."""

    def find(reading: Reading, after: str, limit: int) -> Iterator[RecordType]:
        return (type for name, type in sorted(_shown(reading).types.items()) if name > after)

    return responses.listing(query, responses.decode_text, find, serializers.forms.record_type, attrgetter("name"))


@blueprint.route("/record-types/<type_name>/fields")
@blueprint.response(200, page_of(FieldWritersSchema))
@blueprint.alt_response(404, success=False, description="no such record type")
def list_fields(type_name: str) -> Response:
    """List the fields of a record type, as its main form orders them, with the forms in use that write each."""
    with context.database().reading() as reading:
        type = _type(reading, type_name)
        listed = ledger_forms.layout(reading, type).fields
        items = [
            {
                "name": each.name,
                "label": type.label_of(each.name),
                "forms": [{"id": form.form_id, "title": form.title, "creates": form.creates} for form in each.writers],
            }
            for each in listed
        ]
    return responses.single_page(items)


@blueprint.route("/record-types/<type_name>/villages")
@blueprint.arguments(CoverageQuery, location="query")
@blueprint.response(200, page_of(CoveredVillageSchema))
@blueprint.alt_response(404, success=False, description="no such record type")
def list_villages(query: dict[str, Any], type_name: str) -> Response:
    """List the villages that the caller is shown, with how many records of the type each has, by code.

    `without=true` leaves out those that have one; `from` counts only what came in on that local day or later.
    """
    since = query.get("from_")
    with context.database().reading() as reading:
        type = _type(reading, type_name)
        first = None if since is None else instants.beginning_of(since)
        found = coverage.villages(reading, context.caller(), type.name, first)
    shown = [each for each in found if not (query.get("without") and each.records)]
    return responses.single_page(
        {
            "area": each.code,
            "name": each.name,
            "town": each.town_code,
            "town_name": each.town,
            "records": each.records,
        }
        for each in shown
    )


def _type(reading: Reading, name: str) -> RecordType:
    found = forms.catalogue(reading).types.get(name) if context.caller().current else None
    if found is None:
        raise NotFound(f"没有“{name}”这个台账。", type=name)
    return found


def _shown(reading: Reading) -> Catalogue:
    """Return the catalogue for callers with a duty in force; who has left is shown nothing."""
    return forms.catalogue(reading) if context.caller().current else Catalogue({}, {}, {})


def _uploaded(files: MultiDict[str, FileStorage]) -> tuple[str, bytes, dict[str, bytes]]:
    """Return file name and content of the one ``form``, and the ``media`` files by name.

    Raises Invalid that names every part that is missing, unnamed, repeated or unknown.
    """
    errors = list(_upload_errors(files))
    if errors:
        listed = "；".join(f"{each['field']}：{each['message']}".removesuffix("。") for each in errors)
        raise Invalid(f"上传有误：{listed}。", errors=errors)
    form = files[FORM_PART]
    return form.filename or "", form.read(), {file.filename or "": file.read() for file in files.getlist(MEDIA_PART)}


def _allowed(parts: MultiDict[str, str]) -> list[Allowance]:
    """Return what the administrator insists on. Raises Invalid that names every part that is unknown."""
    unknown = sorted(set(parts.getlist(ALLOW_PART)) - set(Allowance))
    errors = [
        *({"field": part, "message": "没有这个部分。"} for part in _unknown(parts, ALLOW_PART, TESTER_PART)),
        *({"field": ALLOW_PART, "message": f"没有“{each}”；可以写 {'、'.join(Allowance)}。"} for each in unknown),
    ]
    if errors:
        raise Invalid(f"上传有误：{'；'.join(each['message'].removesuffix('。') for each in errors)}。", errors=errors)
    return [Allowance(value) for value in dict.fromkeys(parts.getlist(ALLOW_PART))]


def _unknown(parts: Iterable[str | None], *known: str) -> list[str]:
    """Return the names of the parts beside those that are known, in order; a part without a name has an empty one."""
    return sorted({part or "" for part in parts} - set(known))


def _upload_errors(files: MultiDict[str, FileStorage]) -> Iterator[dict[str, str]]:
    forms, media = files.getlist(FORM_PART), files.getlist(MEDIA_PART)
    if len(forms) != 1:
        cure = "请以 multipart/form-data 上传一个表单文件（.xlsx、.xls、.csv、.md 或 .xml）。"
        yield {"field": FORM_PART, "message": cure}
    if any(not file.filename for file in (*forms, *media)):
        yield {"field": FORM_PART, "message": "每个文件都要带上文件名，如 patrol.xlsx。"}
    names = [file.filename for file in media]
    for name in sorted({name or "" for name in names if names.count(name) > 1}):
        yield {"field": MEDIA_PART, "message": f"文件“{name}”出现了两次，请只保留一份。"}
    for part in _unknown(files, FORM_PART, MEDIA_PART):
        yield {"field": part, "message": "没有这个部分；附带的文件请放在 media 里。"}
