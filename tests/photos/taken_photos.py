"""Photos as phones take them, with the place written into them, and records that have them."""

from __future__ import annotations

import io
import threading

import pillow_heif
from PIL import ExifTags
from PIL import Image as Picture

from server.people.store import people
from server.photos.usecases import form_photos, thumbnails
from sync.changes import AttachmentName

pillow_heif.register_heif_opener()

SECRET = "LAIYUAN-39.3576N-114.6912E"
SUFFIXES = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "HEIF": "heic"}


def located(turned: int = 1) -> Picture.Exif:
    """Return Exif as phones write it: place, time, device, and how the picture was held."""
    exif = Picture.Exif()
    exif[ExifTags.Base.Make] = SECRET
    exif[ExifTags.Base.Orientation] = turned
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitude] = (39.0, 21.0, 27.4)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSProcessingMethod] = SECRET.encode()
    return exif


def a_photo(format: str = "JPEG", size: tuple[int, int] = (60, 40), colour: str = "orange", turned: int = 1) -> bytes:
    """Return a photo of one colour with a place in it."""
    out = io.BytesIO()
    Picture.new("RGB", size, colour).save(out, format, exif=located(turned))
    return out.getvalue()


def opened(content: bytes) -> Picture.Image:
    """Return a picture that has been read to its end."""
    picture = Picture.open(io.BytesIO(content))
    picture.load()
    return picture


def receive(county, name: str, content: bytes, called: str = "现场.jpg") -> AttachmentName:
    """Let somebody send a photo with the form of a page."""
    with county.store.reading() as reading:
        by = people.actor(reading, name)
    blobs = county.blob_store
    return form_photos.receive(county.store, blobs, io.BytesIO(content), called, "image/jpeg", by=by)


def attach(county, name: str, record: str, *files: AttachmentName) -> int:
    """Let somebody name photos in an edit of a record; return the version that it made."""
    body = {"action": "edit", "attachments": [each._asdict() for each in files]}
    answer = county.post(f"{record}/changes", name, body)
    assert answer.status_code == 200, answer.text
    return answer.json["version"]


def draw(county) -> int:
    """Make the thumbnails of all photos that wait, as a server does beside serving."""
    return thumbnails.round_of(county.store, county.blob_store, threading.Event())
