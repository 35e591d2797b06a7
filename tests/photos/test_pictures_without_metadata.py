"""A copy of a picture has every point of it, and nothing of where, when and by which device it was taken."""

from __future__ import annotations

import io
import random

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, ImageCms, ImageOps, PngImagePlugin
from PIL import Image as Picture

from server.pictures.copies import Unreadable, without_metadata

pillow_heif.register_heif_opener()

SECRET = "LAIYUAN-39.3576N-114.6912E"
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF")
MODES = {
    "JPEG": ("RGB", "L", "CMYK"),
    "PNG": ("RGB", "RGBA", "L", "P", "1"),
    "WEBP": ("RGB", "RGBA"),
    "HEIF": ("RGB",),
    "AVIF": ("RGB", "RGBA"),
    "TIFF": ("RGB", "RGBA", "L", "P", "1", "CMYK"),
}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def located(turned: int) -> Picture.Exif:
    """Return Exif as phones write it: place, time, device, and how the picture was held."""
    exif = Picture.Exif()
    exif[ExifTags.Base.Make] = SECRET
    exif[ExifTags.Base.Orientation] = turned
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (39.0, 21.0, 27.4)
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSProcessingMethod] = SECRET.encode()
    return exif


def taken(format: str, mode: str, size: tuple[int, int], seed: int, turned: int, *, fancy: bool) -> bytes:
    """Return a picture of random points with a place in every spot that its format has for one."""
    picture = Picture.frombytes("RGB", size, random.Random(seed).randbytes(3 * size[0] * size[1])).convert(mode)
    options: dict[str, object] = {"exif": located(turned), "xmp": f"<x:xmpmeta>{SECRET}</x:xmpmeta>".encode()}
    if mode in ("RGB", "RGBA"):
        options["icc_profile"] = PROFILE
    if format == "JPEG":
        options |= {"comment": SECRET, "progressive": fancy}
    if format == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Comment", SECRET)
    if format == "WEBP":
        options |= {"lossless": fancy}
    if format == "TIFF":
        options |= {"description": SECRET, "compression": "tiff_lzw" if fancy else None, "big_tiff": False}
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue() + BEHIND.get(format, f"\x00\x00\x00\x00film{SECRET}".encode())


def film() -> bytes:
    """Return a box behind the picture, in which phones keep a short film."""
    content = SECRET.encode()
    return (8 + len(content)).to_bytes(4) + b"mpvd" + content


BEHIND = {"WEBP": b"", "HEIF": film(), "AVIF": film()}


def copy(content: bytes) -> bytes:
    with without_metadata(io.BytesIO(content)) as file:
        made = file.read()
        assert len(made) == file.size
        return made


def points(content: bytes) -> tuple[str, tuple[int, int], bytes]:
    with Picture.open(io.BytesIO(content)) as picture:
        upright = ImageOps.exif_transpose(picture)
        return upright.mode, upright.size, upright.tobytes()


SMALL = {format: taken(format, "RGB", (16, 12), 1, 6, fancy=False) for format in (*FORMATS, "GIF")}


@given(st.data())
def test_every_point_stays_and_the_place_goes(data):
    format = data.draw(st.sampled_from(FORMATS))
    size = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    mode, turned = data.draw(st.sampled_from(MODES[format])), data.draw(st.integers(1, 8))
    content = taken(format, mode, size, data.draw(st.integers(0, 99)), turned, fancy=data.draw(st.booleans()))
    assert SECRET.encode() in content

    made = copy(content)

    assert points(made) == points(content)
    assert SECRET.encode() not in made
    with Picture.open(io.BytesIO(made)) as left, Picture.open(io.BytesIO(content)) as sent:
        assert not left.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        assert format == "TIFF" or set(left.getexif()) <= {ExifTags.Base.Orientation}
        assert left.getexif().get(ExifTags.Base.Orientation, 1) == sent.getexif().get(ExifTags.Base.Orientation, 1)
        assert left.info.get("icc_profile") == sent.info.get("icc_profile")
    assert copy(made) == made


@given(st.sampled_from(list(SMALL)), st.data())
def test_a_damaged_picture_is_copied_or_refused_and_never_an_error(format, data):
    content = SMALL[format]
    at = data.draw(st.integers(0, len(content) - 1))
    broken = content[:at] + data.draw(st.binary(max_size=8)) + content[at + data.draw(st.integers(0, 8)) :]

    try:
        made = copy(broken)
    except Unreadable:
        made = b""

    assert len(made) <= len(broken) + 200


