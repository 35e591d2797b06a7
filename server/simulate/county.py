"""The county that a simulation plays in: some real villages, invented people in every role, the built-in forms."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import kobo_forms
from server.db.transactions import Transaction
from server.forms.usecases import code_lists, publish
from server.forms.usecases.lists import list_reader
from server.forms.usecases.lists.list_files import is_list
from server.forms.usecases.publish import Prepared
from server.forms.usecases.xform.reader import read_xform
from server.forms.usecases.xlsform import child_process, conversion
from server.grid.domain.file_rows import SheetRow
from server.grid.usecases import files, loading
from server.people.domain.passwords import PasswordState
from server.people.usecases import phone_keys, sign_in
from server.staffing.usecases import enrolment

BY = "simulate"
PASSWORD = "simulate-laiyuan-2026"  # noqa: S105 - opens an invented county that nobody can reach
COUNTY = "130630000000"
TOWNS = 2
UNITS_OF_A_VILLAGE = 2
WORKERS_OF_A_UNIT = 2
DEPARTMENT = "dept-gas"
TOWN_DIGITS, VILLAGE_DIGITS = 9, 12


class SimulatedPerson(NamedTuple):
    """A person of the county. area: code. body: of a department, None for none."""

    name: str
    role: str
    area: str
    body: str | None = None


class Layout(NamedTuple):
    """Who and where. grid: name by code. people: workers first, in the order of the phones."""

    grid: Mapping[str, str]
    people: tuple[SimulatedPerson, ...]

    @property
    def units(self) -> list[str]:
        return [code for code in self.grid if code[VILLAGE_DIGITS:]]

    @property
    def villages(self) -> list[str]:
        return [code for code in self.grid if not code[VILLAGE_DIGITS:] and code[TOWN_DIGITS:] != "000"]

    @property
    def workers(self) -> list[SimulatedPerson]:
        return [person for person in self.people if person.role == "grid_worker"]

    @property
    def officers(self) -> list[SimulatedPerson]:
        """Return who decides on cases at a desk."""
        return [person for person in self.people if person.role in ("village_officer", "town_station", "brigade")]


def layout(phones: int) -> Layout:
    """Return a county for so many phones: two workers to a unit, two units to a village, at least two villages."""
    wanted = max(2, -(-phones // (UNITS_OF_A_VILLAGE * WORKERS_OF_A_UNIT)))
    named = {row.cells["code"]: row.cells["name"] for row in files.shipped_rows()}
    towns = sorted({code[:TOWN_DIGITS] for code in named if code[TOWN_DIGITS:] != "000"})[:TOWNS]
    grid = {COUNTY: named[COUNTY]}
    for number, town in enumerate(towns):
        code = f"{town}000"
        grid[code] = named[code]
        villages = sorted(each for each in named if each.startswith(town) and each != code)
        share = wanted // TOWNS + (number < wanted % TOWNS)
        for village in villages[:share]:
            grid[village] = named[village]
            grid |= {f"{village}{unit:03d}": f"第{unit}单元" for unit in range(1, UNITS_OF_A_VILLAGE + 1)}
    return Layout(grid, tuple(_people(grid, phones)))


def _people(grid: Mapping[str, str], phones: int) -> list[SimulatedPerson]:
    found = Layout(grid, ())
    places = found.units
    workers = [
        SimulatedPerson(f"worker{number + 1:03d}", "grid_worker", places[number // WORKERS_OF_A_UNIT % len(places)])
        for number in range(phones)
    ]
    officers = [
        SimulatedPerson(f"village{number:03d}", "village_officer", code)
        for number, code in enumerate(found.villages, start=1)
    ]
    towns = [code for code in grid if code[TOWN_DIGITS:] == "000" and code != COUNTY]
    stations = [SimulatedPerson(f"town{number:02d}", "town_station", code) for number, code in enumerate(towns, 1)]
    return [
        *workers,
        *officers,
        *stations,
        SimulatedPerson("brigade", "brigade", COUNTY),
        SimulatedPerson("admin", "county_admin", COUNTY),
        SimulatedPerson("gas", "dept_handler", COUNTY, DEPARTMENT),
    ]


def install(tx: Transaction, where: Layout) -> dict[str, str]:
    """Fill an empty database with the county; return the phone key of each person, by name."""
    loading.load(
        tx, [SheetRow(n, {"code": c, "name": name}) for n, (c, name) in enumerate(where.grid.items(), 2)], by=BY
    )
    code_lists.install(tx)
    for name in kobo_forms.names():
        publish.publish(tx, prepared(name), None)
    enrolment.add_body(tx, DEPARTMENT, name="燃气主管部门", kind="department", area=COUNTY, by=BY)
    for each in where.people:
        enrolment.add_user(
            tx, each.name, role=each.role, area=each.area, body=each.body, by=BY,
            password_hash=_password_hash(), password_state=PasswordState.OWN,
        )  # fmt: skip
    return {each.name: phone_keys.issue(tx, each.name, by=BY) for each in where.people}


@cache
def _password_hash() -> str:
    return sign_in.hash_password(PASSWORD)


@cache
def prepared(name: str, upgrade: int = 0) -> Prepared:
    """Convert a built-in form in this process, once.

    upgrade: 0 for the form as it comes with the product, else the number of a later version, which asks one more
    question.
    """
    source = kobo_forms.source(name).decode()
    if upgrade:
        source = _upgraded(source, upgrade)
    media = kobo_forms.sources(name)
    converted = conversion.read_outcome(child_process.converted(source.encode(), ".md"))
    lists = {file: list_reader.read(file, content) for file, content in media.items() if is_list(file)}
    definition = read_xform(converted.xml)
    return Prepared(definition, converted.xml, source.encode(), ".md", media, converted.sheets, (), lists)


def _upgraded(source: str, number: int) -> str:
    """Return a form with a later version and one more question, as an office that wants to know more makes it."""
    lines = source.splitlines()
    head = next(at for at, line in enumerate(lines) if line.startswith("| | form_title"))
    version = [cell.strip() for cell in lines[head].split("|")].index("version")
    cells = lines[head + 1].split("|")
    cells[version] = f" {int(cells[version]) + number * 100} "
    lines[head + 1] = "|".join(cells)
    survey = next(at for at, line in enumerate(lines) if line.startswith("| | type "))
    columns = [cell.strip() for cell in lines[survey].split("|")]
    row = {"type": "text", "name": f"more_{number}", "save_to": f"more_{number}"}
    row |= {"label::中文 (zh)": f"补充{number}", "label::English (en)": f"More {number}"}
    last = next(at for at in range(survey, len(lines)) if not lines[at].startswith("|"))
    lines.insert(last, "|".join(f" {row.get(name, '')} " for name in columns).strip())
    return "\n".join(lines) + "\n"
