"""Sends what a phone sent as XML, masked for its reader, and records in the audit that it left."""

from __future__ import annotations

from flask import Response

from server.records.domain.disclosure import Kinds
from server.submissions.usecases import unknown_forms
from server.submissions.usecases.masked_answers import NOTHING, AnswerMask
from server.web import context, downloads, record_exports

MASKED_HEADER = "Firegrid-Masked"
"""Says that what was sent is not shown as it was sent."""

_XML = "text/xml; charset=utf-8"


def download(content: bytes, form: str, name: str, mask: AnswerMask, kinds: Kinds) -> Response:
    """Return a document to be saved as ``<name>.xml``: byte for byte, or masked as far as it is hidden from the caller.

    form: id of its form. name: of the submission, of the problem, or the hash of what was rejected; the audit has it as
    the object. kinds: as of ``AnswerMask.hidden``. Raises NotAllowed for what cannot be read to be masked, and DiskFull
    where nothing could be recorded. Requests by phone key are left out of the audit, as everywhere.
    """
    is_masked = kinds != NOTHING
    shown = mask.xml(content, kinds) if is_masked else content
    if context.caller().key_id is None:
        export = record_exports.begin("submissions.export", name, {"form": form, "masked": is_masked})
        response = downloads.exported(export, export.counted([shown]), _XML, f"{name}.xml")
    else:
        response = downloads.download(shown, _XML, f"{name}.xml")
    if is_masked:
        response.headers[MASKED_HEADER] = "true"
    return response


def revealed(content: bytes, form: str, problem: str, mask: AnswerMask, reason: str) -> Response:
    """Return a body of a form that is not published here, byte for byte, once the audit has who looks at it, and why.

    problem: id of the problem about it. reason: in words. form, mask: as above. Raises NotAllowed, Invalid, and
    DiskFull where nothing could be recorded.
    """
    by = context.caller()
    unknown_forms.require_reason(reason, by)
    context.write(lambda tx: unknown_forms.reveal(tx, problem, form, reason, by=by))
    return download(content, form, problem, mask, NOTHING)
