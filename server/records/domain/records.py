"""A record as it stands, and the numbered revisions that it is a chain of."""

from __future__ import annotations

from collections.abc import Mapping

from server.forms.domain.record_types import Kind
from server.instants import Instant
from server.records.domain.case import Case
from sync.changes import AttachmentName, FieldWrite, Verdict
from sync.values import frozen


@frozen
class Record:
    """One entity of a type, as all revisions up to ``version`` leave it.

    id: UUID, lower case. area: code; path: the same as a path. seq: number of the newest revision in
    the county's order of commits; born_seq: of the first. fields: shown values, ``label`` left out.
    registers: every head of every field, as ``sync.merge.to_json`` writes it. conflicts: names of fields
    whose heads differ. flags: marks for the office. status and what follows it are None unless the kind is case.
    closed_at: when nothing more was to be done. case: what the workflow remembers. office_note: the last word of
    whoever acted, for phones. list_label: what phones show of a case. placed: whether a field holds a position.
    """

    id: str
    type: str
    kind: Kind
    area: str
    path: str
    label: str
    version: int
    seq: int
    born_seq: int
    author: str
    fields: Mapping[str, str]
    registers: str
    created_at: Instant
    updated_at: Instant
    conflicts: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    status: str | None = None
    stage: str | None = None
    case_no: str | None = None
    assignee: str | None = None
    due_at: Instant | None = None
    closed_at: Instant | None = None
    month: str | None = None
    case: Case | None = None
    office_note: str = ""
    list_label: str = ""
    placed: bool = False


@frozen
class Revision:
    """A write that was recorded: version ``version`` of a record. Appended, never changed.

    diff: ``{name: (before, after)}`` of shown values and system columns, None where there was no value.
    received: all that was sent, whether it was a write or not, so that a late predecessor can be judged.
    attachments: files that the change announced; their bytes come separately. after: id of the change that it builds
    on, None where it names none.
    """

    record: str
    version: int
    seq: int
    change: str
    action: str
    author: str
    verdict: Verdict
    diff: Mapping[str, tuple[str | None, str | None]]
    received: Mapping[str, FieldWrite]
    base_version: int | None
    origin: str
    origin_seq: int
    made_at: Instant | None
    observed_at: Instant
    received_at: Instant
    form: str | None = None
    form_version: str | None = None
    submission: str | None = None
    attachments: tuple[AttachmentName, ...] = ()
    after: str | None = None
