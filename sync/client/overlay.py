"""Shows a record as its device sees it: what the server last told, with the device's own pending edits on top.

Pure. A client never merges; it lays its edits over its base in the order of ``seq``, and the server's word replaces
both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CREATING = frozenset({"create", "report", "spot_close"})
"""Actions that begin a record."""

WRITING = CREATING | {"edit", "settle"}
"""Actions whose fields become the record's; the inputs of other actions stay with the act."""

UNDECIDED = frozenset({"waiting", "quarantined"})
"""Verdicts that may still change, once."""

Fields = Mapping[str, tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class Pending:
    """A change of this device to one record.

    fields: by name, what was seen and what was made of it; empty when the body is gone. verdict, version: as the
    server answered, None before that. trouble: why it cannot be sent, None when it can. problem: what the office was
    told about it, None for nothing; decision, reason: what became of that, None while nobody knows.
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
class View:
    """A record as the person at the device sees it.

    base: the server's record as last seen, None for one made here and not known yet. fields: what shows.
    pending: own changes that the base does not hold yet, and those that the server has not decided.
    is_handed_over: somebody else's by now; read-only until the server has answered.
    """

    id: str
    type: str
    base: Mapping[str, Any] | None
    fields: Mapping[str, str]
    pending: tuple[Pending, ...]
    is_handed_over: bool = False

    @property
    def version(self) -> int:
        """The server's version that the device holds; 0 when made here."""
        return 0 if self.base is None else int(self.base["version"])

    @property
    def label(self) -> str:
        """What the record is called; its id when nobody named it."""
        return self.fields.get("label") or str((self.base or {}).get("label") or self.id)

    @property
    def area(self) -> str | None:
        """Code of its grid area."""
        if self.base is not None:
            return self.base.get("area")
        return next((each.area for each in self.pending if each.area), None)

    @property
    def status(self) -> str | None:
        """Where a case stands at the server; None for what is not a case, or not there yet."""
        return (self.base or {}).get("status")

    def saw(self, name: str) -> str | None:
        """Return what a field shows, None for nothing."""
        if name == "label" and name not in self.fields and self.base is not None:
            return self.base.get("label")
        return self.fields.get(name)


def view(id: str, base: Mapping[str, Any] | None, changes: Iterable[Pending], *, is_handed_over: bool = False) -> View:
    """Lay a device's own changes over its base. changes: all of this record, in any order; one at least, or a base."""
    mine = tuple(each for each in sorted(changes, key=lambda each: each.seq) if _is_open(each, base))
    fields = dict(base["fields"]) if base is not None else {}
    for each in mine:
        if each.action in WRITING and each.verdict != "quarantined":
            fields |= {name: new for name, (_, new) in each.fields.items()}
    type = str(base["type"]) if base is not None else mine[0].type if mine else ""
    return View(id, type, base, {name: value for name, value in fields.items() if value}, mine, is_handed_over)


def edited(seen: View, values: Mapping[str, str]) -> dict[str, list[str | None]]:
    """Return the ``fields`` of an edit: what the person saw of each field, and what they made of it.

    values: by field. One that shows the same already is no write and stays out; nothing left means nothing to do.

    An edit on top of an unsent one carries every field that its author saw, unchanged: to the server that is no
    write, but without it the members of a merge group that neither edit touched would count as blank.
    """
    new = {name: value for name, value in values.items() if value != (seen.saw(name) or "")}
    if not new:
        return {}
    own = {name for each in seen.pending if each.action in WRITING and each.is_unsent for name in each.fields}
    looked_at = (own | seen.fields.keys() if own else own) - new.keys()
    return {
        **{name: [seen.saw(name), value] for name, value in new.items()},
        **{name: [seen.fields.get(name, ""), seen.fields.get(name, "")] for name in sorted(looked_at)},
    }


def _is_open(change: Pending, base: Mapping[str, Any] | None) -> bool:
    """Tell whether the base does not hold this change yet, as far as the device can know."""
    if change.verdict is None or change.verdict in UNDECIDED:
        return True
    return base is not None and change.version is not None and change.version > int(base["version"])
