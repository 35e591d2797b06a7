"""Makes the form of each act that a person may take on a case, from the transition table: its inputs and choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from server.cases.domain import workflow
from server.cases.domain.guards import DATES, INPUT_LABELS
from server.cases.usecases import authorization
from server.db.transactions import Reading
from server.forms.store import codes
from server.instants import local_day
from server.office.pages import code_label
from server.people.domain.actors import Actor
from server.phones.usecases import handler_list
from server.records.domain.records import Record
from server.records.domain.status import Status

FILES = frozenset({"fixed_photo", "fixed_photo_2"})
"""Inputs that only a phone sends, with the bytes behind them."""

LONG = frozenset({"note", "plan", "safeguard"})

NO_PHOTO_REASONS = "no_photo_reasons"
LABELS = {**INPUT_LABELS, "no_photo_reason": "没有照片的原因"}
YES, NO = "yes", "no"

CHECK, OUTCOME = "check", "outcome"
"""The form that closes a case or sends it back, and its input that says which."""

OUTCOMES = {"close": "整改好了，办结", "rework": "没改好，退回返工"}
NOT_CHOSEN = "请选择：整改好了，还是没改好。"

HINTS = {
    "void": "只用于登记错了，不能用于“改不了”。作废后不能恢复。",
    "mark_major": "须3人以上集体研究，请在说明里写明。",
    "reopen": "办结后30天内发现没改好，可以重开。",
}
"""What is to be known before an act (``office.md`` section 6.4)."""

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
    """An input of an act. kind: of its field: text, long, date, choice or choices. fault: what is wrong with it.

    only: the outcome of a check that it belongs to, empty for both.
    """

    name: str
    label: str
    kind: str
    is_needed: bool
    value: str
    choices: tuple[Choice, ...]
    fault: str
    only: str = ""


class ActForm(NamedTuple):
    """The form of an act. is_open: it is unfolded, being what is mostly next, or having been sent with a fault.

    button: on its button. hint: what is to be known before. outcomes: of a check, one of which is to be chosen;
    outcome: the one that was, fault: that none was.
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


class Sent(NamedTuple):
    """A form that was sent and not carried out. faults: by input; said: what was wrong as a whole.

    base: the version of the case on which it was made, None where that is not known.
    """

    action: str
    fields: Mapping[str, str]
    faults: Mapping[str, str]
    said: str
    base: int | None = None


NOTHING_SENT = Sent("", {}, {}, "")


def forms_of(record: Record, actions: Iterable[str], offers: Offers, sent: Sent) -> list[ActForm]:
    """Return the forms of ``actions``, in the order of the table but for the main ones, which come first.

    Closing and sending back are one form where both may be done. sent: what was typed into one of the forms already.
    """
    main = MAIN.get(Status(record.status or ""), ())
    offered = list(actions)
    found = [_form(offers, action, sent, is_main=action in main) for action in offered]
    if set(OUTCOMES) <= set(offered):
        found = [_check(offers, sent), *(form for form in found if form.action not in OUTCOMES)]
    order = {action: number for number, action in enumerate((CHECK, *main))}
    return sorted(found, key=lambda form: (form.action != sent.action, order.get(form.action, len(order))))


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
    return _form(offers, action, sent, is_main=False)


def _form(offers: Offers, action: str, sent: Sent, *, is_main: bool) -> ActForm:
    step = workflow.STEP_OF[action]
    is_sent = sent.action == action
    told = sent if is_sent else NOTHING_SENT
    inputs = tuple(_input(offers, action, name, told) for name in (*step.needs, *step.takes) if name not in FILES)
    return ActForm(
        action, step.label, inputs, is_sent or (is_main and not sent.action), step.label, HINTS.get(action, "")
    )


def _check(offers: Offers, sent: Sent) -> ActForm:
    """Return the one form of closing a case and sending it back: neither is chosen before somebody does."""
    is_sent = sent.action in (CHECK, *OUTCOMES)
    told = sent if is_sent else NOTHING_SENT
    step = workflow.STEP_OF["rework"]
    taken = (*workflow.STEP_OF["close"].needs, *workflow.STEP_OF["close"].takes)
    inputs = [_input(offers, "rework", name, told) for name in (*step.needs, *step.takes)]
    shown = tuple(each._replace(is_needed=False, only="" if each.name in taken else "rework") for each in inputs)
    return ActForm(
        CHECK,
        "核查：整改好了吗？",
        tuple(sorted(shown, key=lambda each: each.only == "")),
        is_sent or not sent.action,
        "提交核查",
        outcomes=tuple(Choice(action, label) for action, label in OUTCOMES.items()),
        outcome=told.fields.get(OUTCOME, told.action if told.action in OUTCOMES else ""),
        fault=told.faults.get(OUTCOME, ""),
    )


def _input(offers: Offers, action: str, name: str, sent: Sent) -> Input:
    return Input(
        name,
        LABELS.get(name, name),
        offers.kind(action, name),
        name in workflow.STEP_OF[action].needs,
        sent.fields.get(name, ""),
        offers.choices(action, name),
        sent.faults.get(name, ""),
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

    def kind(self, action: str, name: str) -> str:
        if name in DATES:
            return "date"
        if name == "helpers":
            return "choices"
        if self.choices(action, name):
            return "choice"
        return "long" if name in LONG else "text"

    def choices(self, action: str, name: str) -> tuple[Choice, ...]:
        if name in ("assignee", "helpers"):
            if self._handlers is None:
                rows = handler_list.rows(self._reading, self._by)
                self._handlers = tuple(Choice(each.name, each.label.replace("｜", " · ")) for each in rows)
            return self._handlers
        if name == "into":
            return self._similar
        if name == "pass":
            return (Choice(YES, "整改好了"), Choice(NO, "没改好"))
        if name == "level":
            return tuple(Choice(level, f"{level}级") for level in authorization.levels(self._by))
        lists = {
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
