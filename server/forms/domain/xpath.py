"""Reads XPath expressions of XForms and evaluates them over the answers of one form, as phones do.

The subset of ``openrosa.md``: paths to answers, lists of choices with predicates, operators, and the functions of
``xpath_functions``. A function that is not among them raises Unsupported, and the form that has it is filled in on a
phone: what cannot be calculated is never taken for true or false.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from server.forms.domain.xpath_functions import FUNCTIONS
from server.forms.domain.xpath_values import (
    NAN,
    Leaf,
    Nodes,
    Unsupported,
    Value,
    compared,
    moment,
    single,
    to_answer,
    to_boolean,
    to_number,
    to_text,
    typed,
)

__all__ = ["Scope", "Unsupported", "answer_of", "is_true", "paths_in", "rows_where", "text_of", "with_values"]

Row = Mapping[str, str]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<path>/[\w./:@\-]+)"""
    r"""|(?P<name>[^\W\d][\w.\-]*(?::[^\W\d][\w.\-]*)?)|(?P<sign>\.\./|\.\.|!=|<=|>=|[()\[\],=<>+*./-]))"""
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",), ("and",), ("=", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "div", "mod"),
)  # fmt: skip
_DEPTH_MAX, _OPERANDS_MAX = 40, 200
"""Of parentheses and calls in each other; of operands in a row, as of ``a or b or c``."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name. answers: by path from the root (``/data/where/place``). own: path of the question
    that it belongs to, for ``.``. lists: returns the rows of an instance by its id, None for one that is not known.
    now: the instant of filling in, ISO 8601. label: returns what the code of a question is called. types: of the
    questions, by path; the answer of one that is not there is a text.
    """

    answers: Mapping[str, str]
    own: str
    lists: Callable[[str], Sequence[Row] | None]
    now: str
    label: Callable[[str, str], str] = lambda path, code: code
    types: Mapping[str, str] = field(default_factory=dict)

    def answer(self, path: str) -> Nodes:
        """Return the answer of a question as a value of its type, nothing for a path that the form has not."""
        return (typed(self.answers[path], self.types.get(path, "")),) if path in self.answers else ()


class _Context(NamedTuple):
    scope: Scope
    row: Row | None


_Node = Callable[[_Context], Value]


def answer_of(expression: str, scope: Scope, type: str = "string") -> str:
    """Return the value of an expression as a question of that type holds it. Raises Unsupported."""
    return to_answer(_evaluated(expression, scope), type)


def text_of(expression: str, scope: Scope) -> str:
    """Return the value of an expression as it stands in a text. Raises Unsupported."""
    return to_text(_evaluated(expression, scope))


def is_true(expression: str, scope: Scope) -> bool:
    """Return whether an expression holds. Raises Unsupported."""
    return to_boolean(_evaluated(expression, scope))


def rows_where(condition: str, rows: Sequence[Row], scope: Scope) -> list[Row]:
    """Return the rows of a list for which an expression holds. Raises Unsupported."""
    return [row for row in rows if _chosen(_evaluated(condition, scope, row))]


def with_values(text: str, scope: Scope) -> str:
    """Return a text of a form with the answers in the place of their paths (between U+E000 and U+E001)."""
    return re.sub("\ue000(.+?)\ue001", lambda match: text_of(match[1], scope), text)


