"""Reads the outline of an XForm: its questions, repeats and choices with their texts in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from server.forms.domain.outline import Asked, FormOutline, Offer, Texts
from server.forms.usecases.xform.questions import bind_type
from server.forms.usecases.xform.xml_parsing import child, children, local_path, parse, text_of

_ITEXT = re.compile(r"\s*jr:itext\(\s*'(.+)'\s*\)\s*")
_FROM_INSTANCE = re.compile(r"""\s*(?:randomize\(\s*)?instance\(\s*['"]([^'"]+)['"]\s*\)""")
_LIST = re.compile(r"jr://file(?:-csv)?/(.+)")
_LITERAL = re.compile(r"""'[^']*'|"[^"]*\"""")
_PATH = re.compile(r"/[\w./:-]+")
_LOOKED_UP = re.compile(r"instance\(\s*'([^']+)'\s*\)/root/item\[\s*(\w+)\s*=\s*(/[\w./:-]+)\s*\]/label")
"""Where a form looks up what a code is called: list, its column, and the answer that holds the code."""

_SELECTS = frozenset({"select", "select1", "rank"})
_CONTROLS = _SELECTS | {"input", "upload", "range", "trigger", "secret"}


def read_outline(xml: bytes) -> FormOutline:
    """Return the outline of a published form. xml: of the XForm. Raises FormRefused for what was never published."""
    return _Reader(parse(xml)).outline()


class _Reader:
    """The parts of one XForm, each looked up once."""

    def __init__(self, html: etree._Element) -> None:
        self._model = children(children(html, "head")[0], "model")[0]
        self._root = children(self._model, "instance")[0][0]
        self._instances = {each.get("id", ""): each for each in children(self._model, "instance")[1:]}
        self._binds = {local_path(bind.get("nodeset", "")): bind for bind in children(self._model, "bind")}
        self._set = {local_path(each.get("ref", "")) for each in html.iter("{*}setvalue", "{*}setgeopoint")}
        itext = child(self._model, "itext")
        translations = [] if itext is None else children(itext, "translation")
        self._texts = {each.get("lang", ""): _texts(each) for each in translations}
        marked = (each.get("lang", "") for each in translations if "default" in each.attrib)
        self._default = next(marked, next(iter(self._texts), ""))
        self._looked_up = dict(self._lookups())
        body = list(children(html, "body")[0].iter())
        self._controls = {local_path(each.get("ref", "")): each for each in body if _name(each) in _CONTROLS}
        self._groups = {local_path(each.get("ref", "")): each for each in body if _name(each) == "group"}
        self._repeats = tuple(local_path(each.get("nodeset", "")) for each in body if _name(each) == "repeat")

    def outline(self) -> FormOutline:
        asked = dict(self._leaves(self._root, f"/{_name(self._root)}"))
        return FormOutline(
            default=self._default,
            groups={_below_root(path): self._label(each) for path, each in self._groups.items()},
            repeats=tuple(dict.fromkeys(_below_root(path) for path in self._repeats)),
            asked=tuple(self._asked(path) for path, node in asked.items() if not self._is_note(path, node)),
        )

    def _leaves(self, branch: etree._Element, path: str) -> Iterator[tuple[str, etree._Element]]:
        """Yield the leaves below ``branch`` with their paths; a repeat stands twice, as template and first instance."""
        for node in branch:
            if len(node):
                yield from self._leaves(node, f"{path}/{_name(node)}")
            elif _name(node) != "entity" or _name(branch) != "meta":  # which says all that it says by attributes
                yield f"{path}/{_name(node)}", node

    def _is_note(self, path: str, node: etree._Element) -> bool:
        bind, control = self._binds.get(path), self._controls.get(path)
        return (
            bind is not None
            and _name(control) == "input"
            and bind.get("readonly", "").strip() == "true()"
            and not bind.get("calculate")
            and path not in self._set
            and not text_of(node)
        )

    def _asked(self, path: str) -> Asked:
        control = self._controls.get(path)
        kind = _name(control)
        copied = () if control is not None else self._copied(path)
        kinds = {_name(self._controls[each]) for each in copied} or {kind}
        return Asked(
            path=_below_root(path),
            type=bind_type(self._binds.get(path), kind),
            texts=self._label(control) or self._text(f"jr:itext('{path}:label')", ""),  # of calculations, too
            several=kinds <= {"select", "rank"},
            offer=self._offer(control) if control is not None and kind in _SELECTS else None,
            copies=tuple(map(_below_root, copied)),
            named=self._looked_up.get(path) if control is None else None,
        )

    def _lookups(self) -> Iterator[tuple[str, Offer]]:
        """Yield the answers that the form looks up by their code, each with the list in which it does."""
        for bind in self._binds.values():
            for name, column, path in _LOOKED_UP.findall(bind.get("calculate", "")):
                instance = self._instances.get(name)
                file = None if instance is None else _LIST.fullmatch(instance.get("src", "").strip())
                if file is not None:
                    yield local_path(path), Offer({}, file[1], column)

    def _copied(self, path: str) -> tuple[str, ...]:
        """Return the select questions whose codes a calculation hands on: as they stand, or as literals about them."""
        bind = self._binds.get(path)
        calculation = "" if bind is None else bind.get("calculate", "").strip()
        results = list(_results(calculation))
        if not all(_LITERAL.fullmatch(each) or _PATH.fullmatch(each) for each in results):
            return ()  # sums of codes that are numbers, parts of texts: no codes any more
        writes_codes = any(_LITERAL.fullmatch(each) and len(each) > 2 for each in results)
        named = _PATH.findall(calculation) if writes_codes else results
        paths = dict.fromkeys(map(local_path, named))
        return tuple(each for each in paths if _name(self._controls.get(each)) in _SELECTS)

    def _label(self, node: etree._Element | None) -> Texts:
        label = child(node, "label")
        return {} if label is None else self._text(label.get("ref", ""), _line(label))

    def _text(self, ref: str, written: str) -> Texts:
        named = _ITEXT.fullmatch(ref)
        if named is None:
            return {self._default: written} if written else {}
        return {language: texts[named[1]] for language, texts in self._texts.items() if texts.get(named[1])}

    def _offer(self, control: etree._Element) -> Offer:
        labels = {
            text_of(value): self._label(item)
            for item in children(control, "item")
            if (value := child(item, "value")) is not None
        }
        itemset = child(control, "itemset")
        named = None if itemset is None else _FROM_INSTANCE.match(itemset.get("nodeset", ""))
        if itemset is None or named is None:
            return Offer(labels)
        column, label = (_ref(child(itemset, name)) for name in ("value", "label"))
        instance = self._instances.get(named[1])
        file = None if instance is None else _LIST.fullmatch(instance.get("src", "").strip())
        if instance is not None and file is None:
            labels |= self._items(instance, column or "name", label)
        return Offer(labels, file[1] if file else None, column or "name", label or "label")

    def _items(self, instance: etree._Element, value: str, label: str) -> Mapping[str, Texts]:
        """Return the labels of a list written in the form; pyxform names texts of several languages by ``itextId``."""
        translated = re.fullmatch(r"jr:itext\((.+)\)", label)
        column = translated[1].strip() if translated else label
        found: dict[str, Texts] = {}
        for item in (item for root in instance for item in children(root, "item")):
            code, cell = child(item, value), child(item, column)
            if code is not None:
                written = "" if cell is None else text_of(cell)
                found[text_of(code)] = self._text(f"jr:itext('{written}')" if translated else "", written)
        return found


