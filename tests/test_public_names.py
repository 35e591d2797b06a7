"""Names that phones, scripts and data folders rely on stay what they are, whatever moves inside.

``public_names.json`` is what they were; what is new needs no line there. A name that is meant to go is taken out by
``PYTHONPATH=. python tests/test_public_names.py``, and told in CHANGELOG.md.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import pytest

from server.app import close, create_app
from server.cli.main import main as firegrid
from server.settings import Settings
from sync.cli.main import main as fieldsync

STORED = Path(__file__).with_name("public_names.json")
ROOT = Path(__file__).parents[1]


def commands(command: click.Command, path: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command with its arguments and options."""
    parameters = [
        f"{'/'.join((*each.opts, *each.secondary_opts))} {each.param_type_name}{' required' if each.required else ''}"
        for each in command.params
    ]
    yield path, sorted(parameters)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), f"{path} {name}")


def routes(app) -> list[str]:
    """Return every address with its methods and its view, whose name is a label of metrics and a word of the log."""
    return sorted(
        f"{' '.join(sorted(rule.methods - {'HEAD', 'OPTIONS'}))} {rule.rule} {rule.endpoint}"
        for rule in app.url_map.iter_rules()
    )


def words_of(schema: Mapping[str, Any], document: Mapping[str, Any], known: tuple[str, ...] = ()) -> Any:
    """Return the names in a schema, nested as they are on the wire; what components are called does not matter."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in known:
            return "…"
        return words_of(document["components"]["schemas"][name], document, (*known, name))
    if "properties" in schema:
        required = schema.get("required", [])
        return {
            f"{name}{' required' if name in required else ''}": words_of(each, document, known)
            for name, each in sorted(schema["properties"].items())
        }
    if "items" in schema:
        return [words_of(schema["items"], document, known)]
    nested = [words_of(each, document, known) for part in ("anyOf", "oneOf", "allOf") for each in schema.get(part, ())]
    return nested or sorted(map(str, schema["enum"])) if "enum" in schema or nested else schema.get("type", "")


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each operation of the API with its id, its parameters, and the words of its bodies."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
            yield (
                f"{method.upper()} {path}",
                {
                    "id": operation.get("operationId"),
                    "parameters": sorted(each.get("name", "") for each in operation.get("parameters", [])),
                    **{
                        str(name): {
                            kind: words_of(content.get("schema", {}), document)
                            for kind, content in sorted(body.get("content", {}).items())
                        }
                        for name, body in bodies.items()
                        if body.get("content")
                    },
                },
            )


def headings(folder: Path) -> dict[str, list[str]]:
    """Return the columns of every table that is data."""
    found = {}
    for path in sorted(folder.rglob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            found[str(path.relative_to(ROOT))] = next(csv.reader(lines))
    return found


def shape_of_the_database(app) -> dict[str, list[str]]:
    """Return every table and index with its columns, and the names of the steps that made them."""
    with app.extensions["firegrid"].database.reading() as reading:
        objects = reading.sql.rows("SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
        found = {
            f"{each['type']} {each['name']}": [
                f"{column['name']} {column['type']}"
                for column in reading.sql.rows(f"PRAGMA table_info({each['name']})")
            ]
            if each["type"] == "table"
            else [each["tbl_name"]]
            for each in objects
        }
        steps = reading.sql.rows("SELECT name FROM _sqlite_migrations ORDER BY id")
    return {**dict(sorted(found.items())), "steps": [step["name"] for step in steps]}


def refusals() -> dict[str, int]:
    """Return the error types of the API with their status."""
    table = next(
        module
        for name, module in sys.modules.items()
        if name.startswith("server.") and hasattr(module, "HTTP_MESSAGES")
    )
    return {refusal.code: status for refusal, status in sorted(table.STATUS.items(), key=lambda each: each[0].code)}


def metrics(app) -> list[str]:
    """Return the names of what Prometheus reads."""
    text = app.test_client().get("/metrics").text
    return re.findall(r"^# TYPE (\S+ \S+)$", text, re.MULTILINE)


def settings() -> list[str]:
    """Return the variables of the environment that the program reads."""
    text = "".join(
        path.read_text(encoding="utf-8") for package in ("server", "sync") for path in (ROOT / package).rglob("*.py")
    )
    return sorted(set(re.findall(r"\bFIREGRID_[A-Z_]+|\bFIELDSYNC_[A-Z_]+", text)))


def public_names(folder: Path) -> dict[str, Any]:
    """Return every name that somebody outside of this repository may rely on; ``folder`` is made for it."""
    made = folder / "data"
    firegrid(["init", "--data", str(made)], standalone_mode=False)
    app = create_app(Settings(made))
    try:
        document = app.test_client().get("/api/openapi.json").json
        return json.loads(
            json.dumps(
                {
                    "commands": {**dict(commands(firegrid, "firegrid")), **dict(commands(fieldsync, "fieldsync"))},
                    "routes": routes(app),
                    "operations": dict(operations(document)),
                    "errors": refusals(),
                    "metrics": metrics(app),
                    "settings": settings(),
                    "files of a data folder": sorted(
                        str(path.relative_to(made))
                        for path in made.iterdir()
                        if not path.name.endswith(("-wal", "-shm"))
                    ),
                    "database": shape_of_the_database(app),
                    "tables of the product": headings(Path(str(files("server"))) / "data"),
                    "code lists": headings(ROOT / "kobo_forms"),
                }
            )
        )
    finally:
        close(app)


@pytest.fixture(scope="module")
def names(tmp_path_factory) -> dict[str, Any]:
    return public_names(tmp_path_factory.mktemp("names"))


def missing(was: Any, now: Any, path: str = "") -> Iterator[str]:
    """Yield what was there and is not, or not as it was; what is new may be there."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name, each in was.items():
            if name in now:
                yield from missing(each, now[name], f"{path}/{name}")
            else:
                yield f"{path}/{name}"
    elif isinstance(was, list) and isinstance(now, list) and all(isinstance(each, str) for each in was):
        yield from (f"{path}: {each}" for each in was if each not in now)
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for number, (old, new) in enumerate(zip(was, now, strict=True)):
            yield from missing(old, new, f"{path}/{number}")
    elif was != now:
        yield f"{path}: {was!r} is now {now!r}"


@pytest.mark.sqlite  # tables are listed as SQLite has them
def test_each_name_that_others_rely_on_is_there_as_it_was(names):
    was = json.loads(STORED.read_text(encoding="utf-8"))

    assert list(missing(was, names)) == []


def test_a_name_that_went_or_changed_is_named():
    was = {"routes": ["GET /a", "GET /b"], "errors": {"busy": 503}, "shape": [{"x": ""}]}
    now = {"routes": ["GET /a", "GET /c"], "errors": {"busy": 500, "new": 400}, "shape": [{"y": ""}]}

    assert list(missing(was, now)) == ["/routes: GET /b", "/errors/busy: 503 is now 500", "/shape/0/x"]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        found = public_names(Path(temporary))
    STORED.write_text(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