def paths_in(expression: str) -> tuple[str, ...]:
    """Return the paths of answers that an expression names, each once."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "''", expression)
    found = re.findall(r"(?<![\w)\]])\s*(/[\w/:.\-]+)", bare)
    return tuple(dict.fromkeys(each.rstrip(".") for each in found))


def _evaluated(expression: str, scope: Scope, row: Row | None = None) -> Value:
    try:
        return _parsed(expression)(_Context(scope, row))
    except RecursionError as error:  # of long rows of operands in each other
        raise Unsupported(expression[:100]) from error


def _chosen(value: Value) -> bool:
    if isinstance(single(value), float):  # the number of a row, not a condition
        raise Unsupported("[]")
    return to_boolean(value)


@lru_cache(maxsize=4_096)
def _parsed(expression: str) -> _Node:
    parser = _Parser(expression)
    node = parser.expression(0)
    if parser.kind:
        raise Unsupported(expression)
    return node


class _Parser:
    """One expression, read from left to right."""

    def __init__(self, expression: str) -> None:
        self._whole, self._at, self._depth = expression, 0, 0
        self.kind, self.text = "", ""
        self._next()

    def _next(self) -> str:
        taken, rest = self.text, self._whole[self._at :]
        match = _TOKEN.match(rest) if rest.strip() else None
        if match is None and rest.strip():
            raise Unsupported(self._whole)
        self.kind, self.text = ("", "") if match is None else (str(match.lastgroup), match[0].strip())
        self._at += 0 if match is None else match.end()
        return taken

    def _take(self, sign: str) -> None:
        if self.text != sign or self.kind == "text":
            raise Unsupported(self._whole)
        self._next()

    def expression(self, level: int) -> _Node:
        """Read what binds at least as closely as the operators of a level."""
        if level == len(_LEVELS):
            return self._unary()
        node, operands = self.expression(level + 1), 1
        while self.text in _LEVELS[level] and self.kind in ("sign", "name"):
            if (operands := operands + 1) > _OPERANDS_MAX:
                raise Unsupported(self._whole)
            node = _operation(self._next(), node, self.expression(level + 1))
        return node

    def _unary(self) -> _Node:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise Unsupported(self._whole)
        if self.text == "-" and self.kind == "sign":
            self._next()
            operand = self._unary()
            node: _Node = lambda at: -to_number(operand(at))  # noqa: E731 - read as its neighbours are
        else:
            node = self._primary()
        self._depth -= 1
        return node

    def _primary(self) -> _Node:
        kind, text = self.kind, self.text
        self._next()
        if kind == "text":
            return lambda at: text[1:-1]
        if kind == "number":
            return lambda at: float(text)
        if text == "(":
            inner = self.expression(0)
            self._take(")")
            return inner
        if kind == "path":
            if text.endswith("/") or any(step in ("", ".", "..") for step in text[1:].split("/")):
                raise Unsupported(self._whole)
            return lambda at: at.scope.answer(text)
        if text == "." and kind == "sign":
            return lambda at: at.scope.answer(at.scope.own)
        if kind == "name" and self.text == "(":
            return self._call(text)
        if kind == "name":
            return lambda at: _cell(at, text)
        raise Unsupported(self._whole)

    def _call(self, name: str) -> _Node:
        self._take("(")
        arguments = []
        while self.text != ")":
            arguments.append(self.expression(0))
            if self.text != ")":
                self._take(",")
        self._take(")")
        if name == "instance":
            return self._rows(arguments)
        return _called(name, arguments, self._whole)

    def _rows(self, arguments: list[_Node]) -> _Node:
        """Read the steps behind ``instance('list')``: root and item, predicates, and the column."""
        column, filters = "", list[_Node]()
        if self.kind == "path":
            column = self._path_column(self._next(), filters)
        while self.text == "[":
            self._next()
            filters.append(self.expression(0))
            self._take("]")
            if self.kind == "path":
                column = self._path_column(self._next(), filters)
        if len(arguments) != 1:
            raise Unsupported(self._whole)

        def found(at: _Context) -> Value:
            rows = at.scope.lists(to_text(arguments[0](at)))
            if rows is None:
                return ()
            for condition in filters:
                rows = [row for row in rows if _chosen(condition(_Context(at.scope, row)))]
            return tuple[Leaf, ...](row.get(column, "") for row in rows if not column or column in row)

        return found

    def _path_column(self, path: str, filters: Sequence[_Node]) -> str:
        steps = path.strip("/").split("/")
        if filters and len(steps) == 1:
            return steps[0]
        if not filters and steps[:2] == ["root", "item"] and len(steps) <= 3:
            return steps[2] if len(steps) == 3 else ""
        if not filters and steps[0] != "root":  # the answers of the form before this one: there are none on a page
            return "\x00"
        raise Unsupported(self._whole)


def _cell(at: _Context, name: str) -> Nodes:
    if at.row is None:
        raise Unsupported(name)
    return (at.row[name],) if name in at.row else ()


def _called(name: str, arguments: list[_Node], whole: str) -> _Node:
    if name == "if" and len(arguments) == 3:
        condition, one, other = arguments
        return lambda at: single(one(at) if to_boolean(condition(at)) else other(at))
    if name == "once" and len(arguments) == 1:
        only = arguments[0]
        return lambda at: at.scope.answer(at.scope.own) if at.scope.answers.get(at.scope.own) else single(only(at))
    if name in ("now", "today") and not arguments:
        return lambda at: moment(at.scope.now if name == "now" else at.scope.now[:10]) or ""
    if name == "jr:choice-name" and len(arguments) == 2:
        code, path = arguments
        return lambda at: at.scope.label(to_text(path(at)), to_text(code(at)))
    function = FUNCTIONS.get(name)
    if function is None:
        raise Unsupported(f"{name}()")

    def call(at: _Context) -> Value:
        try:
            return function(*[each(at) for each in arguments])
        except TypeError as error:
            raise Unsupported(whole) from error
        except (ValueError, ArithmeticError) as error:  # of what is too large
            raise Unsupported(whole) from error

    return call


def _operation(sign: str, left: _Node, right: _Node) -> _Node:
    if sign == "or":
        return lambda at: to_boolean(left(at)) or to_boolean(right(at))
    if sign == "and":
        return lambda at: to_boolean(left(at)) and to_boolean(right(at))
    if sign in ("=", "!=", "<", "<=", ">", ">="):
        return lambda at: compared(sign, left(at), right(at))
    return lambda at: _calculated(sign, to_number(left(at)), to_number(right(at)))


def _calculated(sign: str, one: float, other: float) -> float:
    if sign in ("+", "-", "*"):
        return one + other if sign == "+" else one - other if sign == "-" else one * other
    if math.isnan(one) or math.isnan(other):
        return NAN
    if sign == "mod":
        return NAN if other == 0 or math.isinf(one) else math.fmod(one, other)
    if other == 0:
        return NAN if one == 0 else math.copysign(math.inf, one) * math.copysign(1, other)
    return one / other
