"""Serves what the build made of the office's script and style: hashed names, pre-compressed, kept for ever."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from mimetypes import guess_type
from pathlib import Path
from typing import NamedTuple

import orjson
from flask import Blueprint, Response, request

from server.errors import NotFound, Unavailable

STATIC = Path(__file__).with_name("static")
ADDRESS = "/office/static"
FOR_EVER = "public, max-age=31536000, immutable"
"""A file's name changes with its content."""

ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
"""What is preferred first, with the ending of the files so compressed."""

NOT_BUILT = (
    "页面的样式和脚本没有构建，页面可用但没有样式。请在源码目录重新安装（make run，或 pip install .）；"
    "构建要用 Node.js，没有时会自动下载。script and style of the pages are not built"
)

blueprint = Blueprint("office-assets", __name__, url_prefix=ADDRESS)


class Built(NamedTuple):
    """What was built. names: of the built file of each source; contents: of each file, by its name."""

    names: Mapping[str, str]
    contents: Mapping[str, bytes]


@cache
def built() -> Built:
    """Return what was built when it was first asked for, empty where nothing was.

    It stays the same, name and content, for as long as the program runs, whatever is built meanwhile.
    """
    path = STATIC / "manifest.json"
    if not path.exists():
        return Built({}, {})
    contents = {file.name: file.read_bytes() for file in (STATIC / "assets").glob("*")}
    entries = orjson.loads(path.read_bytes()).items()
    return Built({Path(source).name: entry["file"] for source, entry in entries}, contents)


def are_built() -> bool:
    """Say whether there is what every page needs; what only some pages need is told by ``address``."""
    return {"office.css", "office.js"} <= set(built().names)


def address(source: str) -> str:
    """Return the address of what was built from a file of ``web/src``. Raises Unavailable for what was not built."""
    try:
        return f"{ADDRESS}/{built().names[source]}"
    except KeyError as missing:
        message = (
            f"页面的样式和脚本与程序不同版（缺 {source}）；请管理员在源码目录重新安装（make run 或 pip install .）。"
        )
        raise Unavailable(message, file=source) from missing


@blueprint.get("/assets/<name>")
def asset(name: str) -> Response:
    """Serve one built file, compressed as the browser takes it."""
    files = built().contents
    if name not in files:
        raise NotFound("没有这个文件；请刷新页面。", file=name)
    accepted = request.accept_encodings
    fitting = (each for each in ENCODINGS if accepted.quality(each[0]) > 0 and name + each[1] in files)
    encoding, ending = next(fitting, ("", ""))
    kind = guess_type(name)[0] or "application/octet-stream"
    response = Response(files[name + ending], content_type=kind)
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.headers["Cache-Control"] = FOR_EVER
    response.vary.add("Accept-Encoding")
    return response
