"""Import of a table on a page: look first, then decide. The same steps for every table: template, file, check, import.

A kind of table says what is its own (``Table``); the addresses, the order of the steps, who may upload, and what a file
that cannot be read is answered with are the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import Blueprint, Response, request

from server.db.transactions import Reading, Transaction
from server.errors import TooLarge, Unreadable
from server.grid.domain.file_rows import Fault
from server.office import layout, pages
from server.office.admin import inputs, tabs
from server.office.admin.inputs import NOTHING, Sent
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.table_files import XLSX_TYPE
from server.web import context, downloads
from server.web.problem_details import status_of

FAULTS_SHOWN = 200
NO_FILE = "请先选一个文件（.xlsx 或 CSV）。"


class Table(NamedTuple):
    """A kind of table that is imported.

    name: of its pages among the others. tab: of administration that it stands under. address: of its first page.
    page: its template. file: what its files are called, without an extension. bytes_max: of an upload.
    require_right: raises NotAllowed for who may not import. empty: the file to fill in. keep: keeps a file and returns
    the token under which it is got again; raises Unreadable, TooLarge. told: what the page shows of the file of a
    token, ``is_done`` among it. carry_out: imports its good rows. marked: the file with its faults marked.
    """

    name: str
    tab: str
    address: str
    page: str
    file: str
    bytes_max: int
    require_right: Callable[[Actor], None]
    empty: Callable[[Reading, Actor], bytes]
    keep: Callable[[bytes, str, Actor], str]
    told: Callable[[Reading, str, Actor], Mapping[str, Any]]
    carry_out: Callable[[Transaction, str, Actor], object]
    marked: Callable[[Reading, str, Actor], bytes]


def pages_of(table: Table) -> Blueprint:
    """Return the pages on which a kind of table is imported."""
    blueprint, pages_of_it = layout.create_blueprint(table.name, __name__), _Pages(table)
    inputs.admit_uploads(blueprint, table.require_right, table.bytes_max, ("look",))
    for path, method, name, view in (
        ("", "GET", "choose", pages_of_it.choose),
        ("/template.xlsx", "GET", "template", pages_of_it.template),
        ("", "POST", "look", pages_of_it.look),
        ("/<token>", "GET", "check", pages_of_it.check),
        ("/<token>/marked.xlsx", "GET", "marked", pages_of_it.marked),
        ("/<token>", "POST", "carry_out", pages_of_it.carry_out),
    ):
        blueprint.add_url_rule(f"{table.address}{path}", name, signed_in(view), methods=[method])
    return blueprint


class _Pages:
    """The views of a kind of table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def choose(self) -> Response:
        """Show the first two steps: get the template, choose a file."""
        tabs.require(self._table.tab)
        return _chooser(self._table)

    def template(self) -> Response:
        """Give the file to fill in."""
        tabs.require(self._table.tab)
        with context.database().reading() as reading:
            content = self._table.empty(reading, context.caller())
        return downloads.download(content, XLSX_TYPE, f"{self._table.file}.xlsx")

    def look(self) -> Response:
        """Read a file, keep it for a day, and lead to what importing it would do."""
        tabs.require(self._table.tab)
        return _look(self._table)

    def check(self, token: str) -> Response:
        """Show what importing a file would do, or what it did."""
        tabs.require(self._table.tab)
        return shown(self._table, token)

    def marked(self, token: str) -> Response:
        """Give the file with its faults marked, to be mended."""
        tabs.require(self._table.tab)
        with context.database().reading() as reading:
            content = self._table.marked(reading, token, context.caller())
        return downloads.download(content, XLSX_TYPE, f"{self._table.file}-标红.xlsx")

    def carry_out(self, token: str) -> Response:
        """Import the good rows; sent twice, they are imported once."""
        tabs.require(self._table.tab)
        return _carry_out(self._table, token)


def told_fault(fault: Fault, titles: Mapping[str, str]) -> dict[str, Any]:
    """Return what a page tells of a faulty cell. titles: what the columns are called."""
    return {
        "line": fault.line,
        "column": titles[fault.column],
        "value": fault.value,
        "reason": fault.reason,
        "cure": fault.cure,
    }


def _look(table: Table) -> Response:
    uploaded = request.files.get("file")
    if uploaded is None or not uploaded.filename:
        return _chooser(table, Sent("file", {}, {"file": NO_FILE}, NO_FILE), 422)
    name = uploaded.filename
    try:
        token = table.keep(uploaded.read(), name, context.caller())
    except (Unreadable, TooLarge) as refusal:
        sent = Sent("file", {"file_name": name}, {"file": refusal.message}, refusal.message)
        return _chooser(table, sent, status_of(refusal))
    return pages.see_other(f"{table.address}/{token}")


def _carry_out(table: Table, token: str) -> Response:
    by = context.caller()

    def act() -> str:
        context.write(lambda tx: table.carry_out(tx, token, by))
        return f"{table.address}/{token}"

    return inputs.carry_out("import", act, lambda sent, status: shown(table, token, sent, status))


def _chooser(table: Table, sent: Sent = NOTHING, status: int = 200) -> Response:
    with context.database().reading() as reading:
        return _show(table, reading, {"sent": sent, "found": None, "step": 2}, status)


def shown(table: Table, token: str, sent: Sent = NOTHING, status: int = 200) -> Response:
    """Answer with what importing the file of ``token`` would do, or what it did. sent: a form that was refused."""
    with context.database().reading() as reading:
        found = table.told(reading, token, context.caller())
        return _show(table, reading, {"sent": sent, "found": found, "step": 5 if found["is_done"] else 3}, status)


def _show(table: Table, reading: Reading, values: Mapping[str, Any], status: int) -> Response:
    return tabs.show(reading, table.page, table.tab, {"address": table.address, **values}, status)
