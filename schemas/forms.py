"""Describes forms and their versions on the wire."""

from __future__ import annotations

from marshmallow import fields

from schemas.lists import PageQuery
from schemas.words import Wire, counted, instant, one_of, told, told_or_null


class FormQuery(PageQuery):
    """Which forms."""

    state = one_of(("open", "closing", "closed"), "whether the form is listed and taken")


class FormStateAsked(Wire):
    """Whether a form is listed and taken."""

    state = one_of(
        ("open", "closing", "closed"),
        "`open`: listed; `closing`: off the lists, what phones still hold is taken; `closed`: neither",
        required=True,
    )


class PublishedSchema(Wire):
    """What came of an upload."""

    id = told("form id")
    version = told()
    title = told()
    added = fields.Boolean(required=True, metadata={"description": "false: this very version was there already"})
    warnings = fields.List(fields.String(), required=True, metadata={"description": "of the tools that read the form"})


class FormSchema(Wire):
    """A form as it stands."""

    id = told("form id")
    title = told()
    state = told("`open`, `closing` or `closed`")
    version = told("the version that phones are given")
    record_type = told_or_null("type of the records that it makes or updates")
    roles = fields.List(fields.String(), required=True, metadata={"description": "whose phones list it; empty for all"})


class FormVersionSchema(Wire):
    """A version that was published."""

    version = told()
    title = told()
    md5 = told("of the XForm")
    published_at = instant()
    languages = fields.List(fields.String(), required=True)


class MediaSchema(Wire):
    """A file beside a form, as phones get it today."""

    name = told()
    md5 = told()
    size = counted("bytes")


class FormDetailSchema(FormSchema):
    """A form with every version, oldest first."""

    versions = fields.List(fields.Nested(FormVersionSchema), required=True)
    media = fields.List(fields.Nested(MediaSchema), required=True)
