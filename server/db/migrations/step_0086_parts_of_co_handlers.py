"""What step 0086 computes: when each co-handler of an open case last said what came of their part.

Frozen with its step. It is in the history; the text of a case written before it was kept does without.
"""

from __future__ import annotations

from typing import Any

import orjson

from server.db.sql import Sql

_OPEN = """
    SELECT id, case_state
      FROM record
     WHERE kind = 'case' AND case_state IS NOT NULL
       AND status NOT IN ('closed', 'spot_closed', 'rejected', 'merged', 'void')
"""
_FEEDBACKS = """
    SELECT author, received_at
      FROM revision
     WHERE record = :id AND action = 'feedback' AND verdict IN ('applied', 'merged', 'late')
     ORDER BY version
"""
_BODIES = """
    SELECT body FROM duty
     WHERE person = :person AND body IS NOT NULL AND starts_at <= :at AND ends_at > :at
"""
_SET_STATE = "UPDATE record SET case_state = :text WHERE id = :id"


def apply(sql: Sql) -> None:
    """Keep of each co-handler who has an open case when they, or somebody of their body, last fed back."""
    for row in sql.rows(_OPEN):
        state = orjson.loads(row["case_state"])
        given = state["given"]
        if not any(_helps(each) for each in given):
            continue
        for fed_back in sql.rows(_FEEDBACKS, {"id": row["id"]}):
            at = fed_back["received_at"]
            bodies = sql.rows(_BODIES, {"person": fed_back["author"], "at": at})
            marks = {f"user:{fed_back['author']}", *(f"body:{each['body']}" for each in bodies)}
            given = [[*each[:4], at] if _helps(each) and each[0] in marks and each[2] <= at else each for each in given]
        if given != state["given"]:
            sql.run(_SET_STATE, {"id": row["id"], "text": orjson.dumps(state | {"given": given}).decode()})


def _helps(given: list[Any]) -> bool:
    _, leads, _, until = given[:4]
    return not leads and until is None
