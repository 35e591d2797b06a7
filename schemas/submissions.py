"""Schemas of submissions and their attachments."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import BaseSchema, instant_out, integer_out, matching, text_in, text_out, text_out_or_null
from schemas.lists import PageQuery, area_filter
from schemas.uploads import PhotoQuery


class SubmissionQuery(PageQuery):
    """Which submissions."""

    form = text_in("form id", most=255)
    area = area_filter()
    author = text_in("user name", most=64)
    instance_id = text_in("instanceID as the phone made it", most=255)
    receipt = text_in("the number that the phone showed", most=64)


class SubmissionSchema(BaseSchema):
    """One version of a submission."""

    id = text_out()
    form = text_out()
    form_version = text_out()
    instance_id = text_out()
    root = text_out("instanceID of the first version, which names all versions")
    deprecates = text_out_or_null("instanceID of the version that this one replaces")
    current = fields.Boolean(required=True, metadata={"description": "no edit has replaced it"})
    receipt = text_out("the number that the phone showed")
    author = text_out("user name")
    area = text_out_or_null("area code; null: its author had no duty")
    received_at = instant_out()
    device = text_out_or_null()
    user_agent = text_out_or_null()
    instance_name = text_out_or_null()
    review_state = text_out_or_null()
    files_expected = integer_out("file names that the XML speaks of")
    files_present = integer_out("how many of those are here")


class AttachmentQuery(PhotoQuery):
    """Which content of a file name, and in which size."""

    sha256 = matching(
        r"[0-9a-f]{64}", "of one content; the first that came without it", "应为64位小写十六进制的 SHA-256。"
    )


class AttachmentSchema(BaseSchema):
    """A file of a submission; several contents of one name may be kept."""

    name = text_out()
    sha256 = text_out()
    size = integer_out("bytes")
    media_type = text_out("as its bytes say")
    declared_type = text_out("as the phone called it")
    expected = fields.Boolean(required=True, metadata={"description": "the XML speaks of it"})
    carried = fields.Boolean(
        required=True, metadata={"description": "taken over from the version that this one replaces"}
    )
    served = fields.Boolean(required=True, metadata={"description": "the content that the plain address gives"})
    received_at = instant_out()
