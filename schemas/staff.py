"""Describes what is asked of people's accounts, duties, keys and bodies on the wire."""

from __future__ import annotations

from marshmallow import fields

from schemas.lists import area_code
from schemas.words import Wire, matching, moment, text, told, told_or_null, true_or_false

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NAME_CURE = "只用英文字母、数字和 . _ -，以字母或数字开头，最多64个字符。"


class DutyAsked(Wire):
    """A duty to be given."""

    role = matching(r"[a-z_]{1,40}", "code of the role", "应为角色代码，如 grid_worker。", required=True)
    area = area_code("code of the area, may be written short", required=True)
    body = matching(NAME, "code of the organisation they act for", _NAME_CURE, allow_none=True, load_default=None)
    from_ = moment(
        "first instant of the duty; null: open at its start", data_key="from", allow_none=True, load_default=None
    )
    to = moment("the instant at which it has ended; null: until further notice", allow_none=True, load_default=None)


class UserAsked(DutyAsked):
    """A person to be added, with a first duty."""

    name = matching(NAME, "user name", _NAME_CURE, required=True)
    display = text("shown name; the user name where it is left out", most=100, allow_none=True, load_default=None)
    password = text("for signing in; people who only have a phone need none", allow_none=True, load_default=None)


class EndAsked(Wire):
    """When something ends."""

    at = moment("null: now", allow_none=True, load_default=None)


class MoveAsked(Wire):
    """Where somebody moves to, and when."""

    area = area_code("code of the new area", required=True)
    from_ = moment("null: now", data_key="from", allow_none=True, load_default=None)


class PasswordAsked(Wire):
    """Another password."""

    password = text("left out or null: one is made and told once", allow_none=True, load_default=None)


class PasswordTold(Wire):
    """The password that now counts, where the server made it."""

    password = fields.String(required=True, allow_none=True, metadata={"description": "null for a chosen one"})


class KeyAsked(Wire):
    """A phone key to be given."""

    replace = true_or_false("refuse every earlier key at once: the phone was lost", load_default=False)


class KeyTold(Wire):
    """A phone key and how Collect is set up with it; shown this once."""

    url = told("server address for Collect, with the key in it")
    username = told()
    display = told()
    project = told("what the phone shows above its forms")
    settings = fields.Dict(required=True, metadata={"description": "Collect's settings"})
    payload = told("the text of the QR code that Collect scans")
    warning = told_or_null("why phones could not reach the address, and the cure")


class BodyAsked(Wire):
    """An organisation to be registered."""

    code = matching(NAME, "as in `body:<code>`", _NAME_CURE, required=True)
    name = text("shown name", required=True, most=100)
    kind = matching(r"[a-z_]{1,40}", "code of the kind", "应为类别代码，如 department。", required=True)
    area = area_code("code of its area", required=True)
    contact = fields.String(load_default="", metadata={"description": "whom to ask there"})


class BodyRevised(Wire):
    """What is to change of an organisation; what is left out stays."""

    name = text("another name", most=100)
    contact = fields.String(metadata={"description": "another contact"})
    from_ = moment("since when it is called so; null: now", data_key="from", allow_none=True, load_default=None)
