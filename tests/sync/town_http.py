"""Lets the town be reached over real HTTP, for commands that run as they do on a laptop."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.sync.town import Town

PASSWORD, GIVEN = "correct-horse-7", "kolmi-tarre-55"
"""GIVEN: one that somebody else has set."""


@contextmanager
def serving(town: Town) -> Iterator[str]:
    """Serve until the block ends; yields the address. Signing in gives an access token that names the person."""
    turn = threading.Lock()
    ended = town.ended = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            headers = dict(self.headers)
            with turn:
                if self.path == "/api/v1/session":
                    answer = sign_in(json.loads(body))
                elif self.path == "/api/v1/session/password":
                    answer = change_password(json.loads(body))
                else:
                    headers["Authorization"] = headers.get("Authorization", "").replace("Bearer ", "Key ")
                    answer = town.answer(self.path, headers, body)
            status, more, content = answer
            content = json.dumps(content).encode()
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_DELETE(self):
            ended.append(self.headers["Authorization"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sign_in(login):
    if login["password"] not in (PASSWORD, GIVEN):
        return 401, {}, {"title": "用户名或密码不对。", "status": 401}
    must = login["password"] == GIVEN
    tokens = {"access_token": login["username"], "refresh_token": "renewal"}
    return 200, {}, {**tokens, "must_change_password": must, "user": {}}


def change_password(asked):
    if asked["old_password"] != GIVEN:
        return 422, {}, {"title": "Unprocessable Entity", "detail": "原密码不对。", "status": 422}
    if len(asked["new_password"]) < 10:
        return 422, {}, {"title": "Unprocessable Entity", "detail": "密码不可用：至少10个字符。", "status": 422}
    return 204, {}, None
