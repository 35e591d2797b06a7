"""Reads from an XForm which columns of which lists it names, and where its author wrote that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lxml import etree

from server.forms.usecases.lists.expressions import Column, columns_in
from server.forms.usecases.lists.list_files import ListFile, Origin
from server.forms.usecases.xform.reader import ITEMSETS
from server.forms.usecases.xform.xml_parsing import child, children, local_path, text_of

_FILE = re.compile(r"jr://(?:file|file-csv)/(.+)")
_INSTANCE = re.compile(r"""instance\(\s*['"]([^'"]+)['"]\s*\)""")
_ITEXT = re.compile(r"jr:itext\((.+)\)")
_CONTROLS = frozenset({"input", "select", "select1", "upload", "range", "trigger", "rank", "secret", "group", "repeat"})
_WRITTEN_AS = {
    "calculate": "calculation",
    "count": "repeat_count",
    "noAddRemove": "repeat_count",
    "query": "choice_filter",
    "value": "label",
}
_DEFAULTS = {".geojson": ("id", "title")}


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column of a list that a form names.

    file: name of the list. path: of the question, local names from the root; empty where it is none.
    written_in: column of the XLSForm where it is written. value, label: it holds the codes, or the texts, of choices.
    by_default: the author wrote nothing and got the usual name. multiple: several of its codes may be chosen.
    filters: of a value, the columns by which the choice filter tells rows apart.
    """

    file: str
    column: str
    path: str
    written_in: str
    value: bool = False
    label: bool = False
    by_default: bool = False
    multiple: bool = False
    filters: tuple[str, ...] = ()


def column_uses(html: etree._Element) -> list[ColumnUse]:
    """Return every column of a list that the form names, in document order.

    html: root of the XForm. A list on the choices sheet goes by its own name, without an ending.
    """
    model = children(children(html, "head")[0], "model")[0]
    files = _files_by_instance(model)
    names = {each.get("id", ""): each.get("id", "") for each in children(model, "instance") if len(each)} | files
    external = dict(_external_lists(html))
    names = {**dict.fromkeys(external.values(), ITEMSETS), **names}
    keys = [ColumnUse(external[path], column, path, "type") for path in external for column in ("list_name", "name")]
    found = [*_in_choices(html, files), *keys, *_in_expressions(html)]
    return list(dict.fromkeys(_with_file(use, names) for use in found))


def choices_lists(html: etree._Element) -> dict[str, ListFile]:
    """Return the lists that are written into the form, those of its choices sheet, by name."""
    model = children(children(html, "head")[0], "model")[0]
    found = {}
    for instance in children(model, "instance")[1:]:
        items = [item for root in instance for item in children(root, "item")]
        columns = dict.fromkeys(etree.QName(cell).localname for item in items for cell in item)
        if items:
            name = instance.get("id", "")
            found[name] = ListFile(name, tuple(columns), tuple(columns), origin=Origin.FORM)
    return found


def list_files(html: etree._Element) -> Mapping[str, str]:
    """Return the lists that the form declares: id of the instance to file name."""
    return _files_by_instance(children(children(html, "head")[0], "model")[0])


def _files_by_instance(model: etree._Element) -> dict[str, str]:
    named = ((each.get("id", ""), _FILE.fullmatch(each.get("src", "").strip())) for each in children(model, "instance"))
    return {id: match[1] for id, match in named if match is not None}


def _external_lists(html: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield path and list of each ``select_one_external``: phones look its rows up in ``itemsets.csv``."""
    for control in html.iter("{*}input"):
        named = _INSTANCE.search(control.get("query", ""))
        if named is not None:
            yield local_path(control.get("ref", "")), named[1]


def _with_file(use: ColumnUse, names: Mapping[str, str]) -> ColumnUse:
    return replace(use, file=names.get(use.file, f"{use.file}.csv"))


def _in_choices(html: etree._Element, files: Mapping[str, str]) -> Iterator[ColumnUse]:
    for itemset in html.iter("{*}itemset"):
        control, named = itemset.getparent(), _INSTANCE.search(itemset.get("nodeset", ""))
        if control is None or named is None:
            continue
        ending = "." + files.get(named[1], "").rpartition(".")[2]
        usual = _DEFAULTS.get(ending, ("name", "label"))
        kind, path = etree.QName(control).localname, local_path(control.get("ref", ""))
        for part, default in zip(("value", "label"), usual, strict=True):
            column = _reference(child(itemset, part))
            if column is None or "/" in column:
                continue
            filters = (each.name for each in columns_in(itemset.get("nodeset", "")) if each.list == named[1])
            yield ColumnUse(
                file=named[1],
                column=column,
                path=path,
                written_in="parameters",
                value=part == "value",
                label=part == "label",
                by_default=column == default,
                multiple=part == "value" and kind in {"select", "rank"},
                filters=tuple(filters) if part == "value" else (),
            )
    yield from _in_searched_choices(html)


def _reference(node: etree._Element | None) -> str | None:
    if node is None or not node.get("ref"):
        return None
    written = node.get("ref", "").strip()
    translated = _ITEXT.fullmatch(written)
    return translated[1].strip() if translated else written


def _in_searched_choices(html: etree._Element) -> Iterator[ColumnUse]:
    """Yield the columns that stand in the place of choices under the appearance ``search('list')``."""
    for control in html.iter("{*}select", "{*}select1"):
        named = re.search(r"""\bsearch\(\s*['"]([^'"]+?)(?:\.csv)?['"]""", control.get("appearance", ""))
        for item in children(control, "item") if named else []:
            value = child(item, "value")
            column = "" if value is None else text_of(value)
            if column and not re.fullmatch(r"-?\d+", column):  # a number is a choice of the form's own
                path = local_path(control.get("ref", ""))
                multiple = etree.QName(control).localname == "select"
                yield ColumnUse(named[1] if named else "", column, path, "name", value=True, multiple=multiple)


def _in_expressions(html: etree._Element) -> Iterator[ColumnUse]:
    for node in html.iter():
        for attribute, expression in node.attrib.items():
            name = etree.QName(attribute).localname
            if "(" not in str(expression) or name in {"ref", "src"} or (name == "nodeset" and _is_bind(node)):
                continue
            for column in columns_in(str(expression)):
                yield _expressed(node, name, column)


def _is_bind(node: etree._Element) -> bool:
    return etree.QName(node).localname == "bind"


def _expressed(node: etree._Element, attribute: str, column: Column) -> ColumnUse:
    kind = etree.QName(node).localname
    written_in = _WRITTEN_AS.get(attribute, attribute)
    if kind == "itemset" and attribute == "nodeset":
        written_in = "choice_filter"
    elif kind in {"setvalue", "setgeopoint"}:
        written_in = "calculation"
    return ColumnUse(column.list, column.name, _path_of(node), written_in)


def _path_of(node: etree._Element) -> str:
    """Return the path of the question that ``node`` is about, empty when it is about none."""
    kind = etree.QName(node).localname
    if kind in {"bind", "repeat"}:
        return local_path(node.get("nodeset", ""))
    if kind in {"setvalue", "setgeopoint"}:
        return local_path(node.get("ref", ""))
    for above in (node, *node.iterancestors()):
        name = etree.QName(above).localname
        if name == "text":  # of a translation: its id is the question's path and what the text is for
            return local_path(above.get("id", "").rpartition(":")[0])
        if name in _CONTROLS and (above.get("ref") or above.get("nodeset")):
            return local_path(above.get("ref") or above.get("nodeset") or "")
    return ""
