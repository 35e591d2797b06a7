"""Declares classes of values that nothing may change and that are cheap to make: those of the write path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Return ``cls`` as a dataclass with slots that compares and hashes by value; the type checker holds it frozen.

    ``make lint`` refuses an assignment to a field; at run time nothing does. ``dataclass(frozen=True)`` sets every
    field of a new object through ``object.__setattr__``, and a submission makes some twenty objects of 170 fields
    (measured: docs/adr/0027-values-frozen-for-the-type-checker.md).
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
