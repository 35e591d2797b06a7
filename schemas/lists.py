"""What all lists share: ``cursor`` and ``limit`` in the query, ``{items, next}`` in the answer."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from schemas.fields import BaseSchema, integer_in, matching

PAGE_ROWS = 100
PAGE_ROWS_MAX = 10_000
CODE = r"[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15}"


class PageQuery(BaseSchema):
    """Which page of a list."""

    cursor = matching(r"[A-Za-z0-9_-]{1,200}", "`next` of the page before", "应为上一页给出的 next，请原样传回。")
    limit = integer_in("rows of a page", 1, PAGE_ROWS_MAX, load_default=PAGE_ROWS)


def area_filter(description: str = "area code; its whole subtree counts") -> fields.String:
    """Return the filter by area, a code that may be written short."""
    return area_code(description)


def area_code(description: str, **more: Any) -> fields.String:
    """Return a field for the code of an area, which may be written short."""
    return matching(CODE, description, "应为6、9、12或15位数字的网格代码，如 130630100201。", **more)


def page_of(row: type[Schema]) -> type[Schema]:
    """Return the schema of a page of ``row``."""
    noun = row.__name__.removesuffix("Schema")
    return BaseSchema.from_dict(
        {
            "items": fields.List(fields.Nested(row), required=True),
            "next": fields.String(
                required=True,
                allow_none=True,
                metadata={"description": "cursor of the next page, null on the last one"},
            ),
        },
        name=f"{noun}PageSchema",
    )
