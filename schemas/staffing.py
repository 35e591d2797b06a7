"""Schemas of requests about accounts, duties, phone keys and bodies."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import BaseSchema, boolean_in, instant_in, matching, one_of, text_in, text_out, text_out_or_null
from schemas.lists import area_code

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NAME_CURE = "只用英文字母、数字和 . _ -，以字母或数字开头，最多64个字符。"


class DutyRequestSchema(BaseSchema):
    """A duty to add."""

    role = matching(r"[a-z_]{1,40}", "code of the role", "应为角色代码，如 grid_worker。", required=True)
    area = area_code("code of the area, may be written short", required=True)
    body = matching(NAME, "code of the organisation they act for", _NAME_CURE, allow_none=True, load_default=None)
    from_ = instant_in(
        "first instant of the duty; null: open at its start", data_key="from", allow_none=True, load_default=None
    )
    to = instant_in("the instant at which it has ended; null: until further notice", allow_none=True, load_default=None)


class UserRequestSchema(DutyRequestSchema):
    """A user to add, with a first duty."""

    name = matching(NAME, "user name", _NAME_CURE, required=True)
    display = text_in("shown name; the user name where it is left out", most=100, allow_none=True, load_default=None)
    password = text_in(
        "for signing in, to be changed at the first; people who only have a phone need none",
        allow_none=True,
        load_default=None,
    )


class EndRequestSchema(BaseSchema):
    """The instant at which a duty, an account or a key ends."""

    at = instant_in("null: now", allow_none=True, load_default=None)


class MoveRequestSchema(BaseSchema):
    """The area that a user moves to, and when."""

    area = area_code("code of the new area", required=True)
    from_ = instant_in("null: now", data_key="from", allow_none=True, load_default=None)


class PasswordRequestSchema(BaseSchema):
    """A new password."""

    password = text_in(
        "left out or null: one is made and returned once; its holder changes it at the next sign-in",
        allow_none=True,
        load_default=None,
    )
    phone_keys = one_of(
        ("keep", "revoke"),
        "`revoke`: their phone keys are refused from now on too, as after a lost phone; left out: they stay good",
        load_default="keep",
    )


class PasswordSchema(BaseSchema):
    """The new password, where the server made it."""

    password = fields.String(required=True, allow_none=True, metadata={"description": "null for a chosen one"})


class KeyRequestSchema(BaseSchema):
    """A phone key to issue."""

    replace = boolean_in("refuse every earlier key at once: the phone was lost", load_default=False)


class KeySchema(BaseSchema):
    """A phone key and how Collect is set up with it; shown this once."""

    url = text_out("server address for Collect, with the key in it")
    username = text_out()
    display = text_out()
    project = text_out("what the phone shows above its forms")
    settings = fields.Dict(required=True, metadata={"description": "Collect's settings"})
    payload = text_out("the text of the QR code that Collect scans")
    warning = text_out_or_null("why phones could not reach the address, and the cure")


class BodyRequestSchema(BaseSchema):
    """An organisation to add."""

    code = matching(NAME, "as in `body:<code>`", _NAME_CURE, required=True)
    name = text_in("shown name", required=True, most=100)
    kind = matching(r"[a-z_]{1,40}", "code of the kind", "应为类别代码，如 department。", required=True)
    area = area_code("code of its area", required=True)
    contact = fields.String(load_default="", metadata={"description": "whom to ask there"})


class BodyUpdateSchema(BaseSchema):
    """Changes to an organisation; what is left out stays."""

    name = text_in("another name", most=100)
    contact = fields.String(metadata={"description": "another contact"})
    from_ = instant_in("since when it is called so; null: now", data_key="from", allow_none=True, load_default=None)
