"""Checks a form beyond what pyxform and ODK Validate do: for phones, lists and ledgers that use it for years."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from lxml import etree

from server.forms.domain import personal
from server.forms.domain.definitions import ON_TRIAL, Allowance, Fault, FormDefinition
from server.forms.domain.record_types import RecordType
from server.forms.usecases.entity_rules import SERVER_LISTS, entity_faults, entity_warnings
from server.forms.usecases.lists.list_checks import list_faults, list_warnings
from server.forms.usecases.lists.list_files import ListFile
from server.forms.usecases.xform.xml_parsing import child, children, local_path, parse
from server.forms.usecases.xlsform.cells import cell_faults
from server.forms.usecases.xlsform.sheets import Sheets, row_with, rows_by_path, sheet_faults

PHOTOS_MAX = 2
_FILE_ENDINGS = (".xml", ".xls", ".xlsx")
_PRELOAD = "{http://openrosa.org/javarosa}preload"


def check(
    definition: FormDefinition,
    xml: bytes,
    previous: Sequence[FormDefinition],
    existing_types: Mapping[str, RecordType],
    attached: Collection[str],
    sheets: Sheets | None = None,
    lists: Mapping[str, ListFile] | None = None,
    allowed: Collection[Allowance] = (),
) -> tuple[list[Fault], list[str]]:
    """Return every reason not to publish a form, and warnings for its author, both in Chinese.

    definition, xml: the form as read and its bytes. previous: every version of this form ever published.
    existing_types: the record types there are, by name. attached: file names that come or came with the form.
    sheets: the XLSForm, to name rows; none for a form uploaded as XForm. lists: those beside the form, by file name.
    allowed: what an administrator insists on; what an earlier version of the form was allowed, this one is too.
    Rules: ``design.md`` §5 (Publishing, Authoring), ``openrosa.md`` §4.1, §4.2, §5.2.
    """
    html, sheets, lists = parse(xml), sheets or Sheets(), lists or {}
    rows, allowed = rows_by_path(sheets), {*allowed, *(each for old in previous for each in _needs(old))}
    faults = [
        *sheet_faults(sheets),
        *cell_faults(sheets),
        *_identity_faults(definition, sheets),
        *_instance_id_faults(html, sheets),
        *_version_faults(definition, previous),
        *_translation_faults(html, sheets),
        *_type_faults(definition, previous, rows),
        *file_faults(definition, existing_types, attached, sheets),
        *_encryption_faults(definition, allowed),
        *list_faults(html, lists, sheets),
        *entity_faults(definition, html, existing_types, sheets, allowed),
    ]
    warnings = [
        *_practice_warnings(definition, html, sheets),
        *_undeclared_personal(definition),
        *entity_warnings(definition, html),
        *list_warnings(html, lists),
    ]
    return list(dict.fromkeys(faults)), warnings


def already_published(definition: FormDefinition, previous: Sequence[FormDefinition]) -> bool:
    """Return whether this very version with this very content is there, so that publishing it again does nothing."""
    return any((old.version, old.content) == (definition.version, definition.content) for old in previous)


def _instance_id_faults(html: etree._Element, sheets: Sheets) -> Iterator[Fault]:
    """Yield a fault for a form whose submissions would have no id: each would be refused (``openrosa.md`` §5.1)."""
    model = child(child(html, "head"), "model")
    instance = child(model, "instance")
    root = None if instance is None else next(instance.iterchildren(etree.Element), None)
    if model is None or root is None:
        return
    calculated = [bind for bind in children(model, "bind") if bind.get("calculate") or bind.get(_PRELOAD)]
    filled = {local_path(bind.get("nodeset", "")) for bind in calculated}
    filled |= {local_path(each.get("ref", "")) for each in html.iter("{*}setvalue")}
    for parent, path in ((child(root, "meta"), "meta/instanceID"), (root, "instanceID")):
        if child(parent, "instanceID") is not None and f"/{etree.QName(root).localname}/{path}" in filled:
            return
    message = "手机不给这张表单的提交编号 (meta/instanceID)，填完送不出去。"
    if sheets.headers:
        yield Fault(message, "请删去 settings 表的 omit_instanceID 一列。", "settings", 2, "omit_instanceID")
    else:
        cure = '请在主 instance 里写 <meta><instanceID/></meta>，并给它写 bind：jr:preload="uid"。'
        yield Fault(message, cure)


def _identity_faults(definition: FormDefinition, sheets: Sheets) -> Iterator[Fault]:
    form_id, version = definition.form_id, definition.version
    if not version and not sheets.headers:
        cure = "请在主 instance 的根元素写明 version，例如 2026112401。"
        yield Fault("没有填写版本号 (version)。", cure, "settings", 2, "version")
    if form_id.lower().endswith(_FILE_ENDINGS):
        message = f"表单编号 (form_id) “{form_id}”像文件名。"
        yield Fault(message, "请去掉末尾的 .xml、.xls 或 .xlsx。", "settings", 2, "form_id")
    if form_id.endswith(ON_TRIAL):
        message = f"表单编号 (form_id) “{form_id}”以 {ON_TRIAL} 结尾，这是试用版的编号。"
        yield Fault(message, f"请去掉末尾的 {ON_TRIAL}。", "settings", 2, "form_id")
    for name, column, value in (("表单编号", "form_id", form_id), ("版本号", "version", version)):
        if re.search(r"[/\\]", value) or not value.isprintable() or len(value) > 100:
            message = f"{name} ({column}) 里有斜线或看不见的字符，或超过 100 个字。"
            yield Fault(message, "请改用字母、数字、下划线和连字符。", "settings", 2, column)


def _version_faults(definition: FormDefinition, previous: Sequence[FormDefinition]) -> Iterator[Fault]:
    same = [old for old in previous if old.version == definition.version]
    if same and not already_published(definition, same):
        yield Fault(
            f"版本 {definition.version} 已经发布过，但这次的内容不同。",
            "内容改了就要换一个新的版本号 (version)，手机才会更新。",
            "settings",
            2,
            "version",
        )


def _translation_faults(html: etree._Element, sheets: Sheets) -> Iterator[Fault]:
    if sheets.headers:  # checked by its columns already
        return
    texts_of = {
        node.get("lang", ""): {text.get("id") for text in children(node, "text")} for node in _translations(html)
    }
    everything = set().union(*texts_of.values())
    for language, texts in texts_of.items():
        missing = sorted(str(name) for name in everything - texts)
        if missing:
            message = f"语言“{language}”缺少 {len(missing)} 处文字，例如 {missing[0]}。"
            yield Fault(message, "请把每种语言的 itext 补齐。")


def _translations(html: etree._Element) -> Iterator[etree._Element]:
    return html.iter("{*}translation")


def _type_faults(
    definition: FormDefinition, previous: Sequence[FormDefinition], rows: Mapping[str, int]
) -> Iterator[Fault]:
    before = {_below_root(question.path): (question, old) for old in previous for question in old.questions}
    for question in definition.questions:
        path = _below_root(question.path)
        earlier, old = before.get(path, (question, definition))
        if (earlier.type, earlier.multiple) != (question.type, question.multiple):
            yield Fault(
                f"问题 {path[1:]} 的题型由版本 {old.version} 的 {_question_type(earlier.type, earlier.multiple)} "
                f"变成了 {_question_type(question.type, question.multiple)}。",
                "题型不能改；请保留原题型，或换一个新的问题名 (name)。",
                "survey",
                rows.get(path),
                "type",
            )


def _below_root(path: str) -> str:
    return "/" + "/".join(path.split("/")[2:])


def _question_type(bind_type: str, multiple: bool) -> str:
    return "select_multiple" if multiple else bind_type


def file_faults(
    definition: FormDefinition, existing_types: Mapping[str, RecordType], attached: Collection[str], sheets: Sheets
) -> Iterator[Fault]:
    """Yield a fault for each file that the form names and that nobody gives it, or not under this name."""
    ledgers = {f"{name}.csv" for name in {*existing_types, *definition.datasets}}
    server_made = {*ledgers, *(f"{name}.csv" for name in SERVER_LISTS)}
    for name in definition.media:
        row = row_with(sheets, "survey", name) or row_with(sheets, "survey", name.removesuffix(".csv"))
        where = ("survey" if row else None, row)
        if re.search(r"[/\\]", name) or name.startswith(".") or not name.isprintable():
            yield Fault(f"文件名“{name}”带有文件夹或特殊字符。", "请只写文件名，不要写路径。", *where)
        elif (
            name not in attached and name not in server_made and not re.search(r"[$(]", name)
        ):  # else its cell is at fault
            cure = f"请把 {name} 与表单一起上传；如果它是台账名单，请先发布建立这个台账的表单，并检查拼写。"
            yield Fault(f"表单要用文件 {name}，但没有附上。", cure, *where)
    for name in sorted(server_made.intersection(attached)):
        message = f"附上的文件 {name} 与服务器提供的名单同名，手机上会被名单盖住。"
        yield Fault(message, "请给文件换一个名字，或不要附上它。")


def _encryption_faults(definition: FormDefinition, allowed: Collection[Allowance]) -> Iterator[Fault]:
    if definition.encrypted and definition.entities:
        message = "加密的表单 (public_key) 写不进台账：手机把答案锁起来再送，服务器读不到。"
        yield Fault(message, "请删去 public_key，或删去 entities 表和 save_to。", "settings", 2, "public_key")
    elif definition.encrypted and Allowance.ENCRYPTION not in allowed:
        cure = f"请删去 public_key；如果一定要加密，管理员发布时可加 --allow {Allowance.ENCRYPTION}，服务器只保存信封。"
        yield Fault(_ENCRYPTED, cure, "settings", 2, "public_key")


_ENCRYPTED = "加密的表单 (public_key)：手机把答案锁起来再送，服务器读不到，台账、汇总和导出里都不会有它。"


def _needs(definition: FormDefinition) -> Iterator[Allowance]:
    """Yield what a published version must have been allowed by an administrator."""
    if definition.has_several_entities:
        yield Allowance.SEVERAL_ENTITIES
    if definition.encrypted:
        yield Allowance.ENCRYPTION


def _undeclared_personal(definition: FormDefinition) -> Iterator[str]:
    """Yield a warning about questions that seem to ask for personal data and do not say so (``bind::fg:personal``)."""
    known = {
        path
        for entity in definition.entities
        for path, field in entity.properties.items()
        if field.name in personal.named_built_in(entity.dataset)
    }
    found = [
        question.label
        for question in definition.questions
        if question.personal is None
        and question.options is None
        and question.path not in known
        and _SEEMS_PERSONAL.search(question.label)
    ]
    if found:
        named = "、".join(f"“{label[:30]}”" for label in found[:5])
        yield (
            f"{named}像是个人信息，表单没有声明，就只会按号码的样子遮盖；请在 survey 表的 bind::fg:personal 写明 "
            "phone、identity、name、address、other，或不用遮盖的 public（settings 表的 namespaces 写 "
            'fg="urn:firegrid:xforms"）。'
        )


_SEEMS_PERSONAL = re.compile("身份证|证件号|电话|手机号|姓名|住址")


def _practice_warnings(definition: FormDefinition, html: etree._Element, sheets: Sheets) -> Iterator[str]:
    marked = any("default" in node.attrib for node in _translations(html))
    if definition.encrypted:
        yield f"{_ENCRYPTED}服务器只保存信封和附件，要用私钥在电脑上解密。"
    if not definition.entities:
        yield "表单没有 entities 表，不建立台账：填报会留存，也能导出，但没有记录可查、可办、可更新。"
    if definition.languages and not marked and not sheets.setting("default_language"):
        yield (
            f"没有写默认语言 (default_language)，手机会先显示“{definition.default_language}”；"
            "请在 settings 表写明 default_language。"
        )
    if len(definition.binaries) > PHOTOS_MAX:
        yield f"要拍照或附文件的问题有 {len(definition.binaries)} 个，信号弱时难以发送；最好不超过 {PHOTOS_MAX} 个。"
    if any(path.endswith("/meta/audit") for path in definition.binaries):
        yield "表单记录填写过程 (audit)，会增加流量并涉及个人信息；没有必要时请去掉。"
    if any(node.get(_PRELOAD_PARAMS) == "phonenumber" for node in html.iter("{*}bind")):
        yield "表单读取手机号码 (phonenumber)；没有必要时请去掉。"
    if any(
        re.search(r"\b(placement-)?maps?\b", node.get("appearance", "")) for node in html.iter("{*}input", "{*}select1")
    ):
        yield "表单用了地图外观 (map appearance)，会向境外地图服务取图；请去掉 appearance 里的 map。"


_PRELOAD_PARAMS = "{http://openrosa.org/javarosa}preloadParams"
