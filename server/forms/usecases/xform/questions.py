"""Reads the questions of an XForm: type, label, what each offers, and whether it must always be answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from server.forms.domain.choices import CodeList, Options
from server.forms.domain.definitions import Question
from server.forms.domain.personal import Personal
from server.forms.usecases.xform.xml_parsing import FIREGRID, child, children, local_path, text_of

_FROM_INSTANCE = re.compile(r"""\s*(?:randomize\(\s*)?instance\(\s*['"]([^'"]+)['"]\s*\)""")
_CSV = re.compile(r"jr://file-csv/(.+)\.csv")
_TYPE_ALIASES = {"integer": "int", "double": "decimal", "float": "decimal", "select1": "string", "select": "string"}
_TYPE_ALIASES |= {"selectone": "string", "rank": "string", "intent": "string"}


def read_questions(
    html: etree._Element, binds: Mapping[str, etree._Element], texts: Mapping[str, str]
) -> Iterator[Question]:
    """Yield the questions and calculations of a form, each once, in document order.

    html: root of the XForm. binds: by path. texts: of the default language, by id.
    """
    seen: set[str] = set()
    model, controls = children(children(html, "head")[0], "model")[0], _controls(html)
    root = children(model, "instance")[0][0]
    for path in _leaves(root, "/" + etree.QName(root).localname):
        if path in seen:  # a repeat stands twice: as template and as first instance
            continue
        seen.add(path)
        bind, control = binds.get(path), controls.get(path)
        kind = "" if control is None else etree.QName(control).localname
        yield Question(
            path=path,
            type=bind_type(bind, kind),
            label=label_of(path, control, texts),
            relevant=None if bind is None else bind.get("relevant", "").strip() or None,
            multiple=kind == "select",
            options=_options(control, model),
            required=_is_required(path, binds, control),
            personal=_personal(bind),
        )


def _personal(bind: etree._Element | None) -> Personal | None:
    """Return what a question says it holds of a private person; an unknown word is a fault that the reader reports."""
    stated = "" if bind is None else bind.get(f"{FIREGRID}personal", "").strip()
    return Personal(stated) if stated in set(Personal) else None


def bind_type(bind: etree._Element | None, control: str) -> str:
    """Return the bind type of a question, ``binary`` or ``string`` where the form states none."""
    stated = "" if bind is None else bind.get("type", "").rpartition(":")[2]
    return _TYPE_ALIASES.get(stated, stated) or ("binary" if control == "upload" else "string")


def _controls(html: etree._Element) -> dict[str, etree._Element]:
    body = children(html, "body")[0]
    kinds = {"input", "select", "select1", "upload", "range", "trigger", "rank", "secret"}
    marked = (node for node in body.iter() if etree.QName(node).localname in kinds and node.get("ref"))
    return {local_path(node.get("ref", "")): node for node in marked}


def _leaves(branch: etree._Element, path: str) -> Iterator[str]:
    for node in branch:
        name = etree.QName(node).localname
        if name == "meta":  # instanceID, entity, audit: not questions
            continue
        if len(node):
            yield from _leaves(node, f"{path}/{name}")
        else:
            yield f"{path}/{name}"


def label_of(path: str, control: etree._Element | None, texts: Mapping[str, str]) -> str:
    """Return the label of a question or group; of a calculation the one that pyxform keeps among the texts."""
    label = None if control is None else child(control, "label")
    if label is None:
        return texts.get(f"{path}:label", "")
    named = re.fullmatch(r"\s*jr:itext\('(.+)'\)\s*", label.get("ref", ""))
    return texts.get(named[1], "") if named else text_of(label)


def _options(control: etree._Element | None, model: etree._Element) -> Options | None:
    """Return what a question offers; None when it has no choices, or takes them from what is not known beforehand.

    control: of the body, None for a calculation. model: of the form. Filters are left aside, since they depend on
    other answers: everything that the list holds counts as offered.
    """
    if control is None or etree.QName(control).localname not in {"select", "select1"}:
        return None
    if "search(" in control.get("appearance", ""):  # the phone takes rows of a CSV file in the place of the choices
        return None
    itemset = child(control, "itemset")
    if itemset is None:
        values = (child(item, "value") for item in children(control, "item"))
        return Options(tuple(text_of(value) for value in values if value is not None))
    named, value = _FROM_INSTANCE.match(itemset.get("nodeset", "")), child(itemset, "value")
    return None if named is None or value is None else _instance_options(model, named[1], value.get("ref", "").strip())


def _instance_options(model: etree._Element, name: str, column: str) -> Options | None:
    instance = next((each for each in children(model, "instance") if each.get("id") == name), None)
    if instance is None:
        return None
    source = instance.get("src", "").strip()
    if source:
        file = _CSV.fullmatch(source)
        return None if file is None else Options(lists=(CodeList(file[1], column),))
    cells = [child(item, column) for root in instance for item in children(root, "item")]
    return Options(tuple(text_of(cell) for cell in cells if cell is not None))


def _is_required(path: str, binds: Mapping[str, etree._Element], control: etree._Element | None) -> bool:
    """Return whether nobody can finish the form without an answer at ``path``, whatever else they answer.

    binds: by path. An answer that is asked for only sometimes is not required here: whether it was asked for, other
    answers decide, and these merge on their own.
    """
    bind = binds.get(path)
    if bind is None or control is None or bind.get("required", "").strip() != "true()":
        return False
    steps = path.split("/")
    above = ["/".join(steps[: count + 1]) for count in range(1, len(steps))]
    return not any(step in binds and binds[step].get("relevant", "true()").strip() != "true()" for step in above)
