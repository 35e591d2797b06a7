"""The SQL of stores is such as SQLite and PostgreSQL both take, so that a county can move from one to the other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.source_tree import program

OF_ONE_ENGINE = {
    "a function of SQLite's over JSON: what is looked up is a column": r"json_(?:extract|each|tree|array|object)|->>?'",
    "an empty list: `1 = 0` says it": r"\bIN\s*\(\s*\)",
    "IS NOT with a value: IS DISTINCT FROM says it": r"\bIS\s+NOT\s+[:']",
    "IS with a parameter: IS NOT DISTINCT FROM says it": r"\bIS\s+:",
    "a conflict clause of SQLite's: ON CONFLICT says it": r"\bINSERT\s+OR\b|\bREPLACE\s+INTO\b",
    "a hint, a collation or a number of rows of SQLite's own": r"\bINDEXED\s+BY\b|\bCOLLATE\b|\browid\b|\bGLOB\b",
    "a function of SQLite's for dates: the clock is the program's": r"\b(?:strftime|julianday|datetime)\s*\(",
    "what only SQLite concatenates, casts or counts so": r"\bgroup_concat\s*\(|\btotal\s*\(|\bifnull\s*\(|\biif\s*\(",
    "a double quote for a text": r"=\s*\"",
}
OF_THE_PROGRAM = re.compile(r"server/(?!db/|records/store/label_search\.py|simulate/store/disk\.py)")
"""All but what belongs to one engine: connections, migrations, the index of words, a laptop's own copy."""

SQL = re.compile(r"\b(?:SELECT\b.+\bFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b", re.DOTALL)
SUBQUERY = re.compile(r"\bFROM\s*\(\s*(?:SELECT|VALUES)\b")
WORD = re.compile(r"\s*(?:AS\s+)?[a-z_]\w*")


@cache
def texts() -> list[tuple[str, str]]:
    """Return each text of the program that holds SQL, with its module; what is filled in stands as ``{}``."""
    return list(_texts())


def _texts() -> Iterator[tuple[str, str]]:
    for source in program():
        if not (OF_THE_PROGRAM.match(source.name) and SQL.search(source.text)):
            continue
        for node in ast.walk(source.tree):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            found = "".join(
                part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "{}" for part in parts
            )
            if SQL.search(found):
                yield source.module, found


@pytest.mark.parametrize("reason", OF_ONE_ENGINE)
def test_no_statement_holds_what_one_engine_alone_takes(reason):
    wrong = re.compile(OF_ONE_ENGINE[reason], re.IGNORECASE)

    assert {module for module, text in texts() if wrong.search(text)} == set(), reason


def test_no_value_has_the_case_of_its_letters_changed_by_a_database():
    """A value has the collation of the database, a column folds ASCII alone. LIKE takes its letters in either case."""
    wrong = re.compile(r"\b(?:LOWER|UPPER|INITCAP)\s*\(\s*:", re.IGNORECASE)

    assert [source.module for source in program() if wrong.search(source.text)] == []


def test_what_is_selected_from_has_a_name():
    assert [(module, text) for module, text in texts() if list(nameless(text))] == []


def nameless(text: str) -> Iterator[int]:
    """Yield where a subquery in FROM ends without a name, which PostgreSQL before 16 refuses."""
    for begun in SUBQUERY.finditer(text):
        depth, at = 1, text.index("(", begun.start()) + 1
        while depth and at < len(text):
            depth += (text[at] == "(") - (text[at] == ")")
            at += 1
        if depth == 0 and not WORD.match(text, at):
            yield at


def test_the_tests_find_what_they_look_for():
    assert list(nameless("SELECT a FROM (SELECT 1 AS a) WHERE a = 1")) == [29]
    assert list(nameless("SELECT a FROM (SELECT 1 AS a) AS one")) == []
    assert len(texts()) > 200
