"""Measures a phone's polling when nothing has changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench import county
from bench.environment import OPENROSA, ROUNDS, Environment, ask, expect, serving, submit
from bench.figures import Figure, latency, number, percentile

TITLE = "a phone's polling when nothing has changed"
TARGET_MS = 5
ROWS = 1_000


def measure(environment: Environment) -> Iterator[Figure]:
    reference = f"empty application {number(percentile(environment.empty_application_seconds, 50) * 1000)} ms"
    filled = environment.copy_of_county("unchanged")
    manifest = f"{filled.phone_path}/forms/{county.LIST_FORM}/manifest"
    entities = f"{filled.phone_path}/forms/{county.LIST_FORM}/attachments/{county.TYPE}.csv"
    with serving(filled.folder) as server, server.connection() as connection:
        submit(server, filled, seconds=ROWS, count=ROWS)
        for name, path in (
            ("formList, 304", f"{filled.phone_path}/formList"),
            ("manifest, 304", manifest),
            (f"entity list of {ROWS:,} rows, 304", entities),
        ):
            tag = expect(ask(connection, path), 200).headers["etag"]
            headers = {**OPENROSA, "If-None-Match": tag}
            answers = [expect(ask(connection, path, headers=headers), 304) for _ in range(ROUNDS)]
            yield latency(name, [each.seconds for each in answers], TARGET_MS, reference)
        answers = [expect(ask(connection, manifest), 200) for _ in range(ROUNDS)]
        hashes = len(re.findall(rb"<hash>", answers[0].body))
        yield latency("manifest, 200", [each.seconds for each in answers], TARGET_MS, f"{hashes} files")
