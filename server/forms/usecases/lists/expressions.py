"""Finds the columns of lists that an XPath expression of a form names, since a phone takes a wrong one for empty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<name>[^\W\d][\w.\-]*(?::[^\W\d][\w.\-]*)?)"""
    r"""|(?P<sign>\.\.|//|::|!=|<=|>=|.))""",
    re.DOTALL,
)
_OPERATORS = frozenset({"and", "or", "div", "mod"})
_ROW = ("root", "item")


class Column(NamedTuple):
    """A column that an expression names. list: id of the instance, or name that ``pulldata`` and ``search`` give."""

    list: str
    name: str


def columns_in(expression: str, item_of: str | None = None) -> list[Column]:
    """Return the columns of lists that an expression names, each once, in order.

    item_of: the list on whose rows the expression is evaluated, as that of a choice filter; None for others.
    An expression that is not well-formed gives what can be read of it; the form engine refuses it.
    """
    walk = _Walk(
        [(str(match.lastgroup), match[0].strip()) for match in _TOKEN.finditer(expression) if match[0].strip()]
    )
    walk.expression(item_of)
    return list(dict.fromkeys([*walk.found, *_looked_up(expression)]))


@dataclass
class _Walk:
    """One pass over the tokens ``(kind, text)`` of an expression. at: the next token. found: columns so far."""

    tokens: Sequence[tuple[str, str]]
    at: int = 0
    found: list[Column] = field(default_factory=list)

    def expression(self, item_of: str | None) -> None:
        """Read up to the bracket that closes this expression, or to the end."""
        path: tuple[str | None, tuple[str, ...]] | None = None  # list and steps of the path that is being read
        while self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            self.at += 1
            if text in {")", "]"} and kind == "sign":
                return
            path = self._step(kind, text, path, item_of)

    def _step(
        self, kind: str, text: str, path: tuple[str | None, tuple[str, ...]] | None, item_of: str | None
    ) -> tuple[str | None, tuple[str, ...]] | None:
        if kind == "name":
            return self._name(text, path, item_of)
        if text == "[":
            self.expression(path[0] if path is not None and path[1] == _ROW else None)
            return path
        if text == "(":
            self.expression(item_of)
            return (None, ())
        if text in {"/", "//"}:
            return (None, ("/",)) if path is None else path
        if text == ".":
            return (item_of, _ROW)
        if text == "..":
            return (None, ("..",))
        if text in {"::", "@"}:
            return (None, ("@",))
        return (None, ()) if kind in {"text", "number"} else None

    def _name(
        self, text: str, path: tuple[str | None, tuple[str, ...]] | None, item_of: str | None
    ) -> tuple[str | None, tuple[str, ...]] | None:
        after_slash = self.at > 1 and self.tokens[self.at - 2][1] in {"/", "//", "@", "::"}
        if path is not None and not after_slash:  # a name after a value is an operator
            return None
        if self._next() == "(":
            instance = self._instance(text)
            if instance is not None:
                return instance, ()
            self.at += 1
            self.expression(item_of)
            return None, ()
        of_list, steps = path if path is not None else (item_of, _ROW)
        if of_list is not None and steps == _ROW:
            self.found.append(Column(of_list, text))
        return of_list, (*steps, text)

    def _instance(self, function: str) -> str | None:
        """Return the list that ``instance('…')`` names and pass over it; None for any other function."""
        called = self.tokens[self.at : self.at + 3]
        if function != "instance" or len(called) < 3 or called[1][0] != "text" or called[2][1] != ")":
            return None
        self.at += 3
        return called[1][1][1:-1]

    def _next(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""


_CALL = re.compile(r"\b(pulldata|search)\s*\(")
_ARGUMENT = re.compile(
    r"""\s*(?:(?P<quote>['"])(?P<text>.*?)(?P=quote)|[^,()'"]*(?:\([^()]*\)[^,()'"]*)*)\s*(?P<end>[,)]|$)"""
)


def _looked_up(expression: str) -> Iterator[Column]:
    """Yield the columns that ``pulldata('list', 'column', 'key', …)`` and ``search('list', …)`` name."""
    for call in _CALL.finditer(expression):
        arguments = list(_arguments(expression, call.end()))
        named = arguments[1:3] if call[1] == "pulldata" else arguments[2:6:2]
        list_name = (arguments[0] or "").removesuffix(".csv") if arguments else ""
        yield from (Column(list_name, name) for name in named if list_name and name)


def _arguments(expression: str, at: int) -> Iterator[str | None]:
    """Yield each argument's text; None for one that is calculated."""
    while match := _ARGUMENT.match(expression, at):
        yield match["text"]
        at = match.end()
        if match["end"] != ",":
            return
