"""Fill an empty database with what every county starts with: its grid, the code lists, the built-in forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import kobo_forms
from server.db.transactions import Transaction
from server.forms.usecases import code_lists, publish
from server.forms.usecases.publish import Prepared
from server.grid.domain.file_rows import SheetRow
from server.grid.usecases import loading
from server.grid.usecases.loading import Loaded

BY = "init"


def built_in_forms() -> Iterator[Prepared]:
    """Yield the forms that come with the product, converted; takes seconds and no transaction."""
    return publish.prepare_together(
        [(kobo_forms.source(name), kobo_forms.sources(name)) for name in kobo_forms.names()]
    )


def install(tx: Transaction, rows: Iterable[SheetRow], forms: Iterable[Prepared]) -> Loaded:
    """Load the grid, the code lists and the forms into an empty database, all or nothing.

    rows: of the grid sheet. forms: from ``built_in_forms``. Raises GridRefused and FormRefused.
    """
    loaded = loading.load(tx, rows, by=BY)
    code_lists.install(tx)
    for prepared in forms:
        publish.publish(tx, prepared, by=None)
    return loaded
