"""Fills a form in on a page by the rules of the form: what is asked, calculated, wrong and saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from server.forms.domain import outline, xpath
from server.forms.domain.outline import Language
from server.forms.domain.sheets import Ask, Offered, Question, Sheet, key_of
from sync.datatypes import invalid_reason

Rows = Sequence[Mapping[str, str]]
Lists = Callable[[str], Rows | None]
"""Returns the rows of a file beside the form, None where there is none."""

_PASSES_MAX = 12
_TO_BE_ANSWERED = {Language.CHINESE: "此项必填", Language.ENGLISH: "Please answer this"}
_WRONG = {Language.CHINESE: "填得不对，请核对", Language.ENGLISH: "Not a valid answer"}


class Choice(NamedTuple):
    """One of the answers that a question offers."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Instant:
    """When a form is filled in, as ISO 8601 by Beijing's clock. opened: when it was begun."""

    now: str
    opened: str


@dataclass
class FilledSheet:
    """A form with its answers. answers: of every question by its path; what is not asked now is empty.

    Raises xpath.Unsupported, wherever it is asked, for a rule that only a phone can follow.
    """

    sheet: Sheet
    given: Mapping[str, str]
    lists: Lists
    at: Instant
    language: Language
    answers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._shown: dict[str, bool] = {}
        self._types = {each.path: each.type for each in self.sheet.questions}
        for each in self.sheet.questions:
            self.answers[each.path] = self.given.get(key_of(each.path), self._at_first(each))
        for _ in range(_PASSES_MAX):
            before = dict(self.answers)
            self._settle()
            if self.answers == before:
                return

    def shown(self) -> list[Question]:
        """Return the questions that are asked, and the notes that are shown, in their order."""
        return [each for each in self.sheet.questions if each.asked is not None and self._shown[each.path]]

    def choices(self, question: Question) -> list[Choice]:
        """Return what a question offers now."""
        offered = question.offered
        if offered is None:
            return []
        found = [Choice(code, self.text(texts) or code) for code, texts in offered.codes.items()]
        rows = self._rows(offered.instance) or () if offered.instance else ()
        if offered.where:
            rows = xpath.rows_where(offered.where, rows, self._scope(question.path))
        found += [Choice(row.get(offered.value, ""), self._row_label(offered, row)) for row in rows]
        return [each for each in dict.fromkeys(found) if each.value]

    def faults(self) -> dict[str, str]:
        """Return what is wrong with an answer, by the key of its question; a note may ask for something else first."""
        return {key_of(each.path): wrong for each in self.shown() if (wrong := self.fault(each))}

    def fault(self, question: Question) -> str:
        """Return what is wrong with the answer of one question, empty for nothing."""
        value, scope = self.answers[question.path], self._scope(question.path)
        if value == "":
            if question.required and xpath.is_true(question.required, scope):
                return self.text(question.required_text or {}) or _TO_BE_ANSWERED[self.language]
            return ""
        reason = invalid_reason(question.type, value)
        if reason is not None:
            return reason
        if question.asked in (Ask.ONE, Ask.MANY):
            known = {choice.value for choice in self.choices(question)}
            if any(code not in known for code in (value.split() if question.asked is Ask.MANY else (value,))):
                return _WRONG[self.language]
        if question.constraint and not xpath.is_true(question.constraint, scope):
            return self.text(question.constraint_text or {}) or _WRONG[self.language]
        return ""

    def saved(self) -> dict[str, str]:
        """Return what the form saves to its ledger, by field."""
        return {
            each.saves: self.answers[each.path]
            for each in self.sheet.questions
            if each.saves and self.answers[each.path] != ""
        }

    def creates(self) -> bool:
        """Return whether, by its answers, the form makes a record."""
        creates = self.sheet.creates
        return creates is not None and (creates == "" or xpath.is_true(creates, self._scope("")))

    def name(self) -> str:
        """Return what the record is called."""
        return xpath.answer_of(self.sheet.name, self._scope("")) if self.sheet.name else ""

    def text(self, texts: Mapping[str, str]) -> str:
        """Return a text of the form with the answers that stand in it."""
        found = outline.text_in(texts, self.language, self.sheet.default)
        return xpath.with_values(found, self._scope("")) if "\ue000" in found else found

    def _settle(self) -> None:
        for each in self.sheet.questions:
            self._shown[each.path] = self._is_relevant(each)
            if each.calculate and self._shown[each.path]:
                self.answers[each.path] = xpath.answer_of(each.calculate, self._scope(each.path), each.type).strip()
        for each in self.sheet.questions:
            if not self._shown[each.path]:
                self.answers[each.path] = ""
            elif not self.answers[each.path] and each.asked is not None:
                self.answers[each.path] = self.given.get(key_of(each.path), self._at_first(each))

    def _is_relevant(self, question: Question) -> bool:
        rules = [(group.path, group.relevant) for group in self.sheet.groups_of(question.path)]
        scopes = ((self._scope(path), rule) for path, rule in (*rules, (question.path, question.relevant)) if rule)
        return all(xpath.is_true(rule, scope) for scope, rule in scopes)

    def _at_first(self, question: Question) -> str:
        if question.preload:
            kind = question.preload.split()
            return self.at.opened if "timestamp" in kind else self.at.opened[:10] if "date" in kind else ""
        if question.first:
            return xpath.answer_of(question.first, self._scope(question.path, self.at.opened), question.type)
        return question.preset

    def _scope(self, own: str, now: str = "") -> xpath.Scope:
        types = self._types
        return xpath.Scope(self.answers, own, self._rows, now or self.at.now, self._choice_name, types)

    def _rows(self, instance: str) -> Rows | None:
        written = self.sheet.rows.get(instance)
        if written is not None:
            return written
        file = self.sheet.files.get(instance)
        return None if file is None else self.lists(file)

    def _row_label(self, offered: Offered, row: Mapping[str, str]) -> str:
        if offered.label.startswith("jr:itext("):
            return self.text(self.sheet.texts.get(row.get(offered.label[9:-1].strip(), ""), {}))
        english = self.language is Language.ENGLISH and (row.get("label::English (en)") or row.get("label_en"))
        return english or row.get(offered.label, "") or row.get(offered.value, "")

    def _choice_name(self, path: str, code: str) -> str:
        question = next((each for each in self.sheet.questions if each.path == path.strip()), None)
        found = [] if question is None else self.choices(question)
        return next((choice.label for choice in found if choice.value == code), code)


