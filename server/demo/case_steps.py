"""Take the steps of stories: on a phone by a filled form where a form has the action, else at a desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random

import kobo_forms
from server.cases.domain import workflow
from server.cases.usecases import authorization
from server.changes.usecases import write
from server.db.transactions import Transaction
from server.demo import stories
from server.demo.people import people as everyone
from server.demo.phones import Phones, Target
from server.demo.roster import Participants
from server.demo.stories import StoryStep
from server.people.store import people
from server.records.domain.records import Record
from server.records.domain.status import Status
from server.records.store import records, revisions
from server.submissions.store import sent_files
from server.submissions.store.sent_files import SentFile
from sync.changes import CREATING, AttachmentName, Change, Dot, FieldWrite, Verdict

TYPE = "hazards"

FORMS = {
    **dict.fromkeys(("report", "spot_close"), "hazard_report"),
    **dict.fromkeys(
        ("accept", "feedback", "ask_return", "ask_extension", "ask_suspension", "note", "withdraw"), "hazard_task"
    ),
    **dict.fromkeys(("close", "rework", "site_check"), "hazard_check"),
    **dict.fromkeys(("register", "reject", "merge", "assign"), "hazard_intake"),
}
"""The form by which a phone takes each action; the rest is done at a desk."""

_SOURCES = ("patrol", "patrol", "household_visit", "patrol", "hotline_12345", "patrol", "self_check")
"""How the hazards of the demonstration were found, one case after the other."""

AT_A_DESK_ONLY = "helpers"
"""An input that no form asks for."""

_HAS_PHONE = {each.name for each in everyone() if each.has_phone}


@dataclass(frozen=True, slots=True)
class Case:
    """A case of a story. ids: of the record of each report; number: which of its story's cases."""

    participants: Participants
    number: int
    ids: tuple[str, str]


