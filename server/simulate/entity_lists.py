"""The entity lists on a phone, kept as ODK Collect keeps them.

Collect's rules (``LocalEntityUseCases``): an update raises the version on the phone by one and leaves trunk and branch;
a downloaded row replaces a local one of a lower version, and one of the same version that was updated here; a row that
is missing from the list goes when the server had listed it before, or says by the integrity address that it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

HEAD = ("name", "label", "__version")


@dataclass
class Row:
    """An entity on a phone. trunk: version that the server gave, None for one made here that no list has had yet."""

    label: str
    version: int
    values: dict[str, str]
    trunk: int | None
    branch: str
    is_online: bool

    @property
    def is_dirty(self) -> bool:
        return self.version != self.trunk


@dataclass
class EntityList:
    """One list on a phone. hash: of the list as it was downloaded last, empty before."""

    rows: dict[str, Row] = field(default_factory=dict)
    hash: str = ""

    def create(self, id: str, label: str, values: Mapping[str, str], branch: str) -> None:
        self.rows[id] = Row(label, 1, dict(values), None, branch, is_online=False)

    def update(self, id: str, values: Mapping[str, str]) -> None:
        row = self.rows[id]
        row.values |= values
        row.version += 1

    def offline(self) -> list[str]:
        """Return the ids of rows that no list of the server has had."""
        return [id for id, row in self.rows.items() if not row.is_online]

    def take(self, rows: Iterable[Mapping[str, str]], gone: Iterable[str], ids: Callable[[], str]) -> None:
        """Take a downloaded list. gone: ids that the server said are deleted. ids: makes the branches."""
        listed = set()
        for row in rows:
            listed.add(row["name"])
            self._take(row, ids)
        deleted = set(gone)
        for id in [id for id in self.rows if id not in listed]:
            if self.rows[id].is_online or id in deleted:
                del self.rows[id]

    def _take(self, row: Mapping[str, str], ids: Callable[[], str]) -> None:
        version, known = int(row["__version"]), self.rows.get(row["name"])
        if known is None or version > known.version or (version == known.version and known.is_dirty):
            values = {name: value for name, value in row.items() if name not in HEAD}
            self.rows[row["name"]] = Row(row["label"], version, values, version, ids(), is_online=True)
        else:
            known.is_online = True
