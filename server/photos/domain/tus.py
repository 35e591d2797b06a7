"""Reads the headers of tus 1.0 (https://tus.io/protocols/resumable-upload): core, creation, checksum, expiration."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from server.errors import Invalid, TooLarge, Unreadable, UnsupportedType

VERSION = "1.0.0"
EXTENSIONS = "creation,checksum,expiration,termination"
ALGORITHMS = ("sha256", "sha1", "md5")
"""Hashes of ``Upload-Checksum``; clients choose, and any of them finds what a weak link has broken."""

UPLOAD_BYTES_MAX = 50_000_000
"""The size of one photo that is uploaded, in bytes."""

METADATA_CHARACTERS_MAX = 2_000
OFFSET_TYPE = "application/offset+octet-stream"

_NUMBER = re.compile("[0-9]{1,15}")
_KEY = re.compile(r"[!-+\--~]{1,100}")
_SHA256 = re.compile("[0-9a-f]{64}")


class Checksum(NamedTuple):
    """What a client says that the bytes of one request hash to. algorithm: of ``ALGORITHMS``."""

    algorithm: str
    digest: bytes

    def hasher(self) -> hashlib._Hash:
        return hashlib.new(self.algorithm, usedforsecurity=False)


def size_of(header: str | None) -> int:
    """Return the whole size that ``Upload-Length`` states. Raises Invalid, TooLarge above ``UPLOAD_BYTES_MAX``."""
    if header is None:
        raise _bad("Upload-Length", "请写明整个文件的字节数；不支持以后再说 (Upload-Defer-Length)")
    size = _number("Upload-Length", header)
    if size == 0:
        raise _bad("Upload-Length", "空文件不是照片，请重新选择")
    if size > UPLOAD_BYTES_MAX:
        most = UPLOAD_BYTES_MAX // 1_000_000
        raise TooLarge(f"一张照片最多 {most} MB；请在手机上缩小后再传。", most=UPLOAD_BYTES_MAX)
    return size


def offset_of(header: str | None) -> int:
    """Return where the bytes of a request begin, as ``Upload-Offset`` says. Raises Invalid."""
    return _number("Upload-Offset", header)


def require_type(content_type: str | None) -> None:
    """Do nothing for the type of bytes to be added. Raises UnsupportedType."""
    if (content_type or "").split(";")[0].strip().lower() != OFFSET_TYPE:
        raise UnsupportedType(f"请在请求头里写 Content-Type: {OFFSET_TYPE}。")


def metadata_of(header: str | None) -> Mapping[str, str]:
    """Return the keys and values of ``Upload-Metadata``. Raises Invalid."""
    found: dict[str, str] = {}
    if len(header or "") > METADATA_CHARACTERS_MAX:
        raise _bad("Upload-Metadata", f"最多 {METADATA_CHARACTERS_MAX} 个字符")
    for pair in (header or "").split(","):
        key, _, value = pair.strip().partition(" ")
        if not key and not value:
            continue
        if not _KEY.fullmatch(key) or key in found:
            raise _bad("Upload-Metadata", "每一项应是不重复的英文名，空一格，再写 Base64 的值")
        found[key] = _text_of(value.strip())
    return found


def stated_sha256(metadata: Mapping[str, str]) -> str | None:
    """Return the hash of the whole that the metadata state (``sha256``, in hex), None where they do not."""
    stated = metadata.get("sha256")
    if stated is not None and not _SHA256.fullmatch(stated):
        raise _bad("Upload-Metadata", "sha256 应为64位十六进制小写字母")
    return stated


def checksum_of(header: str | None) -> Checksum | None:
    """Return what ``Upload-Checksum`` states, None without it. Raises Unreadable (400, as tus demands)."""
    if header is None:
        return None
    algorithm, _, digest = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise Unreadable(f"Upload-Checksum 的算法只支持 {'、'.join(ALGORITHMS)}。", algorithms=list(ALGORITHMS))
    try:
        return Checksum(algorithm, base64.b64decode(digest.strip(), validate=True))
    except binascii.Error as error:
        raise Unreadable("Upload-Checksum 应写成：算法，空一格，再写 Base64 的值。") from error


def _text_of(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError as error:
        raise _bad("Upload-Metadata", "值应为 UTF-8 文字的 Base64") from error


def _number(header: str, value: str | None) -> int:
    if value is None or not _NUMBER.fullmatch(value):
        raise _bad(header, "应为不小于0的整数")
    return int(value)


def _bad(header: str, cure: str) -> Invalid:
    return Invalid(f"请求有误。{header}：{cure}。", errors=[{"field": header, "message": f"{cure}。"}])
