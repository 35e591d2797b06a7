"""Writes what phones send: filled forms as XML, their photos, and the POSTs that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4, uuid5
from xml.sax.saxutils import escape

ORX = "http://openrosa.org/xforms"


def new_uuid() -> str:
    """Return a UUID version 4."""
    return str(uuid4())


def uuid_of(word: str) -> str:
    """Return the same random-looking UUID version 4 for the same word."""
    return str(UUID(bytes=uuid5(UUID(int=0), word).bytes, version=4))


@dataclass(frozen=True)
class Entity:
    """An entity block as a phone writes it; ``create`` and ``update`` are the raw flags."""

    dataset: str
    id: str
    create: str = ""
    update: str = ""
    base: object = ""
    trunk: object = ""
    branch: str = ""
    label: str | None = None

    def xml(self) -> str:
        flags = (
            f'dataset="{self.dataset}" id="{self.id}" create="{self.create}" update="{self.update}" '
            f'baseVersion="{self.base}" trunkVersion="{self.trunk}" branchId="{self.branch}"'
        )
        label = "" if self.label is None else f"<label>{escape(self.label)}</label>"
        return f"<entity {flags}>{label}</entity>"


@dataclass(frozen=True)
class Filled:
    """A finalized form on a phone: what its XML says."""

    form: str
    values: Mapping[str, str] = field(default_factory=dict)
    entities: tuple[Entity, ...] = ()
    instance: str = field(default_factory=lambda: f"uuid:{new_uuid()}")
    version: str = "1"
    deprecated: str | None = None
    prefix: str = "orx:"

    def xml(self) -> bytes:
        answers = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in self.values.items())
        p = self.prefix
        old = "" if self.deprecated is None else f"<{p}deprecatedID>{self.deprecated}</{p}deprecatedID>"
        entities = "".join(entity.xml() for entity in self.entities)
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><data xmlns:orx="{ORX}" id="{escape(self.form)}" '
            f'version="{self.version}">{answers}<{p}meta>{entities}<{p}instanceID>{self.instance}</{p}instanceID>{old}'
            f"</{p}meta></data>"
        ).encode()

    def edited(self, **changed: str) -> Filled:
        """Return the edit that Collect makes of a sent form: a copy with an instance id of its own."""
        values = {**self.values, **changed}
        return replace(self, values=values, instance=f"uuid:{new_uuid()}", deprecated=self.instance)


def a_station(id: str, **values: str) -> Filled:
    """Return the registration of a station."""
    filled = {"head": "甲", "hoses": "6"} | values
    return Filled("station_new", filled, (Entity("stations", id, create="1", label=filled["head"]),))


def a_visit(id: str, base: object, *, trunk: object = "", branch: str = "", **values: str) -> Filled:
    """Return an update of a station from ``base``; with trunk and branch as newer phones send them."""
    block = Entity("stations", id, update="1", base=base, trunk=trunk, branch=branch, label=values.get("head"))
    return Filled("station_edit", {"station": id, **values}, (block,))


def a_hazard(id: str, action: str = "report", item: str = "gas_hose", **values: str) -> Filled:
    """Return the report of a hazard."""
    filled = {"item": item, "place": "三号楼", "action": action} | values
    return Filled("hazard", filled, (Entity("hazards", id, create="1", label=f"三号楼｜{item}"),))


def a_step(id: str, action: str, base: object = 1, **values: str) -> Filled:
    """Return a workflow action on a hazard, from a phone."""
    block = Entity("hazards", id, update="1", base=base, label="")
    return Filled("hazard_step", {"hazard": id, "action": action, **values}, (block,))


File = tuple[str, bytes, str]
"""A file in a POST: its name, its bytes, its media type."""


def photo(name: str, content: bytes = b"\xff\xd8 a photo") -> File:
    return name, content, "image/jpeg"


def multipart(xml: bytes, files: tuple[File, ...] = (), *, incomplete: bool = False) -> tuple[bytes, str]:
    """Return body and content type of a POST as Collect frames it."""
    boundary = "b0und4ry-7d3f"
    parts = [_part("xml_submission_file", "submission.xml", "text/xml", xml)]
    parts += [_part(name, name, media_type, content) for name, content, media_type in files]
    if incomplete:
        parts.append(b'Content-Disposition: form-data; name="*isIncomplete*"\r\n\r\nyes\r\n')
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part for part in parts)
    return body + b"--" + boundary.encode() + b"--\r\n", f"multipart/form-data; boundary={boundary}"


def _part(name: str, filename: str, media_type: str, content: bytes) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {media_type}\r\n\r\n'
    return head.encode() + content + b"\r\n"
