"""The choices of questions: what forms offer and a field may hold; a code once offered keeps its meaning for ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class CodeList(NamedTuple):
    """A CSV list beside a form. name: of the file without ``.csv``. column: whose cells are the codes."""

    name: str
    column: str


class Span(NamedTuple):
    """The local days on which a code may be chosen anew, both inclusive; an empty one is open."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Options:
    """What one field's questions offer.

    codes: written in the form itself. retired: written in earlier versions only. lists: CSV lists to choose from.
    """

    codes: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    lists: tuple[CodeList, ...] = ()


def combine_options(declared: Iterable[tuple[str, Options | None]]) -> Options | None:
    """Return what all versions of all forms offer for one field; None when one of them takes any value.

    declared: form id and options, oldest first. A code is retired when no form offers it in its newest version
    (``domain.md`` S19: codes are never deleted, only deprecated).
    """
    newest: dict[str, Options] = {}
    every: list[Options] = []
    for form, options in declared:
        if options is None:
            return None
        newest[form] = options
        every.append(options)
    current = dict.fromkeys(code for options in newest.values() for code in options.codes)
    written = dict.fromkeys(code for options in every for code in (*options.codes, *options.retired))
    lists = dict.fromkeys(each for options in every for each in options.lists)
    return Options(tuple(current), tuple(code for code in written if code not in current), tuple(lists))


@dataclass(frozen=True, slots=True)
class Choices:
    """The codes that one field may hold. spans: code to the days on which it may be chosen anew; none when retired.

    set_valued: a value is several codes with spaces between.
    """

    spans: Mapping[str, tuple[Span, ...]]
    set_valued: bool = False

    def unknown(self, value: str, held: str = "") -> tuple[str, ...]:
        """Return the codes of ``value`` that no version of any form ever offered, but for those in ``held``."""
        if value in self.spans:
            return ()
        return tuple(code for code in self._added(value, held) if code not in self.spans)

    def retired(self, value: str, on: str, held: str = "") -> tuple[str, ...]:
        """Return the codes of ``value`` that were not offered on the local day ``on``, but for those in ``held``."""
        return tuple(
            code
            for code in self._added(value, held)
            if code in self.spans and not any(_holds(span, on) for span in self.spans[code])
        )

    def _added(self, value: str, held: str) -> tuple[str, ...]:
        if value in ("", held):
            return ()
        if not self.set_valued:
            return (value,)
        before = held.split()
        return tuple(code for code in value.split() if code not in before)


def _holds(span: Span, day: str) -> bool:
    return span.first <= day and (not span.last or day <= span.last)
