"""Answers what goes wrong with a page: what is the matter in one sentence, and one next step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import Response, current_app, has_request_context, request
from werkzeug.exceptions import NotFound as RoutingNotFound

from server.errors import Busy, PasswordChangeRequired, Refusal, SignInRequired
from server.office import front_door, layout, own_password, pages, sessions
from server.people.domain.actors import Actor
from server.web import context, observability
from server.web.problem_details import message_of, set_particulars, set_retry_after, status_of


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
    415: Saying("文件类型不对", "只收 Excel（.xlsx）文件。", *_HOME),
    422: Saying("填写有误", "", *_HOME),
    429: Saying("操作太快", "操作太快，请过一分钟再试。", *_HOME),
    500: Saying("出了错", "出了错，已记下。请再试一次；若一再出现，请告诉管理员。", *_HOME),
    503: Saying("请稍候", "正在保存别人的内容，请再点一次。", "再试一次", ""),
    507: Saying("磁盘已满", "", *_HOME),
}
"""By status. An address that is empty is the page's own: trying again is the cure."""

FAILED_READING = "出了错，已记下（编号 {number}）。请再试一次；若一再出现，请把编号告诉管理员。"
FAILED_WRITING = "出了错，已记下（编号 {number}）。您的内容还在，后退可以取回。"
"""What an unforeseen error says where the log has its number."""


def is_office_path(path: str) -> bool:
    """Return whether a path belongs to the pages, so that errors under it must be pages."""
    return path == "/" or path == "/office" or path.startswith("/office/")


def as_page(error: Exception) -> Response:
    """Answer an error of the request that is being served; who has to sign in first gets the sign-in page."""
    if isinstance(error, SignInRequired):
        return front_door.ask_to_sign_in(error)
    if isinstance(error, PasswordChangeRequired):
        return own_password.ask()
    if bare := _without_slash(error):
        return pages.see_other(bare)
    values = _values(error)
    try:
        answer = _in_frame(values)
    except Exception as second:  # the database, or the frame itself, may be what failed: the page does without
        if status_of(error) < 500:
            raise
        observability.log_failure(second)
        answer = None
    if answer is None:
        answer = pages.respond("error.html", layout.language(), {**layout.bare(), **values}, values["status"])
    return _finished(error, answer)


def _without_slash(error: Exception) -> str:
    """Return the address of the page that was asked for with a slash at its end; empty where there is none."""
    if not isinstance(error, RoutingNotFound) or not has_request_context() or request.method not in ("GET", "HEAD"):
        return ""
    path = request.path.rstrip("/")
    known = current_app.create_url_adapter(request)
    if path == request.path or known is None or not known.test(path, method="GET"):
        return ""
    query = request.query_string.decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def _in_frame(values: Mapping[str, Any]) -> Response | None:
    """Answer with an error under the rail of who is signed in; without one where nobody is."""
    if not has_request_context():
        return None
    actor = _caller()
    with context.database().reading() as reading:
        if actor is None:
            bare = layout.bare_in(reading)
            return pages.respond("error.html", layout.language(), {**bare, **values}, values["status"])
        may_search = layout.BOARD in layout.rail_of(actor)
        return layout.show(reading, "error.html", "", {**values, "may_search": may_search}, values["status"])


def refusal(error: Exception) -> Response:
    """Answer a request that no door has seen: there is no session, no language and no database for it."""
    values = {"form_token": "", "form_field": "", "address": "/", **_values(error)}
    return _finished(error, pages.respond("error.html", pages.CHINESE, values, status_of(error)))


def _values(error: Exception) -> dict[str, Any]:
    status = status_of(error)
    saying, number = SAYINGS.get(status, SAYINGS[500]), ""
    own = error.message if isinstance(error, Refusal) and not isinstance(error, Busy) else ""
    if status == 413:
        said = own or _most()
    elif status == 500:
        said, number = _failed()
    else:
        said = own or saying.said
    said = said or message_of(error)
    return {
        "status": status,
        "title": saying.title,
        "said": said,
        "number": number,
        "step": saying.step,
        "to": saying.address,
        "may_search": False,
    }


def _failed() -> tuple[str, str]:
    """Return what an unforeseen error says, and its number in the log; without one where it has none."""
    number = observability.failure_number() if has_request_context() else ""
    if not number:
        return SAYINGS[500].said, ""
    return FAILED_WRITING if request.method == "POST" else FAILED_READING, number


def _caller() -> Actor | None:
    """Return who is signed in, None where nobody is."""
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
    set_particulars(error, response)
    return response
