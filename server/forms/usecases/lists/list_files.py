"""What a list beside a form holds, whatever kind of file it came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.forms.domain.definitions import Fault

LIST_ENDINGS = (".csv", ".geojson", ".xml")
MENTIONED_MAX = 5
"""How many faults of one kind are told of one file; the last of them says how many more there are."""


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row as phones get it. place: where its author finds it. line: of a CSV file, None in other files."""

    place: str
    line: int | None
    cells: Mapping[str, str]


class Origin(StrEnum):
    """Who makes a list: its author, as a file or on the choices sheet of the form, or the server."""

    ATTACHED = "名单"
    FORM = "选项组"
    SERVER = "服务器提供的名单"


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list beside a form.

    header: the columns as they are in the file, without spaces around. columns: those that phones get; None when
    nobody can read the list. faults: what is wrong with the file, whatever a form asks of it.
    origin: who makes it. Of a list of the server, each caller gets rows of their own; the rows here are samples.
    """

    name: str
    header: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    rows: tuple[ListRow, ...] = ()
    faults: tuple[Fault, ...] = ()
    origin: Origin = Origin.ATTACHED


def is_list(name: str) -> bool:
    """Return whether phones read the file ``name`` as a list, by its ending."""
    return name.lower().endswith(LIST_ENDINGS)


def limited(faults: Sequence[Fault]) -> list[Fault]:
    """Return the first faults of one kind; the last of them says how many more there are."""
    told = list(faults[:MENTIONED_MAX])
    if len(faults) > MENTIONED_MAX:
        last = told[-1]
        message = f"{last.message}（这样的还有 {len(faults) - MENTIONED_MAX} 处。）"
        told[-1] = Fault(message, last.cure, row=last.row, column=last.column, file=last.file)
    return told
