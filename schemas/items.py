"""Describes what somebody sent, and where it stands."""

from __future__ import annotations

from marshmallow import fields

from schemas.words import Wire, instant, matching, one_of, text, told, told_or_null, whole

ITEMS, ITEMS_MAX = 100, 500


class ItemQuery(Wire):
    """Whose items, and which page of them."""

    author = text("user name; the caller's own where it is left out", most=64)
    cursor = matching(r"[A-Za-z0-9_-]{1,400}", "`next` of the page before", "应为上一页给出的 next，请原样传回。")
    limit = whole("items of a page", 1, ITEMS_MAX, load_default=ITEMS)


class ItemProblemSchema(Wire):
    """What the office has to settle about an item, or has settled."""

    id = told()
    message = told("one Chinese sentence")
    settled = fields.Boolean(required=True)
    how = told_or_null("`choose`, `release`, `force`, `dismiss` or `undo`; null: nobody has decided anything")
    reason = told("what the officer wrote about it")


class ItemSchema(Wire):
    """Something that was received, and where it stands."""

    id = told("of the submission or change; of the problem, for what could not be taken")
    kind = one_of(("submission", "change"), "how it came: as a filled form, or as a change", required=True)
    receipt = told_or_null("the number that the phone showed")
    form = told_or_null()
    received_at = instant()
    record = told_or_null("null: none, or not the caller's to see now, as are label and status")
    type = told_or_null("record type")
    label = told_or_null("of the record as it now is")
    status = told_or_null("of the case as it now is")
    action = told_or_null("what it asks for; null: nothing of any record")
    verdict = told_or_null("what became of that")
    version = fields.Integer(
        required=True, allow_none=True, metadata={"description": "of the record that it made, null for none"}
    )
    problem = fields.Nested(ItemProblemSchema, required=True, allow_none=True)
