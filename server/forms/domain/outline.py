"""The outline of a form version: what it asks, in which repeats, and the texts of questions and choices by language.

Phones show these texts and exports read by them. The definition that submissions are received by holds none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

Texts = Mapping[str, str]
"""A text by the name of its language, as the form writes it (``中文 (zh)``); '' for a form that names none."""


class Language(StrEnum):
    """A language in which people read exports."""

    CHINESE = "zh"
    ENGLISH = "en"


_NAMES = {Language.CHINESE: ("中文", "汉语", "chinese"), Language.ENGLISH: ("english", "英文", "英语")}


@dataclass(frozen=True, slots=True)
class Wording:
    """How an export is worded. labels: words and Beijing time, else codes and UTC. headings: None for bare names."""

    labels: bool = True
    headings: Language | None = Language.CHINESE

    @property
    def language(self) -> Language:
        return self.headings or Language.CHINESE


@dataclass(frozen=True, slots=True)
class Offer:
    """What a select question offers.

    labels: of the codes written in the form. file: name of the list that offers more, None for none; value, label:
    columns of that list.
    """

    labels: Mapping[str, Texts]
    file: str | None = None
    value: str = "name"
    label: str = "label"


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer of a form: a question, a calculation, or an entry of ``meta``.

    path: local names below the root (``people/name``). type: bind type of XForms. several: an answer is codes with
    spaces between. offer: None where anything may be answered. copies: paths of select questions whose codes a
    calculation hands on. named: the list in which the form itself looks up what a calculated code is called.
    """

    path: str
    type: str
    texts: Texts
    several: bool = False
    offer: Offer | None = None
    copies: tuple[str, ...] = ()
    named: Offer | None = None


@dataclass(frozen=True, slots=True)
class FormOutline:
    """default: name of the default language. groups: texts of groups and repeats by path. repeats: their paths.

    asked: in the order of the form; notes, which nobody answers, are left out.
    """

    default: str
    groups: Mapping[str, Texts]
    repeats: tuple[str, ...]
    asked: tuple[Asked, ...]


def text_in(texts: Texts, language: Language, default: str) -> str:
    """Return a text in ``language``; in the default language of its form, or any other, where it lacks that one."""
    for name, text in texts.items():
        lowered = name.lower()
        if text and (f"({language})" in lowered or lowered == language or lowered.startswith(_NAMES[language])):
            return text
    return texts.get(default, "") or next((text for text in texts.values() if text), "")


def repeat_of(path: str, repeats: Iterable[str]) -> str:
    """Return the innermost of ``repeats`` that holds ``path``, '' where none does."""
    return max((each for each in repeats if path.startswith(f"{each}/")), key=len, default="")


def merged(outlines: Iterable[FormOutline]) -> FormOutline:
    """Return what all versions of one form ask together.

    outlines: at least one, the latest first. Order, types and texts are the latest's; what only earlier versions ask
    follows it, and codes that only they offer keep their labels.
    """
    latest, *earlier = outlines
    groups, repeats = dict(latest.groups), dict.fromkeys(latest.repeats)
    asked = {each.path: each for each in latest.asked}
    for outline in earlier:
        groups = {**outline.groups, **groups}
        repeats |= dict.fromkeys(outline.repeats)
        for each in outline.asked:
            asked[each.path] = _with_earlier(asked[each.path], each) if each.path in asked else each
    return FormOutline(latest.default, groups, tuple(repeats), tuple(asked.values()))


def _with_earlier(asked: Asked, earlier: Asked) -> Asked:
    offer = asked.offer or earlier.offer
    if asked.offer is not None and earlier.offer is not None:
        known = asked.offer.labels
        labels = {**known, **{code: texts for code, texts in earlier.offer.labels.items() if code not in known}}
        offer = replace(asked.offer, labels=labels)
    return replace(asked, texts=asked.texts or earlier.texts, several=asked.several or earlier.several, offer=offer)


def distinct(headings: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return headings of which no two are the same: the later of equal ones get their names behind them.

    names: of the columns, each there once.
    """
    found: dict[str, None] = {}
    for heading, name in zip(headings, names, strict=True):
        unique = heading if heading not in found else f"{heading} ({name})"
        while unique in found:
            unique += "'"
        found[unique] = None
    return list(found)
