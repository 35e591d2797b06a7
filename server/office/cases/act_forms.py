"""Makes the form of each act that a person may take on a case, from the transition table: its inputs and choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from server import instants
from server.cases.domain import deadlines, major_hazards, workflow
from server.cases.domain.deadlines import Clock
from server.cases.domain.guards import DATES, INPUT_LABELS
from server.cases.store import calendars
from server.cases.usecases import authorization
from server.db.transactions import Reading
from server.forms.store import codes
from server.instants import Instant, local_day
from server.office import labels, pages
from server.office.cases import act_words
from server.office.pages import code_label
from server.people.domain.actors import Actor
from server.records.domain.case_steps import CHECKS
from server.records.domain.records import Record
from server.records.domain.status import Status
from sync.changes import AttachmentName

FILES = frozenset(workflow.PHOTO_INPUTS)
"""Inputs that name photos: a page sends these as files, and the write path names them."""

PHOTOS = "photos"
"""The file input of a form."""

LONG = frozenset({"note", "plan", "safeguard", "milestones"})

NO_PHOTO_REASONS = "no_photo_reasons"
LABELS = {**INPUT_LABELS, "no_photo_reason": "没有照片的原因"}
PASSES = {"yes": "整改好了", "no": "没改好"}
"""What a check on the spot may find."""

CHECK, OUTCOME = "check", "outcome"
"""The form that closes a case or sends it back, and its input that says which."""

OUTCOMES = {"close": "整改好了，办结", "rework": "没改好，退回返工"}
NOT_CHOSEN = "请选择：整改好了，还是没改好。"

MAIN = {
    Status.REPORTED: ("assign", "register"),
    Status.REGISTERED: ("assign",),
    Status.FEEDBACK: ("close", "rework"),
    Status.ASSIGNED: ("accept",),
    Status.ACCEPTED: ("feedback",),
    Status.HANDLING: ("feedback",),
}
"""What is mostly to be done next: it comes first, and its form stands open; that of every other act is folded."""


class Choice(NamedTuple):
    """One of the values that an input may take."""

    value: str
    label: str


class Input(NamedTuple):
    """An input of an act. kind: of its field: text, long, date, choice, choices or outcome. fault: what is wrong in it.

    only: the outcome of a check that it belongs to, empty for both. needed: what is said of when it is to be filled in,
    empty for always or never.
    """

    name: str
    label: str
    kind: str
    is_needed: bool
    value: str
    choices: tuple[Choice, ...]
    fault: str
    only: str = ""
    needed: str = ""


class ActForm(NamedTuple):
    """The form of an act. is_open: it is unfolded, being what is mostly next, or having been sent with a fault.

    button: on its button. hint: what is to be known before. outcomes: of a check, one of which is to be chosen;
    outcome: the one that was, fault: that none was. confirm: what is to be confirmed, empty for nothing.
    day: that the hint names. photos: it takes photos, under the fault ``photo_fault``.
    """

    action: str
    label: str
    inputs: tuple[Input, ...]
    is_open: bool
    button: str
    hint: str = ""
    outcomes: tuple[Choice, ...] = ()
    outcome: str = ""
    fault: str = ""
    confirm: str = ""
    day: str = ""
    photos: bool = False
    photo_fault: str = ""


class Sent(NamedTuple):
    """A form that was sent and not carried out. faults: by input; said: what was wrong as a whole.

    base: the version of the case on which it was made, None where that is not known. photos: that came with it and are
    kept.
    """

    action: str
    fields: Mapping[str, str]
    faults: Mapping[str, str]
    said: str
    base: int | None = None
    photos: tuple[AttachmentName, ...] = ()


NOTHING_SENT = Sent("", {}, {}, "")


def forms_of(
    record: Record, actions: Iterable[str], offers: Offers, sent: Sent, asked: Mapping[str, Mapping[str, str]]
) -> list[ActForm]:
    """Return the forms of ``actions``, in the order of the table but for the main ones, which come first.

    Closing and sending back are one form where both may be done. sent: what was typed into one of the forms already.
    asked: by act what was asked for by who handles the case, which its form is filled in with.
    """
    main, offered = MAIN.get(Status(record.status or ""), ()), list(actions)
    found = []
    for action in offered:
        told = sent if sent.action == action else Sent("", asked.get(action, {}), {}, "")
        form = _form(offers, action, told, is_open=sent.action == action or (action in main and not sent.action))
        found.append(_worded(form, record, offers))
    if set(OUTCOMES) <= set(offered):
        found = [_check(offers, sent), *(form for form in found if form.action not in OUTCOMES)]
    order = {action: number for number, action in enumerate((CHECK, *main, *asked))}
    return sorted(found, key=lambda form: (form.action != sent.action, order.get(form.action, len(order))))


def _worded(form: ActForm, record: Record, offers: Offers) -> ActForm:
    """Return the form of an act with what it says on this case alone."""
    if form.action == "assign" and record.assignee:
        return form._replace(label=act_words.REASSIGN_WORD, button=act_words.REASSIGN_WORD)
    if form.action == "reopen" and record.closed_at is not None:
        return form._replace(hint=act_words.REOPENS, day=offers.reopened_until(record.closed_at))
    return form


def written(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what a form says at length, each under its title, for its author to take along."""
    return [(LABELS.get(name, name), value) for name, value in fields.items() if name in LONG and value]


def not_offered(forms: Iterable[ActForm], offers: Offers, sent: Sent) -> list[tuple[str, str]]:
    """Return what was typed into a form that is none of ``forms`` any more, each under its title and in words."""
    action = sent.fields.get(OUTCOME, "rework") if sent.action == CHECK else sent.action
    step = workflow.STEP_OF.get(action)
    if step is None or any(form.action == sent.action for form in forms):
        return []
    found = []
    for name in (*step.needs, *step.takes):
        if value := sent.fields.get(name, ""):
            labels = {choice.value: choice.label for choice in offers.choices(action, name)}
            found.append((LABELS.get(name, name), labels.get(value, value)))
    return found


