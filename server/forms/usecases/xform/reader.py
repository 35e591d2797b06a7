"""Reads an XForm as the phone will read it, since pyxform's own model of a form is private and may change."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from lxml import etree

from server.forms.domain.definitions import Fault, FormDefinition, refused
from server.forms.domain.personal import LABELS, Personal
from server.forms.usecases.xform.entity_reader import read_entities
from server.forms.usecases.xform.questions import read_questions
from server.forms.usecases.xform.xml_parsing import FIREGRID, child, children, local_path, parse, text_of
from server.people.domain.actors import Role

ITEMSETS = "itemsets.csv"
"""The list of ``select_one_external``, under the one name by which phones look for it."""

_MEDIA = re.compile(r"jr://(?:images|audio|video|file|file-csv)/(.+)", re.DOTALL)
# Phones look these files up by name at run time; nothing else in the form declares them.
_LOOKED_UP = re.compile(r"""\b(?:search|pulldata)\(\s*['"]([^'"]+?)(?:\.csv)?['"]""")


def read_xform(xml: bytes) -> FormDefinition:
    """Return the definition of the form in ``xml`` (UTF-8, at most ``XFORM_BYTES_MAX``).

    Raises FormRefused with every fault that keeps a phone from loading the form (``openrosa.md`` §1.6)
    or the server from understanding ``fg:kind``, ``fg:group``, ``fg:merge`` and ``fg:personal``.
    """
    html = parse(xml)
    faults = list(_skeleton_faults(html))
    if faults:
        raise refused(faults)
    model, root = _model(html), _primary_root(html)
    translations = _translations(model)
    default = next((lang for lang, (_, marked) in translations.items() if marked), next(iter(translations), None))
    texts = translations[default][0] if default is not None else {}
    binds = _binds(model)
    questions = tuple(read_questions(html, binds, texts))
    entities = read_entities(html, binds, {question.path: question for question in questions}, texts, faults)
    roles = tuple(dict.fromkeys(root.get(f"{FIREGRID}roles", "").split()))
    faults.extend(_role_faults(roles))
    faults.extend(_personal_faults(binds))
    if faults:
        raise refused(faults)
    external = [ITEMSETS] if any(node.get("query") for node in html.iter("{*}input")) else []
    media = tuple(dict.fromkeys((*_media(model), *_looked_up(html), *external)))
    return FormDefinition(
        form_id=root.get("id", "").strip(),
        version=_version(root),
        title=_title(html),
        default_language=default,
        languages=tuple(translations),
        entities=entities,
        binaries=tuple(path for path, bind in binds.items() if bind.get("type") == "binary"),
        media=media,
        lists=tuple(name[: -len(".csv")] for name in media if name.endswith(".csv")),
        questions=questions,
        content=hashlib.sha256(xml).hexdigest(),
        roles=roles,
        encrypted=any(node.get("base64RsaPublicKey") for node in model.iter("{*}submission")),
    )


def _skeleton_faults(html: etree._Element) -> Iterator[Fault]:
    head = child(html, "head")
    model = child(head, "model")
    instance = child(model, "instance")
    cure = "请用 XLSForm 重新生成 XForm。"
    if etree.QName(html).localname != "html" or head is None:
        yield Fault("文件不是 XForm：缺少 h:html / h:head。", cure)
        return
    if not _title(html):
        yield Fault("表单没有标题 (form_title)。", "请在 settings 表填写 form_title。", "settings", 2, "form_title")
    if model is None:
        yield Fault("XForm 缺少 model。", cure)
    elif instance is None or len(instance) == 0:
        yield Fault("XForm 的主 instance 是空的。", cure)
    elif not instance[0].get("id", "").strip():
        yield Fault("表单没有编号 (form_id)。", "请在 settings 表填写 form_id。", "settings", 2, "form_id")
    if child(html, "body") is None:
        yield Fault("XForm 缺少 h:body。", cure)


def _title(html: etree._Element) -> str:
    title = child(child(html, "head"), "title")
    return "" if title is None else text_of(title)


def _model(html: etree._Element) -> etree._Element:
    return children(children(html, "head")[0], "model")[0]


def _primary_root(html: etree._Element) -> etree._Element:
    return children(_model(html), "instance")[0][0]


def _version(root: etree._Element) -> str:
    # Central's and older forms write orx:version; phones read either.
    named = (root.get(name, "") for name in root.attrib if etree.QName(name).localname == "version")
    return root.get("version", next(named, "")).strip()


def _translations(model: etree._Element) -> dict[str, tuple[dict[str, str], bool]]:
    itext = child(model, "itext")
    found: dict[str, tuple[dict[str, str], bool]] = {}
    for translation in [] if itext is None else children(itext, "translation"):
        texts = {}
        for text in children(translation, "text"):
            plain = next((value for value in children(text, "value") if value.get("form") in (None, "long")), None)
            texts[text.get("id", "")] = "" if plain is None else text_of(plain)
        found[translation.get("lang", "")] = (texts, "default" in translation.attrib)
    return found


def _binds(model: etree._Element) -> dict[str, etree._Element]:
    return {local_path(bind.get("nodeset", "")): bind for bind in children(model, "bind")}


def _media(model: etree._Element) -> Iterator[str]:
    for node in model.iter():
        address = node.get("src", "") if etree.QName(node).localname == "instance" else node.text or ""
        named = _MEDIA.fullmatch(address.strip())
        if named:
            yield named[1]


def _looked_up(html: etree._Element) -> Iterator[str]:
    for node in html.iter():
        for written in node.attrib.values():
            yield from (f"{name}.csv" for name in _LOOKED_UP.findall(str(written)))


def _role_faults(roles: tuple[str, ...]) -> Iterator[Fault]:
    for role in roles:
        if role not in set(Role):
            cure = f"请改为这些角色，用空格隔开：{'、'.join(Role)}；留空则人人可用。"
            yield Fault(f"没有“{role}”这个角色 (fg:roles)。", cure, "settings", 2, "attribute::fg:roles")


def _personal_faults(binds: Mapping[str, etree._Element]) -> Iterator[Fault]:
    for path, bind in binds.items():
        stated, name = bind.get(f"{FIREGRID}personal", "").strip(), path.rpartition("/")[2]
        if stated and stated not in set(Personal):
            allowed = "、".join(f"{each}（{LABELS[each]}）" for each in Personal)
            message = f"问题 {name} 的个人信息声明 (fg:personal) “{stated}”无效。"
            yield Fault(message, f"请改为 {allowed} 之一，或留空。", "survey", None, "bind::fg:personal")
