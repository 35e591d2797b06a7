"""Receives a submission from a phone: stores it byte for byte, once, and hands its entities to the one write path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from server.changes.store import verdicts
from server.changes.usecases import write
from server.db import training
from server.db.transactions import Reading, Transaction
from server.errors import EditOutOfDate, FormClosed, FormUnknown, OriginalUnknown, Refusal, SubmissionDiffers
from server.forms.store import forms
from server.instants import local_day
from server.people.domain.actors import Actor
from server.problems.domain.problems import Problem, ProblemKind
from server.problems.store import problems
from server.records.domain import relation
from server.records.store import records, revisions
from server.submissions.domain.submissions import PostedSubmission, SubmissionXml, entity_id
from server.submissions.store import rejected, submissions
from server.submissions.store.submissions import StoredSubmission
from server.submissions.usecases import attachments, edits, entities
from server.submissions.usecases.entities import SubmissionLayout, UnusableEntity
from sync.values import frozen


class Arrival(StrEnum):
    """Whether a POST brought something new or only what is stored already."""

    NEW = "new"
    REPEATED = "repeated"


@frozen
class Receipt:
    """The answer to the phone. number: receipt number for the worker; files_missing: number of attachments to come."""

    arrival: Arrival
    number: str
    files_missing: int


def receive(tx: Transaction, posted: PostedSubmission, *, by: Actor) -> Receipt | Refusal:
    """Store a submission and apply what it requests (``openrosa.md`` section 1.9, decision table).

    A refusal is returned, not raised: by then the submission is stored and a problem filed, and both must commit.
    It is one of FormUnknown, FormClosed, SubmissionDiffers, OriginalUnknown, EditOutOfDate.
    """
    xml = posted.xml
    form = forms.catalogue(tx).forms.get(xml.form_id)
    if form is None:
        message = f"服务器上没有表单“{xml.form_id}”；内容已留存，请联系管理员。"
        return _reject(tx, posted, by, FormUnknown(message, form=xml.form_id))
    if xml.version not in form.versions:
        message = f"表单“{xml.form_id}”没有版本“{xml.version}”；内容已留存，请更新表单或联系管理员。"
        return _reject(tx, posted, by, FormUnknown(message, form=xml.form_id, version=xml.version))
    if form.draft is not None:  # on trial: nothing of it becomes a record, whatever the phone wrote
        posted = replace(posted, xml=replace(xml, entities=()))
    layout = _layout(tx, xml.form_id, xml.version)
    found = submissions.presence(tx, xml.form_id, xml.instance_id, posted.sha256)
    existing = submissions.find(tx, xml.form_id, xml.instance_id) if found.submission else None
    if existing is not None:
        return _receive_again(tx, posted, existing, layout, by)
    if form.state == "closed":
        return _reject(
            tx, posted, by, FormClosed(f"表单“{form.title}”已停用；内容已留存，请联系管理员。", form=form.id)
        )
    receive_it = _receive_new if xml.deprecated_id is None else _receive_edit
    outcome = receive_it(tx, posted, layout, by)
    if found.rejected and isinstance(outcome, Receipt):
        rejected.settle_problems(tx, posted.sha256)
    return outcome


def _receive_new(tx: Transaction, posted: PostedSubmission, layout: SubmissionLayout, by: Actor) -> Receipt:
    stored = _keep(tx, posted, layout, by, replaced=None)
    if entities.is_encrypted(posted.xml):
        _report_envelope(tx, posted, stored, layout)
    path = _apply_entities(tx, posted, stored, layout, by)
    if path != stored.path:
        submissions.move(tx, stored.id, path)
    return Receipt(Arrival.NEW, stored.receipt, attachments.missing(tx, stored))


def _receive_again(
    tx: Transaction, posted: PostedSubmission, existing: StoredSubmission, layout: SubmissionLayout, by: Actor
) -> Receipt | Refusal:
    if submissions.xml_of(tx, existing.id) != posted.raw and not submissions.was_sent_as(
        tx, existing.id, posted.sha256
    ):
        message = "同一编号的记录已收到，但内容不同；两份都已留存，请联系管理员核对。"
        return _reject(tx, posted, by, SubmissionDiffers(message, instance_id=existing.instance_id), existing)
    added = attachments.add(tx, posted, existing, layout, by)
    if added and layout.encrypted and _has_answers(tx, posted.xml, existing):
        problems.settle_about(tx, existing.id, ProblemKind.UNREADABLE)
    return Receipt(Arrival.NEW if added else Arrival.REPEATED, existing.receipt, attachments.missing(tx, existing))


def _receive_edit(tx: Transaction, posted: PostedSubmission, layout: SubmissionLayout, by: Actor) -> Receipt | Refusal:
    xml = posted.xml
    replaced = submissions.find(tx, xml.form_id, xml.deprecated_id or "")
    if replaced is None:
        message = "原记录还没有送到，请先发送原记录；本次修改已留存，稍后会自动重发。"
        return _reject(tx, posted, by, OriginalUnknown(message, instance_id=xml.deprecated_id))
    if not replaced.current:
        message = "这份记录已有更新的修改；本次修改已留存，请联系管理员核对。"
        return _reject(tx, posted, by, EditOutOfDate(message, instance_id=xml.deprecated_id), replaced)
    submissions.supersede(tx, replaced.id)
    stored = _keep(tx, posted, layout, by, replaced=replaced)
    _compare_edit(tx, posted, stored, replaced, layout)
    return Receipt(Arrival.NEW, stored.receipt, attachments.missing(tx, stored))


def _keep(
    tx: Transaction, posted: PostedSubmission, layout: SubmissionLayout, by: Actor, *, replaced: StoredSubmission | None
) -> StoredSubmission:
    xml, seq = posted.xml, tx.next_seq()
    stored = StoredSubmission(
        id=tx.new_id(),
        form=xml.form_id,
        form_version=xml.version,
        instance_id=xml.instance_id,
        root=xml.instance_id if replaced is None else replaced.root,
        deprecates=xml.deprecated_id,
        current=1,
        seq=seq,
        receipt=training.marked_if_on(tx, f"{local_day(tx.now).replace('-', '')}-{seq}"),
        author=by.name,
        path=(relation.home_path(by) or "") if replaced is None else replaced.path,
        received_at=tx.now,
        device=posted.device,
        user_agent=posted.user_agent,
        instance_name=xml.instance_name,
        review_state=None if replaced is None else "edited",
        files_expected=len(entities.expected_files(xml, layout)),
        files_present=0,
    )
    submissions.add(tx, stored, posted.raw)
    if posted.files:
        attachments.add(tx, posted, stored, layout, by)
    if replaced is not None:
        attachments.carry_over(tx, posted, stored, replaced, layout)
    return stored


def _apply_entities(
    tx: Transaction, posted: PostedSubmission, stored: StoredSubmission, layout: SubmissionLayout, by: Actor
) -> str:
    """Hand the entity blocks to the write path; return the path where the submission belongs: to its first record.

    Each is judged by itself: what is wrong with one holds no other back.
    """
    if not posted.xml.entities:
        return stored.path
    paths: list[str] = []
    taken, unusable = entities.taken(posted.xml, layout)
    made_at = entities.made_at(posted.xml)
    for filled in taken:
        block = filled.block
        type = forms.catalogue(tx).types.get(block.dataset)
        if type is None:
            if block.create or block.update:
                reason = f"没有名为“{block.dataset}”的台账"
                unusable.append(UnusableEntity(reason, block.dataset, block.id, filled.place))
            continue
        exists = block.update and records.exists(tx, entity_id(block.id) or "")
        change = entities.change_of(filled, posted.xml, layout, type, made_at=made_at, exists=exists)
        if isinstance(change, UnusableEntity):
            unusable.append(change)
        elif change is not None:
            content = posted.sha256 if filled.copy == 1 else f"{posted.sha256} {filled.copy}"
            outcome = write.apply(tx, change, by=by, submission=stored.id, content=content)
            if outcome.record is not None:
                paths.append(outcome.record.path)
    _report_unusable(tx, stored, unusable)
    return paths[0] if paths else stored.path


def _compare_edit(
    tx: Transaction,
    posted: PostedSubmission,
    stored: StoredSubmission,
    replaced: StoredSubmission,
    layout: SubmissionLayout,
) -> None:
    """File a problem for each record of which an edit says something else than its original: edits change no record."""
    original = submissions.id_of(tx, replaced.form, replaced.root)
    before: dict[str, list[Mapping[str, str]]] = {}
    for record, values in (*revisions.received_in(tx, original), *verdicts.asked_in(tx, original)):
        before.setdefault(record, []).append(values)
    if not before:
        return  # the original changed no record
    now = entities.filled_entities(posted.xml, layout)
    for difference in edits.differences(before, now):
        problems.add(
            tx,
            Problem(
                ProblemKind.EDIT_DIFFERS,
                stored.path,
                difference.message,
                record=difference.record,
                submission=stored.id,
                author=stored.author,
                detail={"fields": difference.fields},
            ),
        )


def _reject(
    tx: Transaction, posted: PostedSubmission, by: Actor, refusal: Refusal, about: StoredSubmission | None = None
) -> Refusal:
    """Store the submission as rejected, once by its content, file a problem the first time, and return the refusal."""
    new = rejected.add(
        tx,
        posted.sha256,
        form=posted.xml.form_id,
        instance_id=posted.xml.instance_id,
        reason=refusal.code,
        author=by.name,
        xml=posted.raw,
    )
    rejected.add_attachments(tx, posted.sha256, posted.files)
    if new:
        differs = isinstance(refusal, SubmissionDiffers)
        problems.add(
            tx,
            Problem(
                ProblemKind.COPY_DIFFERS if differs else ProblemKind.NOT_TAKEN,
                about.path if about is not None else relation.home_path(by) or "",
                refusal.message,
                submission=None if about is None else about.id,
                kept_body=posted.sha256,
                author=by.name,
                detail={"form": posted.xml.form_id, "instance_id": posted.xml.instance_id, "reason": refusal.code},
            ),
        )
    return refusal


def _has_answers(tx: Transaction, xml: SubmissionXml, stored: StoredSubmission) -> bool:
    """Return whether the file that an envelope names for its answers is here."""
    return entities.locked_answers(xml) in {file.name for file in submissions.attachments_of(tx, stored.id)}


def _report_envelope(
    tx: Transaction, posted: PostedSubmission, stored: StoredSubmission, layout: SubmissionLayout
) -> None:
    """File a problem for answers that nobody expected locked up, and for an envelope that came without its answers."""
    message = (
        f"表单“{stored.form}”是加密的，服务器读不到这份提交的内容，只留存了信封和附件。"
        "请删去表单的 public_key，换一个版本重新发布；已经送来的要用私钥在电脑上解密。"
    )
    if layout.encrypted:
        if _has_answers(tx, posted.xml, stored):
            return
        named = entities.locked_answers(posted.xml)
        awaited = f"装答案的文件 {named} 还没有到" if named else "没有写明装答案的文件 (encryptedXmlFile)"
        message = f"加密的提交只到了信封，{awaited}；请让填报人在手机上重新发送，文件到齐后这条自动消去。"
    problems.add(
        tx,
        Problem(
            ProblemKind.UNREADABLE,
            stored.path,
            message,
            submission=stored.id,
            author=stored.author,
            detail={"form": stored.form},
        ),
    )


def _report_unusable(tx: Transaction, stored: StoredSubmission, found: Sequence[UnusableEntity]) -> None:
    """File a problem for each list and reason, however many blocks of the submission it holds for."""
    alike: dict[tuple[str, str], list[UnusableEntity]] = {}
    for each in found:
        alike.setdefault((each.dataset, each.reason), []).append(each)
    for (dataset, reason), listed in alike.items():
        where = edits.places(each.place for each in listed)
        detail: dict[str, object] = {"dataset": dataset, "id": listed[0].id}
        problems.add(
            tx,
            Problem(
                ProblemKind.ENTITY_UNUSABLE,
                stored.path,
                f"这份提交{where}没有写进台账：{reason}。提交本身已留存。",
                type=dataset,
                submission=stored.id,
                author=stored.author,
                detail=detail if len(listed) == 1 else detail | {"ids": [each.id for each in listed]},
            ),
        )


def _layout(tx: Transaction, form: str, version: str) -> SubmissionLayout:
    def make(reading: Reading) -> SubmissionLayout:
        return entities.layout_of(forms.catalogue(reading).forms[form].versions[version].definition)

    return tx.cached(("layout", form, version), make)
