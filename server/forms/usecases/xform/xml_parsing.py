"""Parses the XML of uploaded forms so that none can harm the process: no DTD, no entities, bounded size and depth."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from xml.parsers import expat

from lxml import etree

from server.forms.domain.definitions import Fault, refused

XFORM_BYTES_MAX = 10_000_000
ENTITIES = "{http://www.opendatakit.org/xforms/entities}"
FIREGRID = "{urn:firegrid:xforms}"


def parse(xml: bytes, what: str = "表单") -> etree._Element:
    """Return the root of an XForm, or of a list in XML, comments left out.

    xml: UTF-8, at most ``XFORM_BYTES_MAX`` bytes. what: names the file in a refusal. Raises FormRefused
    when it is larger, not UTF-8, not well-formed, nested beyond reason, or brings a DTD (which is what
    entity bombs and external entities need).
    """
    return _parsed(
        xml,
        etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        ),
        what,
    )


def notes_of(xml: bytes, what: str = "表单") -> list[str]:
    """Return what comments and processing instructions of a document say. Raises as ``parse``."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = _parsed(xml, parser, what)
    nodes = (*root.itersiblings(preceding=True), *root.iter(), *root.itersiblings())
    return [str(node.text or "") for node in nodes if not isinstance(node.tag, str)]


def without_submission_action(xml: bytes) -> bytes:
    """Return the form without ``submission/@action``, which would send answers past this server.

    The bytes come back untouched when there is no such attribute (``openrosa.md`` §1.1). Raises as ``parse``.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    html = _parsed(xml, parser)
    submissions = [node for node in html.iter("{*}submission") if "action" in node.attrib]
    for node in submissions:
        for name in {"action", "method"} & set(node.attrib):
            del node.attrib[name]
        parent = node.getparent()
        if not node.attrib and parent is not None:
            parent.remove(node)
    return etree.tostring(html, encoding="utf-8", xml_declaration=True) if submissions else xml


def with_titles(xml: bytes, rewrite: Callable[[str], str]) -> bytes:
    """Return the form with its title, and that of its ledger where it names one, as ``rewrite`` makes them."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    html = _parsed(xml, parser)
    title = child(child(html, "head"), "title")
    if title is not None:
        title.text = rewrite(text_of(title))
    for node in html.iter():
        if f"{FIREGRID}title" in node.attrib:
            node.set(f"{FIREGRID}title", rewrite(str(node.get(f"{FIREGRID}title"))))
    return etree.tostring(html, encoding="utf-8", xml_declaration=True)


def with_identity(xml: bytes, form_id: str, version: str) -> bytes:
    """Return the form under another id and version."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    html = _parsed(xml, parser)
    instance = child(child(child(html, "head"), "model"), "instance")
    for root in [] if instance is None else list(instance.iterchildren(etree.Element))[:1]:
        root.set("id", form_id)
        root.set("version", version)
    return etree.tostring(html, encoding="utf-8", xml_declaration=True)


def with_missing_identity(xml: bytes, offered: Mapping[str, str]) -> tuple[bytes, tuple[str, ...]]:
    """Return the form with what it lacks of id and version, and the names of what was taken.

    offered: ``form_id`` and ``version``, or nothing: then the bytes come back untouched. Raises as ``parse``.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    html = _parsed(xml, parser)
    instance = child(child(child(html, "head"), "model"), "instance")
    roots = [] if instance is None or not offered else list(instance.iterchildren(etree.Element))[:1]
    taken: list[str] = []
    for root in roots:
        for attribute, name in (("id", "form_id"), ("version", "version")):
            if not (root.get(attribute) or "").strip():
                root.set(attribute, offered[name])
                taken.append(name)
    return (etree.tostring(html, encoding="utf-8", xml_declaration=True) if taken else xml), tuple(taken)


def without_entities(xml: bytes) -> bytes:
    """Return the form without all that would make or change entities.

    What it reads of them stays: lists, and answers prefilled from them.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    html = _parsed(xml, parser)
    for node in list(html.iter(etree.Element)):
        for name in [str(name) for name in node.attrib if str(name).startswith(ENTITIES)]:
            del node.attrib[name]
        parent = node.getparent()
        is_entity = etree.QName(node).localname == "entity" and parent is not None and _is_meta(parent)
        is_about_one = _ENTITY_PATH.search(local_path(node.get("nodeset") or node.get("ref") or "")) is not None
        if parent is not None and (is_entity or is_about_one):
            parent.remove(node)
            above = parent.getparent()
            if _is_meta(parent) and len(parent) == 0 and above is not None:  # an empty one would be a question
                above.remove(parent)
    return etree.tostring(html, encoding="utf-8", xml_declaration=True)


def _is_meta(node: etree._Element) -> bool:
    return etree.QName(node).localname == "meta"


_ENTITY_PATH = re.compile("/meta/entity(/|$)")
"""The entity of a form, and of a repeat (entities-version 2025.1), with its attributes and label."""


class _DoctypeFound(Exception):
    """Stops expat at the first sign of a DTD, before any entity in it can expand."""


def _parsed(xml: bytes, parser: etree.XMLParser, what: str = "表单") -> etree._Element:
    if len(xml) > XFORM_BYTES_MAX:
        limit = XFORM_BYTES_MAX // 1_000_000
        raise refused([Fault(f"{what}超过 {limit} MB。", "请把大的选项表放到外部 CSV 名单中 (external list)。")])
    try:
        xml.decode("utf-8")
        _refuse_doctype(xml)
        html = etree.fromstring(xml, parser)
    except _DoctypeFound:
        raise refused(
            [Fault(f"{what}里有 DTD（<!DOCTYPE>），不能接受。", "请删去 DTD 和实体定义 (entity) 再上传。")]
        ) from None
    except UnicodeDecodeError as error:
        raise refused(
            [Fault(f"{what}不是 UTF-8 编码（第 {error.start} 字节起读不出）。", "请另存为 UTF-8。")]
        ) from error
    except (etree.XMLSyntaxError, expat.ExpatError, ValueError, LookupError) as error:
        raise refused(
            [Fault(f"{what}不是完整的 XML：{error}。", "请检查文件是否传完整，或重新导出 XForm。")]
        ) from error
    if (html.getroottree().docinfo.encoding or "UTF-8").upper() not in {"UTF-8", "UTF8", "US-ASCII", "ASCII"}:
        raise refused([Fault(f"{what}的 XML 声明的编码不是 UTF-8。", '请写 encoding="UTF-8"，并另存为 UTF-8。')])
    return html


def _refuse_doctype(xml: bytes) -> None:
    def stop(*_: object) -> None:
        raise _DoctypeFound

    reader = expat.ParserCreate()
    reader.StartDoctypeDeclHandler = stop
    reader.Parse(xml, True)


def children(node: etree._Element, name: str) -> list[etree._Element]:
    """Return the children of ``node`` with this local name, whatever their namespace; comments are none."""
    return [child for child in node.iterchildren(etree.Element) if etree.QName(child).localname == name]


def child(node: etree._Element | None, name: str) -> etree._Element | None:
    found = [] if node is None else children(node, name)
    return found[0] if found else None


def text_of(node: etree._Element) -> str:
    """Return all text inside ``node``, without spaces around it."""
    return "".join(str(text) for text in node.itertext()).strip()


def local_path(nodeset: str) -> str:
    """Return an absolute path without namespace prefixes: ``/data/orx:meta/audit`` is ``/data/meta/audit``."""
    return "/".join(step.strip().rpartition(":")[2] for step in nodeset.strip().split("/"))
