"""Finds the records whose label may hold some words, through an index of pairs of characters made behind the writer.

A record that is written is not entered here: whoever keeps house enters, window by window, what has a seq above the
mark. A search asks the index for what lies below the mark and adds every record above it, and whoever asks compares
each candidate with its label. So

- a record is found the moment it is there, and a label that has changed is found as it is, whatever the index holds;
- a bit too many costs one comparison and nothing else: bits are never taken away;
- when we die between two slices of a window the mark has not moved, and the window is entered again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from server.db.sql import Row
from server.db.transactions import Reading, Transaction

CHUNK = 32_768
"""How many born_seq one bitmap covers."""

WINDOW = 8_192
"""How many seq are entered at once: more would keep other threads waiting, fewer write the same bitmaps more often."""

SLICE = 400
"""How many bitmaps one transaction writes: some milliseconds of the writer's time."""

LAG_MAX = 20_000
"""How far the mark may lie back for a search to use the index: what lies above it is compared one by one."""

COMMON = 16
"""Words are common when one label in so many may hold them."""

_END = "\n"
"""Follows every label, so that each character begins a pair and one alone can be looked for."""

_CASE_NO, _CASE_NO_LAST = "№", 3
"""A case number is entered by its last three characters; whole numbers alone are looked for."""


class Window(NamedTuple):
    """Bitmaps that are to be written, before the mark may move from ``since`` to ``until``.

    rows: ``known`` is the n of the row that ``bits`` were made from, 0 where there was none.
    """

    since: int
    until: int
    rows: list[Row]


def next_window(reading: Reading, size: int = WINDOW) -> Window | None:
    """Return what the next ``size`` seq above the mark add to the index; None when nothing is missing."""
    mark, newest = _marks(reading)
    if newest <= mark:
        return None
    until = min(mark + size, newest)
    places: dict[tuple[str, int], list[int]] = {}
    for born, label, case_no in reading.sql.tuples(
        _ABOVE.format("record.born_seq, record.label, record.case_no"), {"mark": mark, "until": until}
    ):
        chunk, offset = divmod(born, CHUNK)
        for gram in _grams(label, case_no):
            places.setdefault((gram, chunk), []).append(offset)
    found = (_row(reading, gram, chunk, offsets) for (gram, chunk), offsets in places.items())
    return Window(mark, until, [row for row in found if row is not None])


def slices(window: Window, size: int = SLICE) -> Iterator[list[Row]]:
    """Cut the bitmaps of a window into what one transaction writes."""
    return (window.rows[start : start + size] for start in range(0, len(window.rows), size))


def enter(tx: Transaction, rows: list[Row]) -> None:
    """Write bitmaps. Raises RuntimeError when another has written one of them since they were made."""
    if tx.sql.run_each(_ENTER, rows) != len(rows):
        raise RuntimeError("the index of labels was written by another; the next round begins from what is there")


def move_mark(tx: Transaction, window: Window) -> None:
    """Say that all of a window is in the index; the mark never moves back."""
    tx.sql.run(
        "UPDATE counter SET value = :until WHERE name = 'labels' AND value = :since",
        {"until": window.until, "since": window.since},
    )


def candidates(reading: Reading, words: str, before: int | None) -> Iterator[int] | None:
    """Yield, highest first, the ``born_seq`` of every record whose label may hold ``words`` or that has this number.

    before: only those below it. None when labels are better compared as they come: the index lies too far back, or
    the words are so common that a page is full at once.
    """
    mark, newest = _marks(reading)
    if not words or newest - mark > LAG_MAX or _rarest(reading, words) * COMMON > newest:
        return None
    return _merged(reading, words, newest + 1 if before is None else before, _tail(reading, mark, newest))


def _merged(reading: Reading, words: str, before: int, tail: dict[int, bytearray]) -> Iterator[int]:
    sought = _Single(words) if len(words) == 1 else _All(_pairs(words))
    number = _All([_number_gram(words)])
    last, end = divmod(before, CHUNK)
    for chunk in sorted({*tail, *sought.chunks(reading), *number.chunks(reading)}, reverse=True):
        if chunk > last:
            continue
        bits = sought.bits(reading, chunk) | number.bits(reading, chunk)
        if chunk in tail:
            bits |= int.from_bytes(tail[chunk], "little")
        if chunk == last:
            bits &= (1 << end) - 1
        while bits:
            offset = bits.bit_length() - 1
            bits ^= 1 << offset
            yield chunk * CHUNK + offset


def _rarest(reading: Reading, words: str) -> int:
    """Return how many labels hold the rarest pair of some words; of one character, any pair that begins with it."""
    if len(words) == 1:
        return _Single(words).n(reading)
    sql = "SELECT COALESCE(SUM(n), 0) FROM label_gram WHERE gram = :gram"
    return min(int(reading.sql.value(sql, {"gram": gram})) for gram in _pairs(words))


