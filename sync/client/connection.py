"""The HTTP connection to the server: one POST at a time, retried with back-off; failures become ``Failure``s."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import requests
from requests.auth import AuthBase
from requests.exceptions import InvalidURL, RequestException, SSLError

from sync.client.backoff import Backoff, retry_after_s
from sync.client.credentials import Credentials
from sync.client.failures import Failure, NoConnection, NotSignedIn, Refused, TooLarge
from sync.client.wire import read_limits

TIMEOUT_S = (10.0, 60.0)
"""Seconds to connect, and between two bytes of a response."""

MARK_HEADER = "Firegrid-Mark"
RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

_AWAY = "连不上服务器，工作都已保存在本机，有网再试 · cannot reach the server; your work is kept here, try again later"
_PORTAL = (
    "回答的不是消防网格服务器，可能要先登录无线网络；工作都已保存在本机"
    " · this network answers in the server's place (a sign-in page?); your work is kept here"
)
_TLS = (
    "服务器的 https 证书{why}，没有发送任何内容 · the server's certificate is not accepted: {detail}; nothing was sent"
)
_UNTRUSTED = "不被信任（可用 REQUESTS_CA_BUNDLE 指定证书）"
_WHY_NOT = {
    9: "还没有生效（也请看看本机时间对不对）",
    10: "已经过期（也请看看本机时间对不对）",
    62: "不是这个网址的，请核对网址",
}
"""What is wrong with a certificate, by the codes of OpenSSL (``X509_V_ERR_…``)."""


class _Authorization(AuthBase):
    """Sets the Authorization header. As ``auth``, since a ``.netrc`` of the user's would replace a plain header."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


