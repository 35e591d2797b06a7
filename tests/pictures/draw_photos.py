"""Draws the photos of the demonstration: invented places, never people, with a camera's grain and shade.

``python -m tests.pictures.draw_photos`` writes ``server/demo/photos/<scene>-<before|after>.png``. Chromium paints each
scene; its colours are cut down to a palette, so that the demonstration can stamp a day on a photo in a moment.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.pictures import chromium
from tests.source_tree import ROOT

WIDTH, HEIGHT, COLOURS = 320, 240, 62
FOLDER = ROOT / "server/demo/photos"

Colour = tuple[int, int, int]

SCENES = {
    "yard": ("yard hay", "yard swept"),
    "corridor": ("room boxes", "room"),
    "wiring": ("wall wires", "wall conduit"),
    "kitchen": ("kitchen hose", "kitchen pipe"),
    "ebike": ("room ebike", "room"),
    "extinguisher": ("cabinet boxes", "cabinet"),
    "lane": ("lane stones", "lane"),
    "hydrant": ("lane hydrant rust", "lane hydrant"),
}
"""Which drawings of ``scenes.svg`` make each scene, before and after."""

PAINT = """async svg => {
  const image = new Image(); image.src = "data:image/svg+xml;base64," + svg; await image.decode();
  const canvas = document.createElement("canvas"); canvas.width = 320; canvas.height = 240;
  const context = canvas.getContext("2d"); context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, 320, 240).data; let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return btoa(text);
}"""


def main() -> None:
    """Draw every scene."""
    drawings = Path(__file__).with_name("scenes.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = chromium.launched(playwright)
        page = browser.new_page()
        for seed, (name, both) in enumerate(SCENES.items()):
            for word, scene in zip(("before", "after"), both, strict=True):
                tilt = (seed * 7 + (word == "after") * 4) % 5 - 2
                uses = "".join(f'<use href="#{each}"/>' for each in scene.split())
                told = {"{seed}": str(seed * 2 + (word == "after")), "{tilt}": str(tilt), "{scene}": uses}
                svg = reduce(lambda text, each: text.replace(*each), told.items(), drawings)
                rgba = base64.b64decode(page.evaluate(PAINT, base64.b64encode(svg.encode()).decode()))
                path = FOLDER / f"{name}-{word}.png"
                path.write_bytes(as_png([(rgba[at], rgba[at + 1], rgba[at + 2]) for at in range(0, len(rgba), 4)]))
                print(path, path.stat().st_size)
        browser.close()


def as_png(pixels: list[Colour]) -> bytes:
    """Return pixels as a PNG with a palette; its first two colours are free for a stamp: amber, and near black."""
    coarse = [(red >> 2 << 2, green >> 2 << 2, blue >> 2 << 2) for red, green, blue in pixels]
    boxes = [sorted(set(coarse))]
    while len(boxes) < COLOURS and max(map(_spread, boxes)) > 0:
        boxes.sort(key=_spread)
        boxes += _halves(boxes.pop())
    middles = [tuple(sum(each[part] for each in box) // len(box) for part in range(3)) for box in boxes]
    index = {colour: number + 2 for number, box in enumerate(boxes) for colour in box}
    palette = bytes([255, 176, 48, 24, 18, 12, *(value for middle in middles for value in middle)])
    rows = b"".join(
        b"\0" + bytes(index[colour] for colour in coarse[row * WIDTH : (row + 1) * WIDTH]) for row in range(HEIGHT)
    )
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunks(parts))


def _chunks(parts: tuple[tuple[bytes, bytes], ...]) -> Iterator[bytes]:
    for kind, content in parts:
        yield struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _spread(box: list[Colour]) -> int:
    return max(max(each[part] for each in box) - min(each[part] for each in box) for part in range(3)) * len(box)


def _halves(box: list[Colour]) -> list[list[Colour]]:
    part = max(range(3), key=lambda part: max(each[part] for each in box) - min(each[part] for each in box))
    box.sort(key=lambda each: each[part])
    middle = box[len(box) // 2][part]
    low = [each for each in box if each[part] < middle]
    if not low:  # more than half of it has the least value there is
        low = [each for each in box if each[part] == middle]
    return [low, box[len(low) :]]


if __name__ == "__main__":
    main()
