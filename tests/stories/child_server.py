"""A real ``firegrid serve`` in a process of its own, and phones that keep it busy."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from server.admin.usecases import setup
from server.db import database
from server.forms.usecases import publish
from server.grid.usecases import files
from server.people.domain.actors import Role
from server.people.domain.passwords import PasswordState
from server.people.store import accounts
from server.people.usecases import phone_keys, sign_in
from server.staffing.usecases import enrolment

UNIT = "130630106201001"
PATIENCE_S = 60
"""How long anything may take before a test gives up; nothing here comes near it."""

FORM = """\
| survey |
| | type | name | label | save_to |
| | text | place | 场所 | place |
| | image | photo | 照片 | |
| entities |
| | list_name | label |
| | reports | ${place} |
| settings |
| | form_title | form_id | version |
| | 上报 | report | 1 |
"""
REPORT = """\
<?xml version="1.0"?><data xmlns:orx="http://openrosa.org/xforms" id="report" version="1"><place>演示民宿</place>\
<photo>{photo}</photo><meta><entity dataset="reports" create="1" id="{entity}"><label>演示民宿</label></entity>\
<orx:instanceID>{instance}</orx:instanceID></meta></data>"""


@dataclass(frozen=True)
class Folder:
    """A data folder with Laiyuan's grid, one form and one worker. key: of the worker's phone."""

    path: Path
    key: str


def make_folder(path: Path, *, is_small: bool = False) -> Folder:
    """Make a data folder at ``path``; converting the form takes a second.

    is_small: with the village of the worker alone, for stories in which whole laptops are filled often.
    """
    prepared = publish.prepare(FORM.encode(), ".md", {})
    database.create(path)
    store = database.open_inline(path)
    rows = [row for row in files.shipped_rows() if not is_small or UNIT.startswith(row.text("code").rstrip("0"))]
    store.write(lambda tx: setup.install(tx, rows, [prepared]))
    store.write(lambda tx: enrolment.add_user(tx, "gw1", role=Role.GRID_WORKER, area=UNIT, by="test"))
    key = store.write(lambda tx: phone_keys.issue(tx, "gw1", by="test"))
    store.close()
    return Folder(path, key)


@dataclass
class Server:
    """A running server. said: the lines of its stderr so far. reader: the thread that reads them, if any does."""

    process: subprocess.Popen[str]
    port: int
    key: str
    said: list[str] = field(default_factory=list)
    says: threading.Condition = field(default_factory=threading.Condition)
    reader: threading.Thread | None = None

    def wait_until_said(self, is_told: Callable[[str], bool], after: int = 0) -> str:
        """Wait until what stderr told from line ``after`` on fits ``is_told``; return it.

        A line is written after its answer is sent, and read by another thread: who has the answer may be ahead of it.
        """

        def told() -> str:
            return "".join(self.said[after:])

        with self.says:
            assert self.says.wait_for(lambda: is_told(told()), PATIENCE_S), told()
            return told()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Return status and body of one GET; ``/KEY`` in ``path`` stands for the phone's key."""
        shown = {"X-OpenRosa-Version": "1.0", **headers}
        with closing(self.connect()) as connection:
            connection.request("GET", path.replace("KEY", f"key/{self.key}"), headers=shown)
            with connection.getresponse() as answer:
                return answer.status, answer.read().decode()

    def post(self, path: str, body: object, **headers: str) -> tuple[int, str]:
        """Return status and body of one POST of JSON."""
        shown = {"Content-Type": "application/json", **headers}
        with closing(self.connect()) as connection:
            connection.request("POST", path, json.dumps(body), shown)
            with connection.getresponse() as answer:
                return answer.status, answer.read().decode()

    def stop(self) -> int:
        """Say SIGTERM and return the exit status; all that it told is in ``said`` then."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE_S)
        if self.reader is not None:
            self.reader.join(PATIENCE_S)
        return status

    def kill(self) -> None:
        """End the process between two instructions, as a power cut would."""
        self.process.kill()
        self.process.wait(PATIENCE_S)


def command(*arguments: str | Path) -> list[str]:
    """Return the command line of ``firegrid`` in this environment."""
    return [sys.executable, "-c", "from server.cli.main import main; main()", *map(str, arguments)]


def run(*arguments: str | Path, input: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run one ``firegrid`` command to its end."""
    line, env = command(*arguments), environment()
    return subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=env, input=input)


@contextmanager
def serving(folder: Folder, *options: str, **settings: str) -> Iterator[Server]:
    """Run ``firegrid serve`` on the folder until the block ends. settings: of its environment, by name."""
    port = free_port()
    process = subprocess.Popen(
        command("serve", "--data", folder.path, "--port", str(port), *options),
        stderr=subprocess.PIPE,
        text=True,
        env=environment() | settings,
    )
    server = Server(process, port, folder.key)
    is_up = threading.Event()
    reader = server.reader = threading.Thread(target=_listen, args=(server, is_up), daemon=True)
    reader.start()
    try:
        assert is_up.wait(PATIENCE_S)
        assert process.poll() is None, server.said
        yield server
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        reader.join(PATIENCE_S)
        process.stderr.close()


