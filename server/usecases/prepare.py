"""Fills an empty database with what every county starts with: its grid, the code lists, the built-in forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import kobo_forms
from server.domain.grid_rows import SheetRow
from server.store import codes
from server.store.codes import Code
from server.store.database import Transaction
from server.usecases import grid, publish
from server.usecases.grid import Loaded
from server.usecases.publish import Prepared

BY = "init"
_OWN_COLUMNS = ("name", "label", "label_en", "active_from", "active_to")


def built_in_forms() -> Iterator[Prepared]:
    """Yield the forms that come with the product, converted; takes seconds and no transaction."""
    for name in kobo_forms.names():
        yield publish.prepare(kobo_forms.source(name), ".md", kobo_forms.sources(name))


def lay(tx: Transaction, rows: Iterable[SheetRow], forms: Iterable[Prepared]) -> Loaded:
    """Load the grid, the code lists and the forms into an empty database, all or nothing.

    rows: of the grid sheet. forms: from ``built_in_forms``. Raises GridRefused and FormRefused.
    """
    loaded = grid.load(tx, rows, by=BY)
    lay_code_lists(tx)
    for prepared in forms:
        publish.publish(tx, prepared, by=None)
    return loaded


def lay_code_lists(tx: Transaction) -> None:
    """Put the code lists that come with the product in the place of those that are there."""
    for name in kobo_forms.lists():
        codes.replace_list(tx, name, (_code(name, row) for row in kobo_forms.codes(name)))


def _code(list_name: str, row: dict[str, str]) -> Code:
    extra = {column: value for column, value in row.items() if column not in _OWN_COLUMNS}
    return Code(list_name, row["name"], row["label"], row["label_en"], row["active_from"], row["active_to"], extra)
