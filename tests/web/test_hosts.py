"""A request names its host, once: a proxy in front that goes by another one than we would be led past its rules."""

from __future__ import annotations

import pytest

from server.fast_path.small import is_small_submission
from server.web.asgi import ShortRequests
from tests.web.front import bridge_to, said, served


def ok(environ, start_response):
    body = environ.get("HTTP_HOST", "none").encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture(scope="module")
def port():
    with served(bridge_to(ok)) as port:
        yield port


def asked(port, *lines, first="GET / HTTP/1.1", body=b""):
    return said(port, "\r\n".join([first, *lines, "Connection: close", "", ""]).encode("latin-1") + body)


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["Host: a", "Host: a"],
        ["Host: a", "Host: b"],
        ["Host: a", "host: b"],
        ["Host: a b"],
        ["Host: a/b"],
        ["Host: user@a"],
        ["Host: a:80x"],
        ["Host: \xe6\xb6\x9e"],
        ['Host: a"><script>'],
        ["Host: [::1"],
    ],
    ids=lambda hosts: " and ".join(hosts) or "none",
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/key/t/formList"])
def test_a_request_without_one_host_in_the_form_of_one_is_refused(port, path, hosts):
    answer = asked(port, *hosts, first=f"GET {path} HTTP/1.1").decode()

    assert answer.startswith("HTTP/1.1 400 ")
    assert "connection: close" in answer
    assert "Host" in answer
    assert ("OpenRosaResponse" in answer) == path.startswith("/key/")


@pytest.mark.parametrize("host", ["a", "FIRE.example.org:8600", "10.0.0.5:80", "[::1]:8600", "a.", "fire_1", "", "a:"])
def test_a_host_by_name_or_address_with_or_without_a_port_is_taken(port, host):
    assert asked(port, f"Host: {host}").startswith(b"HTTP/1.1 200 ")


def test_http_1_0_knows_no_host_and_may_name_one_but_not_two(port):
    old = "GET /healthz HTTP/1.0"

    assert asked(port, first=old).startswith(b"HTTP/1.1 200 ")
    assert asked(port, "Host: a", first=old).startswith(b"HTTP/1.1 200 ")
    assert asked(port, "Host: a", "Host: a", first=old).startswith(b"HTTP/1.1 400 ")


def test_a_small_submission_is_looked_at_like_any_other():
    ran = []
    short = ShortRequests(is_small_submission, lambda request: ran.append(request) or request.run() or request.answer())
    post = "POST /key/t/submission HTTP/1.1"
    with served(bridge_to(ok, short=short)) as port:
        refused = asked(
            port, "Host: a", "Host: b", "X-OpenRosa-Version: 1.0", "Content-Length: 1", first=post, body=b"x"
        )
        taken = asked(port, "Host: a", "X-OpenRosa-Version: 1.0", "Content-Length: 1", first=post, body=b"x")

    assert refused.startswith(b"HTTP/1.1 400 ")
    assert taken.startswith(b"HTTP/1.1 200 ")
    assert len(ran) == 1