@contextmanager
def logging_to(log: int, folder: Folder) -> Iterator[Server]:
    """Run ``firegrid serve`` with ``log`` as its standard error."""
    port = free_port()
    line = command("serve", "--data", folder.path, "--port", str(port))
    with subprocess.Popen(line, stderr=log, env=environment()) as process:
        server = Server(process, port, folder.key)
        try:
            _wait_until_up(server)
            yield server
        finally:
            process.kill()


def _wait_until_up(server: Server) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if server.get("/healthz")[0] == 200:
                return
        except ConnectionError:
            time.sleep(0.1)
    raise AssertionError("the server did not come up")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post(
    connection: http.client.HTTPConnection,
    key: str,
    instance: str,
    photo: bytes = b"",
    midway: Callable[[], None] = lambda: None,
) -> tuple[int, str]:
    """Send one report as Collect does; return status and body. The entity's id is that of the instance.

    midway: called when half of the body is on its way.
    """
    xml = REPORT.format(instance=instance, entity=instance.removeprefix("uuid:"), photo="1.jpg" if photo else "")
    body = _part("xml_submission_file", "s.xml", "text/xml", xml.encode())
    body += _part("1.jpg", "1.jpg", "image/jpeg", photo) if photo else b""
    body += b"--b--\r\n"
    headers = {
        "Content-Type": "multipart/form-data; boundary=b",
        "Content-Length": str(len(body)),
        "X-OpenRosa-Version": "1.0",
    }
    connection.request("POST", f"/key/{key}/submission", _halves(body, midway), headers)
    with connection.getresponse() as answer:
        return answer.status, answer.read().decode()


def send(server: Server, instance: str, photo: bytes = b"") -> int:
    """Send one report on a connection of its own; return the status."""
    with closing(server.connect()) as connection:
        return post(connection, server.key, instance, photo)[0]


def new_instance() -> str:
    return f"uuid:{uuid4()}"


class Phones:
    """Phones that send one report after another, until they are told to stop or nobody answers any more.

    kept: instances answered 201. refused: (instance, status) of other answers. unanswered: instances that were sent
    and got no answer, or half of one.
    """

    def __init__(self, server: Server, number: int = 8, photo: bytes = b"") -> None:
        self.kept: list[str] = []
        self.refused: list[tuple[str, int]] = []
        self.unanswered: list[str] = []
        self._server = server
        self._photo = photo
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(number)]

    def __enter__(self) -> Phones:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def wait_until(self, told: Callable[[Phones], bool]) -> None:
        """Wait until what the phones were answered fits ``told``."""
        with self._changed:
            assert self._changed.wait_for(lambda: told(self), PATIENCE_S)

    def _send(self) -> None:
        with closing(self._server.connect()) as connection:
            while not self._stopping.is_set() and self._has_sent(connection, new_instance()):
                pass

    def _has_sent(self, connection: http.client.HTTPConnection, instance: str) -> bool:
        """Send one report and note how it went; say whether it is worth going on."""
        try:
            if connection.sock is None:
                connection.connect()
        except OSError:
            return False  # the server is gone, and nothing was begun
        try:
            status, _ = post(connection, self._server.key, instance, self._photo)
        except (OSError, http.client.HTTPException):
            self._note(self.unanswered, instance)
            return False
        if status == 201:
            self._note(self.kept, instance)
        else:
            self._note(self.refused, (instance, status))
        return True

    def _note(self, where: list, what: object) -> None:
        with self._changed:
            where.append(what)
            self._changed.notify_all()


def instances_in(folder: Folder) -> list[str]:
    """Return the instance of every stored submission, as often as it is stored."""
    return _column(folder, "SELECT instance_id AS found FROM submission")


def records_in(folder: Folder) -> list[str]:
    """Return the id of every record."""
    return _column(folder, "SELECT id AS found FROM record")


def _column(folder: Folder, query: str) -> list[str]:
    store = database.open_inline(folder.path)
    with store.reading() as reading:
        found = [row["found"] for row in reading.sql.each(query)]
    store.close()
    return found


def _halves(body: bytes, midway: Callable[[], None]) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    midway()
    yield body[len(body) // 2 :]


def _part(name: str, file: str, kind: str, content: bytes) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="{file}"'
    return f"--b\r\n{disposition}\r\nContent-Type: {kind}\r\n\r\n".encode() + content + b"\r\n"


def environment() -> dict[str, str]:
    """Return the environment of a child: this one, without settings of the program."""
    stated = {name: value for name, value in os.environ.items() if not name.startswith("FIREGRID_")}
    return stated | {"PYTHONPATH": str(Path(__file__).parents[2])}


def _listen(server: Server, is_up: threading.Event) -> None:
    for line in server.process.stderr:
        with server.says:
            server.said.append(line)
            server.says.notify_all()
        if line.startswith("Firegrid: http"):
            is_up.set()
    is_up.set()


def give_own_password(folder: Folder, name: str, password: str) -> None:
    """Give ``name`` a password as if they had chosen it themselves."""
    with closing(database.open_inline(folder.path)) as store:
        hashed = sign_in.hash_password(password)
        store.write(lambda tx: accounts.set_password(tx, name, hashed, PasswordState.OWN))
