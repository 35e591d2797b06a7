"""Shows what a phone sent with one version of a record, as it was sent: each answer, the files, and the XML to save.

What its reader may not see of persons is masked, as the API masks it (ADR 0039).
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import UUID

from flask import Response

from server.db.transactions import Reading
from server.errors import NotFound, Refusal
from server.forms.domain import outline
from server.forms.store import forms
from server.forms.store.forms import Form
from server.forms.usecases import choice_labels
from server.forms.usecases.choice_labels import CodeLabels
from server.forms.usecases.xform.xml_parsing import parse
from server.office import layout, pages
from server.office.cases import case_view
from server.office.layout import signed_in
from server.people.store import display_names
from server.records.domain.disclosure import Kinds
from server.records.domain.records import Record, Revision
from server.records.store import revisions
from server.records.usecases.disclosing import RecordMask
from server.submissions.store import submissions
from server.submissions.store.submissions import StoredSubmission
from server.submissions.usecases import case_details, masked_answers
from server.submissions.usecases.declared_answers import leaves_of
from server.submissions.usecases.masked_answers import NOTHING, AnswerMask
from server.web import context, sent_documents


class Answer(NamedTuple):
    """An answer as it was sent. path: its question's in the form; asked: the question's text, empty where it has none.

    value: as sent; said: what its codes are called, empty for none.
    """

    path: str
    asked: str
    value: str
    said: str


blueprint = layout.create_blueprint("office-case-submission", __name__)


@blueprint.get("/office/cases/<uuid:record_id>/submissions/<int:version>")
@signed_in
def submission_page(record_id: UUID, version: int) -> Response:
    """Show the submission that brought one version of a case. Raises NotFound, also for what came by no form."""
    with context.database().reading() as reading:
        record = case_view.find(reading, str(record_id), context.caller())
        values = told(reading, record, version, f"/office/cases/{record.id}", "photos")
        return layout.show(reading, "cases/submission.html", layout.BOARD.key, values)


@blueprint.get("/office/cases/<uuid:record_id>/submissions/<int:version>.xml")
@signed_in
def submission_xml(record_id: UUID, version: int) -> Response:
    """Send a submission as XML, to be saved: no browser runs it."""
    with context.database().reading() as reading:
        record = case_view.find(reading, str(record_id), context.caller())
        return as_xml(reading, record, version)


def told(reading: Reading, record: Record, version: int, at: str, files: str) -> dict[str, Any]:
    """Return what a page says of the submission that brought one version of a record; the audit tells who read it.

    at: address of the record. files: the part of its address under which photos are. Raises NotFound.
    """
    revision, found = _found(reading, record, version)
    mask, hidden, content = _sent(reading, found)
    if hidden == NOTHING and RecordMask(reading, context.caller()).shows_persons_of(record):
        context.audit_read("personal.read", record.id, {"types": [record.type]}, [record.id])
    form = forms.catalogue(reading).forms.get(found.form)
    return {
        "at": at,
        "version": version,
        "form": found.form if form is None else form.title,
        "form_version": revision.form_version or "",
        "who": display_names.of_people(reading, [found.author])[found.author],
        "received": pages.moment(revision.received_at, reading.now),
        "made": "" if revision.made_at is None else pages.claimed_moment(revision.made_at, reading.now),
        "answers": _answers(reading, form, content if hidden == NOTHING else mask.xml(content, hidden)),
        "files": _files(reading, record, version, found, f"{at}/{files}/{version}/"),
        "is_masked": hidden != NOTHING,
    }


def as_xml(reading: Reading, record: Record, version: int) -> Response:
    """Return the submission that brought one version of a record, to be saved. Raises NotFound."""
    _, found = _found(reading, record, version)
    mask, hidden, content = _sent(reading, found)
    return pages.guarded(sent_documents.download(content, found.form, found.id, mask, hidden))


def _found(reading: Reading, record: Record, version: int) -> tuple[Revision, StoredSubmission]:
    revision = revisions.at_versions(reading, record.id, [version]).get(version)
    if revision is None or revision.submission is None:
        raise NotFound("这一版不是手机提交来的，没有提交内容可看。", version=version)
    return revision, submissions.get(reading, revision.submission, context.caller().scope)


def _sent(reading: Reading, found: StoredSubmission) -> tuple[AnswerMask, Kinds, bytes]:
    """Return what masks a submission for the caller, what of it is hidden from them, and its bytes."""
    mask = AnswerMask(reading, forms.catalogue(reading).forms.get(found.form), RecordMask(reading, context.caller()))
    return mask, mask.hidden(found.path, found.author), submissions.xml_of(reading, found.id)


def _files(reading: Reading, record: Record, version: int, found: StoredSubmission, at: str) -> list[dict[str, Any]]:
    """Return the files that came with a submission, those that a page shows with their address."""
    mask = RecordMask(reading, context.caller())
    addresses = {
        each.name: each.address for each in case_details.photos(reading, record, mask) if each.version == version
    }
    return [
        {
            "name": shown.name,
            "kilobytes": max(1, round(shown.file.size / 1024)),
            "address": at + quote(addresses[shown.file.name], safe="")
            if shown.file.name in addresses and shown.file.is_picture
            else "",
        }
        for shown in masked_answers.files_of(reading, found, mask)
    ]


def _answers(reading: Reading, form: Form | None, content: bytes) -> list[Answer]:
    """Return the answers of a submission as its form asked for them; none of one that is no XML any more.

    form: None for one that is known no longer; its answers stand under their paths alone.
    """
    try:
        root = parse(content, "提交")
    except Refusal:
        return []
    language = layout.form_language()
    texts, codes = dict[str, str](), dict[str, CodeLabels]()
    if form is not None:
        whole = choice_labels.outline_of(reading, form)
        texts = {each.path: outline.text_in(each.texts, language, whole.default) for each in whole.asked}
        codes.update(choice_labels.of_form(reading, form, language))
    found = []
    for path, node in leaves_of(root):
        value = node.text or ""
        found.append(Answer(path, _plain(texts.get(path, "")), value, _said(codes.get(path), value)))
    return found


def _plain(text: str) -> str:
    """Return the text of a question without the marks of emphasis that phones show as bold."""
    return text.replace("**", "").strip()


def _said(labels: CodeLabels | None, value: str) -> str:
    """Return what the codes of an answer are called; empty where it is no code, or called the same."""
    if labels is None or not value:
        return ""
    codes = value.split() if labels.several else [value]
    said = "、".join(labels.known.get(code, "") for code in codes)
    return said if all(code in labels.known for code in codes) and said != value else ""
