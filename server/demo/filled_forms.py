"""Fill forms as phones do: the blank instance of an XForm, with answers, times and the block about its record."""

from __future__ import annotations

from collections.abc import Mapping, Set
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from server.forms.usecases.xform.xml_parsing import child, children, parse


@dataclass(frozen=True, slots=True)
class EntityBlock:
    """What a phone says of the record that a form is about.

    base: version that the phone shows, its own unsent updates counted; 0 for a record that it creates. trunk: version
    that the server gave it, None where the server has not given it yet. branch: UUID of the phone's own run of updates.
    label: of the record that it creates, else the name of the form.
    """

    id: str
    base: int = 0
    trunk: int | None = None
    branch: str = ""
    label: str = ""


def blank_instance(xml: bytes) -> etree._Element:
    """Return the blank instance of an XForm. Raises ValueError for one without."""
    instance = child(child(child(parse(xml), "head"), "model"), "instance")
    if instance is None:
        raise ValueError("the form has no instance")
    return deepcopy(instance[0])


def questions(blank: etree._Element) -> frozenset[str]:
    """Return the names of all questions of a blank instance."""
    return frozenset(etree.QName(node).localname for node in blank.iter() if len(node) == 0)


def fill(
    blank: etree._Element,
    block: EntityBlock,
    answers: Mapping[str, str],
    *,
    empty: Set[str] = frozenset(),
    began: datetime,
    ended: datetime,
    instance_id: str,
) -> bytes:
    """Return a filled form as a phone sends it.

    answers: by question; what the form does not ask is left out, and so is what nobody answered. empty: questions that
    were asked and left blank, which a phone sends. began, ended: by the phone's clock. instance_id: a UUID.
    """
    root = deepcopy(blank)
    times = {"start": began.isoformat("T", "milliseconds"), "end": ended.isoformat("T", "milliseconds")}
    times["discovered_at"] = times["start"]
    for leaf in [node for node in root.iter() if len(node) == 0]:
        leaf.text = {**times, **answers}.get(etree.QName(leaf).localname) or leaf.text
    meta = child(root, "meta")
    _fill_meta(meta, block, instance_id)
    for leaf in [node for node in root.iter() if len(node) == 0 and not node.text and node.getparent() is not meta]:
        parent = leaf.getparent()
        kept = etree.QName(leaf).localname in empty
        if parent is not None and etree.QName(parent).localname != "entity" and not kept:
            parent.remove(leaf)  # as a phone leaves out questions that are not relevant
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _fill_meta(meta: etree._Element | None, block: EntityBlock, instance_id: str) -> None:
    """Fill the meta block: the id of the instance, and which record it is about."""
    if meta is None:
        raise ValueError("the form has no meta block")
    creates = block.base == 0
    entity = children(meta, "entity")[0]
    entity.set("id", block.id)
    for name, value in {
        "create": "1" if creates else "",
        "update": "" if creates else "1",
        "baseVersion": "" if creates else str(block.base),
        "trunkVersion": "" if creates or block.trunk is None else str(block.trunk),
        "branchId": "" if creates else block.branch,
    }.items():
        if value or name in entity.attrib:
            entity.set(name, value)
    label = child(entity, "label")
    if label is not None:
        label.text = block.label if creates else ""
    for name, text in {"instanceID": f"uuid:{instance_id}", "instanceName": block.label}.items():
        node = child(meta, name)
        if node is not None:
            node.text = text
