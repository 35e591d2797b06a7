"""What a report lacks to be registered, asked for in the form that registers it, and written in the same transaction.

Who may not edit the report is told whom to ask instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from server.cases.domain import registering
from server.cases.domain.similarity import ITEM, PLACE
from server.cases.usecases import item_words
from server.changes.domain import manual_edits
from server.changes.usecases import change_ids, interactive
from server.changes.usecases.interactive import ChangeRequest
from server.db.transactions import Reading, Transaction
from server.forms.domain.record_types import LABEL
from server.forms.store import forms
from server.office.cases.act_forms import Choice, Offers
from server.people.domain.actors import Actor
from server.records.domain.records import Record
from server.records.store import records

ASKED = (ITEM, PLACE)


class Completing(NamedTuple):
    """What the form asks for beside the decision. lacks: of ``item`` and ``place``. may_edit: the reader may say it.

    items: hazards to choose from. said: what was typed already.
    """

    lacks: tuple[str, ...]
    may_edit: bool
    items: tuple[Choice, ...]
    said: Mapping[str, str]


def of(reading: Reading, record: Record, by: Actor, offers: Offers, said: Mapping[str, str]) -> Completing:
    """Return what is to be asked for about a report. said: the form as it was sent before, empty for not."""
    lacks = item_words.lacking(reading, record)
    items = offers.choices(manual_edits.EDIT, ITEM) if ITEM in lacks else ()
    return Completing(lacks, bool(lacks) and interactive.may_edit(reading, record, by=by), items, said)


def sent(form: Mapping[str, str]) -> dict[str, str]:
    """Return what a form says of what a report lacked."""
    return {name: text for name in ASKED if (text := form.get(name, "").strip())}


def change(tx: Transaction, id: str, request: ChangeRequest, said: Mapping[str, str], by: Actor) -> None:
    """Take an act on a report, and before that write what it lacked, where ``said`` says so and it is lacking.

    Sent twice it is done once, as any form. Raises what ``interactive.change`` raises, and then nothing is written.
    """
    if said and request.id and request.base_version is not None and request.action in registering.REGISTERS:
        edit_id = str(uuid5(NAMESPACE_URL, f"{request.id}/complete"))
        is_done = change_ids.find(tx, edit_id, by)[1] is not None
        edit = None if is_done else _edit(tx, id, request.base_version, edit_id, said, by)
        if edit is not None:
            interactive.change(tx, id, edit, by=by)
        if is_done or edit is not None:
            request = replace(request, base_version=request.base_version + 1)
    interactive.change(tx, id, request, by=by)


def _edit(
    tx: Transaction, id: str, seen: int, edit_id: str, said: Mapping[str, str], by: Actor
) -> ChangeRequest | None:
    """Return the edit that goes before an act; None where nothing of what was said was lacking in what was seen."""
    record = records.get(tx, id, by.scope)
    lacks = item_words.lacking(tx, record) if record.version == seen else ()
    values = {name: said[name] for name in lacks if name in said}
    if not values:
        return None
    type = forms.catalogue(tx).types[record.type]
    words = item_words.filled_in(tx, type, {PLACE: record.fields.get(PLACE, ""), **values})
    values |= {name: words[name] for name in (registering.CATEGORY, LABEL) if name in words}
    return ChangeRequest(manual_edits.EDIT, values, id=edit_id, base_version=record.version)
