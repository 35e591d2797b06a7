"""Schemas of the one JSON request about uploads; the rest is tus 1.0, whose language is headers."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields

from schemas.fields import BaseSchema, matching, one_of

ASKED_MAX = 200


def _hashes(description: str) -> fields.List[Any]:
    def check(listed: list[str]) -> None:
        if len(listed) > ASKED_MAX:
            raise ValidationError(f"最多{ASKED_MAX}项。")

    one = matching("[0-9a-f]{64}", "in hex", "应为64位十六进制小写字母。")
    return fields.List(one, required=True, validate=check, metadata={"description": description})


class FilesAskedSchema(BaseSchema):
    """Contents that a client would upload."""

    sha256 = _hashes("of each, in hex")


class FilesMissingSchema(BaseSchema):
    """Those of them that the caller has not uploaded yet."""

    missing = _hashes("of each, in hex")


class PhotoQuery(BaseSchema):
    """In which size a photo is wanted."""

    size = one_of(("thumb",), "`thumb`: small, 400 points at most; as it is without")
