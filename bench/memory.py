"""Measures the resident memory of the server: idle, under load, and during the upload of large files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bench import load
from bench.environment import OPENROSA, Environment, Server, ask, expect, serving, submit
from bench.figures import Figure, Target
from bench.load import BOUNDARY

TITLE = "resident memory of the server"
IDLE_MB, BUSY_MB = 120, 200
UPLOAD_MB = 200
FILES = 4
CHUNK = b"\x5a" * 1_000_000


def measure(environment: Environment) -> Iterator[Figure]:
    filled = environment.copy_of_county("memory")
    path = f"{filled.phone_path}/submission"
    with serving(filled.folder) as server:
        with server.connection() as connection:
            expect(ask(connection, f"{filled.phone_path}/formList"), 200)
        yield Figure("idle", memory_mb(server, "VmRSS"), "MB", Target(IDLE_MB))

        reset_peak_memory(server)
        submitted = submit(server, filled, seconds=environment.seconds)
        reference = f"{submitted.sent.per_s:,.0f} submissions/s, {submitted.cost()}"
        yield Figure("under load, at most", memory_mb(server, "VmHWM"), "MB", Target(BUSY_MB), reference=reference)

        reset_peak_memory(server)
        reference = f"{_send_large_files(server, path):,.0f} MB/s"
        name = f"during an upload of {UPLOAD_MB} MB, at most"
        yield Figure(name, memory_mb(server, "VmHWM"), "MB", Target(BUSY_MB), reference=reference)
        yield Figure("afterwards", memory_mb(server, "VmRSS"), "MB")


def _send_large_files(server: Server, path: str) -> float:
    """Send one submission with all its photos at once; return how many MB a second were received."""
    size = sum(map(len, _upload()))
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Length": str(size)}
    with server.connection() as connection:
        answer = ask(connection, path, method="POST", headers={**OPENROSA, **headers}, body=_upload())
    return size / 1e6 / expect(answer, 201).seconds


def _upload() -> Iterator[bytes]:
    """Yield the body of one submission with its photos, the same each time."""
    instance = "0b9d7c6e-5a43-4f21-8e90-1d2c3b4a5f60"
    form = load.submission("/", instance, instance).partition(b"\r\n\r\n")[2]
    yield form.removesuffix(f"--{BOUNDARY}--\r\n".encode())
    for number in range(FILES):
        disposition = f'form-data; name="{number}.jpg"; filename="{number}.jpg"'
        yield f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\nContent-Type: image/jpeg\r\n\r\n".encode()
        yield str(number).encode()
        for _ in range(UPLOAD_MB // FILES):
            yield CHUNK
        yield b"\r\n"
    yield f"--{BOUNDARY}--\r\n".encode()


def memory_mb(server: Server, counter: str) -> float:
    """Return ``VmRSS`` (now) or ``VmHWM`` (the peak) of the server, in MB. Raises OSError where there is no /proc."""
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    found = re.search(rf"{counter}:\s+(\d+) kB", status)
    if found is None:
        raise OSError(f"the kernel does not report {counter}")
    return int(found[1]) * 1024 / 1e6


def reset_peak_memory(server: Server) -> None:
    """Reset ``VmHWM`` to the current resident memory."""
    Path(f"/proc/{server.pid}/clear_refs").write_text("5", encoding="ascii")
