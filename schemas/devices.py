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


class AddressMoveQuery(BaseSchema):
    """Whose phones."""

    area = area_filter()


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


class UnmovedDeviceSchema(BaseSchema):
    """A phone or laptop that has not come by the public address since the server moved to it."""

    kind = fields.String(required=True, metadata={"description": "`phone` or `laptop`"})
    id = text_out("of the phone key that it uses; of a laptop, as the field client calls itself")
    person = text_out("user name")
    display = text_out("as people call them")
    role = text_out("of their oldest duty in force")
    area = text_out("code of the area of that duty")
    last_seen_at = instant_out_or_null("last contact; null: the card was never scanned")
    address = text_out_or_null("of the server, by which it came then; null: it came before such were kept")
    key_made_at = instant_out_or_null("when its card was made; null: a laptop")
    card_at = instant_out_or_null("when a new card was made for them that nobody has scanned; null: there is none")


class AddressMoveSchema(BaseSchema):
    """The public address of the server, and who has not come by it yet."""

    address = text_out_or_null("of new cards; null: none is kept, it is as the environment or each request says")
    old_address = text_out_or_null("answered beside it; null: none")
    since = instant_out_or_null("when it became the public address")
    unmoved = fields.List(
        fields.Nested(UnmovedDeviceSchema),
        required=True,
        metadata={"description": "phones and laptops of people whom the caller may see, silent longest first"},
    )


class FormHoldersSchema(BaseSchema):
    """How the phones that a form is for stand to its present version."""

    form = text_out()
    version = text_out("the present one")
    published_at = instant_out()
    older = integer_out("phones on an earlier version")
    current = integer_out("phones that have filled in the present one")
    silent = integer_out("phones in contact since it was published that have sent nothing since")
