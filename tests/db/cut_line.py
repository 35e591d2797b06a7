"""A line to PostgreSQL that is cut as soon as ``COMMIT`` has gone through it: its answer comes to nobody."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress

PREPARED = re.compile(rb"(_pg3_[0-9]+)\0COMMIT\0")
BYTES = 65_536


class Cut:
    """Passes connections on to the server at ``port``. every: which commit is cut, 2 for every second one."""

    def __init__(self, port: int, every: int = 1) -> None:
        self._server_port = port
        self._every = every
        self._lock = threading.Lock()
        self._commits = 0
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                client.close()
                continue
            threading.Thread(target=self._pass, args=(server, client), daemon=True).start()
            threading.Thread(target=self._until_commit, args=(client, server), daemon=True).start()

    def _pass(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(BYTES):
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _until_commit(self, client: socket.socket, server: socket.socket) -> None:
        prepared = None  # after some times, COMMIT goes by the name under which it was prepared
        with client, suppress(OSError):
            while data := client.recv(BYTES):
                found = PREPARED.search(data)
                prepared = b"\0" + found[1] + b"\0" if found else prepared
                if (b"COMMIT\0" in data or (prepared is not None and prepared in data)) and self._is_next():
                    client.shutdown(socket.SHUT_RDWR)
                    server.sendall(data)
                    server.recv(BYTES)
                    break
                server.sendall(data)
        with server, suppress(OSError):  # a close alone tells nobody while the other thread waits for it
            server.shutdown(socket.SHUT_RDWR)

    def _is_next(self) -> bool:
        with self._lock:
            self._commits += 1
            is_next = self._commits % self._every == 0
            self.cuts += is_next
        return is_next
