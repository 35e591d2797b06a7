"""Talks to the server over http or https: one POST at a time, tried again with back-off, refusals told in words."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import requests
from requests.auth import AuthBase
from requests.exceptions import InvalidURL, RequestException, SSLError

from sync.client.backoff import Patience, asked_s
from sync.client.credentials import Credentials
from sync.client.failures import Failure, NoConnection, NotSignedIn, Refused, TooLarge
from sync.client.wire import read_limits

TIMEOUT_S = (10.0, 60.0)
"""Seconds to connect, and between two bytes of an answer."""

TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})

_AWAY = "连不上服务器，工作都已保存在本机，有网再试 · cannot reach the server; your work is kept here, try again later"
_PORTAL = (
    "回答的不是消防网格服务器，可能要先登录无线网络；工作都已保存在本机"
    " · this network answers in the server's place (a sign-in page?); your work is kept here"
)
_TLS = "服务器的 https 证书{why}，没有发送任何内容 · the server's certificate is not accepted: {said}; nothing was sent"
_UNTRUSTED = "不被信任（可用 REQUESTS_CA_BUNDLE 指定证书）"
_WHY_NOT = {
    9: "还没有生效（也请看看本机时间对不对）",
    10: "已经过期（也请看看本机时间对不对）",
    62: "不是这个网址的，请核对网址",
}
"""What is wrong with a certificate, by the codes of OpenSSL (``X509_V_ERR_…``)."""


class _Shown(AuthBase):
    """Shows the credentials. As ``auth`` and not as a header, which a ``.netrc`` of the user's would replace."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


class Connection:
    """A way to one server in one person's name.

    keep: called with the credentials whenever they were renewed. session: another one for tests.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        keep: Callable[[Credentials], None] = lambda _: None,
        patience: Patience | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self.credentials = credentials
        self._keep = keep
        self._patience = patience or Patience()
        self._session = session or requests.Session()
        # The office sees which program uses a key.
        self._session.headers["User-Agent"] = f"fieldsync/{version('firegrid')}"

    def close(self) -> None:
        self._session.close()

    def post(self, path: str, body: str) -> object:
        """POST JSON text to a path under ``/api/v1`` and return what the answer says.

        Raises NoConnection (no answer that counts, after all tries), NotSignedIn, TooLarge, Refused.
        """
        answer = self._answered(path, body, self.credentials.header)
        if answer.status_code == 401 and self.credentials.refresh is not None:
            self._renew()
            answer = self._answered(path, body, self.credentials.header)
        return _told(answer)

    def sign_in(self, user: str, password: str) -> None:
        """Begin a session with a password. Raises NotSignedIn when it is wrong, NoConnection."""
        answer = _told(self._answered("/session", json.dumps({"username": user, "password": password}), None))
        if not isinstance(answer, dict) or not all(
            isinstance(answer.get(name), str) for name in ("access_token", "refresh_token")
        ):
            raise NoConnection(_PORTAL)
        self._now(access=answer["access_token"], refresh=answer["refresh_token"], user=user)

    def _renew(self) -> None:
        answer = _told(self._answered("/session/refresh", "", f"Bearer {self.credentials.refresh}"))
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            raise NoConnection(_PORTAL)
        self._now(access=answer["access_token"])

    def _now(self, **tokens: str) -> None:
        self.credentials = replace(self.credentials, **tokens)
        self._keep(self.credentials)

    def _answered(self, path: str, body: str, shown: str | None) -> requests.Response:
        """Return the first answer that is not "try again"."""
        tried = 0
        while True:
            answer, failure = self._tried(path, body, shown)
            if answer is not None and answer.status_code not in TRY_AGAIN:
                return answer
            tried += 1
            pause = self._patience.pause_s(tried, None if answer is None else asked_s(answer.headers))
            if pause is None:
                raise NoConnection(_AWAY if answer is None else _busy(answer)) from failure
            self._patience.sleep(pause)

    def _tried(
        self, path: str, body: str, shown: str | None
    ) -> tuple[requests.Response | None, RequestException | None]:
        try:
            return self._session.post(
                f"{self.credentials.server}/api/v1{path}",
                data=body.encode(),
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                auth=_Shown(shown) if shown is not None else _no_auth,
                timeout=TIMEOUT_S,
                allow_redirects=False,
            ), None
        except SSLError as error:
            wrong = _distrusted(error)
            if wrong is None:  # a weak signal may break off in the middle of a handshake
                return None, error
            why = _WHY_NOT.get(wrong.verify_code, _UNTRUSTED)
            raise NoConnection(_TLS.format(why=why, said=wrong.verify_message)) from error
        except (InvalidURL, UnicodeError) as error:
            raise Refused("服务器地址无法使用，请重新登录 · the server's address is unusable: sign in anew") from error
        except RequestException as error:
            return None, error


def _distrusted(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return what was wrong with the server's certificate, None when something else was."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        seen.append(error)
        error = error.__cause__ or error.__context__
    return None


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _told(answer: requests.Response) -> object:
    """Return the JSON of a good answer, None for an empty one; raise what the others mean."""
    if 300 <= answer.status_code < 400:
        raise NoConnection(_PORTAL)
    problem = _read(answer)
    if answer.ok:
        if problem is None and answer.status_code != 204:
            raise NoConnection(_PORTAL)
        return problem
    raise _failure(answer.status_code, problem if isinstance(problem, dict) else {})


def _failure(status: int, problem: Mapping[str, Any]) -> Failure:
    said = _said(problem) or f"HTTP {status}"
    if status == 413:
        return TooLarge(f"{said} · too large for the server", read_limits(problem))
    if status in (401, 403):
        return NotSignedIn(f"{said} · not signed in (fieldsync login); your work is kept here")
    if status == 404 and not problem:
        return NoConnection(_PORTAL)
    return Refused(f"服务器不接受：{said} · refused by the server ({status})")


def _said(problem: Mapping[str, Any]) -> str:
    """Return what a server says that is wrong and how to mend it; its title only names the status, in English."""
    return str(problem.get("detail") or problem.get("title") or "")


def _busy(answer: requests.Response) -> str:
    pause = asked_s(answer.headers)
    later = f"请 {pause:.0f} 秒后再试" if pause else "请稍后再试"
    problem = _read(answer)
    said = _said(problem) if isinstance(problem, dict) else ""
    why = (said or f"服务器忙或出错（{answer.status_code}）").removesuffix("。")
    return f"{why}；{later}，工作都已保存在本机 · the server is busy, try again later; your work is kept here"


def _read(answer: requests.Response) -> object:
    try:
        return answer.json()
    except ValueError:
        return None
