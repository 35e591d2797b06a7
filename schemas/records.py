"""Schemas of records, their history and their types."""

from __future__ import annotations

from marshmallow import fields

from schemas.cases import CaseSchema, NamedFileSchema
from schemas.fields import (
    BaseSchema,
    boolean_parameter,
    instant_out,
    instant_out_or_null,
    integer_out,
    matching,
    one_of,
    several_of,
    text_in,
    text_out,
    text_out_or_null,
)
from schemas.lists import PageQuery, area_filter

STATUSES = (
    "reported", "registered", "assigned", "accepted", "handling", "suspended", "transferred", "feedback", "closed",
    "spot_closed", "rejected", "merged", "void",
)  # fmt: skip
FLAGS = (
    "clock_suspect", "invalid_after_merge", "return_pending", "extension_pending", "suspension_pending", "supervised",
    "supervised_1", "supervised_2", "supervised_3", "major", "reworked", "evidence_missing", "joint_meeting",
)  # fmt: skip
SORTS = ("-created", "due", "reply")
STAGES = ("collect", "assign", "handle", "feedback", "close")


class RecordFilter(BaseSchema):
    """Which records, for lists and exports alike."""

    type = matching(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}", "record type", "应为台账的英文名，如 hazards。")
    area = area_filter()
    status = several_of(STATUSES, "status of a case; several with commas between them, any of which will do")
    stage = one_of(STAGES, "stage of a case")
    assignee = matching(
        r"(?:user|body):[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
        "`user:<name>` or `body:<code>`",
        "应为 user:用户名 或 body:责任主体代码。",
    )
    category = text_in("code of the hazard's category (list `hazard_categories`)", most=100)
    item = text_in("code of the hazard (list `hazard_items`)", most=100)
    severity = text_in("code of the severity: `major` where the brigade's finding stands, and nowhere else", most=100)
    source = text_in("code of how the hazard was found, where the form asks for it", most=100)
    overdue = boolean_parameter("open and past its due instant")
    soon = boolean_parameter("`true`: open and due today or tomorrow, by Beijing's days")
    untaken = boolean_parameter("`true`: given to somebody who has not taken it within its limit, a working day")
    reply = boolean_parameter("`true`: open orders of the hotline that name a last day for the answer")
    unanswered = boolean_parameter("`true`: those of them whose day has passed")
    placed = boolean_parameter("whether a case's position is known")
    conflict = boolean_parameter("some field holds values that conflict")
    requested = boolean_parameter("`true`: a request of the handler is open")
    flag = one_of(FLAGS, "a flag that the record has; `supervised` is supervision at any level")
    q = text_in("part of the label, or a whole case number or id", most=100)


class RecordQuery(RecordFilter, PageQuery):
    """Which records, in which order, and which page of them."""

    sort = one_of(
        SORTS,
        "`-created`, the newest first, `due`, cases alone and the one due first before all others, or `reply`, open"
        " orders of the hotline alone and the one to be answered first before all others",
    )


class RecordSchema(BaseSchema):
    """A record in its current state."""

    id = fields.UUID(required=True)
    type = text_out("record type")
    kind = one_of(("event", "profile", "case"), "how records of this type live", required=True)
    area = text_out("area code")
    label = text_out()
    version = integer_out("rises by one with every revision; the ETag")
    status = text_out_or_null("null unless the kind is `case`")
    stage = text_out_or_null()
    case_no = text_out_or_null()
    assignee = text_out_or_null("`user:<name>` or `body:<code>`")
    due_at = instant_out_or_null()
    closed_at = instant_out_or_null()
    author = text_out("user name")
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, data_key="fields", attribute="fields",
        metadata={"description": "shown values, all of them text"},
    )  # fmt: skip
    conflicts = fields.List(fields.String(), required=True, metadata={"description": "names of fields in conflict"})
    flags = fields.List(fields.String(), required=True)
    created_at = instant_out()
    updated_at = instant_out()
    reply_by = text_out_or_null("last local day for the answer to the hotline, as its order names it")


