"""Shows a page of records to one reader as ``disclosing`` shows each of them, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from server.db.sql import Row
from server.forms.domain import personal
from server.records.usecases.disclosing import RecordMask


class PageMask:
    """Masks texts about the records of a page: a text that stands in many rows is looked at once."""

    def __init__(self, mask: RecordMask, rows: Sequence[Row]) -> None:
        """rows: of the page, as stored, with the columns that ``mask`` asks for."""
        self._mask = mask
        self._rows = rows

    def told_fields(self, names: Sequence[str]) -> Sequence[Mapping[str, str]]:
        """Return the fields of each row, those of ``names`` as ``RecordMask.told_fields`` has them."""
        types = [self._mask.type_of(name) for name in {row["type"] for row in self._rows}]
        if any(type is None or not type.personal.keys().isdisjoint(names) for type in types):
            return [self._mask.told_fields(row, names) for row in self._rows]
        # All are read at once, which takes half as long as one by one.
        found: list[dict[str, str]] = orjson.loads(f"[{','.join([row['fields'] for row in self._rows])}]")
        return found

    def masked(self, column: Sequence[str]) -> Sequence[str]:
        """Return a text about each row as ``RecordMask.text`` has it."""
        mask = self._mask
        if not (mask.may_hide or mask.masks_phones):
            return column
        shown = {text: masked for text in set(column) if (masked := personal.without_numbers(text)) != text}
        if not shown:
            return column
        return [
            shown[text] if text in shown and (mask.masks_phones or mask.hides_row(row)) else text
            for text, row in zip(column, self._rows, strict=True)
        ]
