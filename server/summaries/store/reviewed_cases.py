"""Reads what the signs of the review list are seen in: cases of a period, their photos, acts and steps, by index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import orjson

from server.cases.domain.similarity import GEOMETRY
from server.db.transactions import Reading
from server.people.store.display_names import batches
from server.records.domain import positions
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Step
from server.records.domain.positions import Position
from server.summaries.domain import periods
from server.summaries.domain.periods import Period
from server.summaries.domain.review_rules import Act, PhotoUse
from server.summaries.store import case_facts
from server.summaries.store.counted_cases import Condition

_COLUMNS = ", ".join(case_facts.COLUMNS)
_SHOWING = "action IN ('report', 'spot_close', 'feedback', 'site_check')"
"""Acts whose photos show the place; a letter that goes along with another act may well be one for several cases."""

_PAGE_ORIGIN = "office"


def _facts(reading: Reading, found: str, inside: Condition, values: Mapping[str, object], most: int) -> list[CaseFacts]:
    sql = f"SELECT {_COLUMNS} FROM case_fact WHERE {found.format(inside=inside.sql)}{inside.sql} LIMIT :most"
    return [case_facts.from_row(row) for row in reading.sql.each(sql, {**inside.values, **values, "most": most})]


def received_or_closed(reading: Reading, inside: Condition, period: Period, most: int) -> list[CaseFacts]:
    """Return up to ``most`` cases that were received or closed in a period, as they are now."""
    # Inside each part too, where the index has the path: else a village would look at all cases of the county.
    within = "SELECT id FROM case_fact WHERE {day} BETWEEN :first AND :last{{inside}}"
    found = f"id IN ({within.format(day='received_day')} UNION {within.format(day='closed_day')})"
    return _facts(reading, found, inside, _days(period.first, period.last), most)


def closed(reading: Reading, inside: Condition, first: date, last: date, most: int) -> list[CaseFacts]:
    """Return up to ``most`` cases that stand closed since a day from ``first`` to ``last``."""
    return _facts(reading, "closed_day BETWEEN :first AND :last", inside, _days(first, last), most)


def ended_or_extended(reading: Reading, inside: Condition, period: Period, most: int) -> list[CaseFacts]:
    """Return up to ``most`` cases that were made void or merged in a period, or that were extended, and moved since."""
    ended = "SELECT record FROM case_ending WHERE ended_day BETWEEN :first AND :last AND status IN ('void', 'merged')"
    extended = "SELECT id FROM case_fact WHERE stepped_at >= :since AND received_day <= :last AND extended > 0{inside}"
    values = {**_days(period.first, period.last), "since": period.starts_at}
    return _facts(reading, f"id IN ({ended} UNION {extended})", inside, values, most)


def named(reading: Reading, inside: Condition, ids: Iterable[str]) -> list[CaseFacts]:
    """Return those of the cases that lie inside the condition."""
    found: list[CaseFacts] = []
    for listed, values in batches(ids):
        found += _facts(reading, f"id IN ({listed})", inside, values, len(values))
    return found


def photos(reading: Reading, ids: Iterable[str]) -> dict[str, set[PhotoUse]]:
    """Return the photos that show the places of cases, by their hash; the caller has found the cases inside a scope."""
    found: dict[str, set[PhotoUse]] = defaultdict(set)
    for listed, values in batches(ids):
        sent = reading.sql.tuples(
            f"""
            SELECT revision.record, file.sha256, file.submission
              FROM revision JOIN submission_file AS file ON file.submission = revision.submission
             WHERE revision.record IN ({listed}) AND {_SHOWING} AND file.carried = 0
               AND file.media_type LIKE 'image/%'
            """,
            values,
        )
        for id, sha256, submission in sent:
            found[sha256].add(PhotoUse(id, submission))
        announced = reading.sql.tuples(
            f"SELECT record, change, attachments FROM revision WHERE record IN ({listed}) AND {_SHOWING}"
            " AND attachments IS NOT NULL",
            values,
        )
        for id, change, files in announced:
            for _, sha256, _, media_type in orjson.loads(files):
                if media_type.startswith("image/"):
                    found[sha256].add(PhotoUse(id, change))
    return found


def cases_with(reading: Reading, hashes: Iterable[str]) -> set[str]:
    """Return the ids of all records that name one of these files, inside a scope or not: ``named`` asks that."""
    found: set[str] = set()
    for listed, values in batches(hashes):
        rows = reading.sql.tuples(
            f"""
            SELECT revision.record
              FROM submission_file AS file JOIN revision ON revision.submission = file.submission
             WHERE file.sha256 IN ({listed}) AND revision.submission IS NOT NULL
             UNION
            SELECT change.record FROM change_file JOIN change ON change.id = change_file.change
             WHERE change_file.sha256 IN ({listed})
            """,
            values,
        )
        found.update(id for (id,) in rows)
    return found


def places(reading: Reading, ids: Iterable[str]) -> dict[str, Position]:
    """Return the positions of cases that have one; the caller has found them inside a scope."""
    found: dict[str, Position] = {}
    for listed, values in batches(ids):
        rows = reading.sql.tuples(f"SELECT id, fields FROM record WHERE placed = 1 AND id IN ({listed})", values)
        for id, fields in rows:
            position = positions.read(orjson.loads(fields).get(GEOMETRY, ""))
            if position is not None:
                found[id] = position
    return found


def feedbacks_and_closings(reading: Reading, ids: Iterable[str]) -> dict[str, list[Act]]:
    """Return the feedbacks and closings of cases in their order, without cases whose device has a wrong clock.

    The caller has found the cases inside a scope.
    """
    found: dict[str, list[Act]] = defaultdict(list)
    for listed, values in batches(ids):
        rows = reading.sql.tuples(
            f"""
            SELECT revision.record, action, origin, made_at, observed_at, received_at
              FROM revision JOIN record ON record.id = revision.record
             WHERE revision.record IN ({listed}) AND action IN ('feedback', 'close')
               AND verdict IN ('applied', 'merged') AND flags NOT LIKE '%|clock_suspect%'
             ORDER BY revision.record, revision.version
            """,
            values,
        )
        for id, action, origin, made_at, observed_at, received_at in rows:
            found[id].append(Act(action, origin == _PAGE_ORIGIN, made_at, observed_at, received_at))
    return found


def histories(reading: Reading, ids: Iterable[str]) -> Iterator[tuple[str, list[Step]]]:
    """Yield each case with its steps in their order; the caller has found the cases inside a scope."""
    columns = ", ".join(case_facts.STEP_COLUMNS)
    for listed, values in batches(ids):
        steps: dict[str, list[Step]] = defaultdict(list)
        sql = f"SELECT {columns} FROM case_step WHERE record IN ({listed}) ORDER BY record, version"
        for row in reading.sql.each(sql, values):
            steps[row["record"]].append(case_facts.step_of(row))
        yield from steps.items()


def _days(first: date, last: date) -> dict[str, int]:
    return {"first": periods.number(first), "last": periods.number(last)}
