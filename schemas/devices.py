"""Schemas of phones and laptops: their last contact, and how they stand to a form."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import (
    BaseSchema,
    instant_out,
    instant_out_or_null,
    integer_out,
    integer_out_or_null,
    one_of,
    text_out,
    text_out_or_null,
)
from schemas.lists import area_filter

CONTACTS = ("recent", "quiet", "lost", "never")


class DeviceQuery(BaseSchema):
    """Which devices."""

    area = area_filter()
    contact = one_of(CONTACTS, "`recent`: within 7 days; `quiet`: longer ago; `lost`: 30 days and more; `never`")


class DeviceSchema(BaseSchema):
    """A phone, by one of its keys, or a laptop with a field client."""

    id = text_out("of the phone key, or what the laptop calls itself")
    kind = fields.String(required=True, metadata={"description": "`phone` or `laptop`"})
    person = text_out("user name")
    display = text_out("as people call them")
    role = text_out("of their oldest duty in force")
    area = text_out("code of the area of that duty")
    last_seen_at = instant_out_or_null("last contact; null: the card was never scanned")
    contact = one_of(CONTACTS, "how long ago that is", required=True)
    app_version = text_out_or_null("what the program called itself then")
    unsent = integer_out_or_null("changes that a laptop had not sent then; null for a phone: nobody knows")
    advice = text_out("what to do about it, in Chinese; empty for nothing")


class FormHoldersSchema(BaseSchema):
    """How the phones that a form is for stand to its present version."""

    form = text_out()
    version = text_out("the present one")
    published_at = instant_out()
    older = integer_out("phones on an earlier version")
    current = integer_out("phones that have filled in the present one")
    silent = integer_out("phones in contact since it was published that have sent nothing since")
