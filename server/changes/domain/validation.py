"""Validates the values of a change: valid ones, invalid ones, codes to check, claims to system columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from server import instants
from server.cases.domain import workflow
from server.forms.domain import personal
from server.forms.domain.choices import Choices
from server.forms.domain.fields import Field
from server.forms.domain.record_types import LABEL, RecordType
from server.instants import Instant
from sync.datatypes import TEXT, invalid_reason

T = TypeVar("T")


class Validated(NamedTuple):
    """values: what applies, by field, the label among them. invalid: why a value does not fit, by field.

    codes_to_check: why somebody should look at a value that applies all the same, by field. Claims are in none: what
    a phone saves to a system column is kept in the history and never applied.
    """

    values: dict[str, str]
    invalid: dict[str, str]
    codes_to_check: dict[str, str]


def validate(
    type: RecordType,
    sent: Mapping[str, str],
    at: Instant,
    held: Mapping[str, str | None] | None = None,
) -> Validated:
    """Sort the values that were sent for a record of ``type``.

    at: when the author answered. held: what the author found there: a code that stood there
    already was not chosen by them. A code can be read whatever it is, so it applies, retired ones (``domain.md`` S19)
    and those that no form ever offered.
    """
    claims = type.claims
    values: dict[str, str] = {}
    invalid: dict[str, str] = {}
    codes_to_check: dict[str, str] = {}
    for name, value in sent.items():
        if name in claims:
            continue
        field = type.fields.get(name)
        if field is None and name != LABEL:
            invalid[name] = "台账里没有这个字段；请核对字段名"
            continue
        reason = invalid_reason(TEXT if field is None else field.type, value)
        if reason is not None:
            invalid[name] = reason
            continue
        values[name] = value
        offered = type.choices.get(name)
        note = None if offered is None else _code_to_check(offered, value, at, (held or {}).get(name) or "")
        if note is not None:
            codes_to_check[name] = note
    return Validated(values, invalid, codes_to_check)


def masked_parts(type: RecordType, values: Mapping[str, str], *known: Mapping[str, str | None]) -> dict[str, str]:
    """Return why a value is none that a person has, by field, of those that were made of a mask (``139****0471``).

    values: by field, without those that are a mask as it was shown. known: what stands or stood there, which may stay.
    """
    return {
        name: "带有遮盖符号“**”，不是完整的内容；请写完整，或不改这一项"
        for name, value in values.items()
        if name in type.personal and personal.is_mask(value) and all(value != held.get(name) for held in known)
    }


def _code_to_check(offered: Choices, value: str, at: Instant, held: str) -> str | None:
    if value in ("", held):
        return None
    unknown = offered.unknown(value, held)
    if unknown:
        return _no_such(unknown)
    retired = offered.retired(value, instants.local_day(at), held)
    return f"选项{_listed(retired)}已停用" if retired else None


def invalid_fields(type: RecordType, values: Mapping[str, str]) -> dict[str, str]:
    """Return why a value cannot stand, by field, of those that merging has left (``sync.md`` section 3).

    values: the fields that somebody has ever written. What was never written was never required.
    """
    found: dict[str, str] = {}
    for name, field in type.validated.items():
        value = values.get(name)
        reason = None if value is None else _invalid_reason(field, value, type.choices.get(name))
        if reason is not None:
            found[name] = reason
    return found


def _invalid_reason(field: Field, value: str, choices: Choices | None) -> str | None:
    if value == "":
        return "必填项空了" if field.required else None
    reason = invalid_reason(field.type, value)
    unknown = () if reason is not None or choices is None else choices.unknown(value)
    return _no_such(unknown) if unknown else reason


def _no_such(codes: tuple[str, ...]) -> str:
    return f"没有选项{_listed(codes)}"


def _listed(codes: tuple[str, ...]) -> str:
    return "、".join(f"“{code[:60]}”" for code in codes)


def field_writes(action: str, sent: Mapping[str, T]) -> dict[str, T]:
    """Return what of ``sent`` is meant for the record's fields: inputs of an act stay in its revision alone."""
    inputs = workflow.INPUTS if action in workflow.ACTIONS else frozenset()
    return {name: value for name, value in sent.items() if name not in inputs}
