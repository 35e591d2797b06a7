"""Reads from an XForm what a question offers and whether it must be answered, as far as that holds for every answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

from server.forms.domain.choices import CodeList, Options
from server.forms.usecases.xform.xml_parsing import child, children, text_of

_FROM_INSTANCE = re.compile(r"""\s*(?:randomize\(\s*)?instance\(\s*['"]([^'"]+)['"]\s*\)""")
_CSV = re.compile(r"jr://file-csv/(.+)\.csv")


def offered(control: etree._Element | None, model: etree._Element) -> Options | None:
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
    return None if named is None or value is None else _of_instance(model, named[1], value.get("ref", "").strip())


def _of_instance(model: etree._Element, name: str, column: str) -> Options | None:
    instance = next((each for each in children(model, "instance") if each.get("id") == name), None)
    if instance is None:
        return None
    source = instance.get("src", "").strip()
    if source:
        file = _CSV.fullmatch(source)
        return None if file is None else Options(lists=(CodeList(file[1], column),))
    cells = [child(item, column) for root in instance for item in children(root, "item")]
    return Options(tuple(text_of(cell) for cell in cells if cell is not None))


def is_required(path: str, binds: Mapping[str, etree._Element], control: etree._Element | None) -> bool:
    """Say whether nobody can finish the form without an answer at ``path``, whatever else they answer.

    binds: by path. An answer that is asked for only sometimes is not required here: whether it was asked for, other
    answers decide, and these merge on their own.
    """
    bind = binds.get(path)
    if bind is None or control is None or bind.get("required", "").strip() != "true()":
        return False
    steps = path.split("/")
    above = ["/".join(steps[: count + 1]) for count in range(1, len(steps))]
    return not any(step in binds and binds[step].get("relevant", "true()").strip() != "true()" for step in above)
