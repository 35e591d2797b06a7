"""Who may correct a record or create one interactively, through the API.

What phones bring is judged by relation alone and never refused; who uses the API can be refused.
"""

from __future__ import annotations

from collections.abc import Set

from server.cases.domain import workflow
from server.errors import IllegalStep, Invalid, NotAllowed
from server.forms.domain.record_types import Kind, RecordType
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.domain.rights import NOWHERE, Mark
from server.records.domain import disclosure
from server.records.domain.records import Record

EDIT = "edit"
CASE_BIRTHS = ("report", "spot_close")
PLAIN_BIRTH = "create"


def require_edit(by: Actor, record: Record, *, vacant: Set[str] = NOWHERE) -> None:
    """Do nothing for who may correct ``record``. vacant: as for ``rights.allows``.

    Raises NotAllowed, and to who might correct it otherwise IllegalStep for an event, which is reported once
    (``sync.md`` section 1).
    """
    _require_right_to_edit(by, record, vacant)
    if record.kind is Kind.EVENT:
        message = "这是一次性的记录，登记后不再更正；有误请另行登记，并在说明中写明。"
        raise IllegalStep(message, action=EDIT)


def _require_right_to_edit(by: Actor, record: Record, vacant: Set[str]) -> None:
    subject = disclosure.subject_of(record.kind)
    action = disclosure.ACTIONS[subject]
    is_author, is_given = record.author == by.name, record.assignee in by.scope.assignees
    decisive, holding = disclosure.deciding_grants(
        by, subject, record.path, is_author=is_author, is_given=is_given, vacant=vacant
    )
    if holding:
        return
    if decisive:
        message = "您的岗位只能更正自己上报或承办的记录；请联系上报人，或管这个网格的人。"
        raise NotAllowed(message, object=subject, action=action)
    rights.require(by, subject, action, record.path, vacant=vacant)


def require_ever_create(by: Actor, type: RecordType | None) -> None:
    """Do nothing for somebody whose post may bring a record of ``type`` into being somewhere. Raises NotAllowed.

    Asked before the inputs are looked at, so that whoever may never create is told that and nothing else. type: None
    for one that is unknown, where a right to create anything will do.
    """
    rows = [row for kind in Kind if type is None or kind is type.kind for row in _births(kind).values()]
    granted = (grant for row in rows for grant in rights.grants_anywhere(by, *row))
    if all(grant.mark is Mark.PROPOSE for grant in granted):
        raise rights.refusal(by, *rows[0])


def require_create(by: Actor, type: RecordType, action: str, path: str) -> None:
    """Do nothing for who may bring a record of ``type`` into being at ``path`` by ``action``.

    Raises NotAllowed, and to who may create one Invalid when records of this type come into being otherwise.
    """
    births = _births(type.kind)
    if action not in births:
        if not any(rights.allows(by, *row, path) for row in births.values()):
            raise rights.refusal(by, *next(iter(births.values())))
        wrong = f"“{type.title}”的记录应使用：{'、'.join(births)}。"
        raise Invalid(f"请求有误。action：{wrong}", errors=[{"field": "action", "message": wrong}])
    rights.require(by, *births[action], path)


def _births(kind: Kind) -> dict[str, tuple[str, str]]:
    """Return the actions by which records of a kind come into being, each with its row of the rights."""
    if kind is Kind.CASE:
        return {action: (disclosure.CASE, action) for action in CASE_BIRTHS}
    return {PLAIN_BIRTH: (disclosure.RECORD, disclosure.ACTIONS[disclosure.RECORD])}


RIGHTS_TO_CREATE = tuple(dict.fromkeys(row for kind in Kind for row in _births(kind).values()))
"""The rights one of which it takes to bring anything into being, each as a row of the rights."""

RIGHTS_TO_CHANGE = (
    *disclosure.ACTIONS.items(),
    *((disclosure.CASE, action) for action in workflow.ACTIONS if action not in workflow.BY_SERVER),
    ("problem", "settle"),
)
"""The rights one of which it takes to change anything that is there."""