class CaseWork:
    """The work on cases. chance: decides what a story leaves open, such as whether a report has a photo."""

    def __init__(self, phones: Phones, chance: Random) -> None:
        self._phones = phones
        self._chance = chance

    def take(self, tx: Transaction, step: StoryStep, case: Case, moment: datetime) -> None:
        """Take one step of a case. Raises the Refusal of the rule that says no, RuntimeError for another verdict."""
        name, id = case.participants.names[step.actor], case.ids[step.report - 1]
        if step.action in CREATING:
            target = Target(TYPE, id, label=case.participants.hazard.label)
            category = case.participants.hazard.row["category"]
            self._phones.send(tx, name, FORMS[step.action], target, self._report(step, case), category)
            return
        record = _get(tx, id)
        inputs = self._inputs(step, case, moment)
        if name in _HAS_PHONE and step.action in FORMS and AT_A_DESK_ONLY not in inputs:
            self._by_phone(tx, name, step, case, record, inputs)
        else:
            _at_desk(tx, name, step.action, record, inputs, self._scan(tx, step, case))

    def _by_phone(
        self, tx: Transaction, name: str, step: StoryStep, case: Case, record: Record, inputs: dict[str, str]
    ) -> None:
        base = record.version - int(step.values.get("behind", 0))
        status = workflow.STEP_OF[step.action].target or Status(record.status or "")
        passed = {"close": "yes", "rework": "no"}.get(step.action, inputs.get("pass", ""))
        answers = {
            "purpose": "do",
            "hazard": record.id,
            "hazard_id": record.id,
            "hazard_label": record.list_label,
            "act": step.action,
            "action": step.action,
            "passed": passed,
            "status": status.value,
            **inputs,
        }
        target = Target(record.type, record.id, base, f"{workflow.STEP_OF[step.action].label} {record.list_label}")
        self._phones.send(tx, name, FORMS[step.action], target, answers, case.participants.hazard.row["category"])
        *_, newest = revisions.list_of(tx, record.id)
        if newest.verdict != step.values.get("verdict", Verdict.APPLIED):
            raise RuntimeError(f"{name} {step.action}: {newest.verdict}; {_get(tx, record.id).office_note}")

    def _scan(self, tx: Transaction, step: StoryStep, case: Case) -> tuple[AttachmentName, ...]:
        """Return the picture of the paper that a reply came on; nothing for all other acts."""
        if step.action != "file_reply":
            return ()
        found = self._phones.photo(case.participants.hazard.row["category"], is_after=True, reading=tx)
        sent_files.add(tx, SentFile(found.sha256, found.size, found.media_type), case.participants.names[step.actor])
        return (AttachmentName("回复件.png", found.sha256, found.size, found.media_type),)

    def _report(self, step: StoryStep, case: Case) -> dict[str, str]:
        hazard, fixed = case.participants.hazard, step.action == "spot_close"
        photographed = self._chance.random() < 0.7
        answers = {
            "area": step.values.get("area", case.participants.area),
            "location": case.participants.position,
            "place": hazard.place,
            "saved_place": hazard.place,
            "source": _SOURCES[case.number % len(_SOURCES)],
            "item": hazard.row["name"],
            "item_label": hazard.row["label"],
            "category": hazard.row["category"],
            "severity": "suspected_major" if hazard.row["severity"] == "S" else "general",
            "spot_ok": hazard.row["spot_ok"],
            "fixed_now": "yes" if fixed else "no",
            "told": self._chance.choice(("owner", "property", "village", "nobody")),
            "photo": "photo" if photographed else "",
            "action": step.action,
        }
        if fixed and step.values.get("proof") == "photo":
            answers["photo_after"] = "photo"
        elif fixed or not photographed:
            answers["no_photo_reason"] = self._chance.choice(("no_battery", "too_dark", "privacy", "camera_fault"))
        return answers

    def _inputs(self, step: StoryStep, case: Case, moment: datetime) -> dict[str, str]:
        inputs: dict[str, str] = {}
        for name, value in step.values.items():
            if name in stories.DIRECTIVES:
                continue
            if name in ("assignee", "helpers"):
                inputs[name] = case.participants.assignees[value]
            elif value.startswith("@"):
                inputs[name] = case.ids[int(value[1:]) - 1]
            elif value.startswith("+"):
                inputs[name] = stories.day_after(moment, value)
            else:
                inputs[name] = _code(step.action, name, case.number) if value == "*" else value
        proof = step.values.get("proof", "")
        on_phone = case.participants.names[step.actor] in _HAS_PHONE
        if proof == "photo" and on_phone:
            inputs["fixed_photo"] = "photo"
        elif proof:
            inputs["no_photo_reason"] = "privacy" if on_phone else "other"
        return inputs


def _at_desk(
    tx: Transaction,
    name: str,
    action: str,
    record: Record,
    inputs: dict[str, str],
    files: tuple[AttachmentName, ...],
) -> None:
    version = record.version
    fields = {field: FieldWrite(None, value) for field, value in inputs.items()}
    dot = Dot("office", version + 1)
    change = Change(
        tx.new_id(),
        record.id,
        record.type,
        action,
        dot,
        fields,
        base_version=version,
        seen_status=record.status,
        attachments=files,
    )
    write.apply_or_refuse(tx, change, by=people.actor(tx, name))


def _code(action: str, name: str, number: int) -> str:
    """Return another code of the list each time; for ``other`` the words that somebody wrote instead."""
    listed = kobo_forms.codes(authorization.RESULTS if name == "result_code" else authorization.REASONS[action])
    codes = [row["name"] for row in listed if row.get("closable", "1") == "1"]
    code = codes[number % len(codes)]
    return "其他情况（演示）" if code == "other" else code


def _get(tx: Transaction, id: str) -> Record:
    record = records.find_for_writing(tx, id)
    if record is None:
        raise RuntimeError(f"no record {id}")
    return record
