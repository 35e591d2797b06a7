"""What was ever saved on a device and what was acknowledged, written down beside the devices and the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class SavedChange(NamedTuple):
    """A change that somebody saved on a laptop. writes: value seen and value made, by field."""

    device: str
    id: str
    seq: int
    record: str
    type: str
    action: str
    writes: Mapping[str, tuple[str | None, str]]


class SavedForm(NamedTuple):
    """A form that somebody finished on a phone.

    record: of its entity block. writes: value shown and value answered, by field. xml: as it is sent, each time.
    files: name and bytes of its photos.
    """

    phone: str
    instance: str
    form: str
    type: str
    record: str
    action: str
    writes: Mapping[str, tuple[str | None, str]]
    xml: bytes
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Ledger:
    """What the devices saved.

    changes, forms: by id of the change, and of the instance. acknowledged: ids and instances that the server has
    answered for. told: the last verdict that a laptop was told of a change, by epoch and id.
    changed_verdicts: where that was another one than before, though it was decided already. excused: why one of them
    need not be at the server, such as ``lost with the device``. at_server_alone: sent from a laptop that was put back
    since and holds them no more, so that nobody can offer them again.
    """

    changes: dict[str, SavedChange] = field(default_factory=dict)
    forms: dict[str, SavedForm] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    told: dict[tuple[str, str], str] = field(default_factory=dict)
    changed_verdicts: list[str] = field(default_factory=list)
    excused: dict[str, str] = field(default_factory=dict)
    at_server_alone: set[str] = field(default_factory=set)

    def save_change(self, device: str, body: Mapping[str, Any]) -> None:
        """Write down a change as its laptop keeps it; one that is known already is not written twice."""
        if body["id"] in self.changes:
            return
        writes = {name: (seen, new) for name, (seen, new) in body["fields"].items()}
        self.changes[body["id"]] = SavedChange(
            device, body["id"], body["seq"], body["record"], body["type"], body["action"], writes
        )

    def save_form(self, filled: SavedForm) -> None:
        """Write down a form that was finished on a phone. Raises ValueError for an instance that is known."""
        if filled.instance in self.forms:
            raise ValueError(f"{filled.instance} was finished before")
        self.forms[filled.instance] = filled

    def excuse(self, id: str, why: str) -> None:
        """Let an id be missing at the server from now on."""
        self.excused.setdefault(id, why)
