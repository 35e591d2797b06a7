"""Draws a form on a page: an input for each question, as its type and its choices ask, and reads what comes back."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import NamedTuple

from werkzeug.datastructures import MultiDict

from server import instants
from server.db.transactions import Reading
from server.forms.domain.filled_sheets import Choice, FilledSheet, Instant, Lists, Rows
from server.forms.domain.sheets import Ask, Question, key_of
from server.instants import BEIJING
from server.office import labels
from server.people.domain.actors import Actor
from server.phones.usecases import entity_lists
from server.phones.usecases.entity_lists import ListHashes

PREFIX = "q."
"""Before the names of inputs, so that no question can be called like what a form of ours carries itself."""

RADIOS_MAX, OPTIONS_MAX = 5, 40
"""Choices up to which they stand side by side, and up to which they are a list to pick from; beyond, one searches."""

LONG_CHARS_MAX, FORM_BYTES_MAX = 10_000, 450_000
"""Characters of one answer, and bytes of a whole form as a browser sends it, nine for a character."""

_CELL_CHARS_MAX = 2**31 - 1
_READING = Lock()

NUMBERS = frozenset({Ask.INTEGER, Ask.DECIMAL})
TYPES = {Ask.DATE: "date", Ask.TIME: "time", Ask.INSTANT: "datetime-local"}
KINDS = {
    Ask.NOTE: "note",
    Ask.PHOTO: "photo",
    Ask.FILE: "file",
    Ask.MANY: "many",
    Ask.LONG: "long",
    Ask.POINT: "point",
}


class Other(NamedTuple):
    """Another value that stands in a field. who: wrote it."""

    who: str
    value: str


class Drawn(NamedTuple):
    """A question as a page shows it. kind: of its input: note, photo, file, long, text, number, radio, select, search,
    many, or a type of HTML. shown: what stands in the input. picked: codes. heading: of the group that begins with it.
    """

    key: str
    heading: str
    kind: str
    label: str
    hint: str
    shown: str
    picked: frozenset[str]
    choices: tuple[Choice, ...]
    is_required: bool
    fault: str
    was: str = ""
    others: tuple[Other, ...] = ()

    @property
    def name(self) -> str:
        return PREFIX + self.key

    @property
    def id(self) -> str:
        return "q-" + re.sub(r"[^\w-]", "-", self.key)


def moment(reading: Reading, opened: str = "") -> Instant:
    """Return when a form is filled in. opened: what its page says of when it was begun; now where it says nothing."""
    now = _local(reading.now)
    try:
        begun = _local(instants.text(instants.parse(opened))) if opened else now
    except ValueError:
        begun = now
    return Instant(now, begun)


def lists_of(reading: Reading, form_id: str, by: Actor) -> Lists:
    """Return the lists beside a form as the phone of ``by`` is given them, called as the reader's language has it."""
    read: dict[str, Rows | None] = {}

    def rows(file: str) -> Rows | None:
        if file not in read:
            content = entity_lists.content(reading, ListHashes(), form_id, file, by) if file.endswith(".csv") else None
            found = [] if content is None else _read(content)
            named = labels.of_rows(reading, file.removesuffix(".csv"), found)
            read[file] = None if content is None else named
        return read[file]

    return rows


