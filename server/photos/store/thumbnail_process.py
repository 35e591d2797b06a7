"""The process that draws thumbnails: a program of its own, since pictures come from anywhere and are decoded here.

What a hostile picture can do ends with this process: its memory is bounded, its priority is the lowest, and it is
killed when it takes too long. It knows nothing of the server, and imports Pillow, which nothing else does.

It reads lines of JSON: the path of a photo, where its thumbnail goes, and where a large JPEG goes of one that not every
browser shows. It answers each with a line: state and reason.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MADE, DAMAGED, FULL, UNDRAWN = "made", "damaged", "full", "undrawn"
"""The thumbnail is there; the photo cannot be read, or not to its end; the disk took nothing; no library draws it."""

THUMBNAIL_SIDE, LARGE_SIDE = 400, 2_560
"""The longer side of each, in points."""

MEMORY_BYTES_MAX = 1_073_741_824
"""What the process may have of memory: a photo of 65 million points and its copies fit."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "HEIF", "AVIF", "TIFF")
CONVERTED = ("HEIF", "AVIF", "TIFF")
"""Of which a large JPEG is drawn, too."""

_PROFILE_BYTES_MAX = 16_384


def main() -> None:
    """Draw what is asked for until there is no more. The first argument: points above which nothing is decoded."""
    _bound_itself()
    import pillow_heif
    from PIL import AvifImagePlugin, Image

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Image.MAX_IMAGE_PIXELS = int(sys.argv[1])
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    pillow_heif.register_heif_opener()
    pillow_heif.options.DECODE_THREADS = 1
    for line in sys.stdin:
        answer = drawn(*map(Path, json.loads(line)))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def drawn(photo: Path, thumbnail: Path, large: Path) -> tuple[str, str]:
    """Draw the thumbnail of a photo, and a large JPEG of one of ``CONVERTED``; return the state and its reason."""
    from PIL import ImageFile

    state, reason = MADE, ""
    for takes_cut in (False, True):
        ImageFile.LOAD_TRUNCATED_IMAGES = takes_cut
        try:
            pictures = {thumbnail: _jpeg(photo, THUMBNAIL_SIDE)}
            if _format(photo) in CONVERTED:
                pictures[large] = _jpeg(photo, LARGE_SIDE)
        except Exception as error:  # of whatever library reads this format: the photo is not as its format says
            state = UNDRAWN if _is_beyond(photo, error) else DAMAGED
            reason = f"{type(error).__name__}: {error}"[:300]
            continue
        try:
            for path, content in pictures.items():
                _write(path, content)
        except OSError as error:
            return FULL, str(error)
        break
    return state, reason


def _jpeg(photo: Path, side: int) -> bytes:
    """Return a picture that fits in a square, upright, on white, with its colours and nothing else of the photo."""
    from PIL import Image, ImageOps

    with Image.open(photo, formats=FORMATS) as picture:
        profile = picture.info.get("icc_profile") or b"" if picture.mode in ("RGB", "RGBA", "L") else b""
        picture.thumbnail((side, side), reducing_gap=2.0)
        small = _flat(ImageOps.exif_transpose(picture))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80, icc_profile=profile if len(profile) <= _PROFILE_BYTES_MAX else b"")
    return out.getvalue()


def _flat(picture: Image.Image) -> Image.Image:
    from PIL import Image

    if picture.mode in ("RGB", "L"):
        return picture
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _is_beyond(photo: Path, error: Exception) -> bool:
    """Say whether a photo is of a format of which Pillow draws some kinds only, or none as it was built."""
    from PIL import UnidentifiedImageError

    with photo.open("rb") as file:
        head = file.read(16)
    is_such = head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")) or head[4:12] == b"ftypavif"
    return is_such and (isinstance(error, UnidentifiedImageError) or "decoder" in str(error))


def _format(photo: Path) -> str | None:
    from PIL import Image

    with Image.open(photo, formats=FORMATS) as picture:
        return picture.format


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _bound_itself() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(15)
    with contextlib.suppress(OSError):  # elsewhere than on Linux there is no such file
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    main()
