"""Reads the submissions of one form for an export: page by page, newest first, each as it stood when that began."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.store import scopes
from server.people.store.display_names import batches

PAGE_ROWS, PAGE_BYTES = 1_000, 8_000_000
"""How many submissions, and bytes of XML, are in memory at once; one larger submission makes a page of its own."""

_VILLAGE_STEPS = 2
"""Slashes in the path of a village: what is no larger has few submissions, found by their path and sorted."""

_COLUMNS = """
       id, form_version, instance_id, root, seq, receipt, author, path, device, instance_name, review_state,
       files_expected, files_present, xml, received_at, deprecates
"""
_FIRST = """
       COALESCE((SELECT original.received_at FROM submission AS original
                  WHERE submission.deprecates IS NOT NULL
                    AND original.form = submission.form AND original.instance_id = submission.root), received_at)
"""
"""When the first version of a submission came: an edit in November leaves it among the answers of October."""

_CURRENT = """
       current = 1 OR NOT EXISTS (
         SELECT 1 FROM submission AS edit
          WHERE edit.form = submission.form AND edit.root = submission.root
            AND edit.deprecates = submission.instance_id AND (edit.seq <= :upto) IS TRUE)
"""
"""Newest as of ``upto``: an edit that comes while an export lasts takes nothing out of it.

``IS TRUE``, or the planner would take the index by ``seq`` and read the whole form for each edited submission.
"""


@dataclass(frozen=True, slots=True)
class AnswerFilters:
    """Which submissions of ``form``; None leaves a filter out.

    bounds: range of paths. since, until: instants between which the first version came, half open.
    """

    form: str
    bounds: tuple[str, str] | None = None
    since: Instant | None = None
    until: Instant | None = None


def newest_seq(reading: Reading) -> int:
    """Return the number up to which everything has come; an export that begins now holds that and no more."""
    return int(reading.sql.value("SELECT COALESCE(MAX(seq), 0) FROM submission"))


def page(reading: Reading, scope: Scope, filters: AnswerFilters, *, upto: int, before: int | None) -> list[Row]:
    """Return submissions inside ``scope`` with their XML and ``submitted_at``, newest first; none after the last one.

    upto: of ``newest_seq``, one for all pages. before: ``seq`` of the last one of the page before.
    """
    terms, values = _conditions(scope, filters)
    found: list[Row] = []
    size = 0
    rows = reading.sql.each(
        f"""
        SELECT {_COLUMNS}, {_FIRST} AS submitted_at
          FROM submission
         WHERE {" AND ".join(terms)} AND ({_CURRENT}) IS TRUE
         ORDER BY seq DESC
         LIMIT :limit
        """,
        {**values, "upto": upto, "before": upto + 1 if before is None else before, "limit": PAGE_ROWS},
    )
    for row in rows:
        found.append(row)
        size += len(row["xml"])
        if size > PAGE_BYTES:
            break
    return found


def files(reading: Reading, ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the files of these submissions, found inside a scope: by id and name, the SHA-256 of the one served."""
    found: dict[str, dict[str, str]] = {}
    for listed, values in batches(ids):
        rows = reading.sql.tuples(
            f"""
            SELECT submission, name, sha256
              FROM submission_file
             WHERE submission IN ({listed})
             ORDER BY submission, name, carried, received_at, sha256
            """,
            values,
        )
        for submission, name, sha256 in rows:
            found.setdefault(submission, {}).setdefault(name, sha256)
    return found


def _conditions(scope: Scope, filters: AnswerFilters) -> tuple[list[str], dict[str, Any]]:
    """Return the terms of the query, one of which an index answers; ``IS TRUE`` hides the others from the planner."""
    inside, values = scopes.by_place_or_author(scope)
    terms = {"form": "form = :form AND seq < :before", "scope": inside}
    values["form"] = filters.form
    if filters.bounds is not None:
        terms["area"] = "path >= :from_path AND path < :to_path"
        values |= {"from_path": filters.bounds[0], "to_path": filters.bounds[1]}
    if filters.since is not None:
        terms["since"] = f"{_FIRST} >= :since"
        values["since"] = filters.since
    if filters.until is not None:
        terms["until"] = f"{_FIRST} < :until"
        values["until"] = filters.until
    leading = _leading(scope, filters)
    return [term if name == leading else f"({term}) IS TRUE" for name, term in terms.items()], dict(values)


def _leading(scope: Scope, filters: AnswerFilters) -> str:
    if filters.bounds is not None and filters.bounds[0].count("/") >= _VILLAGE_STEPS:
        return "area"
    narrow = all(place.path.count("/") >= _VILLAGE_STEPS for place in scope.places)
    return "scope" if narrow else "form"
