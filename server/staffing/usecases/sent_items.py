"""List everything that a worker ever sent with its outcome, for the worker and for officers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from typing import Any

from server.db.sql import Row
from server.db.transactions import Reading
from server.people.domain.actors import Actor
from server.people.store import people
from server.replication.store import pulls
from server.staffing.store import sent_items
from server.staffing.store.sent_items import ProblemNotice, SentItem
from server.staffing.usecases import account_management

Positions = tuple[tuple[Any, ...] | None, ...]
"""Where the list of each source goes on: the position of its last item shown, None at its beginning."""

_Source = Callable[[Reading, str, "tuple[Any, ...] | None", int], Iterator[SentItem]]
SOURCES: tuple[_Source, ...] = (sent_items.submitted, sent_items.pushed, sent_items.not_taken)
BEGINNING: Positions = (None,) * len(SOURCES)


@dataclass(frozen=True, slots=True)
class VisibleItem:
    """An item as shown to a reader. record: its current row, None when out of their scope; notice: of its problem."""

    item: SentItem
    record: Row | None
    notice: ProblemNotice | None


@dataclass(frozen=True, slots=True)
class Page:
    """Items, newest first, and where the next page begins; None when there is none."""

    items: tuple[VisibleItem, ...]
    next: Positions | None


def page(reading: Reading, author: str, *, by: Actor, positions: Positions, limit: int) -> Page:
    """Return a page of everything that was ever received from ``author``.

    positions: where it begins. Raises NotFound when ``author`` is neither the reader nor one whose duties they may see.
    """
    if author != by.name:
        people.get(reading, author, account_management.people_scope(by))
    found = _merged(reading, author, positions, limit + 1)
    shown = found[:limit]
    following = list(positions)
    for source, item in shown:
        following[source] = item.position
    visible = tuple(_visible(reading, [item for _, item in shown], by))
    return Page(visible, tuple(following) if len(found) > limit else None)


def _merged(reading: Reading, author: str, positions: Positions, limit: int) -> list[tuple[int, SentItem]]:
    """Return the newest ``limit`` items of all sources, each with the number of its own; each keeps its order."""
    rows = (
        _numbered(number, source(reading, author, position, limit))
        for number, (source, position) in enumerate(zip(SOURCES, positions, strict=True))
    )
    newest_first = merge(*rows, key=lambda each: each[1].received_at, reverse=True)
    return [each for each, _ in zip(newest_first, range(limit), strict=False)]


def _numbered(number: int, found: Iterator[SentItem]) -> Iterator[tuple[int, SentItem]]:
    return ((number, item) for item in found)


def _visible(reading: Reading, shown: list[SentItem], by: Actor) -> Iterator[VisibleItem]:
    ids = sorted({item.record for item in shown if item.record is not None})
    rows: Mapping[str, Row] = {row["id"]: row for row in pulls.visible(reading, by.scope, ids)} if ids else {}
    notices = sent_items.problem_notices(reading, (item.problem for item in shown if item.problem), by.name, by.scope)
    return (VisibleItem(item, rows.get(item.record or ""), notices.get(item.problem or "")) for item in shown)
