"""What a phone's daily look costs when nothing has changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench import county, load
from bench.figures import Figure, latency, number, percentile
from bench.workbench import OPENROSA, ROUNDS, Workbench, ask, expect, serving

TITLE = "what has not changed since the phone's last look"
TARGET_MS = 5
ROWS = 1_000


def measure(bench: Workbench) -> Iterator[Figure]:
    beside = f"empty application {number(percentile(bench.bare_seconds, 50) * 1000)} ms"
    filled = bench.copy_of_county("unchanged")
    manifest = f"{filled.door}/forms/{county.LIST_FORM}/manifest"
    entities = f"{filled.door}/forms/{county.LIST_FORM}/attachments/{county.TYPE}.csv"
    with serving(filled.folder) as server, server.line() as line:
        load.send(server.port, f"{filled.door}/submission", seconds=ROWS, count=ROWS)
        for name, path in (
            ("formList, 304", f"{filled.door}/formList"),
            ("manifest, 304", manifest),
            (f"entity list of {ROWS:,} rows, 304", entities),
        ):
            tag = expect(ask(line, path), 200).headers["etag"]
            headers = {**OPENROSA, "If-None-Match": tag}
            asked = [expect(ask(line, path, headers=headers), 304) for _ in range(ROUNDS)]
            yield latency(name, [each.seconds for each in asked], TARGET_MS, beside)
        asked = [expect(ask(line, manifest), 200) for _ in range(ROUNDS)]
        hashes = len(re.findall(rb"<hash>", asked[0].body))
        yield latency("manifest, 200", [each.seconds for each in asked], TARGET_MS, f"{hashes} files")
