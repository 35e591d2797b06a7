"""Schemas of forms and their versions."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import BaseSchema, instant_out, integer_out, one_of, text_out, text_out_or_null
from schemas.lists import PageQuery


class FormQuery(PageQuery):
    """Which forms."""

    state = one_of(("open", "closing", "closed"), "whether the form is listed and taken")


class FormStateRequestSchema(BaseSchema):
    """Whether a form is listed and taken."""

    state = one_of(
        ("open", "closing", "closed"),
        "`open`: listed; `closing`: off the lists, what phones still hold is taken; `closed`: neither",
        required=True,
    )


class PublicationSchema(BaseSchema):
    """The result of publishing a form."""

    id = text_out("form id")
    version = text_out()
    title = text_out()
    added = fields.Boolean(required=True, metadata={"description": "false: this very version was there already"})
    warnings = fields.List(fields.String(), required=True, metadata={"description": "of the tools that read the form"})


class FormSchema(BaseSchema):
    """A form in its current state."""

    id = text_out("form id")
    title = text_out()
    state = text_out("`open`, `closing` or `closed`")
    version = text_out("the version that phones are given")
    record_type = text_out_or_null("type of the records that it makes or updates; the first one of several")
    record_types = fields.List(
        fields.String(), required=True, metadata={"description": "all types that it makes or updates records of"}
    )
    roles = fields.List(fields.String(), required=True, metadata={"description": "whose phones list it; empty for all"})
    draft_of = text_out_or_null("id of the form that this one is a draft of, tried by some testers")


class FormVersionSchema(BaseSchema):
    """A version that was published."""

    version = text_out()
    title = text_out()
    md5 = text_out("of the XForm")
    published_at = instant_out()
    languages = fields.List(fields.String(), required=True)


class MediaSchema(BaseSchema):
    """A file beside a form, as phones get it today."""

    name = text_out()
    md5 = text_out()
    size = integer_out("bytes")


class FormDetailSchema(FormSchema):
    """A form with every version, oldest first."""

    versions = fields.List(fields.Nested(FormVersionSchema), required=True)
    media = fields.List(fields.Nested(MediaSchema), required=True)
