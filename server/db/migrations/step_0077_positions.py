"""What step 0077 computes: which records have a position, by the fields that any version of any form calls one.

Frozen with its step.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from server.db.sql import Sql

_OF_TYPE = "UPDATE record SET placed = 1 WHERE type = :type AND COALESCE(json_extract(fields, :path), '') <> ''"


def apply(sql: Sql) -> None:
    """Mark the records of which a field holds a position."""
    for type, name in sorted(set(_positions(sql))):
        sql.run(_OF_TYPE, {"type": type, "path": f'$."{name}"'})


def _positions(sql: Sql) -> Iterator[tuple[str, str]]:
    """Yield record types with the names of their fields that hold a position."""
    for row in sql.each("SELECT definition FROM form_version"):
        stored = orjson.loads(row["definition"])
        entities = stored["entities"] if "entities" in stored else [stored["entity"]]
        for entity in filter(None, entities):
            for field in entity["properties"].values():
                if field["type"] == "geopoint":
                    yield entity["dataset"], field["name"]
