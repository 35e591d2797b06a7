"""Find the records whose label may hold a text, through a full-text index entered behind the writer.

The words of the index are the pairs of neighbouring characters of a label, so that two characters are found, which
SQLite's trigrams do not. A record that is written is not entered here: housekeeping enters, window by window, what has
a seq above the mark. A search asks the index for what lies below the mark and adds every record above it, and the
caller compares each candidate with its label. So

- a record is found the moment it is there, and a label that has changed is found as it is, whatever the index holds;
- a candidate too many costs one comparison: nothing is deleted, and a changed label is entered once more;
- when the process dies between two slices of a window the mark has not moved, and the window is entered again.

SQLite keeps the words in a full-text index (FTS5), PostgreSQL in an array of texts under a GIN index.
"""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from server.db.sql import POSTGRES, SQLITE, Parameters, Row
from server.db.transactions import Reading, Transaction

WINDOW = 8_192
"""How many seq are entered at once, so that the records above the mark are looked up seldom."""

SLICE = 256
"""How many labels one transaction enters: some milliseconds of the writer's time."""

LAG_MAX = 20_000
"""How far the mark may lie back for a search to use the index: what lies above it is compared one by one."""

COMMON = 32
"""A text is common when one label in so many may hold it."""

_NUMBER_END = 3
"""A case number is one word, its last characters; whole numbers alone are looked for."""

_LETTER_CASE = str.maketrans(ascii_uppercase, ascii_lowercase)
"""LIKE takes the letters of ASCII in either case, and no others."""


class Window(NamedTuple):
    """Labels that are to be entered before the mark may move from ``since`` to ``until``."""

    since: int
    until: int
    rows: list[Row]


def next_window(reading: Reading, size: int = WINDOW) -> Window | None:
    """Return the labels of the next ``size`` seq above the mark; None when nothing is missing."""
    mark, newest = _marks(reading)
    if newest <= mark:
        return None
    until = min(mark + size, newest)
    found = reading.sql.tuples(
        _ABOVE.format("record.born_seq, record.label, record.case_no"), {"mark": mark, "until": until}
    )
    # In ascending order, since FTS5 begins another segment wherever a rowid is not above the one before.
    return Window(mark, until, [{"born_seq": born, "words": _words(*texts)} for born, *texts in sorted(found)])


def slices(window: Window, size: int = SLICE) -> Iterator[list[Row]]:
    """Cut the labels of a window into what one transaction enters."""
    return (window.rows[start : start + size] for start in range(0, len(window.rows), size))


def enter(tx: Transaction, rows: list[Row]) -> None:
    """Enter labels; to enter one again changes nothing, and what the label was before may stay."""
    tx.sql.run_each(_ENTER[tx.sql.dialect], rows)


def empty(tx: Transaction) -> None:
    """Take every label out, old ones too, which the index cannot tell from others; housekeeping enters them anew."""
    tx.sql.put(_EMPTY[tx.sql.dialect])
    tx.sql.put("UPDATE counter SET value = 0 WHERE name = 'labels'")


def move_mark(tx: Transaction, window: Window) -> None:
    """Note that all of a window is in the index; the mark never moves back."""
    tx.sql.put(
        "UPDATE counter SET value = :until WHERE name = 'labels' AND value = :since",
        {"until": window.until, "since": window.since},
    )


def candidates(reading: Reading, text: str) -> list[int] | None:
    """Return, highest first, the ``born_seq`` of every record whose label may hold ``text`` or that has this number.

    None when labels are better compared as they come: the index lies too far back, or the text is so common that a
    page is full at once.
    """
    mark, newest = _marks(reading)
    if not text or newest - mark > LAG_MAX:
        return None
    most = newest // COMMON + 1
    matching, asked = _asked(reading.sql.dialect, text)
    found = [born for (born,) in reading.sql.tuples(matching, {**asked, "most": most})]
    if len(found) * COMMON > newest:
        return None
    if newest > mark:
        above = reading.sql.tuples(_ABOVE.format("record.born_seq"), {"mark": mark, "until": newest})
        found = sorted({*found, *(born for (born,) in above)}, reverse=True)
    return found


_ENTER = {
    SQLITE: "INSERT INTO label_search (rowid, words) VALUES (:born_seq, :words)",
    # An array has no prefixes, so the first character of each pair is a word of its own.
    POSTGRES: """
        INSERT INTO label_search (born_seq, words)
        SELECT :born_seq, found.words || ARRAY(
                 SELECT DISTINCT LEFT(word, 8) FROM unnest(found.words) AS word WHERE LEFT(word, 1) <> 'n')
          FROM (SELECT string_to_array(:words, ' ') AS words) AS found
        ON CONFLICT (born_seq) DO UPDATE SET words = excluded.words
    """,
}
_EMPTY = {
    SQLITE: "INSERT INTO label_search (label_search) VALUES ('delete-all')",
    POSTGRES: "DELETE FROM label_search",
}
_MATCHING = {
    SQLITE: "SELECT rowid FROM label_search WHERE label_search MATCH :query ORDER BY rowid DESC LIMIT :most",
    POSTGRES: """
        SELECT born_seq FROM label_search
         WHERE words @> string_to_array(:words, ' ') OR words @> ARRAY[:number]
         ORDER BY born_seq DESC LIMIT :most
    """,
}

# Hops from path to path, since an index by seq alone would cost every write another page.
_ABOVE = """
WITH RECURSIVE place (path) AS (
  SELECT MIN(path) FROM record
   UNION ALL
  SELECT (SELECT MIN(path) FROM record WHERE record.path > place.path) FROM place WHERE place.path IS NOT NULL)
SELECT {} FROM place JOIN record ON record.path = place.path
 WHERE record.seq > :mark AND record.seq <= :until
"""


def _marks(reading: Reading) -> tuple[int, int]:
    rows = dict(reading.sql.tuples("SELECT name, value FROM counter WHERE name IN ('labels', 'seq')"))
    return rows["labels"], rows["seq"]


def _asked(dialect: str, text: str) -> tuple[str, Parameters]:
    """Return the statement that finds a text, with its parameters."""
    words = [_word(text)] if len(text) == 1 else _pairs(text)
    if dialect == POSTGRES:
        return _MATCHING[POSTGRES], {"words": " ".join(words), "number": _number(text)}
    pairs = f"{words[0]}*" if len(text) == 1 else " AND ".join(words)
    return _MATCHING[SQLITE], {"query": f"({pairs}) OR {_number(text)}"}


def _words(label: str, case_no: str | None) -> str:
    # The end of the label makes a pair with its last character, so that each character begins one.
    found = _pairs(label + "\n")
    return " ".join(found if case_no is None else (*found, _number(case_no)))


def _pairs(text: str) -> list[str]:
    coded = _word(text)
    return list(dict.fromkeys(coded[start : start + 16] for start in range(0, len(coded) - 8, 8)))


def _number(case_no: str) -> str:
    return f"n{_word(case_no[-_NUMBER_END:])}"


def _word(text: str) -> str:
    """Return eight hexadecimal digits for each character: FTS5 would drop some, such as blanks and ``｜``."""
    return text.translate(_LETTER_CASE).encode("utf-32-be").hex()
