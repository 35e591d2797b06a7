"""Schemas of the audit."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import BaseSchema, day, instant_out, integer_out, text_in, text_out
from schemas.lists import PageQuery

_EVENT = (
    "an event, such as `records.export`, or all of a kind: `session`, `refusal`, `export`, `reveal`, `read`, `rights`, "
    "`configuration`, `audit`"
)


class AuditFilter(BaseSchema):
    """Which entries of the audit."""

    from_ = day("first local day", data_key="from")
    to = day("last local day, included")
    user = text_in("who did it: a user name, `command` or `server`")
    event = text_in(_EVENT)
    object = text_in("what it was about: the id of a record, a user name, a form, an address, …", most=500)


class AuditQuery(AuditFilter, PageQuery):
    """Which entries of the audit, and which page of them."""


class AuditEntrySchema(BaseSchema):
    """One entry of the audit. `hash` is over all of it and the hash of the entry before."""

    number = integer_out("counts from 1 without gaps")
    at = instant_out()
    event = text_out()
    label = text_out("what the event is called")
    kind = text_out()
    user = text_out("who did it: a user name, `command` on the server's machine, or `server` by itself")
    role = text_out("the roles that they had then")
    place = text_out("codes of the areas in which they had them")
    address = text_out("of the network, empty where there is none")
    object = text_out("what it was about")
    result = text_out("`done`, or a word for what came of it: `403`, `404`, `refused`, `stopped`, `failed`, …")
    details = fields.Dict(required=True, metadata={"description": "particulars; `objects` are more that it was about"})
    hash = text_out("SHA-256")
