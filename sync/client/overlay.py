"""A record as its device shows it: the server's record as last seen, with the device's own pending edits on top.

Pure. A client never merges; it applies its edits to its base in the order of ``seq``, and the server's record replaces
both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sync.changes import CREATING

WRITING = CREATING | {"edit", "settle"}
"""Actions whose fields become the record's; the inputs of other actions do not."""

UNDECIDED = frozenset({"waiting", "quarantined"})
"""Verdicts that may still change, once."""

Fields = Mapping[str, tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class LocalChange:
    """A change of this device to one record.

    fields: by name, the value seen and the new one; empty when the body is gone. verdict, version: of the outcome, None
    before that. trouble: why it cannot be sent, None when it can. problem: message of the problem that was filed about
    it, None without one; decision, reason: how that was settled, None while that is not known.
    """

    id: str
    seq: int
    type: str
    action: str
    fields: Fields
    area: str | None = None
    verdict: str | None = None
    version: int | None = None
    trouble: str | None = None
    problem: str | None = None
    decision: str | None = None
    reason: str | None = None

    @property
    def is_unsent(self) -> bool:
        """No verdict is known; it may have reached the server all the same."""
        return self.verdict is None


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record as the person at the device sees it.

    base: the server's record as last seen, None for one made here and not known yet. fields: what shows.
    pending: own changes that the base does not hold yet, and those that the server has not decided.
    is_handed_over: somebody else's by now; read-only until the server has answered.
    """

    id: str
    type: str
    base: Mapping[str, Any] | None
    fields: Mapping[str, str]
    pending: tuple[LocalChange, ...]
    is_handed_over: bool = False

    @property
    def version(self) -> int:
        """The server's version that the device holds; 0 when made here."""
        return 0 if self.base is None else int(self.base["version"])

    @property
    def label(self) -> str:
        """Its label; its id without one."""
        return self.fields.get("label") or str((self.base or {}).get("label") or self.id)

    @property
    def area(self) -> str | None:
        """Code of its grid area."""
        if self.base is not None:
            return self.base.get("area")
        return next((each.area for each in self.pending if each.area), None)

    @property
    def status(self) -> str | None:
        """Status of a case at the server; None for other records, and for one that is not there yet."""
        return (self.base or {}).get("status")

    def shown(self, name: str) -> str | None:
        """Return the value that a field shows, None for none."""
        if name == "label" and name not in self.fields and self.base is not None:
            return self.base.get("label")
        return self.fields.get(name)


def view(
    id: str, base: Mapping[str, Any] | None, changes: Iterable[LocalChange], *, is_handed_over: bool = False
) -> RecordView:
    """Apply a device's own changes to its base. changes: all of this record, in any order; one at least, or a base."""
    pending = tuple(each for each in sorted(changes, key=lambda each: each.seq) if _is_open(each, base))
    fields = dict(base["fields"]) if base is not None else {}
    for each in pending:
        if each.action in WRITING and each.verdict != "quarantined":
            fields |= {name: new for name, (_, new) in each.fields.items()}
    type = str(base["type"]) if base is not None else pending[0].type if pending else ""
    return RecordView(id, type, base, {name: value for name, value in fields.items() if value}, pending, is_handed_over)


def edit_fields(seen: RecordView, values: Mapping[str, str]) -> dict[str, list[str | None]]:
    """Return the ``fields`` of an edit: of each field the value that the person saw, and the new one.

    values: by field. One that shows the same already is no write and stays out; nothing left means nothing to do.

    An edit on top of an unsent one carries every field that its author saw, unchanged: to the server that is no
    write, but without it the members of a merge group that neither edit touched would count as blank.
    """
    new = {name: value for name, value in values.items() if value != (seen.shown(name) or "")}
    if not new:
        return {}
    own = {name for each in seen.pending if each.action in WRITING and each.is_unsent for name in each.fields}
    looked_at = (own | seen.fields.keys() if own else own) - new.keys()
    return {
        **{name: [seen.shown(name), value] for name, value in new.items()},
        **{name: [seen.fields.get(name, ""), seen.fields.get(name, "")] for name in sorted(looked_at)},
    }


def _is_open(change: LocalChange, base: Mapping[str, Any] | None) -> bool:
    """Return whether the base lacks this change, as far as the device can know."""
    if change.verdict is None or change.verdict in UNDECIDED:
        return True
    return base is not None and change.version is not None and change.version > int(base["version"])
