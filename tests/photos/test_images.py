"""A photo is known by its bytes, in the formats that cameras write; what is something else as well is none."""

from __future__ import annotations

import io
import zipfile

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture

from sync.images import NotAPhoto, name_of, read_image

pillow_heif.register_heif_opener()


def a_picture(format: str, size: tuple[int, int] = (37, 21), **options) -> bytes:
    out = io.BytesIO()
    Picture.new("RGB", size, "orange").save(out, format, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("format", "options", "media_type"),
    [
        ("JPEG", {}, "image/jpeg"),
        ("JPEG", {"progressive": True, "exif": b"Exif\x00\x00" + bytes(60)}, "image/jpeg"),
        ("PNG", {}, "image/png"),
        ("WEBP", {"lossless": True}, "image/webp"),
        ("WEBP", {}, "image/webp"),
        ("WEBP", {"exif": b"Exif\x00\x00" + bytes(60)}, "image/webp"),
        ("HEIF", {}, "image/heic"),
    ],
)
def test_each_format_of_cameras_is_known_with_its_size(format, options, media_type):
    kind, width, height = read_image(io.BytesIO(a_picture(format, **options)))

    assert kind == media_type
    assert (width, height) == (37, 21) or (media_type == "image/heic" and width >= 37 and height >= 21)


def test_what_cameras_add_behind_a_picture_is_left_alone():
    film = a_picture("JPEG") + b"\x00\x00\x00\x18ftypmp42" + bytes(5_000)

    assert read_image(io.BytesIO(film)).media_type == "image/jpeg"


@pytest.mark.parametrize("ahead", [b"", b"%PDF-1.7\n"])
def test_a_picture_that_is_an_archive_or_a_document_as_well_is_refused(ahead):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.html", "<script>")
    picture = a_picture("JPEG")
    content = picture[:2] + b"\xff\xfe" + (len(ahead) + 2).to_bytes(2) + ahead + picture[2:]

    with pytest.raises(NotAPhoto, match="既是照片又是别的文件"):
        read_image(io.BytesIO(content if ahead else content + archive.getvalue()))


@given(st.sampled_from(["JPEG", "PNG", "WEBP", "HEIF"]).map(a_picture), st.data())
def test_a_damaged_header_is_refused_and_never_an_error(content, data):
    at = data.draw(st.integers(0, len(content) - 1))
    broken = content[:at] + data.draw(st.binary(max_size=12)) + content[at + data.draw(st.integers(0, 12)) :]

    try:
        kind, width, height = read_image(io.BytesIO(broken))
    except NotAPhoto as refusal:
        assert str(refusal).endswith("。")  # noqa: PT017 - most are pictures still, and that is well
    else:
        assert kind.startswith("image/")
        assert width > 0 < height


@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=300))
def test_a_name_is_one_of_a_file_whatever_it_was_chosen_as(name):
    called = name_of(name, "image/jpeg", "ab" * 32)

    assert called.endswith("-abababab.jpg")
    assert len(called) <= 80
    assert not set(called) & {"/", "\\", "\x00", "\n"}
    assert called.encode()


@pytest.mark.parametrize(
    ("chosen", "called"),
    [
        ("张三 13800000471.jpg", "张三"),
        ("证件-130630199001014712.png", "证件-"),
        ("１３８００００４７１４.jpg", "photo"),
        ("138-0000-0471.jpg", "photo"),
        ("IMG_20261130_103000.jpg", "IMG_20261130_103000"),
        ("IMG_20261130103000123.jpg", "IMG_20261130103000123"),
        ("mmexport1764470000123.jpg", "mmexport1764470000123"),
        ("wx_camera_1764470000.jpg", "wx_camera_1764470000"),
    ],
)
def test_no_number_of_a_person_stays_in_a_name_and_what_cameras_write_does(chosen, called):
    assert name_of(chosen, "image/jpeg", "ab" * 32) == f"{called}-abababab.jpg"
