"""Schemas of the workflow state of a case, and of what an officer is told beside it."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import (
    BaseSchema,
    instant_out,
    instant_out_or_null,
    integer_out,
    integer_out_or_null,
    text_out,
    text_out_or_null,
)


class AssignmentSchema(BaseSchema):
    """A party that has or had a case."""

    assignee = text_out("`user:<name>` or `body:<code>`")
    lead = fields.Boolean(required=True, metadata={"description": "false for a co-handler"})
    since = instant_out()
    until = instant_out_or_null("null while they have it")
    fed_back_at = instant_out_or_null("when a co-handler last said what came of their part; of the lead null")


class PendingRequestSchema(BaseSchema):
    """A handler's request that is not yet decided."""

    action = text_out()
    author = text_out("user name")
    at = instant_out()
    until = text_out_or_null("local day")


class NamedFileSchema(BaseSchema):
    """A file that the record's history names."""

    version = integer_out("of the record, by whose writing it came")
    field = text_out()
    name = text_out()
    href = text_out_or_null("where its bytes are; null while they are under way")
    damaged = fields.Boolean(
        required=True, metadata={"description": "known to be a picture that cannot be read, or not to its end"}
    )


class CasePositionSchema(BaseSchema):
    """Where somebody stood, in degrees (WGS 84)."""

    latitude = fields.Float(required=True)
    longitude = fields.Float(required=True)
    accuracy_m = fields.Float(required=True, allow_none=True, metadata={"description": "as the phone claims"})


class SimilarSchema(BaseSchema):
    """An open case that may be about the same hazard: the same item in one village, at one place or within 50 m."""

    id = fields.UUID(required=True)
    label = text_out()
    status = text_out()
    case_no = text_out_or_null()
    assignee = text_out_or_null("`user:<name>` or `body:<code>`")
    handler = text_out_or_null("what the assignee is called")
    due_at = instant_out_or_null()
    created_at = instant_out()
    same_place = fields.Boolean(required=True, metadata={"description": "both name one place"})
    position = fields.Nested(CasePositionSchema, required=True, allow_none=True)
    distance_m = integer_out_or_null("from the case that is asked for; null while either has no position")
    photo = fields.Nested(NamedFileSchema, required=True, allow_none=True, metadata={"description": "the first one"})


class SuggestedHandlerSchema(BaseSchema):
    """Somebody who might handle a case."""

    assignee = text_out("`user:<name>` or `body:<code>`")
    name = text_out()
    kind = text_out("role, or kind of body")
    area = text_out("code")
    rule = text_out("`place`, `lead`, `unit` or `village`")
    reason = text_out("in Chinese")
    in_hand = integer_out("open cases that they have, as far as the caller may see them")


class SuggestionSchema(BaseSchema):
    """Who might handle a case, the likeliest first, and until when; a suggestion, which nobody has to follow."""

    handlers = fields.List(fields.Nested(SuggestedHandlerSchema), required=True)
    unreached = text_out_or_null("who should by the rule, where the caller can assign to none of them")
    due_on = text_out("local day; empty where the limit has passed and a later one would be an extension")
    due_reason = text_out("in Chinese")


class PremisesOfCaseSchema(BaseSchema):
    """The registered premises that a case is about."""

    id = fields.UUID(required=True)
    label = text_out()
    state = text_out("code of the list premises_states, empty where nobody said")
    closed_down = fields.Boolean(
        required=True, metadata={"description": "they are closed down: the case ends when somebody has checked there"}
    )


class CaseSchema(BaseSchema):
    """The workflow state of a case."""

    actions = fields.List(fields.String(), required=True, metadata={"description": "what the caller may do now"})
    received_at = instant_out()
    registered_at = instant_out_or_null()
    handle_due_at = instant_out_or_null("limit of the handler")
    close_due_at = instant_out_or_null("limit for closing")
    fed_back_at = instant_out_or_null("of the feedback that stands")
    result_code = text_out_or_null()
    given = fields.List(fields.Nested(AssignmentSchema), required=True)
    requests = fields.List(fields.Nested(PendingRequestSchema), required=True)
    handled_by = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "user names, and bodies as body:<code>, that had a hand in it and may not check it"},
    )
    checked = integer_out()
    reworked = integer_out()
    extended = integer_out()
    returns = integer_out()
    supervised = integer_out("level of supervision, 0 for none")
    major = fields.Boolean(required=True)
    plan_due_at = instant_out_or_null("end of a suspension's plan")
    review_due_at = instant_out_or_null(
        "until when a suspended or transferred case is to be looked at again, by `review`"
    )
    merged_into = text_out_or_null("id of the main case")
    recurrence_of = text_out_or_null("id of the closed case of the same hazard that this one comes back after")
    similar = fields.List(fields.Nested(SimilarSchema), required=True)
    premises = fields.Nested(
        PremisesOfCaseSchema,
        required=True,
        allow_none=True,
        metadata={"description": "null where the case names none, or the caller may not see them"},
    )


class GroupTextSchema(BaseSchema):
    """A case as a text for a group chat."""

    text = text_out("a few lines of Chinese, without personal data whoever asks")
