"""Writes phone cards as a PDF to be printed, two beside each other and four below on A4, without any other program.

Its Chinese is set in the font STSong-Light, which is not part of the file: viewers and printers bring one for it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import segno

from server.people.usecases.setup_qr import PRINTED_MM
from server.staffing.usecases.card_printing import PrintedCard

MM = 72 / 25.4
PAGE_W, PAGE_H = 210.0, 297.0
MARGIN, CODE = 9.0, float(PRINTED_MM)
COLUMNS, ROWS = 2, 4
SMALLEST = 2.2
"""Of letters, in mm."""

QUIET = 2
"""Modules of white around a code, which stands on white paper besides."""

_FONT = (
    "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[4 0 R]>>",
    (
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)"
        "/Supplement 4>>/DW 1000/W[1 95 500]/FontDescriptor 5 0 R>>"
    ),
    (
        "<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880"
        "/Descent -120/CapHeight 880/StemV 93>>"
    ),
)


def of(cards: Sequence[PrintedCard]) -> bytes:
    """Return the PDF of ``cards``, eight on a page."""
    per_page = COLUMNS * ROWS
    pages = [cards[start : start + per_page] for start in range(0, len(cards), per_page)]
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>".encode(),
        *(part.encode() for part in _FONT),
    ]
    for number, page in enumerate(pages):
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {PAGE_W * MM:.2f} {PAGE_H * MM:.2f}]"
            f"/Resources<</Font<</F 3 0 R>>>>/Contents {7 + 2 * number} 0 R>>".encode()
        )
        drawn = zlib.compress("\n".join(_page(page)).encode("ascii"))
        objects.append(b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(drawn), drawn))
    return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.5\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _page(cards: Sequence[PrintedCard]) -> Iterator[str]:
    width, height = (PAGE_W - 2 * MARGIN) / COLUMNS, (PAGE_H - 2 * MARGIN) / ROWS
    for number, made in enumerate(cards):
        left, top = MARGIN + number % COLUMNS * width, MARGIN + number // COLUMNS * height
        yield f"q 0.5 w [3 2] 0 d 0.5 G {_place(left, top + height)} {width * MM:.2f} {height * MM:.2f} re S Q"
        yield from _code(made.payload, left + 3, top + 8)
        yield _text("只给本人扫，勿拍照外传", 2.9, left + 9, top + 57)
        yield from _words(made, left + CODE + 5, top + 13, width - CODE - 7)


def _words(made: PrintedCard, left: float, top: float, width: float) -> Iterator[str]:
    lines = (
        (0.0, 3.3, made.place),
        (7.0, 5.0, made.card.display),
        (12.5, 3.3, made.post),
        (19.0, 3.2, "1. 装 ODK Collect，打开"),
        (24.0, 3.2, "2. 点“使用二维码配置”"),
        (29.0, 3.2, "3. 对准左边的码，出现"),
        (33.5, 2.9, f"“{made.card.project}”就好了"),
        (41.0, 3.0, "扫不上，找乡镇：________"),
        (46.0, 2.9, f"卡号 {made.card.username}"),
        (50.5, 3.2, "发现火情先打119"),
    )
    for down, size, words in lines:
        yield _text(*_fitting(words, size, width), left, top + down)


def _fitting(words: str, size: float, width: float) -> tuple[str, float]:
    """Return words, and the size in mm at which they fit into ``width``; cut where they would be too small to read."""
    em = sum(0.5 if each.isascii() else 1.0 for each in words)
    if em * size <= width:
        return words, size
    if em * SMALLEST <= width:
        return words, width / em
    kept = ""
    for each in words:
        if sum(0.5 if one.isascii() else 1.0 for one in kept + each) * SMALLEST > width - SMALLEST:
            break
        kept += each
    return f"{kept}…", SMALLEST


def _code(payload: str, left: float, top: float) -> Iterator[str]:
    """Yield the dark modules of a QR code, those beside each other as one."""
    matrix = tuple(segno.make(payload, error="m", micro=False, boost_error=False).matrix_iter(border=QUIET))
    module = CODE / len(matrix)
    for row, modules in enumerate(matrix):
        start = None
        for column, dark in enumerate((*modules, 0)):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                at = _place(left + start * module, top + (row + 1) * module)
                yield f"{at} {(column - start) * module * MM:.3f} {module * MM:.3f} re f"
                start = None


def _text(words: str, size: float, left: float, top: float) -> str:
    """Return a line of text. What no plane of UCS-2 has is shown as a box, as on a phone that lacks it."""
    units = "".join(each if ord(each) < 0x10000 else "□" for each in words).encode("utf-16-be").hex()
    return f"BT /F {size * MM:.2f} Tf {_place(left, top)} Td <{units}> Tj ET"


def _place(left: float, top: float) -> str:
    return f"{left * MM:.2f} {(PAGE_H - top) * MM:.2f}"
