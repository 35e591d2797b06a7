"""Starts a PostgreSQL server of one's own in a folder, from the programs that are installed on this machine.

It keeps what it commits as one in production does: nothing of ``fsync`` or ``synchronous_commit`` is turned off.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from bench import machine

PROGRAMS = Path("/usr/lib/postgresql")
USER = "firegrid"
START_S = 60
CREATE = "CREATE DATABASE firegrid ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0"


def programs() -> Path | None:
    """Return the folder of the newest server that is installed, None where there is none."""
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Cluster:
    """One server and its files.

    folder: its own, on the disk that counts; it is made. port: on 127.0.0.1. settings: of ``postgresql.conf``, as
    ``name=value``. Raises FileNotFoundError where no server is installed.
    """

    def __init__(self, folder: Path, port: int, *settings: str) -> None:
        found = programs()
        if found is None:
            raise FileNotFoundError("no PostgreSQL server is installed: Debian has it as postgresql-15")
        self._programs = found
        self.folder, self.port = folder, port
        self._settings = ("listen_addresses=127.0.0.1", "max_connections=200", *settings)
        self._server: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres")
            _let_through(folder)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        """The address of the database that ``create`` makes."""
        return self._address("firegrid")

    @property
    def pid(self) -> int:
        """Of the postmaster."""
        if self._server is None:
            raise RuntimeError("it does not run")
        return int((self.data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])

    def create(self) -> None:
        """Make it, start it, and make an empty database in it."""
        self.run("initdb", "-D", self.data, "--locale=C", "--encoding=UTF8", "-A", "trust", "-U", USER)
        self.start()
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(CREATE)

    def start(self) -> None:
        """Start it, and wait until it answers. Raises RuntimeError when it does not."""
        options = [option for setting in self._settings for option in ("-c", setting)]
        command = ["-D", str(self.data), "-p", str(self.port), "-k", str(self.folder), *options]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(self._line("postgres", *command), stdout=log, stderr=log, cwd=self.folder)
        until = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > until or self._server.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.05)

    def kill(self) -> None:
        """End it between two instructions, as a power cut would: the postmaster, and all that it has started."""
        self._signal(signal.SIGKILL)
        self._ended()

    def stop(self) -> None:
        """End it in order, where it runs; whoever is connected is cut off."""
        if self._server is not None and self._server.poll() is None:
            self.resume()  # one that is paused would not end
            os.kill(self.pid, signal.SIGINT)
            self._ended()

    def pause(self) -> None:
        """Let it answer nothing until ``resume``, as a machine does that hangs."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)
        if self._server is not None:
            self._server.send_signal(signal.SIGCONT)  # runuser stops when what it has started is stopped

    def standby(self, folder: Path, port: int) -> Cluster:
        """Start a copy that streams from this one; from then on a commit is kept by both before it is told kept."""
        made = Cluster(folder, port, *self._settings)
        made.run("pg_basebackup", "-h", "127.0.0.1", "-p", self.port, "-U", USER, "-D", made.data, "-R", "-c", "fast")
        made.start()
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            until = time.monotonic() + START_S
            while not connection.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").fetchall():
                if time.monotonic() > until:
                    raise RuntimeError((folder / "log").read_text())
                time.sleep(0.05)
        return made

    def promote(self) -> None:
        """Let a standby take over."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")

    def run(self, program: str, *arguments: object) -> str:
        """Run one of PostgreSQL's programs as the owner of the files; return what it says."""
        line = self._line(program, *map(str, arguments))
        ran = subprocess.run(line, cwd=self.folder, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise RuntimeError(f"{program}: {ran.stderr}")
        return ran.stdout

    def children(self) -> list[int]:
        """Return the processes that the postmaster has started: backends, checkpointer and others."""
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:  # it has ended since
                continue
            if int(fields[1]) == self.pid:
                found.append(int(status.parent.name))
        return found

    def processor_s(self) -> float:
        """Return how long all that it has started has held a processor so far, in seconds, what has ended as well."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        used_s = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
        for pid in self.children():
            with suppress(OSError):  # it has ended since; next time the postmaster tells of it
                used_s += machine.processor_s(pid)
        return used_s

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the postmaster, and to all that it has started."""
        for pid in (self.pid, *self.children()):
            with suppress(ProcessLookupError):  # one of its children has ended meanwhile
                os.kill(pid, number)

    def _ended(self) -> None:
        if self._server is not None:
            self._server.wait(START_S)
            self._server = None

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self._address("postgres"), connect_timeout=2).close()
            return True
        return False

    def _address(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def _line(self, program: str, *arguments: str) -> list[str]:
        as_owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        return [*as_owner, str(self._programs / program), *arguments]


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _let_through(folder: Path) -> None:
    """Let the server's user reach a folder below one that only we may enter."""
    for above in folder.parents:
        if above.stat().st_uid == os.getuid() and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o011)
