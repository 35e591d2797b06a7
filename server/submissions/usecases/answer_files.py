"""Writes the answers of a form as CSV, as an archive of CSV files and photos, and as a workbook, at constant memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

from server import table_files
from server.errors import Invalid
from server.submissions.store.blobs import BlobStore
from server.submissions.usecases.answer_export import AnswerExport, Page
from server.submissions.usecases.answer_tables import AnswerTable
from server.submissions.usecases.archives import Archive


def csv_parts(export: AnswerExport, path: str = "") -> Iterator[bytes]:
    """Yield one table as CSV (UTF-8 with BOM). path: of its repeat, '' for the form itself."""
    table, lines = export.tables.tables[path], _Lines(export)
    yield lines.headings(table)
    for page in export.pages(path):
        yield lines.of(table, [cells for _, cells in page.rows])


def zip_parts(export: AnswerExport, blobs: BlobStore) -> Iterator[bytes]:
    """Yield an archive: a CSV of each table, then the photos, where the export has them.

    The table of the form goes out as it is read; those of repeats wait on the disk for their turn.
    """
    archive, lines = Archive(export.began_at), _Lines(export)
    form, *repeats = export.tables.tables.values()
    with ExitStack() as stack:
        waiting = {table.path: stack.enter_context(tempfile.TemporaryFile()) for table in repeats}
        photos = stack.enter_context(tempfile.TemporaryFile())
        for table in repeats:
            waiting[table.path].write(lines.headings(table))
        with archive.open(f"{form.name}.csv") as written:
            written.write(lines.headings(form))
            for page in export.pages():
                for path, rows in _by_table(page).items():
                    table = export.tables.tables[path]
                    (waiting[path] if path else written).write(lines.of(table, rows))
                photos.writelines(f"{photo.sha256} {photo.name}\n".encode() for photo in page.photos)
                yield archive.take()
        for table in repeats:
            waiting[table.path].seek(0)
            yield from archive.copied(f"{table.name}.csv", waiting[table.path])
        yield from archive.photos(_listed(photos), blobs)
    yield archive.close()


def write_workbook(export: AnswerExport, book: table_files.Workbook) -> None:
    """Write each table into a sheet of its own; its second and further sheets stand behind all first ones.

    Raises Invalid for a table that is wider than a sheet.
    """
    tables = export.tables.tables.values()
    widest, most = max(len(table.headings) for table in tables), table_files.SHEET_COLUMNS_MAX
    if widest > most:
        message = f"这张表单有 {widest} 列，超过工作表的 {most} 列；请不要拆分多选题，或改用 zip。"
        raise Invalid(message, columns=widest)
    write = {table.path: book.add_table(table.title, table.headings, table.numeric) for table in tables}
    for page in export.pages():
        for table, cells in page.rows:
            write[table.path](cells)


def _by_table(page: Page) -> dict[str, list[list[str]]]:
    rows: dict[str, list[list[str]]] = {}
    for table, cells in page.rows:
        rows.setdefault(table.path, []).append(cells)
    return rows


class _Lines:
    """Lines of CSV: safe from being run, and with labels, which people read, from being changed too."""

    def __init__(self, export: AnswerExport) -> None:
        labels = export.tables.options.wording.labels
        self._text = table_files.verbatim if labels else table_files.escaped
        self._number = table_files.verbatim_number if labels else table_files.escaped

    def headings(self, table: AnswerTable) -> bytes:
        return table_files.BOM + table_files.csv_lines([map(self._text, table.headings)])

    def of(self, table: AnswerTable, rows: list[list[str]]) -> bytes:
        safe = [self._number if numeric else self._text for numeric in table.numeric]
        return table_files.csv_lines(
            [make_safe(cell) if cell else cell for make_safe, cell in zip(safe, row, strict=True)] for row in rows
        )


def _listed(photos: IO[bytes]) -> Iterator[tuple[str, str]]:
    photos.seek(0)
    for line in photos:
        sha256, _, name = line.decode().rstrip("\n").partition(" ")
        yield name, sha256
