"""The lists that a phone finds beside a form: those kept for it, and those that the server makes for each caller."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lxml import etree

from server.db.transactions import Reading
from server.forms.domain.definitions import FormDefinition
from server.forms.domain.record_types import CASE_COLUMNS, Kind, RecordType
from server.forms.store import forms
from server.forms.usecases.entity_rules import SERVER_LISTS
from server.forms.usecases.lists.list_files import ListFile, ListRow, Origin, is_list
from server.forms.usecases.lists.list_reader import read
from server.forms.usecases.lists.uses import list_files
from server.forms.usecases.xform.xml_parsing import children, parse

_ENTITY_COLUMNS = ("name", "label", "__version", "__trunkVersion", "__branchId")
"""Columns of every ledger's list; phones make the last two themselves (``openrosa.md`` §4.4)."""

SAMPLE_ROWS = 2
_ELEMENT_NAME = re.compile(r"[A-Za-z_][\w.\-]*", re.ASCII)


def lists_beside(reading: Reading, definition: FormDefinition) -> dict[str, ListFile]:
    """Return the lists that the form names and that the server has already, by file name.

    Of those that the server makes for each caller, the columns and two rows that stand for all.
    """
    known = forms.catalogue(reading)
    stored = forms.stored_media(reading, definition.form_id)
    kept = {name: read(name, content) for name, content in stored.items() if is_list(name)}
    made = {f"{name}.csv": columns for name, columns in SERVER_LISTS.items()}
    made |= {f"{type.name}.csv": _ledger_columns(type, definition, type.name) for type in known.types.values()}
    made |= {f"{name}.csv": _ledger_columns(known.types.get(name), definition, name) for name in definition.datasets}
    served = {name: _server_made(name, columns) for name, columns in made.items() if name in definition.media}
    return served | {name: each for name, each in kept.items() if name in definition.media}


def with_lists(xml: bytes, lists: Mapping[str, ListFile]) -> bytes:
    """Return the form with its lists written into it, so that a tool that is given no files sees them.

    Only the header and the first rows of each; what could stand in no element stays outside. Bytes of a form that
    has no such list come back as they are.
    """
    html = parse(xml)
    model = children(children(html, "head")[0], "model")[0]
    files = {id: lists[name] for id, name in list_files(html).items() if name in lists}
    for instance in children(model, "instance"):
        beside = files.get(instance.get("id", ""))
        if beside is not None and beside.columns is not None and len(instance) == 0:
            del instance.attrib["src"]
            instance.append(_as_element(beside, instance.nsmap.get(None)))
    return etree.tostring(html, encoding="utf-8", xml_declaration=True) if files else xml


def _as_element(beside: ListFile, namespace: str | None) -> etree._Element:
    prefix = f"{{{namespace}}}" if namespace else ""
    root = etree.Element(f"{prefix}root")
    for row in beside.rows[:SAMPLE_ROWS]:
        item = etree.SubElement(root, f"{prefix}item")
        for column in beside.columns or ():
            if _ELEMENT_NAME.fullmatch(column):
                etree.SubElement(item, f"{prefix}{column}").text = row.cells.get(column, "")
    return root


def _ledger_columns(type: RecordType | None, definition: FormDefinition, name: str) -> tuple[str, ...]:
    own = [entity for entity in definition.entities if entity.dataset == name]
    is_case = Kind.CASE in (None if type is None else type.kind, *(entity.kind for entity in own))
    columns: Iterable[str] = (*_ENTITY_COLUMNS, *(sorted(CASE_COLUMNS) if is_case else ()))
    fields = () if type is None else tuple(type.fields)
    saved = (field.name for entity in own for field in entity.properties.values())
    return tuple(dict.fromkeys((*columns, *fields, *saved)))


def _server_made(name: str, columns: tuple[str, ...]) -> ListFile:
    cells = dict.fromkeys(columns, "") | {"label": "样例"} | ({"__version": "1"} if "__version" in columns else {})
    rows = (ListRow(f"第 {line} 行", line, cells | {"name": f"sample-{line}"}) for line in (2, 3))
    return ListFile(name, columns, columns, tuple(rows), origin=Origin.SERVER)
