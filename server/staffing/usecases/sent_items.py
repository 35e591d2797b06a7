"""Tells a worker what became of everything they ever sent, and an officer of what their people sent."""

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
from server.staffing.store.sent_items import Item, Word
from server.staffing.usecases import account_management

Marks = tuple[tuple[Any, ...] | None, ...]
"""Where each row of things goes on: the mark of the last one seen, None at its beginning."""

_Source = Callable[[Reading, str, "tuple[Any, ...] | None", int], Iterator[Item]]
SOURCES: tuple[_Source, ...] = (sent_items.submitted, sent_items.pushed, sent_items.not_taken)
BEGINNING: Marks = (None,) * len(SOURCES)


@dataclass(frozen=True, slots=True)
class Seen:
    """An item as its reader sees it. record: as it now is, None when it is not theirs to see; word: of its problem."""

    item: Item
    record: Row | None
    word: Word | None


@dataclass(frozen=True, slots=True)
class Page:
    """Items, newest first, and where the next page begins; None when there is none."""

    items: tuple[Seen, ...]
    next: Marks | None


def page(reading: Reading, author: str, *, by: Actor, marks: Marks, limit: int) -> Page:
    """Return a page of everything that was ever received from ``author``.

    marks: where it begins. Raises NotFound when ``author`` is neither the reader nor one whose duties they may see.
    """
    if author != by.name:
        people.get(reading, author, account_management.seen_by(by))
    found = _merged(reading, author, marks, limit + 1)
    shown = found[:limit]
    following = list(marks)
    for source, item in shown:
        following[source] = item.mark
    seen = tuple(_seen(reading, [item for _, item in shown], by))
    return Page(seen, tuple(following) if len(found) > limit else None)


def _merged(reading: Reading, author: str, marks: Marks, limit: int) -> list[tuple[int, Item]]:
    """Return the newest ``limit`` items of all sources, each with the number of its own; each keeps its order."""
    rows = (
        _numbered(number, source(reading, author, mark, limit))
        for number, (source, mark) in enumerate(zip(SOURCES, marks, strict=True))
    )
    newest_first = merge(*rows, key=lambda each: each[1].received_at, reverse=True)
    return [each for each, _ in zip(newest_first, range(limit), strict=False)]


def _numbered(number: int, found: Iterator[Item]) -> Iterator[tuple[int, Item]]:
    return ((number, item) for item in found)


def _seen(reading: Reading, shown: list[Item], by: Actor) -> Iterator[Seen]:
    ids = sorted({item.record for item in shown if item.record is not None})
    rows: Mapping[str, Row] = {row["id"]: row for row in pulls.visible(reading, by.scope, ids)} if ids else {}
    told = sent_items.words(reading, (item.problem for item in shown if item.problem), by.name, by.scope)
    return (Seen(item, rows.get(item.record or ""), told.get(item.problem or "")) for item in shown)
