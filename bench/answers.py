"""Measures the export of a form's answers from a county full of them: time, and the memory of the server."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import machine
from bench.county import WORKER
from bench.environment import Environment, Server, serving
from bench.figures import Figure, Target, number
from bench.lists import sign_in
from bench.memory import memory_mb, reset_peak_memory
from server import instants
from server.db import database
from server.db.folder import FILE_NAME
from server.db.sql import Sql, inserting
from server.db.sqlite.connections import connect
from server.forms.usecases import publish
from server.grid.domain.areas import code_of

SUBMISSIONS = 200_000
TITLE = f"export of the answers of {SUBMISSIONS:,} submissions, with labels, a repeat of 0 to 3 rows each"
MILLION_S, MEMORY_MB, TIMEOUT_S = 300, 200, 1_800
FORM = "bench_answers"
SEED = 20261129
_FORM_FILE = Path(__file__).with_name("answers_form.md")
_COLUMNS = (
    "id", "form", "form_version", "instance_id", "root", "current", "seq", "receipt", "author", "path", "received_at",
    "files_expected", "files_present", "xml",
)  # fmt: skip
_CHUNK_BYTES = 1 << 20


def measure(environment: Environment) -> Iterator[Figure]:
    filled = environment.copy_of_county("answers")
    began = time.perf_counter()
    fill(filled.folder)
    size = (filled.folder / FILE_NAME).stat().st_size / 1e9
    yield Figure("submissions made", time.perf_counter() - began, "s", reference=f"{size:.1f} GB")
    with serving(filled.folder) as server:
        with server.connection() as connection:
            officer = sign_in(connection, filled)
        for ending in ("csv", "zip", "xlsx"):
            yield from _exported(server, officer, ending)


def _exported(server: Server, officer: Mapping[str, str], ending: str) -> Iterator[Figure]:
    """Yield the time of one export, as it would be for a million submissions, and what it took of the server."""
    reset_peak_memory(server)
    before, used_s = memory_mb(server, "VmRSS"), machine.processor_s(server.pid)
    began, size = time.perf_counter(), 0
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)) as connection:
        connection.request("GET", f"/api/v1/forms/{FORM}/answers.{ending}", headers=dict(officer))
        with connection.getresponse() as response:
            if response.status != 200:
                raise RuntimeError(f"answered {response.status}: {response.read(300).decode(errors='replace')}")
            while chunk := response.read(_CHUNK_BYTES):
                size += len(chunk)
    seconds, used_s = time.perf_counter() - began, machine.processor_s(server.pid) - used_s
    millions = SUBMISSIONS / 1_000_000
    yield Figure(
        f"{ending}, of a million",
        seconds / millions,
        "s",
        None if ending == "xlsx" else Target(MILLION_S),
        f"{used_s / millions:,.0f} s of processor, {size / 1e6 / millions:,.0f} MB",
        machine.load_now(),
    )
    peak = memory_mb(server, "VmHWM")
    yield Figure("  memory, at most", peak, "MB", Target(MEMORY_MB), reference=f"{number(before)} MB before")


def fill(folder: Path, count: int = SUBMISSIONS) -> None:
    """Publish the form in ``folder``, which is set up and not in use, and add ``count`` submissions of it."""
    store = database.open_inline(folder)
    prepared = publish.prepare(_FORM_FILE.read_bytes(), ".md", {})
    store.write(lambda tx: publish.publish(tx, prepared, None))
    store.close()
    db = connect(folder / FILE_NAME)
    db.execute("PRAGMA synchronous = OFF")
    sql = Sql(db)
    first = int(sql.value("SELECT value FROM counter WHERE name = 'seq'"))
    paths = [row["path"] for row in sql.each("SELECT path FROM area WHERE level IN ('village', 'unit') ORDER BY path")]
    with db.atomic():
        sql.run_each(inserting("submission", _COLUMNS), _rows(paths, first, count))
        sql.run("UPDATE counter SET value = :seq WHERE name = 'seq'", {"seq": first + count})
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _rows(paths: list[str], first: int, count: int) -> Iterator[dict[str, object]]:
    chance, end = random.Random(SEED), datetime.now(UTC)
    for number_ in range(count):
        instance, path = f"uuid:{chance.getrandbits(128):032x}", chance.choice(paths)
        at = instants.text(end - timedelta(minutes=count - number_))
        yield {
            "id": f"bench-{number_:09}",
            "form": FORM,
            "form_version": "1",
            "instance_id": instance,
            "root": instance,
            "current": 1,
            "seq": first + number_ + 1,
            "receipt": f"{at[:10].replace('-', '')}-{first + number_ + 1}",
            "author": WORKER,
            "path": path,
            "received_at": at,
            "files_expected": 0,
            "files_present": 0,
            "xml": _xml(chance, instance, path, at),
        }


def _xml(chance: random.Random, instance: str, path: str, at: str) -> bytes:
    risks = " ".join(chance.sample(("wire", "gas", "exit"), chance.randrange(4)))
    people = "".join(
        f"<people><name>演示住户{chance.randrange(10**6)}</name>"
        f"<needs>{chance.choice(('', 'alarm', 'alarm visit'))}</needs></people>"
        for _ in range(chance.randrange(4))
    )
    return (
        f'<data xmlns:orx="http://openrosa.org/xforms" id="{FORM}" version="1"><start>{at}</start>'
        f"<where>{code_of(path)}</where><place>演示场所{chance.randrange(6_000):04}</place>"
        f"<id_no>{chance.randrange(10**17, 10**18)}</id_no><rooms>{chance.randrange(1, 30)}</rooms>"
        f"<surface>{chance.randrange(1, 9999) / 10}</surface><kind>{chance.choice(('shop', 'home'))}</kind>"
        f"<risks>{risks}</risks><position>39.{chance.randrange(10**6):06} 114.69431 812.0 4.5</position>"
        f"<remark>楼道内堆放纸箱与电动自行车，占用疏散通道</remark>{people}"
        f"<orx:meta><orx:instanceID>{instance}</orx:instanceID></orx:meta></data>"
    ).encode()
