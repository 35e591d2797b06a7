"""Lists and gets submissions: as JSON, as the bytes that were sent, and the attachments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from operator import attrgetter
from typing import Any
from uuid import UUID

from flask import Response

from schemas.lists import page_of
from schemas.submissions import AttachmentQuery, AttachmentSchema, SubmissionQuery, SubmissionSchema
from server.api import responses, serializers
from server.api.areas import place_of
from server.api.blueprints import create_blueprint
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.store import forms
from server.records.usecases.disclosing import RecordMask
from server.submissions.store import submissions
from server.submissions.store.submissions import StoredAttachment, StoredSubmission
from server.submissions.usecases.case_details import PhotoFile
from server.submissions.usecases.masked_answers import NOTHING, AnswerMask, ShownFile, files_of
from server.web import context, photo_files, sent_documents

blueprint = create_blueprint("submissions", "提交 · what phones posted")

FILTERS = ("form", "author", "instance_id", "receipt")


@blueprint.route("/submissions")
@blueprint.arguments(SubmissionQuery, location="query")
@blueprint.response(200, page_of(SubmissionSchema))
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def list_submissions(query: dict[str, Any]) -> Response:
    """List submissions, newest first: those of the caller's areas and their own."""
    by = context.caller()
    filters = {name: query[name] for name in FILTERS if name in query}

    def find(reading: Reading, before: int | None, limit: int) -> Iterator[StoredSubmission]:
        place = place_of(reading, query, by)
        bounds = None if place is None else place.bounds()
        return submissions.list_stored(reading, by.scope, filters=filters, bounds=bounds, before=before, limit=limit)

    return responses.listing(query, responses.decode_number, find, _showing(), attrgetter("seq"))


@blueprint.route("/submissions/<uuid:submission_id>")
@blueprint.response(200, SubmissionSchema)
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
def get_submission(submission_id: UUID) -> Response:
    """Get one version of a submission."""
    with context.database().reading() as reading:
        return responses.json(_showing()(submissions.get(reading, str(submission_id), context.caller().scope)))


@blueprint.route("/submissions/<uuid:submission_id>.xml")
@blueprint.response(200, {"type": "string"}, content_type="text/xml")
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
def get_submission_xml(submission_id: UUID) -> Response:
    """Get the bytes of a submission as the phone sent them; for who may not write its record, its answers masked.

    What is masked is told by the header `Firegrid-Masked`; such bytes are not those that were sent.
    """
    with context.database().reading() as reading:
        found = submissions.get(reading, str(submission_id), context.caller().scope)
        content, mask = submissions.xml_of(reading, found.id), _mask(reading, found.form)
        kinds = mask.hidden(found.path, found.author)
    return sent_documents.download(content, found.form, found.id, mask, kinds)


def _mask(reading: Reading, form: str) -> AnswerMask:
    return AnswerMask(reading, forms.catalogue(reading).forms.get(form), RecordMask(reading, context.caller()))


def _showing() -> Callable[[StoredSubmission], responses.Json]:
    """Return what shows submissions to the caller, each with its name, which may be made of what it says of people."""
    reading = context.database().single_read()
    mask_of = cache(partial(_mask, reading))  # which goes through every version of a form: once a page, not once a row

    def shown(found: StoredSubmission) -> responses.Json:
        plain = serializers.submissions.submission(found)
        if not found.instance_name:
            return plain
        mask = mask_of(found.form)
        kinds = mask.hidden(found.path, found.author)
        if kinds == NOTHING:
            return plain
        name = mask.name(submissions.xml_of(reading, found.id), found.instance_name, kinds)
        return {**plain, "instance_name": name}

    return shown


@blueprint.route("/submissions/<uuid:submission_id>/attachments")
@blueprint.response(200, page_of(AttachmentSchema))
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
def list_attachments(submission_id: UUID) -> Response:
    """List the files of a submission by name; of several contents of one name the one that is served comes first."""
    files = _files(submission_id)
    served: dict[str, StoredAttachment] = {}
    for each in files:
        served.setdefault(each.file.name, each.file)
    return responses.single_page(serializers.submissions.attachment(each, served[each.file.name]) for each in files)


@blueprint.route("/submissions/<uuid:submission_id>/attachments/<name>")
@blueprint.arguments(AttachmentQuery, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="*/*")
@blueprint.alt_response(
    206, schema={"type": "string", "format": "binary"}, content_type="*/*", description="the part that `Range` names"
)
@blueprint.alt_response(304, success=False, description="the client has it")
@blueprint.alt_response(416, success=False, description="the file has no such part")
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
def get_attachment(query: dict[str, str], submission_id: UUID, name: str) -> Response:
    """Get the content of a file: the first that came under this name, or the one of `sha256`; a photo small, too.

    A photo comes as it was sent to who is shown the submission whole; to others without where and when it was taken.
    """
    wanted = query.get("sha256")
    with context.database().reading() as reading:
        found = submissions.get(reading, str(submission_id), context.caller().scope)
        is_whole = _mask(reading, found.form).hidden(found.path, found.author) == NOTHING
    for shown, address, file in _files(submission_id):
        if name in (shown, address) and wanted in (None, file.sha256):
            photo = PhotoFile(shown, file.sha256, file.media_type, file.declared_type)
            return photo_files.as_asked(photo, query.get("size"), is_whole=is_whole)
    raise NotFound(f"这份提交没有名为“{name}”的附件（可能还没有传到）。", submission=str(submission_id), name=name)


def _files(submission_id: UUID) -> list[ShownFile]:
    with context.database().reading() as reading:
        found = submissions.get(reading, str(submission_id), context.caller().scope)
        return files_of(reading, found, RecordMask(reading, context.caller()))