class ListedRecordSchema(RecordSchema):
    """A record in a list, with what its codes and names are called."""

    area_name = text_out("town, village and unit")
    assignee_name = text_out_or_null("what the party that has the case is called")
    author_name = text_out("display name of who reported it")
    photos = integer_out("files that its history names, those still under way included")
    requests = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "what was asked for and nobody has decided, as actions (`ask_…`)"},
    )


class StatusCountsSchema(BaseSchema):
    """How many cases have each status, under the filters of the list."""

    counts = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True,
        metadata={"description": "by status, counted up to `most`; a status that no case has is missing"},
    )  # fmt: skip
    ended = integer_out("cases that are over, counted up to `most_ended`")
    most = integer_out("as far as an open status is counted: a count of this means this many or more")
    most_ended = integer_out("as far as ended cases are counted")


class HeadSchema(BaseSchema):
    """One of several values of a field in conflict."""

    value = text_out()
    observed_at = instant_out()
    origin = text_out("who wrote it: a phone, a branch of a phone, or the office")
    version = integer_out("the record version that it made")
    author = text_out_or_null("user name of who wrote it")


class OpenCaseSchema(BaseSchema):
    """An open case at premises."""

    id = fields.UUID(required=True)
    label = text_out()
    status = text_out()


class RecordDetailSchema(RecordSchema):
    """A record with all values of the fields in conflict and, for a case, its workflow state."""

    office_note = text_out("the last word of whoever acted")
    photos = fields.List(fields.Nested(NamedFileSchema), required=True)
    case = fields.Nested(CaseSchema, required=True, allow_none=True)
    open_cases = fields.List(
        fields.Nested(OpenCaseSchema),
        required=True,
        metadata={"description": "of premises: their open cases, the newest first, at most 50; else empty"},
    )
    heads = fields.Dict(keys=fields.String(), values=fields.List(fields.Nested(HeadSchema)), required=True)


class AnnouncedFileSchema(BaseSchema):
    """A file that a change announced; its bytes are uploaded separately."""

    name = text_out()
    sha256 = text_out()
    size = integer_out()
    media_type = text_out()


class RevisionSchema(BaseSchema):
    """A revision: a write that was recorded."""

    version = integer_out()
    change = text_out("id of the change")
    action = text_out()
    author = text_out("user name")
    verdict = text_out()
    diff = fields.Dict(
        required=True, metadata={"description": "`{name: [before, after]}` of shown values, null for none"}
    )
    received = fields.Dict(
        required=True,
        metadata={"description": "`{name: [seen, new]}` of all that was sent, also where it changed nothing"},
    )
    inputs = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True,
        metadata={"description": "what came with a workflow action: reason, result, photos"},
    )  # fmt: skip
    base_version = fields.Integer(required=True, allow_none=True)
    origin = text_out()
    made_at = instant_out_or_null("device time as claimed")
    observed_at = instant_out()
    received_at = instant_out()
    form = text_out_or_null()
    form_version = text_out_or_null()
    submission = text_out_or_null("id of the submission it came in")
    attachments = fields.List(
        fields.Nested(AnnouncedFileSchema), required=True, metadata={"description": "files that the change announced"}
    )


class RevealRequestSchema(BaseSchema):
    """A request to see what is masked."""

    field = text_in("name of a field, or `label`", required=True)
    reason = text_in("why it has to be seen; the audit keeps it", required=True, most=500)


class RevealedSchema(BaseSchema):
    """A field as it is."""

    record = text_out("id of the record")
    field = text_out()
    label = text_out("what the form calls the field")
    value = text_out("what the record shows")
    values = fields.List(
        fields.String(), required=True, metadata={"description": "every value that stands, where they are in conflict"}
    )


class FieldSchema(BaseSchema):
    """One field of a record type."""

    name = text_out()
    label = text_out()
    type = text_out("bind type of XForms")
    group = text_out_or_null("merge group")
    merge = text_out("merge policy: `bind::fg:merge` of its form, `keep` where it is blank")
    set_valued = fields.Boolean(required=True)


class RecordTypeSchema(BaseSchema):
    """A record type (ledger)."""

    name = text_out()
    title = text_out()
    kind = text_out("`event`, `profile` or `case`")
    fields_ = fields.List(fields.Nested(FieldSchema), required=True, data_key="fields", attribute="fields")
