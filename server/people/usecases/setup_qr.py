"""Make the QR code and the text of the card by which ODK Collect is set up for one worker (``openrosa.md`` section 3).

The picture holds the worker's key: whoever has it can send in their name.
"""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import segno

PAYLOAD_LENGTH_MAX = 4000
"""More Base64 than this no QR code of Collect's size carries."""

PRINTED_MM = 45
"""Width of a code on a card, quiet zone included: a module is then half a millimetre, which cheap phones resolve."""

MAY_NOT_CHANGE = (
    "change_server",
    "form_update_mode",
    "change_autosend",
    "delete_after_send",
    "delete_saved",
    "change_form_metadata",
)
"""Settings that are hidden: a mistake here would cut a phone off, lose reports, or send them under another name.

No more than these: each makes the code denser and harder to scan from a card that is worn.
"""


def settings(server_url: str, username: str, project_name: str) -> dict[str, Any]:
    """Return Collect's settings for one worker: what differs from what Collect does by itself, and nothing else.

    server_url: with the phone key in it. username: goes into forms as the worker's name. project_name: what the
    phone shows above its forms, the unit or the county. Only keys and types of Collect's client-settings schema:
    one value of another type makes a phone refuse the whole code.
    """
    return {
        "general": {
            "server_url": server_url,
            "metadata_username": username,
            "form_update_mode": "match_exactly",
            "autosend": "wifi_and_cellular",
            "font_size": "25",
        },
        "project": {"name": project_name},
        "admin": dict.fromkeys(MAY_NOT_CHANGE, False),
    }


def payload(settings: Mapping[str, Any]) -> str:
    """Return the text that the QR code holds: Base64 of a zlib stream of UTF-8 JSON."""
    text = json.dumps(settings, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def png(payload: str) -> bytes:
    """Return the QR code as a PNG picture, large enough to scan from paper."""
    return _saved(payload, "png", scale=6)


def svg(payload: str) -> bytes:
    """Return the QR code as an SVG picture, for print."""
    return _saved(payload, "svg", scale=6)


def inline(payload: str) -> str:
    """Return the QR code as an ``svg`` element of a page, as large as its place; for paper that is folded and carried.

    With error correction M, where a crease may cross it, and a quiet zone of two modules inside of white paper.
    """
    # Its mask is given: weighing all eight takes most of the time, and a key looks random under any.
    code = segno.make(payload, error="m", mask=1, micro=False, boost_error=False)
    return str(code.svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None))


def terminal(payload: str) -> str:
    """Return the QR code as characters for a terminal with light text on a dark background."""
    out = io.StringIO()
    _code(payload).terminal(out, border=2, compact=True)
    return out.getvalue()


def card_text(display: str, project_name: str) -> str:
    """Return what is printed beside the code: how to scan it, and how to give an existing project a new code."""
    return "\n".join(_card_lines(display, project_name))


def _card_lines(display: str, project_name: str) -> Iterable[str]:
    yield f"{project_name}　{display}"
    yield "这个二维码要在 ODK Collect 里面扫描，不要用微信、支付宝或手机相机扫。"
    yield ""
    yield "第一次使用："
    yield "1. 打开 ODK Collect，点“使用二维码配置”（Configure with QR code）。"
    yield "2. 对准二维码，等出现项目名称；保持联网一两分钟，表单会自动下载。"
    yield "3. 之后没有信号也能填报，有网时自动发送。"
    yield ""
    yield "手机里已有这个项目（换了新二维码）："
    yield "1. 点右上角圆形项目图标，再点“设置”（Settings）。"
    yield "2. 点“项目管理”（Project management），再点“使用二维码重新配置”（Reconfigure with QR code），扫描。"
    yield "3. 不要“添加项目”：那样草稿和没发出的表单会留在旧项目里。"
    yield ""
    yield "二维码等于本人的钥匙：只给本人用，不要转发；手机丢失请马上告诉管理员换新。"


def _saved(payload: str, kind: str, scale: int) -> bytes:
    out = io.BytesIO()
    _code(payload).save(out, kind=kind, scale=scale, border=4)
    return out.getvalue()


def _code(payload: str) -> segno.QRCode:
    """Return the code with error correction L, as Collect itself makes it; boosting would make it denser."""
    if len(payload) >= PAYLOAD_LENGTH_MAX:
        raise ValueError(f"a settings QR code holds less than {PAYLOAD_LENGTH_MAX} characters")
    return segno.make(payload, error="l", micro=False, boost_error=False)
