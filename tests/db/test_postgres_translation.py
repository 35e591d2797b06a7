"""The one SQL text of the stores says on PostgreSQL what it says on SQLite."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict

from server.db.postgres.connections import address
from server.db.postgres.statements import translated
from server.db.sql import InsertInto


@pytest.mark.parametrize(
    ("text", "expected", "names"),
    [
        ("SELECT :b, :a, :b", "SELECT $1, $2, $1", ("b", "a")),
        ("SELECT ':no' || :yes", "SELECT ':no' || $1", ("yes",)),
        ("SELECT 'it''s :no', :yes", "SELECT 'it''s :no', $1", ("yes",)),
        ("SELECT 1 -- not :this\n WHERE :that", "SELECT 1 -- not :this\n WHERE $1", ("that",)),
        ("SELECT x::text, :y", "SELECT x::text, $1", ("y",)),
        ('SELECT ":no" FROM t', 'SELECT ":no" FROM t', ()),
        (
            "WHERE label LIKE :text ESCAPE '\\' AND 'LIKE' = x",
            "WHERE label ILIKE $1 ESCAPE '\\' AND 'LIKE' = x",
            ("text",),
        ),
        ("SELECT 100 % :n, '50%'", "SELECT 100 % $1, '50%'", ("n",)),
        (InsertInto("person", "name", "display").text, "INSERT INTO person (name, display) VALUES ($1, $2)", ()),
    ],
)
def test_names_become_numbers_and_all_else_stays(text, expected, names):
    assert translated(text) == (expected, names)


def test_an_address_takes_precedence_over_what_connections_are_opened_with():
    opened = conninfo_to_dict(address("postgresql://u@one,two/d?target_session_attrs=read-write&keepalives_idle=60"))

    assert (opened["host"], opened["target_session_attrs"]) == ("one,two", "read-write")
    assert (opened["keepalives_idle"], opened["tcp_user_timeout"]) == ("60", "30000")
