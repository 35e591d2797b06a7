"""Answers what goes wrong with a page: what is the matter in one sentence, and one next step."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Response, has_request_context, request

from server.errors import PasswordChangeRequired, Refusal, SignInRequired
from server.office import front_door, layout, own_password, pages, sessions
from server.people.domain.actors import Actor
from server.web import context
from server.web.problem_details import message_of, set_allow, set_retry_after, status_of


class Saying(NamedTuple):
    """How a page puts an error. title: over it; said: the sentence, empty for the error's own; step: the next step."""

    title: str
    said: str
    step: str
    address: str


_HOME = ("回到首页", "/")
SAYINGS = {
    400: Saying("请求无法理解", "", *_HOME),
    403: Saying("不能办理", "", *_HOME),
    404: Saying("没有找到", "没有这个案件或页面，或不在您的辖区。", *_HOME),
    405: Saying("不能这样打开", "这个地址要从页面上的按钮打开。", *_HOME),
    409: Saying("情况已变", "", "看现在的情况", "/"),
    413: Saying("内容太大", "内容太大，没有收下；请分几次提交。", *_HOME),
    415: Saying("文件类型不对", "", *_HOME),
    422: Saying("填写有误", "", *_HOME),
    429: Saying("操作太快", "操作太快，请过一分钟再试。", *_HOME),
    500: Saying("出了错", "出了错，已记下。请后退再试一次；若一再出现，请告诉管理员。", *_HOME),
    503: Saying("请稍候", "正在保存别人的内容，请再点一次。", "再试一次", ""),
    507: Saying("磁盘已满", "", *_HOME),
}
"""By status. An address that is empty is the page's own: trying again is the cure."""


def is_office_path(path: str) -> bool:
    """Return whether a path belongs to the pages, so that errors under it must be pages."""
    return path == "/" or path == "/office" or path.startswith("/office/")


def as_page(error: Exception) -> Response:
    """Answer an error of the request that is being served; who has to sign in first gets the sign-in page."""
    if isinstance(error, SignInRequired):
        return front_door.ask_to_sign_in(error)
    if isinstance(error, PasswordChangeRequired):
        return own_password.ask()
    actor = _caller_of(error)
    values = _values(error)
    if actor is None:
        return _finished(error, pages.respond("error.html", layout.language(), _bare(error) | values, status_of(error)))
    with context.database().reading() as reading:
        return _finished(error, layout.show(reading, "error.html", "", values, status_of(error)))


def _bare(error: Exception) -> dict[str, Any]:
    """Return what a page without a person shows; where the database may be what failed, nothing is read of it."""
    if status_of(error) >= 500 or not has_request_context():
        return layout.bare()
    with context.database().reading() as reading:
        return layout.bare_in(reading)


def refusal(error: Exception) -> Response:
    """Answer a request that no door has seen: there is no session, no language and no database for it."""
    values = {"form_token": "", "form_field": "", "address": "/", **_values(error)}
    return _finished(error, pages.respond("error.html", pages.CHINESE, values, status_of(error)))


def _values(error: Exception) -> dict[str, Any]:
    saying = SAYINGS.get(status_of(error), SAYINGS[500])
    own = error.message if isinstance(error, Refusal) else ""
    said = own if own and status_of(error) < 500 else _most() if status_of(error) == 413 else saying.said
    said = said or message_of(error)
    return {"status": status_of(error), "title": saying.title, "said": said, "step": saying.step, "to": saying.address}


def _caller_of(error: Exception) -> Actor | None:
    """Return who is signed in, None where nobody is, or where the database is what failed."""
    if status_of(error) >= 500 or not has_request_context():
        return None
    try:
        return sessions.caller()
    except (SignInRequired, PasswordChangeRequired):
        return None


def _most() -> str:
    """Return how much was too much: for a file, in the words of who chose it."""
    most = request.max_content_length or 0 if has_request_context() else 0
    if most >= 1_000_000 and request.mimetype == "multipart/form-data":
        return f"文件太大，最多 {most // 1_000_000} MB。"
    return SAYINGS[413].said


def _finished(error: Exception, response: Response) -> Response:
    set_retry_after(error, response)
    set_allow(error, response)
    return response
