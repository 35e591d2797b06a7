"""The only map from a Refusal to HTTP: its status, and its problem details in JSON (RFC 9457)."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from http import HTTPStatus

import orjson
from flask import Response
from werkzeug.exceptions import HTTPException, RequestedRangeNotSatisfiable
from werkzeug.http import http_date

from server import errors, instants
from server.errors import Refusal

STATUS: dict[type[Refusal], int] = {
    errors.Refusal: 400,
    errors.Unreadable: 400,
    errors.HostUnknown: 400,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.NotFound: 404,
    errors.NotAllowed: 403,
    errors.SignInRequired: 401,
    errors.SignInFailed: 401,
    errors.LockedOut: 429,
    errors.TooManySignIns: 429,
    errors.PasswordChangeRequired: 403,
    errors.ShortOfMemory: 503,
    errors.KeyRefused: 403,
    errors.Conflict: 409,
    errors.StaleVersion: 409,
    errors.PreconditionFailed: 412,
    errors.IllegalStep: 409,
    errors.SubmissionDiffers: 409,
    errors.EditOutOfDate: 409,
    errors.OriginalUnknown: 404,
    errors.FormUnknown: 404,
    errors.FormClosed: 409,
    errors.FormRefused: 422,
    errors.TypeConflict: 409,
    errors.GridRefused: 422,
    errors.CalendarRefused: 422,
    errors.MonthFrozen: 409,
    errors.MonthNotFrozen: 404,
    errors.UnsupportedType: 415,
    errors.ChecksumMismatch: 460,
    errors.QuotaExceeded: 429,
    errors.Unavailable: 503,
    errors.DiskFull: 507,
    errors.DiskUnwritable: 503,
    errors.OutcomeUnknown: 503,
    errors.Busy: 503,
    errors.DatabaseTooNew: 500,
    errors.FolderMoved: 500,
    errors.Damaged: 500,
}
"""A test asserts that every Refusal is a key here."""

HTTP_MESSAGES = {
    400: "请求无法理解，请检查格式。",
    401: "请先登录，或使用有效的密钥。",
    403: "没有权限。",
    404: "没有这个地址，请检查网址是否完整。",
    405: "这个地址不支持这种请求方式；用法见 /api/docs。",
    406: "不能给出所要的格式。",
    408: "请求超时，请重试。",
    412: "内容已被他人更新，请刷新后重试。",
    413: "内容太大，服务器不能接收。",
    415: "请求的内容类型不受支持。",
    416: "文件没有这么长；请按 Content-Range 里的长度改过 Range 再取。",
    422: "填写内容有误，请按提示改正。",
    428: "请带上 If-Match，以免覆盖他人的修改。",
    429: "请求过于频繁，请稍后再试。",
    431: "网址或请求头太长，服务器不能接收；请分几次查询。",
    500: "服务器内部错误，请稍后再试；若一再出现，请联系管理员。",
    503: "服务器暂时不可用，请稍后再试。",
    507: "服务器磁盘已满，暂时不能保存；请告诉管理员。",
}


CHALLENGE = 'Bearer realm="Firegrid", Key realm="Firegrid"'
"""The WWW-Authenticate header of a 401 in JSON; no browser opens a sign-in window of its own for these schemes."""

_OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "challenge"})
"""Members of a problem that particulars may not replace, and what travels in a header instead."""


def status_of(error: Exception) -> int:
    """Return the HTTP status that answers ``error``; unforeseen errors are ours, so 500."""
    if isinstance(error, Refusal):
        return STATUS.get(type(error), 500)
    if isinstance(error, HTTPException) and error.code is not None:
        return error.code
    return 500


def as_refusal(error: Exception) -> Exception:
    """Return ``error``, or what it means: DiskFull or DiskUnwritable where the system said so, ShortOfMemory."""
    if isinstance(error, MemoryError):
        return errors.ShortOfMemory()
    meaning = _OF_THE_DISK.get(error.errno or 0) if isinstance(error, OSError) else None
    if meaning is None:
        return error
    refusal = meaning()
    refusal.__cause__ = error
    return refusal


_OF_THE_DISK: Mapping[int, type[errors.DiskFull | errors.DiskUnwritable]] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), errors.DiskFull),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO), errors.DiskUnwritable),
}


def message_of(error: Exception) -> str:
    """Return the Chinese sentence that says what is wrong and how to correct it."""
    if isinstance(error, Refusal):
        return error.message
    return HTTP_MESSAGES.get(status_of(error), HTTP_MESSAGES[500])


def challenge_of(error: Exception) -> str | None:
    """Return the WWW-Authenticate challenge that a 401 carries, None when it has none."""
    challenge = error.data.get("challenge") if isinstance(error, Refusal) else None
    return challenge if isinstance(challenge, str) else None


def body_of(error: Exception) -> dict[str, object]:
    """Return ``error`` as the members of problem+json: type, title, status, detail, errors, and particulars."""
    status = status_of(error)
    code = error.code if isinstance(error, Refusal) else HTTPStatus(status).phrase.lower().replace(" ", "-")
    body: dict[str, object] = {
        "type": f"/problems/{code}",
        "title": _phrase(status),
        "status": status,
        "detail": message_of(error),
        "errors": [],
    }
    if isinstance(error, Refusal):
        body |= {name: value for name, value in error.data.items() if name not in _OWN_MEMBERS}
    else:
        # webargs puts its field errors in this place
        body["errors"] = (getattr(error, "data", None) or {}).get("messages", [])
    return body


def _phrase(status: int) -> str:
    return "Checksum Mismatch" if status == 460 else HTTPStatus(status).phrase


def as_problem(error: Exception) -> Response:
    """Answer ``error`` in problem+json."""
    status = status_of(error)
    response = Response(orjson.dumps(body_of(error), default=str), status, content_type="application/problem+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = challenge_of(error) or CHALLENGE
    set_retry_after(error, response)
    until = error.data.get("until") if isinstance(error, Refusal) else None
    if status == 429 and isinstance(until, str):
        response.headers["Retry-After"] = http_date(instants.parse(until))
    set_particulars(error, response)
    return response


def set_retry_after(error: Exception, response: Response) -> None:
    """Set ``Retry-After`` where the error knows when to come back."""
    again_s = error.data.get("retry_after_s") if isinstance(error, Refusal) else None
    if isinstance(again_s, int):
        response.headers["Retry-After"] = str(again_s)


def set_particulars(error: Exception, response: Response) -> None:
    """Set what a status says in a header: ``Allow`` of a 405, the methods; ``Content-Range`` of a 416, the length."""
    if isinstance(error, RequestedRangeNotSatisfiable) and error.length is not None:
        response.headers["Content-Range"] = f"{error.units} */{error.length}"
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
