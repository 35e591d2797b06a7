"""The county's phones for tests: the built-in forms on the real engine, the lists from the running server."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kobo_forms
from server.forms.usecases import publish
from tests import case_land, county
from tests.case_land import CasePhone, Land
from tests.county import County, prepared
from tests.filled_forms import File, multipart, new_uuid
from tests.form_engine.phone import Filled, Phone
from tests.odk_collect import Phone as Link
from tests.odk_collect import Row

FORMS = ("premises", "hazard_report", "hazard_task", "hazard_check", "hazard_intake", "patrol")


def lay(tx: Any) -> list[str]:
    """Fill an empty database with the county of the case stories, and the built-in forms instead of its own."""
    names = case_land.lay_people(tx)
    for name in FORMS:
        media = tuple(kobo_forms.sources(name).items())
        publish.publish(tx, prepared(kobo_forms.source(name).decode(), media), None)
    return names


@contextmanager
def a_county(folder: Path) -> Iterator[Land]:
    """Serve the county with the built-in forms; what we promise of a database holds when it ends."""
    with county.a_county(folder, lay) as valley:
        yield Land(valley)


class _Rows(CasePhone):
    """The list of cases on the phone, as Collect keeps it."""

    form = "hazard_task"


class CountyPhone:
    """A phone of the county: pulls forms and lists, fills the forms offline, sends when told to.

    unsent: XML of what was finished and not sent, oldest first.
    """

    def __init__(self, valley: County, name: str, engine: subprocess.Popen[bytes], folder: Path) -> None:
        folder.mkdir()
        self.link: Link = valley.phone(name)
        self.unsent: list[bytes] = []
        self.held = _Rows(self.link)
        self._player = _Player(engine, folder, held=self.held)
        self.pull()

    def pull(self) -> None:
        """Take over the forms' files and the list of cases as they are on the server now."""
        self.held.pull()
        for form in self.link.listed():
            if form["formID"] in FORMS:
                files = self.link.manifest(form["formID"])
                self._player.files[form["formID"]] = {
                    name: self.link.get(entry["downloadUrl"]).data for name, entry in files.items()
                }

    def fill(self, form: str, **answers: str) -> Filled:
        """Fill a form to its end and keep it to be sent; the phone's own row changes with it."""
        filled = self._player.fill(form, **answers)
        self.unsent.append(filled.xml)
        if form != "patrol":
            self._took(filled)
        return filled

    def send(self, *order: int, files: tuple[File, ...] = ()) -> list[int]:
        """Send what is unsent, in this order of places, and return the statuses; all in order when none is given."""
        sending, self.unsent = self.unsent, []
        return [self.link.post(*multipart(sending[place], files)).status_code for place in order or range(len(sending))]

    def _took(self, filled: Filled) -> None:
        entity, saved = filled.entity, {name: value for name, value in filled.saved.items() if name != "action"}
        if entity.get("create") == "1":
            self.held.rows[entity["id"]] = Row(filled.label, 1, saved, None, new_uuid(), online=False)
            return
        row = self.held.rows[entity["id"]]
        row.fields |= saved
        row.version += 1


class _Player(Phone):
    """The form engine with the files that the server gave, and the rows that the phone holds."""

    def __init__(self, engine: subprocess.Popen[bytes], folder: Path, held: _Rows) -> None:
        super().__init__(engine, folder)
        self.files: dict[str, dict[str, bytes]] = {}
        self._held = held

    def _media(self, name: str) -> Path:
        media = self.folder / name
        media.mkdir(exist_ok=True)
        for file_name, content in self.files[name].items():
            (media / file_name).write_bytes(self._rows() if file_name == "hazards.csv" else content)
        return media

    def _rows(self) -> bytes:
        columns = dict.fromkeys(name for row in self._held.rows.values() for name in row.fields)
        header = ("name", "label", "__version", "__trunkVersion", "__branchId", *(columns or CASE_COLUMNS))
        text = io.StringIO()
        writer = csv.DictWriter(text, header, restval="", lineterminator="\n")
        writer.writeheader()
        for id, row in self._held.rows.items():
            entity = {"__version": row.version, "__trunkVersion": row.trunk or "", "__branchId": row.branch}
            writer.writerow({"name": id, "label": row.label, **entity, **row.fields})
        return text.getvalue().encode()


CASE_COLUMNS = ("area", "status", "stage", "case_no", "assignee", "due_on", "office_note", "todo", "item", "place")