@dataclass
class RecordSheet(FilledSheet):
    """The questions of a form about a record that is there: all of them, since what once decided is not all kept.

    known: paths whose answers the record tells; a rule about any other is left to the phones. held: keys of answers
    that stood there, and may not be emptied where the form asks for them.
    """

    known: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()

    def fault(self, question: Question) -> str:
        """Return what is wrong with the answer of one question, as far as the record tells."""
        rules = [group.relevant for group in self.sheet.groups_of(question.path)]
        asking = [rule for rule in (*rules, question.relevant) if rule]
        if self.answers[question.path] == "" and key_of(question.path) not in self.held:
            asked_for = all(self._is_known(rule) and xpath.is_true(rule, self._scope(question.path)) for rule in asking)
            return super().fault(question) if asked_for and self._is_known(question.required) else ""
        if question.constraint and not self._is_known(question.constraint):
            question = replace(question, constraint="")
        return super().fault(question)

    def choices(self, question: Question) -> list[Choice]:
        """Return what a question offers; all of its list where its filter asks for what the record does not tell."""
        found, offered = super().choices(question), question.offered
        if found or offered is None or not offered.where or self._is_known(offered.where):
            return found
        return super().choices(replace(question, offered=replace(offered, where="")))

    def _is_known(self, rule: str) -> bool:
        return self.known.issuperset(xpath.paths_in(rule))

    def _is_relevant(self, question: Question) -> bool:
        return True
