"""Schemas of the inbox: what a person is told of cases."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import (
    BaseSchema,
    boolean_parameter,
    instant_out,
    instant_out_or_null,
    integer_in,
    integer_out,
    text_out,
)
from schemas.lists import PageQuery
from schemas.requests import CaseNamedSchema

SEQ_MAX = 2**53


class InboxQuery(PageQuery):
    """Which notices."""

    unread = boolean_parameter("`true`: only those not read yet")


class NoticeSchema(BaseSchema):
    """Something that the caller is told of a case."""

    seq = integer_out("place in the inbox; a newer notice of the same case and kind takes another one")
    kind = text_out("`assigned`, `returned`, `overdue_soon`, `escalated` or `decided`")
    action = text_out("the act that it tells of")
    at = instant_out()
    read_at = instant_out_or_null("null: not read yet")
    case = fields.Nested(CaseNamedSchema, required=True)


class UnreadQuery(BaseSchema):
    """Nothing is asked beside the address."""


class UnreadSchema(BaseSchema):
    """How many notices the caller has not read."""

    unread = integer_out("counted up to 100, which stands for 100 or more")


class ReadUntilSchema(BaseSchema):
    """Up to where everything has been read."""

    until = integer_in("`seq` of the newest notice that was shown", 0, SEQ_MAX, required=True)


class AllReadSchema(UnreadSchema):
    """What marking everything as read has done."""

    read = integer_out("how many were marked")
