"""Describes records, their history and their types on the wire."""

from __future__ import annotations

from marshmallow import fields

from schemas.lists import PageQuery, area_filter
from schemas.words import (
    Wire,
    counted,
    instant,
    instant_or_null,
    matching,
    one_of,
    text,
    told,
    told_or_null,
    yes_or_no,
)

STATUSES = (
    "reported", "registered", "assigned", "accepted", "handling", "suspended", "transferred", "feedback", "closed",
    "spot_closed", "rejected", "merged", "void",
)  # fmt: skip
STAGES = ("collect", "assign", "handle", "feedback", "close")


class RecordFilter(Wire):
    """Which records, for lists and exports alike."""

    type = matching(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}", "record type", "应为台账的英文名，如 hazards。")
    area = area_filter()
    status = one_of(STATUSES, "status of a case")
    stage = one_of(STAGES, "stage of a case")
    assignee = matching(
        r"(?:user|body):[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
        "`user:<name>` or `body:<code>`",
        "应为 user:用户名 或 body:责任主体代码。",
    )
    overdue = yes_or_no("open and past its due instant")
    conflict = yes_or_no("some field holds values that conflict")
    q = text("part of the label, or a whole case number or id", most=100)


class RecordQuery(RecordFilter, PageQuery):
    """Which records, and which page of them."""


class RecordSchema(Wire):
    """A record as it stands."""

    id = fields.UUID(required=True)
    type = told("record type")
    kind = one_of(("event", "profile", "case"), "how records of this type live", required=True)
    area = told("area code")
    label = told()
    version = counted("rises by one with every revision; the ETag")
    status = told_or_null("null unless the kind is `case`")
    stage = told_or_null()
    case_no = told_or_null()
    assignee = told_or_null("`user:<name>` or `body:<code>`")
    due_at = instant_or_null()
    closed_at = instant_or_null()
    author = told("user name")
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, data_key="fields", attribute="fields",
        metadata={"description": "shown values, all of them text"},
    )  # fmt: skip
    conflicts = fields.List(fields.String(), required=True, metadata={"description": "names of fields in conflict"})
    flags = fields.List(fields.String(), required=True)
    created_at = instant()
    updated_at = instant()


class HeadSchema(Wire):
    """One of several values that stand beside each other in a field."""

    value = told()
    observed_at = instant()
    origin = told("the hand that wrote it: a phone, a branch of a phone, or the office")
    version = counted("the record version that it made")
    author = told_or_null("user name of who wrote it")


class GivenSchema(Wire):
    """A party that has or had a case."""

    assignee = told("`user:<name>` or `body:<code>`")
    lead = fields.Boolean(required=True, metadata={"description": "false for a co-handler"})
    since = instant()
    until = instant_or_null("null while they have it")


class RequestSchema(Wire):
    """What a handler asked for and nobody has decided."""

    action = told()
    author = told("user name")
    at = instant()
    until = told_or_null("local day")


class SimilarSchema(Wire):
    """An open case that may be about the same hazard: the same item in one village, at one place or within 50 m."""

    id = fields.UUID(required=True)
    label = told()
    status = told()


class NamedFileSchema(Wire):
    """A file that the history names."""

    version = counted("of the record, by whose writing it came")
    field = told()
    name = told()
    href = told_or_null("where its bytes are; null while they are under way")


class CaseSchema(Wire):
    """What the workflow remembers of a case."""

    actions = fields.List(fields.String(), required=True, metadata={"description": "what the caller may do now"})
    received_at = instant()
    registered_at = instant_or_null()
    handle_due_at = instant_or_null("limit of the handler")
    close_due_at = instant_or_null("limit for closing")
    fed_back_at = instant_or_null("of the feedback that stands")
    result_code = told_or_null()
    given = fields.List(fields.Nested(GivenSchema), required=True)
    requests = fields.List(fields.Nested(RequestSchema), required=True)
    handled_by = fields.List(fields.String(), required=True, metadata={"description": "who may not check it"})
    checked = counted()
    reworked = counted()
    extended = counted()
    returns = counted()
    supervised = counted("level of supervision, 0 for none")
    major = fields.Boolean(required=True)
    plan_due_at = instant_or_null("end of a suspension's plan")
    merged_into = told_or_null("id of the main case")
    similar = fields.List(fields.Nested(SimilarSchema), required=True)


class RecordDetailSchema(RecordSchema):
    """A record with every value of the fields in conflict, and what one may do with it when it is a case."""

    office_note = told("the last word of whoever acted")
    photos = fields.List(fields.Nested(NamedFileSchema), required=True)
    case = fields.Nested(CaseSchema, required=True, allow_none=True)
    heads = fields.Dict(keys=fields.String(), values=fields.List(fields.Nested(HeadSchema)), required=True)


class AnnouncedFileSchema(Wire):
    """A file whose bytes come separately."""

    name = told()
    sha256 = told()
    size = counted()
    media_type = told()


class RevisionSchema(Wire):
    """A write that was recorded."""

    version = counted()
    change = told("id of the change")
    action = told()
    author = told("user name")
    verdict = told()
    diff = fields.Dict(
        required=True, metadata={"description": "`{name: [before, after]}` of shown values, null for none"}
    )
    inputs = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True,
        metadata={"description": "what came with a workflow action: reason, result, photos"},
    )  # fmt: skip
    base_version = fields.Integer(required=True, allow_none=True)
    origin = told()
    made_at = instant_or_null("device time as claimed")
    observed_at = instant()
    received_at = instant()
    form = told_or_null()
    form_version = told_or_null()
    submission = told_or_null("id of the submission it came in")
    attachments = fields.List(
        fields.Nested(AnnouncedFileSchema), required=True, metadata={"description": "files that the change announced"}
    )


class FieldSchema(Wire):
    """One field of a record type."""

    name = told()
    label = told()
    type = told("bind type of XForms")
    group = told_or_null("merge group")
    merge = told("`keep` or `latest`")
    set_valued = fields.Boolean(required=True)


class RecordTypeSchema(Wire):
    """A ledger."""

    name = told()
    title = told()
    kind = told("`event`, `profile` or `case`")
    fields_ = fields.List(fields.Nested(FieldSchema), required=True, data_key="fields", attribute="fields")
