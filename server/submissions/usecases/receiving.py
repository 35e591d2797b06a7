"""Receives a submission from a phone: kept byte for byte, once, and carried on to the one write path."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
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
from server.submissions.domain.submissions import Posted, SentFile, entity_id
from server.submissions.store import rejected, submissions
from server.submissions.store.submissions import Kept
from server.submissions.usecases import entities
from server.submissions.usecases.entities import Layout, Unusable


class Arrival(StrEnum):
    """Whether a POST brought something new or only what is here already."""

    NEW = "new"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the phone is told. number: receipt number for the worker; files_missing: how many files are awaited."""

    arrival: Arrival
    number: str
    files_missing: int


def receive(tx: Transaction, posted: Posted, *, by: Actor) -> Receipt | Refusal:
    """Keep a submission and apply what it asks for (``openrosa.md`` section 1.9, decision table).

    A refusal is returned, not raised: by then the body is kept and a problem filed, and both must commit.
    It is one of FormUnknown, FormClosed, SubmissionDiffers, OriginalUnknown, EditOutOfDate.
    """
    xml = posted.xml
    form = forms.catalogue(tx).forms.get(xml.form_id)
    if form is None:
        message = f"服务器上没有表单“{xml.form_id}”；内容已留存，请联系管理员。"
        return _refuse(tx, posted, by, FormUnknown(message, form=xml.form_id))
    if xml.version not in form.versions:
        message = f"表单“{xml.form_id}”没有版本“{xml.version}”；内容已留存，请更新表单或联系管理员。"
        return _refuse(tx, posted, by, FormUnknown(message, form=xml.form_id, version=xml.version))
    read_by = _layout(tx, xml.form_id, xml.version)
    sha256 = hashlib.sha256(posted.raw).hexdigest()
    here = submissions.look(tx, xml.form_id, xml.instance_id, sha256)
    known = submissions.find(tx, xml.form_id, xml.instance_id) if here.submission else None
    if known is not None:
        return _receive_again(tx, posted, known, read_by, by)
    if form.state == "closed":
        return _refuse(
            tx, posted, by, FormClosed(f"表单“{form.title}”已停用；内容已留存，请联系管理员。", form=form.id)
        )
    receive_it = _receive_new if xml.deprecated_id is None else _receive_edit
    outcome = receive_it(tx, posted, read_by, by)
    if here.refused and isinstance(outcome, Receipt):
        rejected.settle_problems(tx, sha256)
    return outcome


def _receive_new(tx: Transaction, posted: Posted, read_by: Layout, by: Actor) -> Receipt:
    kept = _keep(tx, posted, read_by, by, replaced=None)
    path = _apply_entities(tx, posted, kept, read_by, by)
    if path != kept.path:
        submissions.move(tx, kept.id, path)
    return Receipt(Arrival.NEW, kept.receipt, _missing(tx, kept))


def _receive_again(tx: Transaction, posted: Posted, known: Kept, read_by: Layout, by: Actor) -> Receipt | Refusal:
    if submissions.xml_of(tx, known.id) != posted.raw:
        message = "同一编号的记录已收到，但内容不同；两份都已留存，请联系管理员核对。"
        return _refuse(tx, posted, by, SubmissionDiffers(message, instance_id=known.instance_id), known)
    added = _add_files(tx, posted, known, read_by, by)
    return Receipt(Arrival.NEW if added else Arrival.KNOWN, known.receipt, _missing(tx, known))


def _receive_edit(tx: Transaction, posted: Posted, read_by: Layout, by: Actor) -> Receipt | Refusal:
    xml = posted.xml
    replaced = submissions.find(tx, xml.form_id, xml.deprecated_id or "")
    if replaced is None:
        message = "原记录还没有送到，请先发送原记录；本次修改已留存，稍后会自动重发。"
        return _refuse(tx, posted, by, OriginalUnknown(message, instance_id=xml.deprecated_id))
    if not replaced.current:
        message = "这份记录已有更新的修改；本次修改已留存，请联系管理员核对。"
        return _refuse(tx, posted, by, EditOutOfDate(message, instance_id=xml.deprecated_id), replaced)
    submissions.supersede(tx, replaced.id)
    kept = _keep(tx, posted, read_by, by, replaced=replaced)
    _compare_edit(tx, posted, kept, replaced, read_by)
    return Receipt(Arrival.NEW, kept.receipt, _missing(tx, kept))


def _keep(tx: Transaction, posted: Posted, read_by: Layout, by: Actor, *, replaced: Kept | None) -> Kept:
    xml, seq = posted.xml, tx.next_seq()
    kept = Kept(
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
        files_expected=len(entities.expected_files(xml, read_by)),
        files_present=0,
    )
    submissions.add(tx, kept, posted.raw)
    if posted.files:
        _add_files(tx, posted, kept, read_by, by)
    if replaced is not None:
        _carry_files(tx, posted, kept, replaced, read_by)
    return kept