def _read(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a list: they have what phones sent, at any length, while uploads keep the limit of ``csv``."""
    with _READING:  # the limit is one for the whole process
        usual = csv.field_size_limit(_CELL_CHARS_MAX)
        try:
            return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        finally:
            csv.field_size_limit(usual)


def drawn(
    filled: FilledSheet, questions: Iterable[Question], faults: Mapping[str, str], keys: Mapping[str, str] | None = None
) -> list[Drawn]:
    """Return questions as a page shows them. faults: by key. keys: by path, where a page calls them otherwise."""
    found, last = [], ""
    for question in questions:
        groups = [filled.text(group.label) for group in filled.sheet.groups_of(question.path)]
        heading = next((label for label in reversed(groups) if label), "")
        key = key_of(question.path) if keys is None else keys[question.path]
        found.append(_drawn(filled, question, key, heading if heading != last else "", faults.get(key, "")))
        last = heading
    return found


def answers_in(
    form: Mapping[str, str] | MultiDict[str, str], questions: Iterable[tuple[str, Question]], filled: FilledSheet
) -> dict[str, str]:
    """Return the answers that a page's form brings, by key, as a phone would write them; others are left out.

    questions: each under its key. filled: knows what the choices are called, for inputs in which one searches.
    """
    found = {}
    for key, question in questions:
        name = PREFIX + key
        if name not in form and f"{name}.none" not in form:
            continue
        values = form.getlist(name) if isinstance(form, MultiDict) else form.get(name, "").split("\n")
        if question.asked is Ask.MANY:
            found[key] = " ".join(dict.fromkeys(code for value in values for code in value.split()))
        else:
            found[key] = _written(question, (values or [""])[0].replace("\r\n", "\n").strip(), filled)
    return found


def too_long(answers: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with answers that are longer than pages offer, by key."""
    return {
        key: f"有{len(value)}个字符，最多{LONG_CHARS_MAX}个；请删短后再提交。"
        for key, value in answers.items()
        if len(value) > LONG_CHARS_MAX
    }


def _drawn(filled: FilledSheet, question: Question, key: str, heading: str, fault: str) -> Drawn:
    value = filled.answers[question.path]
    choices = filled.choices(question)
    codes = value.split() if question.asked is Ask.MANY else [value] if value else []
    searched = _search_labels(choices)
    if question.offered is not None:
        known = {choice.value for choice in choices}
        choices += [Choice(code, code) for code in codes if code not in known]
    kind = _kind(question, len(choices))
    if kind == "search":
        choices = [Choice(each.value, searched.get(each.value, each.label)) for each in choices]
    return Drawn(
        key=key,
        heading=heading,
        kind=kind,
        label=filled.text(question.label) or key.rpartition("/")[2],
        hint=filled.text(question.hint),
        shown=_shown(question, value, choices),
        picked=frozenset(codes),
        choices=tuple(choices),
        is_required=question.required == "true()",
        fault=fault,
    )


def _kind(question: Question, choices: int) -> str:
    asked = question.asked
    if asked is Ask.ONE:
        return "radio" if choices <= RADIOS_MAX else "select" if choices <= OPTIONS_MAX else "search"
    if asked in TYPES:
        return TYPES[asked]
    if asked in NUMBERS:
        return "number" if asked is Ask.DECIMAL else "integer"
    return KINDS.get(asked, "text") if asked is not None else "text"


def _shown(question: Question, value: str, choices: list[Choice]) -> str:
    """Return what stands in the input: a code that is searched for by its label."""
    if question.asked is Ask.ONE:
        return _search_labels(choices).get(value, value)
    return stands_as(question, value)


def stands_as(question: Question, value: str) -> str:
    """Return what an input shows of a value: an instant by Beijing's clock to the minute, a place without height."""
    if question.asked is Ask.INSTANT and "T" in value:
        try:
            return instants.parse(value).astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M")
        except ValueError:
            return value
    if question.asked is Ask.TIME:
        return value[:5]
    return " ".join(value.split(" ")[:2]) if question.asked is Ask.POINT else value


def _written(question: Question, value: str, filled: FilledSheet) -> str:
    """Return what was typed as a phone writes it; what cannot be read stays as it is, to be told."""
    if question.asked is Ask.INSTANT and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", value):
        return f"{value}:00.000+08:00"
    if question.asked is Ask.TIME and re.fullmatch(r"\d\d:\d\d", value):
        return f"{value}:00.000+08:00"
    if question.asked in NUMBERS or question.asked is Ask.POINT:
        plain = value.translate(str.maketrans("０１２３４５６７８９．－，,", "0123456789.-  "))
        parts = plain.split()
        return " ".join([*parts, "0", "0"]) if question.asked is Ask.POINT and len(parts) == 2 else " ".join(parts)
    if question.asked is Ask.ONE and value:
        choices = filled.choices(question)
        if all(choice.value != value for choice in choices):
            return next((code for code, label in _search_labels(choices).items() if label == value), value)
    return value


def _search_labels(choices: Iterable[Choice]) -> dict[str, str]:
    """Return by what each choice is searched for: its label, with its code where another one has the same label."""
    listed = list(choices)
    times = Counter(each.label for each in listed)
    return {each.value: each.label if times[each.label] == 1 else f"{each.label} ({each.value})" for each in listed}


def _local(instant: str) -> str:
    return instants.parse(instant).astimezone(BEIJING).isoformat(timespec="milliseconds")
