"""Check the invariants of the database, so that damage is found before the data is needed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import orjson

from server.audit.store import chain
from server.cases.domain.workflow import CREATION_RULES, STEP_OF, leads_to
from server.cases.store import former_handlers
from server.changes.domain.record_history import Diff
from server.db.sql import ENGINE_ERRORS, EngineError, Row
from server.db.transactions import Reading
from server.forms.domain.record_types import CASE_COLUMNS, LABEL
from server.forms.store import forms
from server.monthly_reports.store import reports
from server.records.domain.status import STAGE_OF, Status
from server.records.store import case_json
from server.summaries.store import movements, recount

_QUERIES = {
    "a record's version is the number of its revisions, and what new epochs raised it by": """
        SELECT id AS subject FROM record
         WHERE version <> (
           SELECT COUNT(*)
                  + COALESCE(SUM(version - base_version - 1) FILTER (WHERE action = 'restore' AND origin = 'server'), 0)
             FROM revision WHERE revision.record = record.id)
    """,
    "a new epoch raises a record by thousands, from where it stood": """
        SELECT record AS subject FROM revision
         WHERE action = 'restore' AND origin = 'server'
           AND ((version - base_version) % 1000 <> 0 OR version <= base_version OR NOT EXISTS (
             SELECT 1 FROM revision AS before
              WHERE before.record = revision.record AND before.version = revision.base_version))
    """,
    "a record stands where its newest revision left it": """
        SELECT record.id AS subject
          FROM record LEFT JOIN revision ON revision.record = record.id AND revision.version = record.version
         WHERE revision.seq IS NULL OR revision.seq <> record.seq
    """,
    "every revision belongs to a record": """
        SELECT DISTINCT record AS subject FROM revision
         WHERE NOT EXISTS (SELECT 1 FROM record WHERE record.id = revision.record)
    """,
    "every revision has its stored verdict": """
        SELECT record AS subject FROM revision
         WHERE NOT EXISTS (
           SELECT 1 FROM change
            WHERE change.id = revision.change
              AND ((change.verdict = revision.verdict AND change.version = revision.version)
                   OR (revision.verdict = 'quarantined' AND change.version > revision.version)))
    """,
    "every verdict that applied a change has its revision": """
        SELECT id AS subject FROM change
         WHERE version IS NOT NULL
           AND NOT EXISTS (
             SELECT 1 FROM revision WHERE revision.record = change.record AND revision.version = change.version)
    """,
    "nothing waits for a record that is here": """
        SELECT id AS subject FROM change
         WHERE verdict = 'waiting' AND EXISTS (SELECT 1 FROM record WHERE record.id = change.record)
    """,
    "what waits or is quarantined is kept whole": """
        SELECT id AS subject FROM change WHERE verdict IN ('waiting', 'quarantined') AND body IS NULL
    """,
    "no seq is above the counter": """
        SELECT CAST(seq AS TEXT) AS subject FROM (
          SELECT MAX(seq) AS seq FROM revision UNION ALL
          SELECT MAX(seq) FROM submission UNION ALL SELECT MAX(seq) FROM problem) AS newest
         WHERE seq > (SELECT value FROM counter WHERE name = 'seq')
    """,
    "a submission has one newest version": """
        SELECT form || ' ' || root AS subject FROM submission GROUP BY form, root HAVING SUM(current) <> 1
    """,
    "the count of files that are here is right": """
        SELECT id AS subject FROM submission
         WHERE files_present <> (
           SELECT COUNT(DISTINCT name) FROM submission_file WHERE submission = submission.id AND expected = 1)
    """,
    "a record lies in a known area": """
        SELECT id AS subject FROM record WHERE NOT EXISTS (SELECT 1 FROM area WHERE area.path = record.path)
    """,
    "every case has its facts, and stands where they say": """
        SELECT record.id AS subject
          FROM record LEFT JOIN case_fact ON case_fact.id = record.id
         WHERE record.kind = 'case'
           AND (case_fact.id IS NULL OR case_fact.status <> record.status OR case_fact.path <> record.path)
    """,
    "a bucket is as new as its newest record": """
        SELECT record.id AS subject
          FROM record LEFT JOIN bucket ON bucket.type = record.type AND bucket.name = 'area:' || record.path
         WHERE COALESCE(bucket.seq, 0) < record.seq
    """,
}


def broken(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield (invariant, what breaks it) for every invariant that does not hold.

    Raises EngineError where the connection was lost meanwhile: it says nothing of what is kept.
    """
    try:
        yield from reading.sql.faults()
        for invariant, query in _QUERIES.items():
            for row in reading.sql.stream(query):
                yield invariant, row["subject"]
        yield from _replayed(reading)
        yield from _statuses(reading)
        yield from _paths(reading)
        yield from _handlers(reading)
        yield from _positions(reading)
        yield from recount.broken(reading.sql)
        yield from movements.broken(reading)
        yield from reports.broken(reading)
        yield from (("the chain of the audit is whole", found) for found in chain.broken(reading))
    except ENGINE_ERRORS as error:
        if isinstance(error, EngineError) and error.is_failure:
            raise
        yield "the engine can read all that it keeps", str(error)


