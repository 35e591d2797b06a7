"""Parses the header of one part of a multipart body and checks the names in it, which anybody may have sent."""

from __future__ import annotations

import re
from urllib.parse import unquote

from server.errors import Unreadable
from sync.values import frozen

NAME_BYTES_MAX = 255
OCTETS = "application/octet-stream"

_PARAMETER = re.compile(r';[ \t]*([A-Za-z-]+)(\*?)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^";\s]*))[ \t]*', re.DOTALL)
_QUOTED_PAIR = re.compile(r'\\(["\\])')
_PERCENT = re.compile("%(22|0d|0a)", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)
_AS_SENT = ("", "7bit", "8bit", "binary")


@frozen
class Part:
    """A part's header: its names as sent ('' where absent) and its bare media type ('' where absent)."""

    name: str
    filename: str
    media_type: str

    @property
    def is_file(self) -> bool:
        """Whether the content is a file: it has a file name, or a media type that no typed-in field has."""
        return bool(self.filename) or self.media_type not in ("", "text/plain")


def read_part(block: bytes) -> Part:
    """Return the header in ``block``: what follows a delimiter, up to the blank line before the content.

    Names may be raw UTF-8 (phones, with %22 %0D %0A for what would break the line), backslash-quoted (curl) or
    ``filename*`` (RFC 5987). Refuses with Unreadable a header without names, in no UTF-8, or of encoded content.
    """
    try:
        padding, *lines = block.decode().replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")
    except UnicodeDecodeError as error:
        raise broken_part("header-encoding") from error
    if padding.strip(" \t"):
        raise broken_part("delimiter")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("content-transfer-encoding", "").lower() not in _AS_SENT:
        raise broken_part("content-transfer-encoding")
    names = _parameters(headers.get("content-disposition", ""))
    part = Part(names.get("name", ""), names.get("filename", ""), _media_type(headers.get("content-type", "")))
    if not part.name and not part.filename:
        raise broken_part("no-name")
    return part


def base_name(name: str) -> str:
    """Return the file's own name out of what a client sent; '' stays ''.

    Folders in front of it are dropped (old browsers send ``C:\\photos\\x.jpg``). Refuses with Unreadable a step
    upwards, a name of dots or spaces only, control characters, and more than 255 bytes.
    """
    segments = name.replace("\\", "/").split("/")
    own = segments[-1]
    if ".." in segments or (name and not own.strip(" .")) or _CONTROL.search(name):
        raise Unreadable("附件的文件名含有路径或控制字符，不能接收。请改名后重新添加再发送。", filename=name[:300])
    if len(own.encode()) > NAME_BYTES_MAX:
        raise Unreadable("附件的文件名太长，不能接收。请改成较短的名字后重新添加再发送。", filename=name[:300])
    return own


def broken_part(reason: str) -> Unreadable:
    """Return the refusal of a POST whose parts cannot be told from one another; ``reason`` is for the office."""
    return Unreadable("发送的内容格式有误，服务器读不出来。请重新发送；仍不行请联系管理员。", reason=reason)


def _parameters(disposition: str) -> dict[str, str]:
    """Return the parameters of a Content-Disposition by lower-case name; ``filename*`` stands before ``filename``."""
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    at = len(disposition.partition(";")[0])
    while found := _PARAMETER.match(disposition, at):
        name, star, quoted, token = found.groups()
        if star:
            extended[name.lower()] = _extended(token or "")
        elif quoted is None:
            plain.setdefault(name.lower(), _unescaped(token))
        else:
            plain.setdefault(name.lower(), _unescaped(_unquoted(quoted)))
        at = found.end()
    if disposition[at:].strip(" \t;"):
        raise broken_part("content-disposition")
    return plain | extended


def _extended(value: str) -> str:
    charset, _, rest = value.partition("'")
    try:
        return unquote(rest.partition("'")[2], encoding=charset or "utf-8", errors="strict")
    except (LookupError, UnicodeError) as error:
        raise broken_part("content-disposition") from error


def _unquoted(value: str) -> str:
    return _QUOTED_PAIR.sub(r"\1", value) if "\\" in value else value


def _unescaped(name: str) -> str:
    return _PERCENT.sub(lambda escape: chr(int(escape[1], 16)), name) if "%" in name else name


def _media_type(header: str) -> str:
    bare = header.partition(";")[0].strip().lower()
    return bare if not bare or _MEDIA_TYPE.fullmatch(bare) else OCTETS
