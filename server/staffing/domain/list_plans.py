"""What importing a list would do: a step for each good row, and every fault of the others."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

from server.grid.domain.file_rows import Fault, SheetRow


class Kind(StrEnum):
    """What a row does: it adds something, or names what is there already."""

    NEW = "new"
    SAME = "same"


class PlannedStep(Protocol):
    """What one good row does."""

    @property
    def kind(self) -> Kind: ...

    @property
    def row(self) -> SheetRow: ...


S = TypeVar("S", bound=PlannedStep)


class Plan(NamedTuple, Generic[S]):
    """What a list does: steps in the order of its rows, and every fault of the others."""

    steps: tuple[S, ...]
    faults: tuple[Fault, ...]

    def of(self, kind: Kind) -> tuple[S, ...]:
        return tuple(step for step in self.steps if step.kind is kind)
