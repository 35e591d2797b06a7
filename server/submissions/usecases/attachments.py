"""Stores the attachments of submissions: those of each POST, and those that an edit takes over from its original."""

from __future__ import annotations

from server.db.transactions import Transaction
from server.people.domain.actors import Actor
from server.problems.domain.problems import Problem, ProblemKind
from server.problems.store import problems
from server.submissions.domain.submissions import Attachment, PostedSubmission
from server.submissions.store import submissions
from server.submissions.store.submissions import StoredSubmission
from server.submissions.usecases import entities
from server.submissions.usecases.entities import SubmissionLayout


def add(
    tx: Transaction, posted: PostedSubmission, stored: StoredSubmission, layout: SubmissionLayout, by: Actor
) -> bool:
    """Store the attachments of one POST; return whether any content is new to this submission."""
    if not posted.files:
        return False
    found = submissions.attachments_of(tx, stored.id)
    contents = {(file.name, file.sha256) for file in found if not file.carried}
    names = {file.name for file in found if not file.carried}
    fresh = [file for file in dict.fromkeys(posted.files) if (file.name, file.sha256) not in contents]
    for file in fresh:
        if file.name in names:
            _report_different_content(tx, stored, file, by)
        names.add(file.name)
    expected = entities.expected_files(posted.xml, layout)
    submissions.add_attachments(tx, stored.id, ((file, file.name in expected) for file in fresh), carried=0)
    return bool(fresh)


def carry_over(
    tx: Transaction,
    posted: PostedSubmission,
    stored: StoredSubmission,
    replaced: StoredSubmission,
    layout: SubmissionLayout,
) -> None:
    """Store the attachments of the replaced version that the edit still names and did not send again."""
    sent = {file.name for file in posted.files}
    expected = entities.expected_files(posted.xml, layout)
    carried = {
        file.name: Attachment(file.name, file.sha256, file.size, file.media_type, file.declared_type)
        for file in reversed(submissions.attachments_of(tx, replaced.id))
        if file.name in expected and file.name not in sent
    }
    if carried:
        submissions.add_attachments(tx, stored.id, ((file, True) for file in carried.values()), carried=1)


def missing(tx: Transaction, stored: StoredSubmission) -> int:
    """Return how many of the attachments that a submission names have not come."""
    if stored.files_expected == 0:
        return 0
    return stored.files_expected - submissions.files_present(tx, stored.id)


def _report_different_content(tx: Transaction, stored: StoredSubmission, file: Attachment, by: Actor) -> None:
    problems.add(
        tx,
        Problem(
            ProblemKind.FILE_DIFFERS,
            stored.path,
            f"附件“{file.name}”又送来一份不同的内容，两份都已留存，请核对。",
            submission=stored.id,
            author=by.name,
            detail={"name": file.name, "sha256": file.sha256},
        ),
    )
