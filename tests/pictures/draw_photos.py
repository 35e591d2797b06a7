"""Draws the photos of the demonstration: invented places, never people, with a camera's grain and shade.

``python -m tests.pictures.draw_photos`` writes ``server/demo/photos/<scene>-<before|after>.png``. Chromium paints each
scene; its colours are cut down to a palette, so that the demonstration can stamp a day on a photo in a moment.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator

from playwright.sync_api import sync_playwright

from tests.source_tree import ROOT

WIDTH, HEIGHT, COLOURS = 320, 240, 62
FOLDER = ROOT / "server/demo/photos"

FRAME = """
<svg xmlns="http://www.w3.org/2000/svg" width="320" height="240" viewBox="0 0 320 240"><defs>
<filter id="grain"><feTurbulence type="fractalNoise" baseFrequency=".8" numOctaves="2" seed="{seed}"/>
<feColorMatrix values="0 0 0 0 .5 0 0 0 0 .5 0 0 0 0 .5 0 0 0 .5 -.12"/></filter>
<filter id="rough"><feTurbulence type="fractalNoise" baseFrequency=".035" numOctaves="3" seed="{seed}"/>
<feDisplacementMap in="SourceGraphic" scale="5"/></filter>
<filter id="stain"><feTurbulence type="fractalNoise" baseFrequency=".018" numOctaves="4" seed="{seed}"/>
<feColorMatrix values="0 0 0 0 .16 0 0 0 0 .13 0 0 0 0 .1 1.2 0 0 0 -.42"/></filter>
<filter id="soft"><feGaussianBlur stdDeviation=".7"/></filter>
<filter id="shade"><feGaussianBlur stdDeviation="5"/></filter>
<radialGradient id="dark" cx=".5" cy=".45" r=".8"><stop offset=".5" stop-opacity="0"/><stop offset="1" stop-opacity=".5"/>
</radialGradient>
<linearGradient id="sky" x2="0" y2="1"><stop stop-color="#9db4c8"/><stop offset="1" stop-color="#d9dcd8"/></linearGradient>
<linearGradient id="wall" x2="0" y2="1"><stop stop-color="#d8d2c4"/><stop offset="1" stop-color="#a79c8a"/></linearGradient>
<linearGradient id="floor" x2="0" y2="1"><stop stop-color="#8b8378"/><stop offset="1" stop-color="#57514a"/></linearGradient>
</defs><g filter="url(#soft)" transform="rotate({tilt} 160 120) scale(1.06) translate(-9 -7)">{scene}</g>
<rect width="320" height="240" filter="url(#stain)" opacity=".35"/>
<rect width="320" height="240" filter="url(#grain)" opacity=".33"/><rect width="320" height="240" fill="url(#dark)"/></svg>
"""

YARD = """<rect width="320" height="130" fill="url(#sky)"/><path d="M0 100 80 66 150 98 230 60 320 96V130H0z" fill="#8c8f86"/>
<rect y="128" width="320" height="112" fill="#9a8a6e" filter="url(#rough)"/>
<rect x="150" y="70" width="190" height="96" fill="#b0704f" filter="url(#rough)"/><path d="M138 72 165 44h180v28z" fill="#5d5a58"/>
<g stroke="#8f5a40" stroke-width="1" opacity=".6"><path d="M150 82h180M150 94h180M150 106h180M150 118h180M150 130h180"/></g>
<rect x="205" y="96" width="34" height="70" fill="#5c4632"/><rect x="262" y="92" width="36" height="32" fill="#39474f"/>"""
HAY = """<ellipse cx="98" cy="186" rx="94" ry="14" fill="#2b2318" opacity=".5" filter="url(#shade)"/>
<path d="M14 184C20 130 58 104 98 102s84 34 90 82z" fill="#c79d48" filter="url(#rough)"/>
<g stroke="#8e6b28" stroke-width="1.400" filter="url(#rough)"><path d="M40 170 62 120M60 178l22-66M84 182l10-72M104 182l2-72
M126 180l-10-66M150 178l-24-60M28 178l60-20M70 150l70 24M90 130l60 30"/></g>"""
SWEPT = '<path d="M30 182q60-14 120 4" stroke="#b99b5f" stroke-width="3" fill="none" opacity=".6"/>'
ROOM = """<rect width="320" height="240" fill="url(#wall)"/><path d="M0 240 96 150h128l96 90z" fill="url(#floor)"/>
<path d="M0 0 96 50v100L0 240z" fill="#b9b0a0"/><path d="M320 0 224 50v100l96 90z" fill="#938a7c"/>
<path d="M0 0 96 50h128L320 0z" fill="#dedad1"/><rect x="136" y="74" width="50" height="76" fill="#4d6a62"/>
<rect x="140" y="60" width="42" height="12" fill="#2e9a5b"/><path d="M100 150 60 190M222 150l40 40" stroke="#4d463f"/>"""
BOXES = """<g filter="url(#rough)"><path d="M40 236V168l44-10 26 14v62z" fill="#a9794a"/><path d="M84 158v76" stroke="#7c5730"/>
<path d="M66 170v-44l40-8 22 10v44z" fill="#b98a58"/><path d="M106 118v56" stroke="#7c5730"/>
<path d="M196 230v-56l34-6 24 12v54z" fill="#9d6f42"/><path d="M204 172v-30l26-4 18 8v28z" fill="#6d7d8d"/>
<path d="M128 214h50l10 22h-70z" fill="#77726a"/></g>"""
WALL = """<rect width="320" height="240" fill="#c9c2b4"/><rect y="196" width="320" height="44" fill="url(#floor)"/>
<rect x="112" y="52" width="88" height="76" rx="3" fill="#dfe1e0" stroke="#85898b" stroke-width="3"/>
<g fill="#3d4449"><rect x="124" y="70" width="14" height="26"/><rect x="142" y="70" width="14" height="26"/>
<rect x="160" y="70" width="14" height="26"/><rect x="178" y="70" width="10" height="26"/></g>"""
WIRES = """<g fill="none" stroke-width="2.600" filter="url(#rough)"><path d="M124 96C60 130 40 70 6 120S60 210 20 236" stroke="#a3302a"/>
<path d="M142 96c-30 60 60 70 20 140" stroke="#23262a"/><path d="M160 96c60 30 20 90 90 80s50-60 70-40" stroke="#2b5a9a"/>
<path d="M178 96c80 10 60 50 140 34" stroke="#23262a"/><path d="M130 96c20 80 110 60 80 140" stroke="#c8a12a"/>
<path d="M0 30c80 50 200-20 320 24" stroke="#23262a"/></g><rect x="222" y="176" width="58" height="18" fill="#e7e4dc"/>
<g fill="#333"><circle cx="236" cy="185" r="4"/><circle cx="252" cy="185" r="4"/><circle cx="268" cy="185" r="4"/></g>"""
CONDUIT = """<g fill="none" stroke="#eeece6" stroke-width="8"><path d="M156 52V0M156 128v68M112 90H0M200 90h120"/></g>
<g fill="none" stroke="#8d8a83"><path d="M152 52V0M152 128v68M112 94H0M200 94h120"/></g>"""
KITCHEN = """<rect width="320" height="240" fill="#d5d3c8"/><g stroke="#b3b1a5"><path d="M0 40h320M0 80h320M0 120h320M40 0v130M80 0v130
M120 0v130M160 0v130M200 0v130M240 0v130M280 0v130"/></g><path d="M0 130h320v22H0z" fill="#6b6f70"/>
<path d="M0 152h320v60H0z" fill="#8a5f3d"/><rect y="212" width="320" height="28" fill="#5b564e"/>
<rect x="160" y="112" width="110" height="20" rx="3" fill="#2e3133"/><ellipse cx="190" cy="112" rx="20" ry="5" fill="#15171a"/>
<ellipse cx="240" cy="112" rx="20" ry="5" fill="#15171a"/>
<path d="M30 238v-70q0-14 14-14h30q14 0 14 14v70z" fill="#7d8b94" stroke="#49535a" stroke-width="2"/>
<rect x="50" y="140" width="18" height="14" fill="#b08a3a"/>"""
HOSE = """<path d="M66 146C120 96 96 176 150 120" fill="none" stroke="#c8752c" stroke-width="6" filter="url(#rough)"/>
<g stroke="#3a2313" stroke-width="1.500"><path d="M92 134l6 6M104 140l6-6M118 146l5-7M132 134l7 4"/></g>"""
PIPE = '<path d="M66 146h30V122h64" fill="none" stroke="#d8b83c" stroke-width="6"/><rect x="90" y="118" width="12" height="10" fill="#555"/>'
EBIKE = """<ellipse cx="160" cy="214" rx="110" ry="12" opacity=".45" filter="url(#shade)"/><g fill="none" stroke="#17191c" stroke-width="9">
<circle cx="92" cy="186" r="28"/><circle cx="228" cy="186" r="28"/></g><g fill="none" stroke="#9a2f2b" stroke-width="9"
stroke-linecap="round"><path d="M92 186 118 150h74l36 36M204 140l24 46M192 112l14 34"/></g><path d="M104 138h54l6 12h-62z" fill="#202327"/>
<path d="M184 110h30" stroke="#202327" stroke-width="6"/><path d="M150 168C180 220 270 90 300 96V60" fill="none" stroke="#111" stroke-width="3"/>
<rect x="290" y="44" width="20" height="22" fill="#f0eee8" stroke="#777"/>"""
CABINET = """<rect width="320" height="240" fill="url(#wall)"/><rect y="190" width="320" height="50" fill="url(#floor)"/>
<rect x="96" y="58" width="130" height="128" fill="#a8241d" stroke="#5e120e" stroke-width="3"/>
<rect x="108" y="72" width="106" height="84" fill="#3c2a28"/><g fill="#c9362b"><rect x="124" y="92" width="24" height="62" rx="8"/>
<rect x="168" y="92" width="24" height="62" rx="8"/></g><g fill="#1c1c1c"><path d="M128 80h18v12h-18zM172 80h18v12h-18z"/></g>
<rect x="108" y="160" width="106" height="14" fill="#e9e3d4"/>"""
LANE = """<rect width="320" height="110" fill="url(#sky)"/><path d="M0 240 120 104h90l110 136z" fill="#77756f"/>
<path d="M0 60h110v48L0 236z" fill="#a88a6d"/><path d="M320 50H216v56l104 132z" fill="#8f7a63"/>
<g fill="#4a3b30"><path d="M20 96h26v50l-26 18zM66 92h20v40l-20 12zM254 92h24v46l-24-20z"/></g>
<path d="M162 110v20M162 146v30M162 196v40" stroke="#d9d3bf" stroke-width="4" opacity=".7"/>"""
STONES = """<g fill="#b9b5ab" stroke="#6d6a62" stroke-width="2" filter="url(#rough)"><path d="M84 196h36v-44q-18-12-36 0z"/>
<path d="M146 196h36v-44q-18-12-36 0z"/><path d="M208 196h36v-44q-18-12-36 0z"/></g>"""
HYDRANT = """<path d="M140 214v-92q0-24 24-24t24 24v92z" fill="#b3261e" stroke="#5e120e" stroke-width="2"/>
<rect x="128" y="208" width="72" height="12" fill="#7a1a15"/><rect x="120" y="134" width="88" height="22" rx="6" fill="#8f1f18"/>
<path d="M150 98q14-18 28 0z" fill="#8f1f18"/>"""
RUST = '<g fill="#6b4a2a" filter="url(#rough)" opacity=".85"><path d="M142 170h40v30h-40zM122 138h20v14h-20zM196 136h10v18h-10z"/></g>'

