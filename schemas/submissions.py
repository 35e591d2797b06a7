"""Describes what phones posted."""

from __future__ import annotations

from marshmallow import fields

from schemas.lists import PageQuery, area_filter
from schemas.words import Wire, counted, instant, matching, text, told, told_or_null


class SubmissionQuery(PageQuery):
    """Which submissions."""

    form = text("form id", most=255)
    area = area_filter()
    author = text("user name", most=64)
    instance_id = text("instanceID as the phone made it", most=255)
    receipt = text("the number that the phone showed", most=64)


class SubmissionSchema(Wire):
    """One version of a submission."""

    id = told()
    form = told()
    form_version = told()
    instance_id = told()
    root = told("instanceID of the first version, which names all versions")
    deprecates = told_or_null("instanceID of the version that this one replaces")
    current = fields.Boolean(required=True, metadata={"description": "no edit has replaced it"})
    receipt = told("the number that the phone showed")
    author = told("user name")
    area = told_or_null("area code; null: its author had no duty")
    received_at = instant()
    device = told_or_null()
    user_agent = told_or_null()
    instance_name = told_or_null()
    review_state = told_or_null()
    files_expected = counted("file names that the XML speaks of")
    files_present = counted("how many of those are here")


class AttachmentQuery(Wire):
    """Which content of a file name."""

    sha256 = matching(
        r"[0-9a-f]{64}", "of one content; the first that came without it", "应为64位小写十六进制的 SHA-256。"
    )


class AttachmentSchema(Wire):
    """A file of a submission; several contents of one name may be kept."""

    name = told()
    sha256 = told()
    size = counted("bytes")
    media_type = told("as the phone said")
    expected = fields.Boolean(required=True, metadata={"description": "the XML speaks of it"})
    carried = fields.Boolean(
        required=True, metadata={"description": "taken over from the version that this one replaces"}
    )
    served = fields.Boolean(required=True, metadata={"description": "the content that the plain address gives"})
    received_at = instant()
