"""Describes refusals (RFC 9457) and the problems that the office settles."""

from __future__ import annotations

from marshmallow import INCLUDE, fields

from schemas.lists import PageQuery, area_filter
from schemas.words import Wire, counted, instant, instant_or_null, matching, one_of, told, told_or_null


class RefusalSchema(Wire):
    """A refusal in problem+json; some carry particulars beside these."""

    class Meta:
        unknown = INCLUDE

    type = told("`/problems/<code>`, a stable word for programs")
    title = told()
    status = counted("the HTTP status")
    detail = told("one Chinese sentence: what is wrong and how to mend it")
    errors = fields.Raw(required=True, metadata={"description": "every bad field at once: `[{field, message}]`"})


class ProblemQuery(PageQuery):
    """Which problems."""

    kind = matching(r"[a-z_]{1,40}", "kind of problem", "应为问题类型的代码，如 conflict。")
    record = fields.UUID(
        metadata={"description": "of this record"}, error_messages={"invalid_uuid": "应为记录的 UUID。"}
    )
    submission = fields.UUID(
        metadata={"description": "about this submission"}, error_messages={"invalid_uuid": "应为提交的 UUID。"}
    )
    type = matching(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}", "record type", "应为台账的英文名，如 hazards。")
    area = area_filter()
    settled = one_of(("false", "true", "any"), "whether it is settled", load_default="false")


class ProblemSchema(Wire):
    """Something that only a person can settle."""

    id = told()
    kind = told()
    area = told_or_null("code of the area where it belongs; null: its author had no duty")
    message = told("one Chinese sentence for the officer")
    record = told_or_null()
    type = told_or_null()
    submission = told_or_null()
    kept_body = told_or_null("SHA-256 of a body that could not be taken; `/problems/<id>/body` gives it")
    change = told_or_null()
    author = told_or_null()
    detail = fields.Dict(required=True)
    created_at = instant()
    settled_at = instant_or_null()
    settled_by = told_or_null()
