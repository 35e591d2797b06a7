"""Stand-ins for what a page's commands find on a reader's machine and a test must not touch.

Run as ``python stand_ins.py PROGRAM ARGUMENT...`` in place of the program. The environment says where things are:
DOCS_HOME the folder in which the page is walked, DOCS_PORT the free port that every server takes, DOCS_BIN the folder
of the real ``firegrid`` and ``fieldsync``.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

HOME, PORT, BIN = Path(os.environ["DOCS_HOME"]), os.environ["DOCS_PORT"], Path(os.environ["DOCS_BIN"])
PASSWORDS = {"town": "demo-laiyuan-2026"}
"""What is typed when ``fieldsync login --user NAME`` asks for the password."""
READY_S = 120
_PID = HOME / "server.pid"


def firegrid(arguments: list[str]) -> int:
    """Run ``firegrid``. What would serve until Ctrl-C goes on beside the page, once it is ready."""
    if arguments[:1] in (["serve"], ["demo"]) and "--help" not in arguments:
        return serve([str(BIN / "firegrid"), *arguments], {})
    return subprocess.run([BIN / "firegrid", *arguments], check=False).returncode


def fieldsync(arguments: list[str]) -> int:
    """Run ``fieldsync``, and type the password where it is asked for."""
    typed = None
    if arguments[:1] == ["login"] and "--user" in arguments and "--password-stdin" not in arguments:
        typed = PASSWORDS[arguments[arguments.index("--user") + 1]] + "\n"
    return subprocess.run([BIN / "fieldsync", *arguments], input=typed, text=True, check=False).returncode


def make(arguments: list[str]) -> int:
    """Do what ``make run`` does after installing; of other targets only look that they are there."""
    if arguments == ["run"]:
        return firegrid(["demo"])
    checkout = Path(__file__).parents[2]
    found = subprocess.run(["/usr/bin/make", "-n", "-C", checkout, *arguments], stdout=subprocess.DEVNULL, check=False)
    return found.returncode


def sudo(arguments: list[str]) -> int:
    """Run the command as whoever runs the test."""
    if arguments[0] == "-u":
        arguments = arguments[2:]
    return subprocess.run(arguments, check=False).returncode


def useradd(arguments: list[str]) -> int:
    """Make the home folder."""
    Path(arguments[arguments.index("--home-dir") + 1]).mkdir(parents=True)
    return 0


def systemctl(arguments: list[str]) -> int:
    """Start and stop what the page's own unit file describes. Other services are not here."""
    verb, (unit, at, instance) = arguments[0], arguments[-1].partition("@")
    if verb == "daemon-reload" or unit != "firegrid":
        return 0
    if verb == "stop":
        return stop()
    text = (HOME / f"etc/systemd/system/firegrid{at}.service").read_text(encoding="utf-8").replace("%i", instance)
    stated = [line.partition("=")[::2] for line in text.splitlines() if "=" in line]
    environment = dict(value.split("=", 1) for name, value in stated if name == "Environment")
    for name, value in stated:
        if name == "EnvironmentFile":
            environment |= dict(line.split("=", 1) for line in Path(value).read_text(encoding="utf-8").splitlines())
    program, *command = shlex.split(dict(stated)["ExecStart"])
    return serve([program if Path(program).exists() else str(BIN / "firegrid"), *command], environment)


def serve(command: list[str], environment: dict[str, str]) -> int:
    """Start a server at the free port in place of the one before, and return once it is ready or has given up."""
    stop()
    port = command.index("--port") if "--port" in command else len(command)
    command = [*command[:port], *command[port + 2 :], "--port", PORT]
    with (HOME / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | environment
        )
    _PID.write_text(str(process.pid))
    until = time.monotonic() + READY_S
    while process.poll() is None and time.monotonic() < until and not is_ready():
        time.sleep(0.05)
    print((HOME / "server.log").read_text(encoding="utf-8"))
    return process.returncode or 0 if is_ready() else 1


def is_ready() -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def stop() -> int:
    """Stop the server, as Ctrl-C and systemd do, and wait until it has ended."""
    if not _PID.exists():
        return 0
    pid = int(_PID.read_text())
    _PID.unlink()
    try:
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + READY_S
        while time.monotonic() < until and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.05)
    except (ProcessLookupError, FileNotFoundError):
        pass  # it has ended already
    return 0


def nothing(_arguments: list[str]) -> int:
    """Install nothing: what the pages name is here, or its command would fail."""
    return 0


PROGRAMS: dict[str, Callable[[list[str]], int]] = {
    "firegrid": firegrid,
    "fieldsync": fieldsync,
    "make": make,
    "sudo": sudo,
    "useradd": useradd,
    "systemctl": systemctl,
    "apt-get": nothing,
}

if __name__ == "__main__":
    raise SystemExit(PROGRAMS[sys.argv[1]](sys.argv[2:]))
