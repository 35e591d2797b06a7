"""Makes the next version of a record from what merging has left: for an edit, and for a settled conflict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from server.cases.domain import effects
from server.changes.domain.validation import invalid_fields
from server.changes.domain.write_context import WriteContext
from server.forms.domain.record_types import LABEL
from server.records.domain.records import Record
from sync import registers
from sync.flags import Flag
from sync.merge import Merged


def with_merged(record: Record, context: WriteContext, merged: Merged) -> Record:
    """Return ``record`` one version on, holding what merging has left."""
    after = replace(
        record,
        version=record.version + 1,
        seq=context.seq,
        label=merged.values.get(LABEL) or record.label,
        fields={name: value for name, value in merged.values.items() if name != LABEL},
        registers=registers.to_json(merged.registers),
        conflicts=tuple(sorted(merged.conflicts)),
        flags=flags_after_merge(record.flags, context, merged.values),
        updated_at=context.received_at,
        placed=context.type.has_position(merged.values),
    )
    return after if after.case is None else effects.refreshed(after)


def flags_after_merge(before: tuple[str, ...], context: WriteContext, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the flags of a record that shows ``values`` after a merge.

    A merge takes ``invalid_after_merge`` away as it has brought it.
    """
    is_unsound = bool(invalid_fields(context.type, values))
    if context.is_clock_suspect and Flag.CLOCK_SUSPECT not in before:
        before = (*before, Flag.CLOCK_SUSPECT)
    if is_unsound == (Flag.INVALID_AFTER_MERGE in before):
        return before
    others = tuple(each for each in before if each != Flag.INVALID_AFTER_MERGE)
    return (*others, Flag.INVALID_AFTER_MERGE) if is_unsound else others