class _All:
    """Looks for what holds every one of these pairs of characters."""

    def __init__(self, grams: Iterable[str]) -> None:
        self._grams = sorted(grams)

    def chunks(self, reading: Reading) -> set[int]:
        sql = "SELECT chunk FROM label_gram WHERE gram = :gram"
        return set.intersection(
            *({chunk for (chunk,) in reading.sql.tuples(sql, {"gram": gram})} for gram in self._grams)
        )

    def bits(self, reading: Reading, chunk: int) -> int:
        sql = "SELECT bits FROM label_gram WHERE gram = :gram AND chunk = :chunk"
        found = -1
        for gram in self._grams:
            packed = reading.sql.value(sql, {"gram": gram, "chunk": chunk})
            found &= 0 if packed is None else _unpacked(packed)
            if not found:
                break
        return found


class _Single:
    """Looks for what holds one character: any pair that begins with it."""

    def __init__(self, character: str) -> None:
        low = _folded(character)
        self._values = {"low": low, "high": low + "\U0010ffff\U0010ffff"}

    def n(self, reading: Reading) -> int:
        sql = "SELECT COALESCE(SUM(n), 0) FROM label_gram WHERE gram >= :low AND gram <= :high"
        return int(reading.sql.value(sql, self._values))

    def chunks(self, reading: Reading) -> set[int]:
        sql = "SELECT DISTINCT chunk FROM label_gram WHERE gram >= :low AND gram <= :high"
        return {chunk for (chunk,) in reading.sql.tuples(sql, self._values)}

    def bits(self, reading: Reading, chunk: int) -> int:
        sql = "SELECT bits FROM label_gram WHERE gram >= :low AND gram <= :high AND chunk = :chunk"
        found = 0
        for (packed,) in reading.sql.tuples(sql, {**self._values, "chunk": chunk}):
            found |= _unpacked(packed)
        return found


# Hops from path to path, since an index by seq alone would cost every write another page.
_ABOVE = """
WITH RECURSIVE place (path) AS (
  SELECT MIN(path) FROM record
   UNION ALL
  SELECT (SELECT MIN(path) FROM record WHERE record.path > place.path) FROM place WHERE place.path IS NOT NULL)
SELECT {} FROM place JOIN record ON record.path = place.path
 WHERE record.seq > :mark AND record.seq <= :until
"""

_ENTER = """
INSERT INTO label_gram (gram, chunk, n, bits) VALUES (:gram, :chunk, :n, :bits)
ON CONFLICT (gram, chunk) DO UPDATE SET n = excluded.n, bits = excluded.bits WHERE label_gram.n = :known
"""


def _marks(reading: Reading) -> tuple[int, int]:
    rows = dict(reading.sql.tuples("SELECT name, value FROM counter WHERE name IN ('labels', 'seq')"))
    return rows["labels"], rows["seq"]


def _tail(reading: Reading, mark: int, newest: int) -> dict[int, bytearray]:
    """Return a bitmap by chunk of every record that has changed since the mark."""
    found: dict[int, bytearray] = {}
    if newest > mark:
        for (born,) in reading.sql.tuples(_ABOVE.format("record.born_seq"), {"mark": mark, "until": newest}):
            _set(found.setdefault(born // CHUNK, bytearray(CHUNK // 8)), (born % CHUNK,))
    return found


def _row(reading: Reading, gram: str, chunk: int, offsets: Iterable[int]) -> Row | None:
    """Return the bitmap with more bits set; None when they all were."""
    known = reading.sql.find(
        "SELECT n, bits FROM label_gram WHERE gram = :gram AND chunk = :chunk", {"gram": gram, "chunk": chunk}
    )
    bits = bytearray(CHUNK // 8 if known is None else zlib.decompress(known["bits"]))
    _set(bits, offsets)
    n, before = int.from_bytes(bits, "little").bit_count(), 0 if known is None else known["n"]
    if n == before:
        return None
    return {"gram": gram, "chunk": chunk, "n": n, "bits": zlib.compress(bits, 1), "known": before}


def _set(bits: bytearray, offsets: Iterable[int]) -> None:
    for offset in offsets:
        bits[offset >> 3] |= 1 << (offset & 7)


def _unpacked(packed: bytes) -> int:
    return int.from_bytes(zlib.decompress(packed), "little")


def _grams(label: str, case_no: str | None) -> set[str]:
    found = _pairs(label + _END)
    return found if case_no is None else {*found, _number_gram(case_no)}


def _pairs(text: str) -> set[str]:
    return {"".join(pair) for pair in pairwise(_folded(text))}


def _number_gram(case_no: str) -> str:
    return _CASE_NO + case_no[-_CASE_NO_LAST:]


def _folded(text: str) -> str:
    """Return text in small letters, each character for itself: some change with their neighbours or become two."""
    lowered = text.lower()
    return lowered if lowered.isascii() else "".join(map(_small, text))


def _small(character: str) -> str:
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character
