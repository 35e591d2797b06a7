"""Say what is kept of a filed month: the sheet in canonical form, its hash, and who filed it when."""

from __future__ import annotations

from dataclasses import dataclass

from server.instants import Instant
from server.monthly_reports.domain import canonical
from server.monthly_reports.domain.sheets import Sheet


@dataclass(frozen=True, slots=True)
class FrozenReport:
    """A filed month. content: the sheet in canonical form, whose SHA-256 is ``sha256``. frozen_by: user name."""

    month: str
    as_of: Instant
    content: bytes
    sha256: str
    frozen_at: Instant
    frozen_by: str

    @property
    def sheet(self) -> Sheet:
        """The sheet as it was filed."""
        return canonical.sheet_of(self.content)
