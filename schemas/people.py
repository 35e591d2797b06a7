"""Schemas of sessions, users, duties, phones and bodies; no answer holds a password, a hash or a phone key."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import (
    BaseSchema,
    boolean_parameter,
    instant_out,
    instant_out_or_null,
    integer_out,
    text_in,
    text_out,
    text_out_or_null,
)
from schemas.lists import PageQuery, area_filter


class SignInRequestSchema(BaseSchema):
    """User name and password of a sign-in."""

    username = text_in("user name", required=True, most=64)
    password = text_in("password", required=True, load_only=True)


class OwnPasswordRequestSchema(BaseSchema):
    """One's own password, and the one that replaces it."""

    old_password = text_in("the password until now", required=True, load_only=True)
    new_password = text_in(
        "at least 10 characters, printable ASCII; no common word, name, place, date or phone number with digits",
        required=True,
        load_only=True,
    )


class SessionEndQuery(BaseSchema):
    """Which sessions to end."""

    everywhere = boolean_parameter("all sessions of this person, on every device")


class DutySchema(BaseSchema):
    """A person in a role for an area."""

    id = text_out()
    role = text_out()
    role_label = text_out("Chinese name of the role")
    area = text_out("area code")
    body = text_out_or_null("code of the body, where the duty has one")
    from_ = instant_out_or_null("null: from the start", data_key="from")
    to = instant_out_or_null("null: until further notice")


class PhoneSchema(BaseSchema):
    """A phone key as the office sees it, without the key."""

    id = text_out()
    created_at = instant_out()
    revoked_at = instant_out_or_null()
    last_seen_at = instant_out_or_null("last contact, to the minute")
    device = text_out_or_null()
    app_version = text_out_or_null("what the phone called itself at its last contact")


class FieldClientSchema(BaseSchema):
    """A field client, such as fieldsync on a laptop, that is signed in as a user."""

    device = text_out("its id")
    program = text_out("what it calls itself")
    seen_at = instant_out("of its last contact")
    unsent = integer_out("changes that wait on it")


class UserSchema(BaseSchema):
    """A person with their duties and phones."""

    name = text_out()
    display = text_out()
    created_at = instant_out()
    revoked_at = instant_out_or_null("since when every door refuses them")
    locked_until = instant_out_or_null("when sign-in opens again")
    duties = fields.List(fields.Nested(DutySchema), required=True)
    phones = fields.List(fields.Nested(PhoneSchema), required=True)


class CallerSchema(BaseSchema):
    """The user who has signed in."""

    name = text_out()
    display = text_out()
    duties = fields.List(fields.Nested(DutySchema), required=True)


class SessionSchema(BaseSchema):
    """A new session."""

    access_token = text_out("shown as `Authorization: Bearer …`")
    refresh_token = text_out("shown to `/session/refresh` alone, and once: each answer holds the next one")
    must_change_password = fields.Boolean(
        required=True,
        metadata={
            "description": "the password was set by somebody else, or is too weak: until it is changed at"
            " `/session/password`, everything else is 403 `password-change-required`"
        },
    )
    user = fields.Nested(CallerSchema, required=True)


class RefreshedSessionSchema(BaseSchema):
    """A session with its next two tokens."""

    access_token = text_out()
    refresh_token = text_out("takes the place of the one shown")
    user = fields.Nested(CallerSchema, required=True)


class UserQuery(PageQuery):
    """Which users."""

    area = area_filter("with a duty in this area or below")


class BodyQuery(PageQuery):
    """Which bodies."""

    area = area_filter()


class BodySchema(BaseSchema):
    """An organisation that can be given work, as it stands now."""

    code = text_out()
    name = text_out()
    kind = text_out()
    area = text_out("area code")
    contact = text_out("phone numbers are masked unless the caller may see people there")
