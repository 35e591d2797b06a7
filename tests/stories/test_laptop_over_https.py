"""A laptop talks to the server through TLS in front of it: with a certificate it trusts, and never with another one."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from sync.cli.main import main
from tests.stories.child_server import UNIT, Folder, make_folder, records_in, run, serving

pytestmark = pytest.mark.slow
PASSWORD = "correct-horse-7"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


class Terminator:
    """TLS in front of a port of this machine, as a reverse proxy gives it. said: bytes that came through to it.

    breaks_off: how many of the next connections end in the middle of their handshake, as on a mountain.
    """

    def __init__(self, listener: socket.socket, port: int, certificate: trustme.LeafCert) -> None:
        self.said = b""
        self.breaks_off = 0
        self._listener = listener
        self._port = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self._context)

    def run(self) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                raw, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        if self.breaks_off:
            self.breaks_off -= 1
            raw.recv(16)
            raw.close()
            return
        with (
            suppress(OSError),
            self._context.wrap_socket(raw, server_side=True) as near,
            socket.create_connection(("127.0.0.1", self._port)) as far,
        ):
            threading.Thread(target=_pump, args=(far, near), daemon=True).start()
            while piece := near.recv(65_536):
                self.said += piece
                far.sendall(piece)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)


@contextmanager
def encrypted(port: int, certificate: trustme.LeafCert) -> Iterator[tuple[Terminator, str]]:
    """Put TLS in front of ``port``; yield the terminator and its address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        terminator = Terminator(listener, port, certificate)
        threading.Thread(target=terminator.run, daemon=True).start()
        yield terminator, f"https://localhost:{listener.getsockname()[1]}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Folder:
    made = make_folder(tmp_path_factory.mktemp("county") / "data")
    given = run("user", "password", "gw1", "--phone-keys", "keep", "--data", made.path)
    assert given.returncode == 0
    (made.path / "given.txt").write_text(given.stdout)
    return made


@pytest.fixture
def authority(tmp_path: Path, monkeypatch) -> trustme.CA:
    """The county's own certificate authority, which its laptops are told to trust."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "county.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "county.pem"))
    return made


def fieldsync(store: Path, *words: str, input: str | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(main, [*words, "--store", str(store)], input=input)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout + done.stderr


def test_with_a_phone_key_and_with_a_password_a_laptop_pulls_and_pushes(folder, authority, tmp_path):
    with (
        serving(folder) as server,
        encrypted(server.port, authority.issue_cert("localhost")) as (terminator, address),
    ):
        keyed, signed = tmp_path / "keyed", tmp_path / "signed"
        assert fieldsync(keyed, "login", f"{address}/key/{folder.key}")[0] == 0
        given = (folder.path / "given.txt").read_text().strip()
        code, said = fieldsync(signed, "login", address, "--user", "gw1", input=f"{given}\n{PASSWORD}\n")
        assert (code, "别人设的" in said) == (0, True), said
        assert fieldsync(signed, "logout")[1].count("\n") == 1
        assert fieldsync(signed, "login", address, "--user", "gw1", input=f"{PASSWORD}\n")[0] == 0
        ids = []
        for store in (keyed, signed):
            assert fieldsync(store, "pull")[0] == 0
            ids.append(fieldsync(store, "create", "reports", "place=演示民宿", "--area", UNIT)[1].split()[0])
            terminator.breaks_off = 1
            code, said = fieldsync(store, "push")
            assert (code, "applied 1" in said) == (0, True), said
        assert fieldsync(keyed, "pull")[0] == 0
        assert "演示民宿" in fieldsync(keyed, "show", ids[1])[1]

    assert set(ids) <= set(records_in(folder))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nobody's", "不被信任（可用 REQUESTS_CA_BUNDLE 指定证书）"),
        ("expired", "已经过期（也请看看本机时间对不对）"),
        ("of another name", "不是这个网址的，请核对网址"),
    ],
)
def test_a_certificate_that_is_not_the_servers_gets_no_key_and_no_work(folder, authority, tmp_path, wrong, said):
    certificate = {
        "nobody's": lambda: trustme.CA().issue_cert("localhost"),
        "expired": lambda: authority.issue_cert("localhost", not_before=NOW - 9 * DAY, not_after=NOW - DAY),
        "of another name": lambda: authority.issue_cert("fire.example.org"),
    }[wrong]()
    store = tmp_path / "laptop"
    with serving(folder) as server:
        with encrypted(server.port, authority.issue_cert("localhost")) as (_, address):
            assert fieldsync(store, "login", f"{address}/key/{folder.key}")[0] == 0
        fieldsync(store, "create", "reports", "place=演示民宿", "--area", UNIT)
        with encrypted(server.port, certificate) as (terminator, address):
            other = tmp_path / "other"
            for words in (("login", f"{address}/key/{folder.key}"), ("login", address, "--user", "gw1")):
                code, told = fieldsync(other, *words, input=f"{PASSWORD}\n")
                assert code != 0
                assert said in told
            assert terminator.said == b""
    assert "未发送 unsent: 1" in fieldsync(store, "status")[1]
