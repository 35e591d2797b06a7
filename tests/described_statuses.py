"""Holds every answer of the API, in whichever test it is given, to the statuses that its description names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from flask import Flask, Response, request, request_finished

from server.app import mount_doors


@contextmanager
def watched() -> Iterator[list[str]]:
    """Watch what is answered in this process; yields a list of each status that its operation does not name.

    500 is left out: no operation names it, and tests that break the server on purpose are given it.
    """
    undescribed: list[str] = []

    def look(app: Flask, response: Response, **others: object) -> None:
        method = "GET" if request.method == "HEAD" else request.method
        if request.url_rule is None or response.status_code == 500:
            return
        named = _described().get((method, request.url_rule.rule))
        if named is not None and str(response.status_code) not in named:
            undescribed.append(f"{method} {request.url_rule.rule} {response.status}")

    request_finished.connect(look)
    try:
        yield undescribed
    finally:
        request_finished.disconnect(look)


@cache
def _described() -> dict[tuple[str, str], frozenset[str]]:
    """Return the statuses that each operation names, by its method and the rule of its address."""
    app = mount_doors()
    document = app.extensions["firegrid-api"].document()
    rules = {re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule): rule.rule for rule in app.url_map.iter_rules()}
    return {
        (method.upper(), rules[path]): frozenset(map(str, operation["responses"]))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