@given(st.sampled_from(list(SMALL)), st.data())
def test_any_part_of_a_copy_is_read_as_it_stands_in_the_whole(format, data):
    content = SMALL[format]
    made = copy(content)
    start = data.draw(st.integers(0, len(made) + 5))
    count = data.draw(st.integers(0, len(made) + 5))

    with without_metadata(io.BytesIO(content)) as file:
        file.seek(start)
        assert file.read(count) == made[start : start + count]


def test_a_picture_that_breaks_off_is_copied_as_far_as_it_goes():
    content = taken("JPEG", "RGB", (90, 90), 2, 6, fancy=False)
    at = content.index(b"\xff\xda") + 400

    made = copy(content[:at])

    assert made.endswith(content[at - 100 : at])
    assert SECRET.encode() not in made


def test_a_second_picture_behind_the_first_goes_with_its_place():
    one, other = (taken("JPEG", "RGB", (9, 9), seed, 1, fancy=False) for seed in (1, 2))

    assert points(copy(one + other)) == points(one)
    assert SECRET.encode() not in copy(one + other)


@pytest.mark.parametrize("content", [b"ID3\x04 a sound", b"\xff\xd8 front", b"\x00\x00\x00\x18ftypmp42 a film"])
def test_what_is_no_picture_stays_as_it_is(content):
    assert copy(content) == content


@pytest.mark.parametrize("told", [b"Exif\x00\x00MM\x00*", b"<x:xmpmeta>", b"GPSLatitude"])
def test_a_picture_too_damaged_to_tell_its_parts_is_not_copied_where_it_may_tell_a_place(told):
    with pytest.raises(Unreadable):
        copy(b"\xff\xd8 front" + bytes(262_130) + told)


def test_a_gif_keeps_its_pictures_and_neither_words_nor_place():
    frames = [Picture.frombytes("RGB", (9, 7), random.Random(seed).randbytes(189)) for seed in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", comment=SECRET.encode(), save_all=True, append_images=frames[1:], loop=0, duration=200)
    xmp = b"\x21\xff\x0bXMP DataXMP" + f"<x:xmpmeta>{SECRET}</x:xmpmeta>".encode() + b"\x01" + bytes(range(255, -1, -1))
    content = out.getvalue()[:-1] + xmp + b"\x00;" + SECRET.encode()

    made = copy(content)

    assert SECRET.encode() not in made
    with Picture.open(io.BytesIO(made)) as left, Picture.open(io.BytesIO(content)) as sent:
        assert (left.n_frames, left.info["loop"], left.info["duration"]) == (3, 0, 200)
        for number in range(3):
            left.seek(number)
            sent.seek(number)
            assert left.convert("RGB").tobytes() == sent.convert("RGB").tobytes()


@pytest.mark.parametrize(("format", "options"), [("TIFF", {"big_tiff": True}), ("JPEG2000", {})])
def test_a_picture_of_another_format_is_not_copied_where_it_may_tell_a_place(format, options):
    out = io.BytesIO()
    Picture.new("RGB", (9, 7)).save(out, format, exif=located(6), comment=f"<x:xmpmeta>{SECRET}", **options)

    with pytest.raises(Unreadable):
        copy(out.getvalue())


def test_every_page_of_a_tiff_stays_and_its_place_goes():
    pages = [Picture.frombytes("RGB", (9, 7), random.Random(seed).randbytes(189)) for seed in range(3)]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], exif=located(1), description=SECRET)

    made = copy(out.getvalue())

    assert SECRET.encode() in out.getvalue()
    assert SECRET.encode() not in made
    with Picture.open(io.BytesIO(made)) as left:
        assert left.n_frames == 3
        for number, page in enumerate(pages):
            left.seek(number)
            assert left.tobytes() == page.tobytes()


def test_a_jpeg_of_fill_bytes_and_scans_costs_a_read_for_many_of_them():
    content = SMALL["JPEG"]
    at = content.index(b"\xff\xda")
    filled = content[:at] + b"".join(b"\xff" * 100_000 + b"\xfe\x00\x02" for _ in range(20)) + content[at:]
    scans = content[:-2] + b"\xff\xda\x00\x02\x11" * 500 + b"\xff\xd9"

    for hostile in (filled, scans):
        file = _Counted(hostile)
        with without_metadata(file) as made:
            assert made.size < len(hostile)
        assert file.reads < 4_000
        assert file.bytes_read < 5 * len(hostile) + 500_000


class _Counted(io.BytesIO):
    """Counts what is read."""

    reads = bytes_read = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.reads += 1
        self.bytes_read += len(content)
        return content
