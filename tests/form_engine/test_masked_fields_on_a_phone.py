"""Updates of a micro station from phones that show who heads it, and from phones that leave that out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import kobo_forms
from server.forms.usecases import publish
from tests import county
from tests.case_land import lay_people
from tests.county import prepared
from tests.filled_forms import multipart
from tests.form_engine.phone import Phone

HEAD, DUTY_PHONE = "欧阳建国", "0312-7324713"


def lay(tx) -> list[str]:
    names = lay_people(tx)
    # As a county may: here the duty phone is somebody's own.
    form = _declared(kobo_forms.source("micro_station").decode())
    publish.publish(tx, prepared(form, tuple(kobo_forms.sources("micro_station").items())), None)
    return names


def _declared(form: str) -> str:
    """Return the form with the duty phone declared as personal: others see it masked, as its head."""
    lines = form.split("\n")
    at = next(number for number, line in enumerate(lines) if "| text | duty_phone |" in line)
    assert lines[at].endswith("| public |")
    lines[at] = lines[at].removesuffix("| public |") + "| phone |"
    return "\n".join(lines)


@contextmanager
def a_county(folder: Path) -> Iterator[county.County]:
    with county.a_county(folder, lay) as valley:
        yield valley


class StationPhone(Phone):
    """A phone with the files that the server gave to one person."""

    def __init__(self, engine, folder: Path, valley: county.County, name: str) -> None:
        folder.mkdir()
        super().__init__(engine, folder)
        self.link = valley.phone(name)

    def _media(self, name: str) -> Path:
        media = self.folder / name
        media.mkdir(exist_ok=True)
        for file_name, entry in self.link.manifest(name).items():
            (media / file_name).write_bytes(self.link.get(entry["downloadUrl"]).data)
        return media

    def send(self, filled) -> None:
        assert filled.refused_at is None
        assert self.link.post(*multipart(filled.xml)).status_code == 201


@pytest.fixture
def valley(tmp_path):
    with a_county(tmp_path / "land") as served:
        yield served


def a_station(engine, tmp_path, valley) -> str:
    worker = StationPhone(engine, tmp_path / "maker", valley, "worker")
    made = worker.fill(
        "micro_station", task="register", title="村委会微型站", station_kind="village", head=HEAD,
        duty_phone=DUTY_PHONE, staff_count="6", kit_ok="yes",
    )  # fmt: skip
    worker.send(made)
    return made.entity["id"]


def fields_of(valley, id: str) -> dict[str, str]:
    return dict(valley.record(id).fields)


@pytest.mark.parametrize("name", ["worker", "police"])
def test_an_update_changes_nothing_that_was_not_touched_and_fails_nowhere(engine, tmp_path, valley, name):
    station = a_station(engine, tmp_path, valley)
    before = fields_of(valley, station)
    phone = StationPhone(engine, tmp_path / "other", valley, name)

    update = phone.fill("micro_station", task="update", station=station, parts="people", staff_count="7")
    phone.send(update)

    assert update["head"] == (HEAD if name == "worker" else "")
    assert update["duty_phone"] == (DUTY_PHONE if name == "worker" else "")
    assert fields_of(valley, station) == before | {"staff_count": "7"}
    assert valley.record(station).conflicts == ()
    assert valley.problems(record=station) == []


def test_what_a_phone_left_out_and_its_holder_writes_anew_stands_beside_the_value_nobody_showed_them(
    engine, tmp_path, valley
):
    station = a_station(engine, tmp_path, valley)
    police = StationPhone(engine, tmp_path / "other", valley, "police")

    police.send(police.fill("micro_station", task="update", station=station, parts="people", head="司马青"))

    assert valley.record(station).conflicts == ("head",)
    assert valley.problems(record=station) == ["conflict"]
