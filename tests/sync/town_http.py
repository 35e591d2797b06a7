"""Lets the town be reached over real HTTP, for commands that run as they do on a laptop."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.sync.town import Town

PASSWORD = "correct-horse-7"


@contextmanager
def serving(town: Town) -> Iterator[str]:
    """Serve until the block ends; yields the address. Signing in gives an access token that names the person."""
    turn = threading.Lock()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            headers = dict(self.headers)
            with turn:
                if self.path == "/api/v1/session":
                    answer = sign_in(json.loads(body))
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
    if login["password"] != PASSWORD:
        return 401, {}, {"title": "用户名或密码不对。", "status": 401}
    return 200, {}, {"access_token": login["username"], "refresh_token": "renewal", "user": {}}