def _results(expression: str) -> Iterator[str]:
    """Yield what an XPath expression may evaluate to, looking into ``if`` and ``once``."""
    called = re.fullmatch(r"(if|once)\s*\((.*)\)", expression, re.DOTALL)
    arguments = _arguments(called[2]) if called else []
    if called is None or len(arguments) != {"if": 3, "once": 1}[called[1]]:
        yield expression
        return
    for each in arguments[-2:]:
        yield from _results(each)


def _arguments(text: str) -> list[str]:
    """Return the arguments of a call; those of calls within it stay whole."""
    found, depth, quote = [""], 0, ""
    for sign in text:
        if quote or sign in "'\"":
            quote = ("" if sign == quote else quote) if quote else sign
        elif sign in "()[]":
            depth += 1 if sign in "([" else -1
        if sign == "," and depth == 0 and not quote:
            found.append("")
        else:
            found[-1] += sign
    return [each.strip() for each in found]


def _texts(translation: etree._Element) -> dict[str, str]:
    found = {}
    for text in children(translation, "text"):
        plain = next((value for value in children(text, "value") if value.get("form") in (None, "long")), None)
        found[text.get("id", "")] = "" if plain is None else _line(plain)
    return found


def _line(node: etree._Element) -> str:
    return " ".join(text_of(node).replace("**", "").split())  # phones show what stands between them in bold


def _ref(node: etree._Element | None) -> str:
    return "" if node is None else node.get("ref", "").strip()


def _name(node: etree._Element | None) -> str:
    return "" if node is None else str(etree.QName(node).localname)


def _below_root(path: str) -> str:
    return path.strip("/").partition("/")[2]
