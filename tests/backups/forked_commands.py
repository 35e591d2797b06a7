"""Commands of ``firegrid`` as processes of their own that begin at once: forked from one that has loaded the program.

What a story kills fifty times need not be loaded fifty times: that took most of its time. They are killed like others.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from tests.stories import child_server
from tests.stories.child_server import Folder, Server

_LOADED = """
import json, os, signal, sys
from server.cli.main import COMMANDS, main
for each in COMMANDS.values():
    __import__(each.partition(":")[0])
import server.app, server.cli.beside_serving, server.fast_path, server.web.graceful_stop, server.web.http_protocol
from server.app import mount_doors
import uvicorn, uvloop
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets children that ended
for line in sys.stdin:
    id = os.fork()
    if id == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        try:
            main(json.loads(line))
        finally:
            os._exit(1)
    print(id, flush=True)
"""


@dataclass
class Command:
    """A command that was begun. id: of its process."""

    id: int

    def is_running(self) -> bool:
        try:
            os.kill(self.id, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        """End the process between two instructions, and wait until it is gone."""
        try:
            os.kill(self.id, signal.SIGKILL)
        except ProcessLookupError:
            return
        until = time.monotonic() + child_server.PATIENCE_S
        while self.is_running():
            assert time.monotonic() < until
            time.sleep(0.002)


class Commands:
    """Begins commands. process: the one that has loaded the program, which forks."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self, *arguments: str | Path) -> Command:
        """Begin one ``firegrid`` command."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(each) for each in arguments]) + "\n")
        self._process.stdin.flush()
        return Command(int(self._process.stdout.readline()))

    @contextmanager
    def serving(self, folder: Folder) -> Iterator[tuple[Server, Command]]:
        """Run ``firegrid serve`` on the folder until the block ends."""
        port = child_server.free_port()
        command = self.begin("serve", "--data", folder.path, "--port", str(port))
        server = Server(self._process, port, folder.key)
        try:
            _wait_until_up(server, command)
            yield server, command
        finally:
            command.kill()


@contextmanager
def commands() -> Iterator[Commands]:
    """Load the program once, and begin commands of it until the block ends."""
    line = [sys.executable, "-c", _LOADED]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdin=pipe, stdout=pipe, text=True, env=child_server.environment()) as process:
        try:
            yield Commands(process)
        finally:
            process.kill()


def _wait_until_up(server: Server, command: Command) -> None:
    until = time.monotonic() + child_server.PATIENCE_S
    while time.monotonic() < until:
        assert command.is_running()
        try:
            with closing(server.connect()) as connection:
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return
        except (OSError, HTTPException):
            time.sleep(0.01)
    raise AssertionError("the server did not come up")
