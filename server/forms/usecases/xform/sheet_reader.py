"""Reads an XForm as a page shows it: questions, groups, rules and lists, with their texts in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from server.forms.domain.outline import Texts
from server.forms.domain.sheets import Ask, Group, Offered, Question, Sheet
from server.forms.usecases.xform.entity_reader import entity_blocks
from server.forms.usecases.xform.questions import bind_type
from server.forms.usecases.xform.xml_parsing import ENTITIES, child, children, local_path, parse, text_of

_ITEXT = re.compile(r"\s*jr:itext\(\s*'(.+)'\s*\)\s*")
_ITEMSET = re.compile(
    r"\s*(?:randomize\(\s*)?instance\(\s*['\"]([^'\"]+)['\"]\s*\)/root/item\s*(?:\[(.*)\])?\s*\)?\s*", re.DOTALL
)
_FILE = re.compile(r"jr://file(?:-csv)?/(.+)")
_PLAIN = {"int": Ask.INTEGER, "decimal": Ask.DECIMAL, "date": Ask.DATE, "time": Ask.TIME, "dateTime": Ask.INSTANT}
_PLAIN |= {"geopoint": Ask.POINT, "string": Ask.TEXT, "binary": Ask.FILE}
_CONTROLS = frozenset({"input", "select", "select1", "upload", "range", "trigger", "rank", "secret"})


def read_sheet(xml: bytes) -> Sheet:
    """Return the published form in ``xml`` as a page shows it. Raises FormRefused for what was never published."""
    return _Reader(parse(xml)).sheet()


class _Reader:
    """The parts of one XForm."""

    def __init__(self, html: etree._Element) -> None:
        self._html, head = html, children(html, "head")[0]
        self._title = child(head, "title")
        self._model = children(head, "model")[0]
        instances = children(self._model, "instance")
        self._root, self._instances = instances[0][0], instances[1:]
        self._binds = {local_path(bind.get("nodeset", "")): bind for bind in children(self._model, "bind")}
        self._first = {
            local_path(each.get("ref", "")): each.get("value", "").strip()
            for each in children(self._model, "setvalue")
            if "first-load" in each.get("event", "")
        }
        itext = child(self._model, "itext")
        translations = [] if itext is None else children(itext, "translation")
        self._texts: dict[str, dict[str, str]] = {}
        for each in translations:
            for text in children(each, "text"):
                plain = next((one for one in children(text, "value") if one.get("form") in (None, "long")), None)
                if plain is not None:
                    self._texts.setdefault(text.get("id", ""), {})[each.get("lang", "")] = _written(plain)
        marked = (each.get("lang", "") for each in translations if "default" in each.attrib)
        first = translations[0].get("lang", "") if translations else ""
        self._default = next(marked, first)
        body = list(children(html, "body")[0].iter())
        self._controls = {local_path(each.get("ref", "")): each for each in body if _name(each) in _CONTROLS}
        self._groups = {local_path(each.get("ref", "")): each for each in body if _name(each) == "group"}
        self._repeats = {local_path(each.get("nodeset", "")) for each in body if _name(each) == "repeat"}

    def sheet(self) -> Sheet:
        root = f"/{_name(self._root)}"
        block = entity_blocks(self._html).get("")
        create = self._binds.get(f"{root}/meta/entity/@create")
        name = self._binds.get(f"{root}/meta/entity/label")
        creates = None if block is None or block.get("create", "0") in ("0", "false") else ""
        if creates == "" and create is not None:
            creates = create.get("calculate", "").strip()
        return Sheet(
            form_id=self._root.get("id", "").strip(),
            version=self._root.get("version", "").strip(),
            title="" if self._title is None else text_of(self._title),
            dataset="" if block is None else block.get("dataset", "").strip(),
            default=self._default,
            questions=tuple(self._questions(self._root, root)),
            groups={
                path: Group(path, self._label(each, "label"), self._rule(path, "relevant"))
                for path, each in self._groups.items()
                if path
            },
            files={id: file for id, file in self._files() if file},
            rows={each.get("id", ""): tuple(_rows(each)) for each in self._instances if not each.get("src")},
            texts=self._texts,
            creates=creates,
            name="" if name is None else name.get("calculate", "").strip(),
            repeats=tuple(sorted(self._repeats)),
        )

    def _files(self) -> Iterator[tuple[str, str]]:
        for each in self._instances:
            named = _FILE.fullmatch(each.get("src", "").strip())
            yield each.get("id", ""), named[1] if named else ""

    def _questions(self, branch: etree._Element, path: str) -> Iterator[Question]:
        for node in branch:
            below = f"{path}/{_name(node)}"
            if _name(node) == "meta" or below in self._repeats:
                continue
            if len(node):
                yield from self._questions(node, below)
            else:
                yield self._question(below, text_of(node))

    def _question(self, path: str, preset: str) -> Question:
        bind, control = self._binds.get(path), self._controls.get(path)
        type = bind_type(bind, _name(control))
        said = {} if bind is None else {str(name): str(value) for name, value in bind.attrib.items()}
        preload = [value for name, value in said.items() if name.endswith(("}preload", "}preloadParams"))]
        is_readonly = said.get("readonly", "").strip() == "true()"
        return Question(
            path=path,
            saves=said.get(f"{ENTITIES}saveto", "").strip(),
            asked=_how(control, type, is_readonly=is_readonly and not said.get("calculate")),
            type=type,
            label=self._label(control, "label") or self._texts.get(f"{path}:label", {}),
            hint=self._label(control, "hint"),
            relevant=self._rule(path, "relevant"),
            required=self._rule(path, "required"),
            required_text=self._message(said, "requiredMsg"),
            constraint=self._rule(path, "constraint"),
            constraint_text=self._message(said, "constraintMsg"),
            calculate=self._rule(path, "calculate"),
            preset=preset,
            first=self._first.get(path, ""),
            preload=" ".join(preload),
            is_readonly=is_readonly,
            offered=self._offered(control) if control is not None else None,
        )

    def _rule(self, path: str, name: str) -> str:
        bind = self._binds.get(path)
        return "" if bind is None else bind.get(name, "").strip()

    def _message(self, said: Mapping[str, str], name: str) -> Texts | None:
        written = next((value for key, value in said.items() if key.endswith(f"}}{name}")), "")
        return self._text(written, written) or None

    def _label(self, node: etree._Element | None, name: str) -> Texts:
        label = child(node, name)
        return {} if label is None else self._text(label.get("ref", ""), _written(label))

    def _text(self, ref: str, written: str) -> Texts:
        named = _ITEXT.fullmatch(ref)
        if named is None:
            return {self._default: written} if written else {}
        return self._texts.get(named[1], {})

    def _offered(self, control: etree._Element) -> Offered | None:
        if _name(control) not in ("select", "select1", "rank"):
            return None
        codes = {
            text_of(value): self._label(item, "label")
            for item in children(control, "item")
            if (value := child(item, "value")) is not None
        }
        itemset = child(control, "itemset")
        named = None if itemset is None else _ITEMSET.fullmatch(itemset.get("nodeset", ""))
        if itemset is None:
            return Offered(codes)
        value, label = child(itemset, "value"), child(itemset, "label")
        return Offered(
            codes,
            "?" if named is None else named[1],
            "" if named is None else (named[2] or "").strip(),
            "name" if value is None else value.get("ref", "name").strip(),
            "label" if label is None else label.get("ref", "label").strip(),
        )


def _how(control: etree._Element | None, type: str, *, is_readonly: bool) -> Ask | None:
    kind = _name(control)
    if control is None:
        return None
    if kind in ("select", "select1", "rank"):
        return Ask.ONE if kind == "select1" else Ask.MANY if kind == "select" else Ask.OTHER
    if kind == "upload":
        return Ask.PHOTO if control.get("mediatype", "").startswith("image/") else Ask.FILE
    if kind == "input" and is_readonly:
        return Ask.NOTE
    if kind == "input" and "multiline" in control.get("appearance", ""):
        return Ask.LONG
    return _PLAIN.get(type, Ask.OTHER) if kind in ("input", "range", "secret") else Ask.OTHER


def _rows(instance: etree._Element) -> Iterator[Mapping[str, str]]:
    for root in instance:
        for item in children(root, "item"):
            yield {_name(cell): text_of(cell) for cell in item}


def _written(node: etree._Element) -> str:
    """Return a text; where it shows an answer, the path of that stands between two signs that no text has."""
    parts = [node.text or ""]
    for each in node:
        if _name(each) == "output":
            parts.append(f"\ue000{(each.get('value') or each.get('ref') or '').strip()}\ue001")
        parts.append(each.tail or "")
    return " ".join("".join(parts).replace("**", "").split())


def _name(node: etree._Element | None) -> str:
    return "" if node is None else str(etree.QName(node).localname)
