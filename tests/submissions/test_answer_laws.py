"""What an export promises of any form at all: every answer comes back as it was sent, in its own row, once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from server.app import close
from server.forms.usecases import publish
from server.forms.usecases.publish import Prepared
from server.forms.usecases.xform.reader import read_xform
from server.forms.usecases.xlsform.sheets import Sheets
from server.submissions.usecases.answer_tables import FORM_AFTER, FORM_BEFORE, REPEAT_AFTER, REPEAT_BEFORE
from server.table_files import verbatim
from tests.api_county import lay_people
from tests.county import open_county
from tests.laws import examples
from tests.submissions.generated_forms import Filled, Node, filled, forms, submission, xform
from tests.submissions.households import sheets_of, tables_of


def beside(table: str) -> set[str]:
    """Return the names of the columns beside the answers in the table of a form ('') or of a repeat."""
    return {*REPEAT_BEFORE, *REPEAT_AFTER} if table else {*FORM_BEFORE, *FORM_AFTER}


Row = tuple[str, str, dict[str, str]]
"""Parent's key, key, and the answers by their names in the table."""


def expected(answers: Filled, key: str, parent: str = "", above: str = "") -> Iterator[tuple[str, Row]]:
    """Yield each row with its table (path of the repeat), as the law wants them."""
    names = {path[len(above) :]: value for path, value in answers.answers.items()}
    table = above.rstrip("/")
    yield table, (parent, key, {named_in(table, name): value for name, value in names.items()})
    for path, instances in answers.instances.items():
        for number, each in enumerate(instances, 1):
            yield from expected(each, f"{key}/{path[len(above) :]}[{number}]", key, f"{path}/")


def named_in(table: str, name: str) -> str:
    return f"answer.{name}" if name in beside(table) else name


def sent_back(table: str, line: dict[str, Any], selects: set[tuple[str, str]]) -> Row:
    """Return a line of a file as what was sent, with codes in the place of their labels."""
    texts = {name: str(value) for name, value in line.items()}
    answers = {name: value for name, value in texts.items() if name not in beside(table)}
    answers |= {name: answers[name].replace("；", " ") for path, name in selects if path == table}
    return texts.get("PARENT_KEY", ""), texts["KEY"], answers


def bare(cell: str) -> str:
    """Return the text of a cell of a CSV: without the apostrophe that keeps a spreadsheet from changing it."""
    return cell[1:] if cell.startswith("'") and verbatim(cell) != cell else cell


def selects_of(nodes: tuple[Node, ...], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield table and name of each select_multiple."""
    for node in nodes:
        if node.kind == "select":
            table = above.rstrip("/")
            yield table, named_in(table, node.path[len(above) :])
        yield from selects_of(node.nodes, f"{node.path}/" if node.kind == "repeat" else above)


def is_same(cell: str, sent: str) -> bool:
    try:
        return cell == sent or Decimal(cell) == Decimal(sent)
    except InvalidOperation:
        return False


@given(st.data())
@settings(max_examples=examples(60))
def test_every_answer_comes_back_from_an_archive_and_from_a_workbook(data):
    nodes = data.draw(forms())
    sent = data.draw(st.lists(filled(nodes), min_size=1, max_size=3))
    wanted: dict[str, list[Row]] = {}
    for number, answers in enumerate(sent):
        for table, row in expected(answers, f"uuid:{number}"):
            wanted.setdefault(table, []).append(row)
    with tempfile.TemporaryDirectory() as folder:
        county = open_county(Path(folder) / "data", lay_people)
        try:
            form = xform(nodes, "1")
            county.do(publish.publish, Prepared(read_xform(form), form, form, ".xml", {}, Sheets(), (), {}), None)
            for number, answers in enumerate(sent):
                xml = submission(nodes, answers, f"uuid:{number}", "1")
                assert county.phone("worker").send(xml).status_code == 201

            tables = tables_of(county.get("/forms/law/answers.zip?headings=names", "brigade"))
            sheets = sheets_of(county.get("/forms/law/answers.xlsx?headings=names", "brigade"))
        finally:
            close(county.app)

    selects = set(selects_of(nodes))
    named = {name.removesuffix(".csv")[len("law-") :].replace("-", "/"): lines for name, lines in tables.items()}
    assert wanted.keys() <= named.keys()
    for (path, lines), rows in zip(named.items(), sheets.values(), strict=True):
        in_csv = [sent_back(path, {name: bare(cell) for name, cell in line.items()}, selects) for line in lines]
        in_workbook = [sent_back(path, row, selects) for row in rows]

        assert sorted(in_csv, key=by_key) == sorted(wanted.get(path, []), key=by_key)
        for (*keys, answers), (*wanted_keys, asked) in zip(in_workbook, in_csv, strict=True):
            assert (keys, answers.keys()) == (wanted_keys, asked.keys())
            assert all(is_same(answers[name], asked[name]) for name in asked), (answers, asked)


def by_key(row: Row) -> str:
    return row[1]
