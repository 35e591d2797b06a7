"""Reveals what was sent by a form that is not published here: nobody knows which of its answers are personal.

So its reader says why they have to see it, as of any value that is masked, and the audit keeps who looked, and why.
"""

from __future__ import annotations

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Reading, Transaction
from server.errors import Invalid
from server.forms.domain import personal
from server.forms.store import forms
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.records.usecases.reveal import REASON_CHARACTERS_MIN
from server.submissions.store import rejected


def is_unknown(reading: Reading, body: str | None) -> bool:
    """Say whether a body that was not taken is of a form that is not published here.

    body: hash of its bytes, None for no body.
    """
    return body is not None and rejected.form_of(reading, body) not in forms.catalogue(reading).forms


def require_reason(reason: str, by: Actor) -> None:
    """Do nothing for who may see personal data and says why. Raises NotAllowed, Invalid.

    reason: in words, at least ``REASON_CHARACTERS_MIN`` characters.
    """
    rights.require_anywhere(by, (("personal", "reveal"),))
    if len(reason.strip()) < REASON_CHARACTERS_MIN:
        wrong = (
            "这份提交的表单没有在这里发布，看不出哪些是个人信息；"
            f"请写明为什么要看（至少{REASON_CHARACTERS_MIN}个字），审计会记下。"
        )
        raise Invalid(wrong, errors=[{"field": "reason", "message": wrong}])


def reveal(tx: Transaction, problem: str, form: str, reason: str, *, by: Actor) -> None:
    """Record in the audit that ``by`` is about to see a body of an unknown form whole, and why; show it after that.

    problem: id of the problem about it. form: id of the form that it names. reason: as of ``require_reason``.
    """
    told = personal.told({"form": form, "reason": reason.strip()})
    record(tx, Entry("personal.reveal", by.name, problem, told, objects=(problem,)))
