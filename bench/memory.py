"""How much memory the server holds: at rest, under load, and while a phone sends very large files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bench import load
from bench.figures import Figure, Target
from bench.load import BOUNDARY
from bench.workbench import OPENROSA, Server, Workbench, ask, expect, serving

TITLE = "resident memory of the server"
IDLE_MB, BUSY_MB = 120, 200
UPLOAD_MB = 200
FILES = 4
PIECE = b"\x5a" * 1_000_000


def measure(bench: Workbench) -> Iterator[Figure]:
    filled = bench.copy_of_county("memory")
    path = f"{filled.door}/submission"
    with serving(filled.folder) as server:
        with server.line() as line:
            expect(ask(line, f"{filled.door}/formList"), 200)
        yield Figure("idle", held_mb(server, "VmRSS"), "MB", Target(IDLE_MB))

        forget_peak(server)
        sent = load.send(server.port, path, seconds=bench.seconds)
        beside = f"{sent.per_s:,.0f} submissions/s"
        yield Figure("under load, at most", held_mb(server, "VmHWM"), "MB", Target(BUSY_MB), beside=beside)

        forget_peak(server)
        beside = f"{_send_large_files(server, path):,.0f} MB/s"
        name = f"during an upload of {UPLOAD_MB} MB, at most"
        yield Figure(name, held_mb(server, "VmHWM"), "MB", Target(BUSY_MB), beside=beside)
        yield Figure("afterwards", held_mb(server, "VmRSS"), "MB")


def _send_large_files(server: Server, path: str) -> float:
    """Send one submission with all its photos at once; return how many MB a second were taken."""
    size = sum(map(len, _upload()))
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Length": str(size)}
    with server.line() as line:
        answer = ask(line, path, method="POST", headers={**OPENROSA, **headers}, body=_upload())
    return size / 1e6 / expect(answer, 201).seconds


def _upload() -> Iterator[bytes]:
    """Yield one submission with its photos, the same one each time it is asked for."""
    instance = "0b9d7c6e-5a43-4f21-8e90-1d2c3b4a5f60"
    form = load.submission("/", instance, instance).partition(b"\r\n\r\n")[2]
    yield form.removesuffix(f"--{BOUNDARY}--\r\n".encode())
    for number in range(FILES):
        disposition = f'form-data; name="{number}.jpg"; filename="{number}.jpg"'
        yield f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\nContent-Type: image/jpeg\r\n\r\n".encode()
        yield str(number).encode()
        for _ in range(UPLOAD_MB // FILES):
            yield PIECE
        yield b"\r\n"
    yield f"--{BOUNDARY}--\r\n".encode()


def held_mb(server: Server, which: str) -> float:
    """Return ``VmRSS`` (now) or ``VmHWM`` (the peak) of the server, in MB. Raises OSError where there is no /proc."""
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    found = re.search(rf"{which}:\s+(\d+) kB", status)
    if found is None:
        raise OSError(f"the kernel does not tell {which}")
    return int(found[1]) * 1024 / 1e6


def forget_peak(server: Server) -> None:
    """Let ``VmHWM`` start anew from what is held now."""
    Path(f"/proc/{server.pid}/clear_refs").write_text("5", encoding="ascii")
