"""Who may correct a record or create one interactively, through the API.

What phones bring is judged by relation alone and never refused; who uses the API can be refused.
"""

from __future__ import annotations

from collections.abc import Set

from server.errors import IllegalStep, Invalid, NotAllowed
from server.forms.domain.record_types import Kind, RecordType
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.domain.rights import NOWHERE
from server.records.domain import disclosure
from server.records.domain.records import Record

EDIT = "edit"
CASE_BIRTHS = ("report", "spot_close")
PLAIN_BIRTH = "create"


def require_edit(by: Actor, record: Record, *, vacant: Set[str] = NOWHERE) -> None:
    """Do nothing for who may correct ``record``. vacant: as for ``rights.allows``.

    Raises IllegalStep for an event, which is reported once (``sync.md`` section 1), and NotAllowed.
    """
    if record.kind is Kind.EVENT:
        message = "这是一次性的记录，登记后不再更正；有误请另行登记，并在说明中写明。"
        raise IllegalStep(message, action=EDIT)
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


def require_create(by: Actor, type: RecordType, action: str, path: str) -> None:
    """Do nothing for who may bring a record of ``type`` into being at ``path`` by ``action``.

    Raises Invalid when records of this type come into being otherwise, and NotAllowed.
    """
    validated = CASE_BIRTHS if type.kind is Kind.CASE else (PLAIN_BIRTH,)
    if action not in validated:
        wrong = f"“{type.title}”的记录应使用：{'、'.join(validated)}。"
        raise Invalid(f"请求有误。action：{wrong}", errors=[{"field": "action", "message": wrong}])
    subject, verb = ("case", action) if type.kind is Kind.CASE else ("record", "write")
    rights.require(by, subject, verb, path)
