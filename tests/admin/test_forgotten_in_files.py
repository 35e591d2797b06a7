"""A person is forgotten in the files themselves: names beside photos go, the points, the place and the time stay."""

from __future__ import annotations

import io

import pytest
from click.testing import CliRunner
from PIL import ExifTags
from PIL import Image as Picture

from server.admin.usecases import unneeded_files
from server.app import close
from server.cli.main import main
from tests.admin.test_forgotten_in_what_was_sent import NAME, PHONE, broken, files_on_disk, lay, visit
from tests.county import Clock, open_county
from tests.photos.taken_photos import draw, opened

LATITUDE = (39.0, 21.0, 27.4)
AUDIT = f"event,node,old-value,new-value\nquestion,/data/owner,,{NAME}\nquestion,/data/note,,{NAME}家旁边\n"


@pytest.fixture
def visits(tmp_path):
    made = open_county(tmp_path / "data", lay, clock=Clock())
    yield made
    close(made.app)


def taken_by(owner: str, format: str = "JPEG", colour: str = "orange") -> bytes:
    """Return a photo into which a camera has written its owner, the place and the time."""
    exif = Picture.Exif()
    exif[ExifTags.Base.Artist] = owner.encode()
    exif[ExifTags.Base.XPAuthor] = owner.encode("utf-16-le")
    exif[ExifTags.Base.DateTime] = "2026:11:24 09:30:00"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = LATITUDE
    out = io.BytesIO()
    Picture.new("RGB", (60, 40), colour).save(out, format, exif=exif)
    return out.getvalue()


def forget(county, *more: str):
    """Forget by the command, as an administrator does, beside nobody's server."""
    words = ["forget", NAME, "--value", PHONE, *more, "--data", str(county.store.folder)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return done.stdout


def delete(county) -> None:
    """Delete the files that nothing names, as a server does when it starts."""
    unneeded_files.delete(county.store, county.blob_store)


def holds(content: bytes, word: str) -> bool:
    return any(word.encode(encoding) in content for encoding in ("utf-8", "gbk", "utf-16-le"))


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "HEIF", "TIFF"])
def test_a_name_that_a_camera_wrote_goes_and_points_place_and_time_stay(visits, format):
    content = taken_by(NAME, format)
    assert holds(content, NAME)
    visits.phone("worker").send(visit("other", owner="王二", tel="13900000002"), ("yard.jpg", content, "image/jpeg"))
    draw(visits)

    assert "1 个照片或附件里面写着的" in forget(visits)
    assert "照片和附件里面写着的 1" in forget(visits, "--apply")
    delete(visits)

    assert not any(holds(each, NAME) for each in files_on_disk(visits))
    [left] = [each for each in files_on_disk(visits) if each != unneeded_files._BLANK]
    picture = opened(left)
    assert picture.tobytes() == opened(content).tobytes()
    assert picture.getexif()[ExifTags.Base.DateTime] == "2026:11:24 09:30:00"
    place = [each.getexif().get_ifd(ExifTags.IFD.GPSInfo) for each in (picture, opened(content))]
    assert place[0] == place[1]
    assert format == "TIFF" or place[0][ExifTags.GPS.GPSLatitude] == LATITUDE
    assert broken(visits) == []


def test_of_a_png_all_that_stands_beside_goes_since_it_has_checksums(visits):
    content = taken_by(NAME, "PNG")
    visits.phone("worker").send(visit("other", owner="王二", tel="13900000002"), ("yard.png", content, "image/png"))

    forget(visits, "--apply")
    delete(visits)

    [left] = [each for each in files_on_disk(visits) if each != unneeded_files._BLANK]
    assert not holds(left, NAME)
    assert opened(left).tobytes() == opened(content).tobytes()


def test_a_photo_of_somebody_else_is_left_alone_and_a_namesake_is_spared(visits):
    other, namesake = taken_by("王二"), taken_by(NAME)
    for word, content in (("one more", other), ("namesake", namesake)):
        filled = visit(word, owner="王二", tel="13900000002")
        assert visits.phone("worker").send(filled, ("yard.jpg", content, "image/jpeg")).status_code == 201
    size = len(namesake)
    [found] = visits.rows("SELECT submission FROM submission_file WHERE size = :size", size=size)

    forget(visits, "--except", found["submission"], "--apply")

    assert {other, namesake} <= files_on_disk(visits)


def test_what_was_typed_goes_from_the_log_of_a_form(visits):
    filled = visit("one")
    assert visits.phone("worker").send(filled, ("audit.csv", AUDIT.encode(), "text/csv")).status_code == 201

    forget(visits, "--apply")
    delete(visits)

    [log] = [each.decode() for each in files_on_disk(visits) if b"event" in each]
    assert f",{NAME}\n" not in log
    assert log.count("\n") == AUDIT.count("\n")


def test_a_file_called_after_a_person_is_renamed_though_no_answer_names_it(visits):
    files = [(f"{each}.jpg", each.encode(), "image/jpeg") for each in (NAME, PHONE)]
    for form, status in (("visit", 201), ("nobody-knows", 404)):
        filled = visit(form, owner="王二", tel="", form=form)
        assert visits.phone("worker").send(filled, *files).status_code == status

    forget(visits, "--apply")

    rows = [*visits.rows("SELECT name FROM submission_file"), *visits.rows("SELECT name FROM kept_file")]
    assert len(rows) >= 2
    assert not [row for row in rows if NAME in row["name"] or PHONE in row["name"]]


def test_what_was_drawn_of_a_photo_goes_with_it(visits):
    content = taken_by("王二", "TIFF")
    visits.phone("worker").send(visit("one"), ("card.jpg", content, "image/tiff"))
    draw(visits)
    drawn = visits.store.folder / "thumbnails"
    assert len(list(drawn.rglob("*.jpg"))) == 2

    forget(visits, "--apply")
    delete(visits)

    assert content not in files_on_disk(visits)
    assert list(drawn.rglob("*.jpg")) == []
