"""Measures lists of ten thousand rows, for a phone and for an officer."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping

from bench import county
from bench.county import County
from bench.environment import Environment, ask, expect, serving, submit
from bench.figures import Figure, latency
from schemas.lists import PAGE_ROWS_MAX

TITLE = "lists of 10,000 rows"
TARGET_MS = 300
ROWS = 10_000
ROUNDS = 15


def measure(environment: Environment) -> Iterator[Figure]:
    filled = environment.copy_of_county("lists")
    entities = f"{filled.phone_path}/forms/{county.LIST_FORM}/attachments/{county.TYPE}.csv"
    records = f"/api/v1/records?type={county.TYPE}&limit={PAGE_ROWS_MAX}"
    with serving(filled.folder) as server, server.connection() as connection:
        submit(server, filled, seconds=0, count=ROWS)
        officer = sign_in(connection, filled)
        yield _timed(connection, "entity list for a phone, CSV", entities, {})
        yield _timed(connection, f"records as JSON, one page of {PAGE_ROWS_MAX:,}", records, officer)
        yield _timed(connection, "records as CSV", f"/api/v1/records.csv?type={county.TYPE}", officer)


def sign_in(connection: http.client.HTTPConnection, filled: County) -> Mapping[str, str]:
    """Return the authorization header of the officer of ``filled``."""
    login = json.dumps({"username": county.OFFICER, "password": filled.password}).encode()
    headers = {"Content-Type": "application/json"}
    answer = expect(ask(connection, "/api/v1/session", method="POST", headers=headers, body=login), 200)
    return {"Authorization": f"Bearer {json.loads(answer.body)['access_token']}"}


def _timed(connection: http.client.HTTPConnection, name: str, path: str, headers: Mapping[str, str]) -> Figure:
    answers = [expect(ask(connection, path, headers=headers), 200) for _ in range(ROUNDS)]
    return latency(name, [each.seconds for each in answers], TARGET_MS, f"{len(answers[0].body) / 1e6:.1f} MB")
