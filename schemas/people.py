"""Describes sessions, users, duties, phones and bodies on the wire; never a password, hash or token that lasts."""

from __future__ import annotations

from marshmallow import fields

from schemas.lists import PageQuery, area_filter
from schemas.words import Wire, counted, instant, instant_or_null, text, told, told_or_null


class SignInSchema(Wire):
    """Who signs in."""

    username = text("user name", required=True, most=64)
    password = text("password", required=True, load_only=True)


class DutySchema(Wire):
    """A person in a role for an area."""

    id = told()
    role = told()
    role_label = told("Chinese name of the role")
    area = told("area code")
    body = told_or_null("code of the body, where the duty has one")
    from_ = instant_or_null("null: from the start", data_key="from")
    to = instant_or_null("null: until further notice")


class PhoneSchema(Wire):
    """A phone key as the office sees it, without the key."""

    id = told()
    created_at = instant()
    revoked_at = instant_or_null()
    last_seen_at = instant_or_null("last contact, to the minute")
    device = told_or_null()
    app_version = told_or_null("what the phone called itself at its last contact")


class FieldClientSchema(Wire):
    """A client of ours, such as fieldsync on a laptop, that speaks in somebody's name."""

    device = told("its id")
    program = told("what it calls itself")
    seen_at = instant("when it last said so")
    unsent = counted("changes that wait on it")


class UserSchema(Wire):
    """A person with their duties and phones."""

    name = told()
    display = told()
    created_at = instant()
    revoked_at = instant_or_null("since when every door refuses them")
    locked_until = instant_or_null("when sign-in opens again")
    duties = fields.List(fields.Nested(DutySchema), required=True)
    phones = fields.List(fields.Nested(PhoneSchema), required=True)


class CallerSchema(Wire):
    """Who has signed in."""

    name = told()
    display = told()
    duties = fields.List(fields.Nested(DutySchema), required=True)


class SessionSchema(Wire):
    """A session that has begun."""

    access_token = told("shown as `Authorization: Bearer …`")
    refresh_token = told("shown to `/session/refresh` alone")
    user = fields.Nested(CallerSchema, required=True)


class RefreshedSchema(Wire):
    """A session that goes on."""

    access_token = told()
    user = fields.Nested(CallerSchema, required=True)


class UserQuery(PageQuery):
    """Which users."""

    area = area_filter("with a duty in this area or below")


class BodyQuery(PageQuery):
    """Which bodies."""

    area = area_filter()


class BodySchema(Wire):
    """An organisation that can be given work, as it stands now."""

    code = told()
    name = told()
    kind = told()
    area = told("area code")
    contact = told("phone numbers are masked unless the caller may see people there")