def referenced_blobs(reading: Reading) -> Iterator[tuple[str, int]]:
    """Yield (sha256, size in bytes) of every file that some row names, each once."""
    rows = reading.sql.stream(
        """
        SELECT sha256, size FROM submission_file UNION SELECT sha256, size FROM kept_file
         UNION SELECT sha256, size FROM sent_file ORDER BY sha256
        """
    )
    return ((row["sha256"], row["size"]) for row in rows)


def _replayed(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield records whose fields or label differ from what their revisions add up to."""
    rows = reading.sql.stream(
        """
        SELECT record.id, record.kind, record.label, record.fields, revision.diff
          FROM record JOIN revision ON revision.record = record.id
         ORDER BY record.id, revision.version
        """
    )
    for id, history in groupby(rows, itemgetter("id")):
        shown: dict[str, str] = {}
        for row in history:
            shown.setdefault(LABEL, row["label"])  # one that no author gave is the server's own, and in no difference
            _apply(shown, orjson.loads(row["diff"]))
        columns = {*CASE_COLUMNS, "due_at"} if row["kind"] == "case" else frozenset()
        fields = {name: value for name, value in shown.items() if name not in columns}
        if fields != {**orjson.loads(row["fields"]), LABEL: row["label"]}:
            yield "a record shows what its history adds up to", id


def _apply(shown: dict[str, str], diff: Diff) -> None:
    for name, (_, after) in diff.items():
        if after is None:
            shown.pop(name, None)
        else:
            shown[name] = after


def _statuses(reading: Reading) -> Iterator[tuple[str, str]]:
    known = {(str(status), str(stage)) for status, stage in STAGE_OF.items()}
    for row in reading.sql.stream(
        "SELECT id, kind, status, stage FROM record WHERE status IS NOT NULL OR kind = 'case'"
    ):
        if row["kind"] != "case" or (row["status"], row["stage"]) not in known:
            yield "a case has a status of the table, and nothing else has one", row["id"]


def _paths(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield cases whose history has a step that is not in the table, or whose status is not that of their last step."""
    rows = reading.sql.stream(
        """
        SELECT record.id, record.status, revision.action, revision.verdict, revision.diff
          FROM record JOIN revision ON revision.record = record.id
         WHERE record.kind = 'case'
         ORDER BY record.id, revision.version
        """
    )
    for id, history in groupby(rows, itemgetter("id")):
        at: str | None = None
        for row in history:
            before, after = orjson.loads(row["diff"]).get("status", (at, at))
            legal = before == at and (before == after or _is_step(row, before, after))
            at = after if legal else None
            if not legal:
                break
        if at is None or at != row["status"]:
            yield "the status history of a case is a path in the table", id


def _positions(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield records by which lists would be narrowed wrongly to those with a position."""
    types = forms.catalogue(reading).types
    for row in reading.sql.stream("SELECT id, type, fields, placed FROM record"):
        type = types.get(row["type"])
        if type is not None and type.has_position(orjson.loads(row["fields"])) != (row["placed"] == 1):
            yield "a record says whether it has a position", row["id"]


def _is_step(row: Row, before: str | None, after: str) -> bool:
    if before is None:
        return (row["action"], after) in _CREATIONS
    step = STEP_OF.get(row["action"])
    taken = step is not None and row["verdict"] in ("applied", "merged", "late") and before in step.sources
    return taken and step is not None and after in leads_to(step, Status(before))


_CREATIONS = frozenset((rule.action, str(rule.status)) for rule in CREATION_RULES)


def _handlers(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield cases whose former handlers are not those that they were assigned to."""
    kept: dict[str, dict[str, str]] = {}
    for row in reading.sql.stream("SELECT record, mark, until FROM case_hand"):
        kept.setdefault(row["record"], {})[row["mark"]] = row["until"]
    for row in reading.sql.stream("SELECT id, case_state FROM record WHERE case_state IS NOT NULL"):
        case = case_json.from_text(row["case_state"])
        if case is not None and kept.pop(row["id"], {}) != former_handlers.until_when(case):
            yield "a case is kept for those who have or had it", row["id"]
    for id in sorted(kept):
        yield "a case is kept for those who have or had it", id