def _add_files(tx: Transaction, posted: Posted, kept: Kept, read_by: Layout, by: Actor) -> bool:
    """Keep the files of one POST; return whether any content is new to this submission."""
    if not posted.files:
        return False
    here = submissions.files_of(tx, kept.id)
    contents = {(file.name, file.sha256) for file in here if not file.carried}
    names = {file.name for file in here if not file.carried}
    fresh = [file for file in dict.fromkeys(posted.files) if (file.name, file.sha256) not in contents]
    for file in fresh:
        if file.name in names:
            _file_problem(tx, kept, file, by)
        names.add(file.name)
    expected = entities.expected_files(posted.xml, read_by)
    submissions.add_files(tx, kept.id, ((file, file.name in expected) for file in fresh), carried=0)
    return bool(fresh)


def _carry_files(tx: Transaction, posted: Posted, kept: Kept, replaced: Kept, read_by: Layout) -> None:
    sent = {file.name for file in posted.files}
    expected = entities.expected_files(posted.xml, read_by)
    carried = {
        file.name: SentFile(file.name, file.sha256, file.size, file.media_type)
        for file in reversed(submissions.files_of(tx, replaced.id))
        if file.name in expected and file.name not in sent
    }
    if carried:
        submissions.add_files(tx, kept.id, ((file, True) for file in carried.values()), carried=1)


def _apply_entities(tx: Transaction, posted: Posted, kept: Kept, read_by: Layout, by: Actor) -> str:
    """Carry the entity blocks on to the write path; return the path where the submission belongs."""
    path = kept.path
    for block in posted.xml.entities:
        type = forms.catalogue(tx).types.get(block.dataset)
        if type is None:
            if block.create or block.update:
                _unusable(tx, kept, Unusable(f"没有名为“{block.dataset}”的台账", block.dataset, block.id))
            continue
        known = block.update and records.exists(tx, entity_id(block.id) or "")
        asked = entities.change_of(block, posted.xml, read_by, type, known=known)
        if isinstance(asked, Unusable):
            _unusable(tx, kept, asked)
        elif asked is not None:
            content = hashlib.sha256(posted.raw).hexdigest()
            outcome = write.apply(tx, asked, by=by, submission=kept.id, content=content)
            path = path if outcome.record is None else outcome.record.path
    return path


def _compare_edit(tx: Transaction, posted: Posted, kept: Kept, replaced: Kept, read_by: Layout) -> None:
    """File a problem when an edit changes what its original saved to a record: edits never change records."""
    original = submissions.id_of(tx, replaced.form, replaced.root)
    before = revisions.received_in(tx, original) or verdicts.asked_in(tx, original)
    if before is None:
        return  # the original asked nothing of any record
    now = entities.saved_values(posted.xml, read_by)
    differing = {name: [before.get(name), value] for name, value in now.items() if before.get(name, "") != value}
    if not differing:
        return
    problems.add(
        tx,
        Problem(
            ProblemKind.EDIT_DIFFERS,
            kept.path,
            f"网格员修改了已提交的表单，台账中的“{'、'.join(differing)}”没有跟着改变，请核对后在台账中更正。",
            record=next((entity_id(block.id) for block in posted.xml.entities), None),
            submission=kept.id,
            author=kept.author,
            detail={"fields": differing},
        ),
    )


def _refuse(tx: Transaction, posted: Posted, by: Actor, refusal: Refusal, about: Kept | None = None) -> Refusal:
    """Keep the body once by its content, file a problem the first time, and hand the refusal on."""
    sha256 = hashlib.sha256(posted.raw).hexdigest()
    new = rejected.add(
        tx,
        sha256,
        form=posted.xml.form_id,
        instance_id=posted.xml.instance_id,
        reason=refusal.code,
        author=by.name,
        xml=posted.raw,
    )
    rejected.add_files(tx, sha256, posted.files)
    if new:
        differs = isinstance(refusal, SubmissionDiffers)
        problems.add(
            tx,
            Problem(
                ProblemKind.COPY_DIFFERS if differs else ProblemKind.NOT_TAKEN,
                about.path if about is not None else relation.home_path(by) or "",
                refusal.message,
                submission=None if about is None else about.id,
                kept_body=sha256,
                author=by.name,
                detail={"form": posted.xml.form_id, "instance_id": posted.xml.instance_id, "reason": refusal.code},
            ),
        )
    return refusal


def _unusable(tx: Transaction, kept: Kept, unusable: Unusable) -> None:
    problems.add(
        tx,
        Problem(
            ProblemKind.ENTITY_UNUSABLE,
            kept.path,
            f"这份提交没有写进台账：{unusable.reason}。提交本身已留存。",
            type=unusable.dataset,
            submission=kept.id,
            author=kept.author,
            detail={"dataset": unusable.dataset, "id": unusable.id},
        ),
    )


def _file_problem(tx: Transaction, kept: Kept, file: SentFile, by: Actor) -> None:
    problems.add(
        tx,
        Problem(
            ProblemKind.FILE_DIFFERS,
            kept.path,
            f"附件“{file.name}”又送来一份不同的内容，两份都已留存，请核对。",
            submission=kept.id,
            author=by.name,
            detail={"name": file.name, "sha256": file.sha256},
        ),
    )


def _missing(tx: Transaction, kept: Kept) -> int:
    if kept.files_expected == 0:
        return 0
    return kept.files_expected - submissions.files_present(tx, kept.id)


def _layout(tx: Transaction, form: str, version: str) -> Layout:
    def make(reading: Reading) -> Layout:
        return entities.layout(forms.catalogue(reading).forms[form].versions[version].definition)

    return tx.cached(("layout", form, version), make)