def form_of(offers: Offers, action: str, sent: Sent) -> ActForm:
    """Return the form of one act alone, filled in with what ``sent`` says."""
    is_sent = sent.action == action
    return _form(offers, action, sent if is_sent else NOTHING_SENT, is_open=is_sent)


def _form(offers: Offers, action: str, told: Sent, *, is_open: bool) -> ActForm:
    step = workflow.STEP_OF[action]
    taken = (name for name in (*step.needs, *step.takes) if name not in FILES and name != workflow.IN_NAME_OF)
    inputs = tuple(_input(offers, action, name, told) for name in taken)
    return ActForm(
        action,
        step.label,
        inputs,
        is_open,
        step.label,
        act_words.HINTS.get(action, ""),
        fault=told.faults.get(act_words.CONFIRM, ""),
        confirm=act_words.CONFIRMED.get(action, ""),
        photos=takes_photos(action),
        photo_fault=told.faults.get(PHOTOS) or told.faults.get(workflow.SCAN, ""),
    )


def takes_photos(action: str) -> bool:
    """Say whether who takes an act has been there, or tells of it: what was seen is worth a photo."""
    step = workflow.STEP_OF.get(action)
    return action in (CHECK, *CHECKS, "note") or (
        step is not None and bool(FILES.intersection((*step.needs, *step.takes)))
    )


def _check(offers: Offers, sent: Sent) -> ActForm:
    """Return the one form of closing a case and sending it back: neither is chosen before somebody does."""
    is_sent = sent.action in (CHECK, *OUTCOMES)
    told = sent if is_sent else NOTHING_SENT
    step = workflow.STEP_OF["rework"]
    taken = (*workflow.STEP_OF["close"].needs, *workflow.STEP_OF["close"].takes)
    inputs = [_input(offers, "rework", name, told) for name in (*step.needs, *step.takes)]
    shown = tuple(each._replace(is_needed=False, only="" if each.name in taken else each.only) for each in inputs)
    return ActForm(
        CHECK,
        "核查：整改好了吗？",
        tuple(sorted(shown, key=lambda each: each.only == "")),
        is_sent or not sent.action,
        "提交核查",
        outcomes=tuple(Choice(action, label) for action, label in OUTCOMES.items()),
        outcome=told.fields.get(OUTCOME, told.action if told.action in OUTCOMES else ""),
        fault=told.faults.get(OUTCOME, ""),
        photos=True,
        photo_fault=told.faults.get(PHOTOS, ""),
    )


def _input(offers: Offers, action: str, name: str, sent: Sent) -> Input:
    return Input(
        name,
        act_words.WORDS.get((action, name)) or LABELS.get(name, name),
        offers.kind(action, name),
        name in workflow.STEP_OF[action].needs,
        sent.fields.get(name, ""),
        offers.choices(action, name),
        sent.faults.get(name, ""),
        act_words.OF_OUTCOME.get((action, name), ""),
        act_words.NEEDED.get((action, name), ""),
    )


class Offers:
    """What each input may be given: from code lists, people and bodies that the caller may assign to, other cases."""

    def __init__(self, reading: Reading, by: Actor, similar: Mapping[str, str], language: str) -> None:
        """similar: labels by id of open cases that this one may be merged into. language: of the codes."""
        self._language = language
        self._reading = reading
        self._by = by
        self._similar = tuple(Choice(id, label) for id, label in similar.items())
        self._handlers: tuple[Choice, ...] | None = None

    def reopened_until(self, closed_at: Instant) -> str:
        """Return the last day on which a case that was closed may be reopened, as pages write it."""
        until = deadlines.due_at(Clock.REOPEN_WINDOW, closed_at, calendars.calendar(self._reading))
        return pages.day(instants.last_day(until), self._reading.now)

    def kind(self, action: str, name: str) -> str:
        if name in DATES:
            return "date"
        if name in ("helpers", "pass"):
            return "choices" if name == "helpers" else "outcome"
        if self.choices(action, name):
            return "choice"
        return "long" if name in LONG else "text"

    def choices(self, action: str, name: str) -> tuple[Choice, ...]:
        if name in ("assignee", "helpers"):
            if self._handlers is None:
                self._handlers = tuple(Choice(*each) for each in labels.handlers(self._reading, self._by).items())
            return self._handlers
        if name == "into":
            return self._similar
        if name == "pass":
            return tuple(Choice(value, label) for value, label in PASSES.items())
        if name == "method":
            methods = authorization.recheck_methods(self._reading.now)
            named = "label_en" if self._language == pages.ENGLISH else ""
            return tuple(Choice(each.code, each.extra.get(named) or each.label) for each in methods)
        if name == "level":
            return tuple(Choice(level, f"{level}级") for level in authorization.levels(self._by))
        if name == "rules":
            today = local_day(self._reading.now)
            return tuple(Choice(row["code"], row["label"]) for row in major_hazards.rules_on(today))
        lists = {
            "item": authorization.ITEMS,
            "reason": authorization.REASONS.get(action, ""),
            "result_code": authorization.RESULTS,
            "no_photo_reason": NO_PHOTO_REASONS,
        }
        return self._codes(lists.get(name, ""))

    def _codes(self, name: str) -> tuple[Choice, ...]:
        today = local_day(self._reading.now)
        listed = codes.of_list(self._reading, name) if name else {}
        current = (next((row for row in reversed(rows) if row.is_active(today)), None) for rows in listed.values())
        return tuple(Choice(row.code, code_label(row, self._language)) for row in current if row is not None)