SCENES = {
    "yard": (YARD + HAY, YARD + SWEPT),
    "corridor": (ROOM + BOXES, ROOM),
    "wiring": (WALL + WIRES, WALL + CONDUIT),
    "kitchen": (KITCHEN + HOSE, KITCHEN + PIPE),
    "ebike": (ROOM + EBIKE, ROOM),
    "extinguisher": (CABINET + BOXES, CABINET),
    "lane": (LANE + STONES, LANE),
    "hydrant": (LANE + HYDRANT + RUST, LANE + HYDRANT),
}
"""What is painted of each scene, before and after."""

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
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        for seed, (name, both) in enumerate(SCENES.items()):
            for word, scene in zip(("before", "after"), both, strict=True):
                tilt = (seed * 7 + (word == "after") * 4) % 5 - 2
                svg = FRAME.format(scene=scene, seed=seed * 2 + (word == "after"), tilt=tilt)
                rgba = base64.b64decode(page.evaluate(PAINT, base64.b64encode(svg.encode()).decode()))
                path = FOLDER / f"{name}-{word}.png"
                path.write_bytes(as_png([tuple(rgba[at : at + 3]) for at in range(0, len(rgba), 4)]))
                print(path, path.stat().st_size)
        browser.close()


def as_png(pixels: list[tuple[int, ...]]) -> bytes:
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


def _spread(box: list[tuple[int, ...]]) -> int:
    return max(max(each[part] for each in box) - min(each[part] for each in box) for part in range(3)) * len(box)


def _halves(box: list[tuple[int, ...]]) -> list[list[tuple[int, ...]]]:
    part = max(range(3), key=lambda part: max(each[part] for each in box) - min(each[part] for each in box))
    box.sort(key=lambda each: each[part])
    middle = box[len(box) // 2][part]
    low = [each for each in box if each[part] < middle]
    if not low:  # more than half of it has the least value there is
        low = [each for each in box if each[part] == middle]
    return [low, box[len(low) :]]


if __name__ == "__main__":
    main()
