"""Exports the answers of a form: checks who asks, notes it down, and yields rows page by page at constant memory.

Each page is a reading of its own, so that a slow line keeps no old snapshot of the database alive; all pages together
hold what had come when the export began, each submission once and in the version that was newest then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from server.audit.domain.entries import Entry
from server.audit.usecases import exports
from server.audit.usecases.exports import Export
from server.db.database import Database
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.domain.outline import Language
from server.forms.store.forms import Form
from server.grid.domain.areas import Place, code_of
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import Instant
from server.people.store import display_names
from server.records.usecases.disclosing import RecordMask
from server.records.usecases.shown_values import Show, local_second
from server.submissions.store import answers
from server.submissions.store.answers import AnswerFilters
from server.submissions.usecases import archives, masked_answers
from server.submissions.usecases.answer_rows import AnswerRow, rows_of
from server.submissions.usecases.answer_tables import RECEIPT, AnswerOptions, AnswerTable, AnswerTables
from server.submissions.usecases.masked_answers import AnswerMask
from server.summaries.domain import periods

REVIEW_STATES = {"edited": "已修改", "hasIssues": "有问题", "approved": "已通过", "rejected": "不通过"}
_PHOTOS = "photos"


class Photo(NamedTuple):
    """A file to go with the tables. name: its path in the archive. sha256: of the blob."""

    name: str
    sha256: str


class Page(NamedTuple):
    """Some rows, each with its table, and the files that they name where these were asked for."""

    rows: list[tuple[AnswerTable, list[str]]]
    photos: list[Photo]


@dataclass(frozen=True, slots=True)
class AnswerExport:
    """An export that has begun.

    with_photos: whether rows name files by their place in an archive. audited: what counts the rows, and ends it in the
    audit.
    """

    database: Database
    tables: AnswerTables
    scope: Scope
    filters: AnswerFilters
    upto: int
    mask: AnswerMask | None
    with_photos: bool
    began_at: Instant
    audited: Export

    def pages(self, only: str | None = None) -> Iterator[Page]:
        """Yield all rows, the newest submission first, those of its repeats after its own.

        only: path of the one table that is wanted, None for all.
        """
        before: int | None = None
        while True:
            with self.database.reading() as reading:
                found = answers.page(reading, self.scope, self.filters, upto=self.upto, before=before)
                page = self._page(reading, found, only)
            self.audited.rows += len(page.rows)
            if not found:
                return
            yield page
            before = found[-1]["seq"]

    def _page(self, reading: Reading, found: Sequence[Row], only: str | None) -> Page:
        self.tables.rows.begin(reading)
        told = _Told(reading, found, self.tables.options)
        files = answers.files(reading, (row["id"] for row in found)) if self.with_photos else {}
        rows: list[tuple[AnswerTable, list[str]]] = []
        photos: list[Photo] = []
        for stored in found:
            taken = rows_of(stored["xml"], stored["root"], self.tables.layout)
            show = self._masked(stored, taken)
            system = told.system(stored, show)
            names = self._names(stored, taken, files.get(stored["id"], {}), show)
            photos += [Photo(name, files[stored["id"]][file]) for file, name in names.items()]
            shown = names if self.tables.options.wording.labels else {}
            for row in taken if only is None else (each for each in taken if each.table == only):
                table = self.tables.tables[row.table]
                rows.append((table, table.cells(row, system, shown)))
        return Page(rows, photos)

    def _masked(self, stored: Row, taken: Sequence[AnswerRow]) -> Show:
        """Mask the answers of a submission; return what shows its name and those of its files."""
        if self.mask is None:
            return str
        kinds = self.mask.hidden(stored["path"], stored["author"])
        names = self.mask.rows(taken, kinds)
        return lambda text: masked_answers.shown_name(text, names, kinds)

    def _names(self, stored: Row, taken: Sequence[AnswerRow], files: Mapping[str, str], show: Show) -> dict[str, str]:
        """Return the place of each file in the archive, by its name: receipt, question and own name tell what it is."""
        if not files:
            return {}
        asked: dict[str, str] = {}
        for row in taken:
            for heading, name in self.tables.tables[row.table].binaries(row):
                asked.setdefault(name, heading)
        taken_names, found = set[str](), {}
        for file in files:
            parts = (stored[RECEIPT], asked.get(file, ""), show(file))
            name = unique = "_".join(archives.safe_name(part) for part in parts if part)
            while archives.same_name(unique) in taken_names:
                unique = f"_{unique}"
            taken_names.add(archives.same_name(unique))
            found[file] = f"{_PHOTOS}/{unique}"
        return found


def filters(form: Form, place: Place | None, first: date | None, last: date | None) -> AnswerFilters:
    """Return the filters by subtree and by the local days on which submissions came; None leaves one out.

    Raises Invalid when the days end before they begin, or lie in no year that anybody counts.
    """
    if first is not None and last is not None:
        periods.between(first, last)
    return AnswerFilters(
        form.id,
        None if place is None else place.bounds(),
        None if first is None else periods.between(first, first).starts_at,
        None if last is None else periods.between(last, last).ends_at,
    )


def begin(
    database: Database,
    form: Form,
    filters: AnswerFilters,
    options: AnswerOptions,
    *,
    scope: Scope,
    mask: RecordMask | None,
    with_photos: bool,
    by: str,
    noted: Mapping[str, Any],
    address: str = "",
) -> AnswerExport:
    """Note down who exports what, and return the export.

    scope: in which submissions are exported. mask: shows records to the reader, None for one who sees all. by: user
    name, or the command. noted: what the audit keeps of the request. address: of the network it came from. Raises
    DiskFull where it cannot be noted down, and then nothing leaves.
    """
    with database.reading() as reading:
        tables = AnswerTables(reading, form, options, scope, mask)
        answer_mask = None if mask is None else AnswerMask(reading, form, mask)
        upto, now = answers.newest_seq(reading), reading.now
    entry = Entry("answers.export", by, form.id, {"form": form.id, "photos": with_photos, **noted}, address=address)
    audited = exports.begin(database, entry)
    return AnswerExport(database, tables, scope, filters, upto, answer_mask, with_photos, now, audited)


class _Told:
    """What a page of submissions tells beside the answers."""

    def __init__(self, reading: Reading, found: Sequence[Row], options: AnswerOptions) -> None:
        self._labels = options.wording.labels
        self._states = REVIEW_STATES if self._labels and options.wording.language is Language.CHINESE else {}
        self._areas = areas.full_names(reading, {code_of(row["path"]) for row in found if row["path"]})
        self._people = display_names.of_people(reading, {row["author"] for row in found})

    def system(self, row: Row, show: Show) -> dict[str, str]:
        """Return the values of the columns beside the answers; without labels, instants and states as they are kept.

        show: shows the name of the submission.
        """
        time = local_second if self._labels else str
        state = row["review_state"] or ""
        area = code_of(row["path"]) if row["path"] else ""
        return {
            RECEIPT: row["receipt"],
            "submitted_at": time(row["submitted_at"]),
            "author_name": self._people[row["author"]],
            "area_name": self._areas.get(area, ""),
            "edited_at": time(row["received_at"]) if row["deprecates"] else "",
            "author": row["author"],
            "area": area,
            "form_version": row["form_version"],
            "instance_name": show(row["instance_name"] or ""),
            "device": row["device"] or "",
            "review_state": self._states.get(state, state),
            "files_expected": str(row["files_expected"]),
            "files_present": str(row["files_present"]),
            "instance_id": row["instance_id"],
        }
