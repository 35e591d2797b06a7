"""Schemas of what a user has sent, with its current state."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import BaseSchema, instant_out, integer_in, matching, one_of, text_in, text_out, text_out_or_null

ITEMS, ITEMS_MAX = 100, 500


class SentItemQuery(BaseSchema):
    """Whose items, and which page of them."""

    author = text_in("user name; the caller's own where it is left out", most=64)
    cursor = matching(r"[A-Za-z0-9_-]{1,400}", "`next` of the page before", "应为上一页给出的 next，请原样传回。")
    limit = integer_in("items of a page", 1, ITEMS_MAX, load_default=ITEMS)


class SentItemProblemSchema(BaseSchema):
    """What the office has to settle about an item, or has settled."""

    id = text_out()
    message = text_out("one Chinese sentence")
    settled = fields.Boolean(required=True)
    how = text_out_or_null("`choose`, `release`, `force`, `dismiss` or `undo`; null: nobody has decided anything")
    reason = text_out("what the officer wrote about it")


class SentItemSchema(BaseSchema):
    """A submission or change that was received, with its current state."""

    id = text_out("of the submission or change; of the problem, for what could not be taken")
    kind = one_of(("submission", "change"), "how it came: as a filled form, or as a change", required=True)
    receipt = text_out_or_null("the number that the phone showed")
    form = text_out_or_null()
    received_at = instant_out()
    record = text_out_or_null("null: none, or not the caller's to see now, as are label and status")
    type = text_out_or_null("record type")
    label = text_out_or_null("of the record as it now is")
    status = text_out_or_null("of the case as it now is")
    action = text_out_or_null("what it asks for; null: nothing of any record")
    verdict = text_out_or_null("what became of that")
    version = fields.Integer(
        required=True, allow_none=True, metadata={"description": "of the record that it made, null for none"}
    )
    problem = fields.Nested(SentItemProblemSchema, required=True, allow_none=True)