class Connection:
    """A connection to one server as one user.

    on_renewed: called with the credentials whenever they were renewed. reload: returns those that are kept now, since
    another program may have renewed them; None where nobody shares them. Programs that share them talk to the server
    one after the other (``device_file.exchange_lock``). session: another one for tests.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        on_renewed: Callable[[Credentials], None] = lambda _: None,
        reload: Callable[[], Credentials | None] = lambda: None,
        backoff: Backoff | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self.credentials = credentials
        self._on_renewed = on_renewed
        self._reload = reload
        self._backoff = backoff or Backoff()
        self._session = session or requests.Session()
        # The office sees which program uses a key.
        self._session.headers["User-Agent"] = f"fieldsync/{version('firegrid')}"

    def close(self) -> None:
        self._session.close()

    def take_kept(self) -> None:
        """Go on with the credentials that are kept now, which another program may have renewed. In ``exchange_lock``.

        Raises NotSignedIn where another program has signed out, Refused where it has signed somebody else in: what
        this one sends and receives would be the other's.
        """
        kept = self._reload()
        if kept is None:
            return
        if (kept.server, kept.user, kept.key) != (self.credentials.server, self.credentials.user, self.credentials.key):
            raise Refused(
                "本机刚刚换了登录，没有收发；请再运行一次"
                " · somebody else has signed in here meanwhile, nothing was sent or received: run it again"
            )
        self.credentials = kept

    def post(self, path: str, body: str, *, mark: str | None = None) -> object:
        """POST JSON text to a path under ``/api/v1`` and return the JSON of the response.

        mark: how far this server had got at the last response, by which it notices that an older copy of its data was
        put back. Raises NoConnection (no usable response after all tries), NotSignedIn, TooLarge, Refused.
        """
        shown = {} if mark is None else {MARK_HEADER: mark}
        response = self._post_with_retries(path, body, self.credentials.header, shown)
        renewals = 0
        # Twice, since what another program has renewed meanwhile may have run out as well.
        while response.status_code == 401 and self.credentials.refresh is not None and renewals < 2:
            renewals += 1
            self._renew()
            response = self._post_with_retries(path, body, self.credentials.header, shown)
        return _content(response)

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> requests.Response:
        """Send a request to a path under ``/api/v1`` and return its response, whatever that says. Raises NoConnection.

        headers: with those that belong to the body.
        """
        response = self._with_retries(method, path, body, self.credentials.header, headers)
        renewals = 0
        while response.status_code == 401 and self.credentials.refresh is not None and renewals < 2:
            renewals += 1
            self._renew()
            response = self._with_retries(method, path, body, self.credentials.header, headers)
        return response

    def sign_in(self, user: str, password: str) -> bool:
        """Sign in with a password, and return whether it is to be changed before anything else.

        Raises NotSignedIn when it is wrong, NoConnection.
        """
        response = _content(
            self._post_with_retries("/session", json.dumps({"username": user, "password": password}), None)
        )
        self._replace_tokens(**_tokens_in(response), user=user)
        return isinstance(response, dict) and response.get("must_change_password") is True

    def change_password(self, old: str, new: str) -> None:
        """Change the password of whoever has signed in. Raises Refused where the new one is too weak, NoConnection."""
        body = json.dumps({"old_password": old, "new_password": new})
        _content(self._post_with_retries("/session/password", body, self.credentials.header))

    def sign_out(self) -> bool:
        """End the sign-in at the server too, if it answers at once; return whether it did."""
        response, _ = self._send_once("DELETE", "/session", b"", f"Bearer {self.credentials.refresh}", {})
        return response is not None and response.status_code in (204, 401)

    def _renew(self) -> None:
        """Take the next tokens; each works once, so what another program got while this one waited comes first."""
        kept = self._reload()
        if kept is not None and kept.refresh not in (None, self.credentials.refresh):
            self.credentials = kept
            return
        response = _content(self._post_with_retries("/session/refresh", "", f"Bearer {self.credentials.refresh}"))
        self._replace_tokens(**_tokens_in(response, self.credentials.refresh))

    def _replace_tokens(self, **tokens: str) -> None:
        self.credentials = replace(self.credentials, **tokens)
        self._on_renewed(self.credentials)

    def _post_with_retries(
        self, path: str, body: str, authorization: str | None, shown: Mapping[str, str] = MappingProxyType({})
    ) -> requests.Response:
        return self._with_retries("POST", path, body.encode(), authorization, shown)

    def _with_retries(
        self, method: str, path: str, body: bytes, authorization: str | None, shown: Mapping[str, str]
    ) -> requests.Response:
        """Return the first response that does not ask to try again. Raises NoConnection when there is none."""
        tries = 0
        while True:
            response, failure = self._send_once(method, path, body, authorization, shown)
            if response is not None and not _asks_to_come_back(response):
                return response
            tries += 1
            pause = self._backoff.pause_s(tries, None if response is None else retry_after_s(response.headers))
            if pause is None:
                raise NoConnection(_AWAY if response is None else _busy_message(response)) from failure
            self._backoff.sleep(pause)

    def _send_once(
        self, method: str, path: str, body: bytes, authorization: str | None, shown: Mapping[str, str]
    ) -> tuple[requests.Response | None, RequestException | None]:
        try:
            return self._session.request(
                method,
                f"{self.credentials.server}/api/v1{path}",
                data=body,
                headers={"Content-Type": "application/json", "Accept": "application/json", **shown},
                auth=_Authorization(authorization) if authorization is not None else _no_auth,
                timeout=TIMEOUT_S,
                allow_redirects=False,
            ), None
        except SSLError as error:
            wrong = _certificate_error(error)
            if wrong is None:  # a weak signal may break off in the middle of a handshake
                return None, error
            why = _WHY_NOT.get(wrong.verify_code, _UNTRUSTED)
            raise NoConnection(_TLS.format(why=why, detail=wrong.verify_message)) from error
        except (InvalidURL, UnicodeError) as error:
            raise Refused("服务器地址无法使用，请重新登录 · the server's address is unusable: sign in anew") from error
        except RequestException as error:
            return None, error


def failure_of(response: requests.Response) -> Failure:
    """Return the Failure that a response means which is not what was asked for."""
    if response.ok or 300 <= response.status_code < 400:
        return NoConnection(_PORTAL)
    problem = _json(response)
    return _failure(response.status_code, problem if isinstance(problem, dict) else {})


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return the verification error of the server's certificate in a chain of errors, None without one."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        seen.append(error)
        error = error.__cause__ or error.__context__
    return None


def _tokens_in(response: object, known: str | None = None) -> dict[str, str]:
    """Return the tokens of an answer. known: the refresh token that stays where an older server sends no other.

    Raises NoConnection when it holds none: then it is not our server's.
    """
    if not isinstance(response, dict):
        raise NoConnection(_PORTAL)
    access, refresh = response.get("access_token"), response.get("refresh_token", known)
    if not isinstance(access, str) or not isinstance(refresh, str):
        raise NoConnection(_PORTAL)
    return {"access": access, "refresh": refresh}


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _content(response: requests.Response) -> object:
    """Return the JSON of a successful response, None for an empty one. Raises the Failure that another one means."""
    if 300 <= response.status_code < 400:
        raise NoConnection(_PORTAL)
    problem = _json(response)
    if response.ok:
        if problem is None and response.status_code != 204:
            raise NoConnection(_PORTAL)
        return problem
    raise _failure(response.status_code, problem if isinstance(problem, dict) else {})


def _failure(status: int, problem: Mapping[str, Any]) -> Failure:
    detail = _detail(problem) or f"HTTP {status}"
    if status == 413:
        return TooLarge(f"{detail} · too large for the server", read_limits(problem))
    if status in (401, 403):
        return NotSignedIn(f"{detail} · not signed in; your work is kept here")
    if status == 404 and not problem:
        return NoConnection(_PORTAL)
    return Refused(f"服务器不接受：{detail} · refused by the server ({status})")


def _detail(problem: Mapping[str, Any]) -> str:
    """Return the detail of a problem response, which says how to mend it; its title only names the status."""
    return str(problem.get("detail") or problem.get("title") or "")


def _asks_to_come_back(response: requests.Response) -> bool:
    """Say whether waiting may help: a quota stays exceeded until something is sent or given up."""
    if response.status_code == 429:
        problem = _json(response)
        return not (isinstance(problem, dict) and problem.get("type") == "/problems/quota-exceeded")
    return response.status_code in RETRIED_STATUSES


def _busy_message(response: requests.Response) -> str:
    pause = retry_after_s(response.headers)
    later = f"请 {pause:.0f} 秒后再试" if pause else "请稍后再试"
    problem = _json(response)
    detail = _detail(problem) if isinstance(problem, dict) else ""
    why = (detail or f"服务器忙或出错（{response.status_code}）").removesuffix("。")
    return f"{why}；{later}，工作都已保存在本机 · the server is busy, try again later; your work is kept here"


def _json(response: requests.Response) -> object:
    try:
        return response.json()
    except ValueError:
        return None
