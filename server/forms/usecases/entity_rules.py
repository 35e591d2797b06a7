"""Checks the entity declaration of a form: that every phone in use, and every other form of the ledger, accepts it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from server.forms.domain.definitions import EntityDeclaration, Fault, FormDefinition
from server.forms.domain.record_types import Kind, RecordType, differences, same_name
from server.forms.usecases.xform.xml_parsing import ENTITIES, children, local_path

ENTITY_SPEC = "2024.1"
ENTITY_SPECS_BEFORE = frozenset({"2022.1", "2023.1"})
"""Understood, but a phone applies such a form's changes only after the next list download."""

SERVER_LISTS: Mapping[str, tuple[str, ...]] = {"areas": ("name", "label"), "handlers": ("name", "label", "kind")}
"""Lists that the server makes for each caller, and their columns; a form may use them without attaching a file."""

_DATASET = re.compile(r"(?!__)([^\W\d]|:)[\w:-]{0,99}")
_PROPERTY = re.compile(r"(?!__)[^\W\d][\w.-]{0,99}")
_CLIENT_EDITABLE = "{http://www.opendatakit.org/xforms}client-editable"


def entity_faults(
    definition: FormDefinition,
    html: etree._Element,
    existing_types: Mapping[str, RecordType],
    rows: Mapping[str, int],
) -> Iterator[Fault]:
    """Yield every reason why this form may not write to its ledger; nothing for a form that writes to none.

    rows: survey row of each question by path below the root. Rules: ``openrosa.md`` §0.3, §4.1, §4.2,
    checklist 88; ``design.md`` §5.
    """
    blocks = _blocks(html)
    saved = [bind for bind in html.iter("{*}bind") if bind.get(f"{ENTITIES}saveto")]
    if not blocks:
        if saved:
            cure = "请增加 entities 表并写明 list_name，或删去 save_to。"
            yield Fault("有 save_to，却没有写台账 (entities)。", cure, "entities")
        return
    yield from _spec_faults(html)
    yield from _block_faults(blocks, definition)
    yield from _repeat_faults(html, saved, rows)
    yield from _privacy_faults(html)
    if definition.entity is not None:
        yield from _dataset_faults(definition.entity, existing_types)
        yield from _property_faults(definition.entity, rows)
        existing = existing_types.get(definition.entity.dataset)
        if existing is not None:
            yield from _agreement_faults(definition.entity, existing, rows)


def entity_warnings(definition: FormDefinition, html: etree._Element) -> Iterator[str]:
    """Yield what the author of a form that writes to a ledger ought to know."""
    entity = definition.entity
    if entity is None:
        return
    if _spec(html) in ENTITY_SPECS_BEFORE:
        cure = f"请用新版 XLSForm 工具生成 {ENTITY_SPEC}.0。"
        yield f"台账规范 (entities-version) 较旧，手机离线时看不到自己的修改；{cure}"
    if entity.creates and entity.kind is not Kind.EVENT and entity.dataset not in definition.lists:
        yield (
            f"表单新建台账 {entity.dataset} 的记录，却没有带上它的名单，新手机离线新建后别的表单看不到；"
            f"请在 survey 表加一行 csv-external，name 写 {entity.dataset}。"
        )


def _primary(html: etree._Element) -> etree._Element:
    return next(html.iter("{*}instance"))[0]


def _blocks(html: etree._Element) -> dict[str, etree._Element]:
    """Return the entity blocks by path; a repeat's block stands in the template too and counts once."""
    tree, found = html.getroottree(), {}
    for block in _primary(html).iter("{*}entity"):
        parent = block.getparent()
        if parent is not None and etree.QName(parent).localname == "meta":
            found[re.sub(r"\[\d+\]", "", tree.getelementpath(block))] = block
    return found


def _spec(html: etree._Element) -> str:
    model = next(html.iter("{*}model"))
    named = re.match(r"(\d+\.\d+)(\.|$)", model.get(f"{ENTITIES}entities-version", "").strip())
    return named[1] if named else model.get(f"{ENTITIES}entities-version", "").strip()


def _spec_faults(html: etree._Element) -> Iterator[Fault]:
    spec = _spec(html)
    if spec == ENTITY_SPEC or spec in ENTITY_SPECS_BEFORE:
        return
    if not spec:
        yield Fault("没有写台账规范版本 (entities-version)。", "请用 XLSForm 重新生成 XForm。", "entities")
    elif spec == "2025.1":
        message = "台账写在分组或循环里，或有多个台账 (entities-version 2025.1)，KoboCollect 打不开这样的表单。"
        cure = "请在 entities 表只留一行，并且只从循环 (repeat) 之外的问题保存。"
        yield Fault(message, cure, "entities")
    else:
        message = f"不认识的台账规范版本 (entities-version) {spec}。"
        yield Fault(message, f"请用能生成 {ENTITY_SPEC}.0 的 XLSForm 工具。", "entities")


def _block_faults(blocks: Mapping[str, etree._Element], definition: FormDefinition) -> Iterator[Fault]:
    if len(blocks) > 1:
        message = f"一张表单写了 {len(blocks)} 个台账 (entities)。"
        yield Fault(message, "一张表单只能写一个台账；请在 entities 表只留一行，其余另建表单。", "entities", 3)
    if definition.entity is None:
        message = "台账写在分组或循环 (group / repeat) 里。"
        yield Fault(message, "请把保存的问题移到循环之外，让台账写在最外层。", "entities", 2)
        return
    entity = definition.entity
    if not entity.creates and not entity.updates:
        yield Fault("台账既不新建也不更新。", "请在 entities 表写明 create_if 或 update_if。", "entities", 2)
    top = next(iter(blocks.values()))
    if entity.creates and not children(top, "label"):
        yield Fault("新建台账记录需要标签 (label)。", "请在 entities 表填写 label。", "entities", 2, "label")
    if entity.updates and entity.dataset not in definition.lists:
        cure = f"请用 select_one_from_file {entity.dataset}.csv 选记录，或加一行 csv-external。"
        yield Fault(f"表单更新台账 {entity.dataset}，却没有带上它的名单。", cure, "survey")


def _repeat_faults(html: etree._Element, saved: list[etree._Element], rows: Mapping[str, int]) -> Iterator[Fault]:
    repeats = [local_path(node.get("nodeset", "")) + "/" for node in html.iter("{*}repeat")]
    for bind in saved:
        path = local_path(bind.get("nodeset", ""))
        if any(path.startswith(repeat) for repeat in repeats):
            message = f"循环 (repeat) 里的问题 {path.rpartition('/')[2]} 写了 save_to。"
            yield Fault(message, "请把它移到循环之外，或删去 save_to。", "survey", _row(rows, path), "save_to")


def _privacy_faults(html: etree._Element) -> Iterator[Fault]:
    for submission in html.iter("{*}submission"):
        if submission.get(_CLIENT_EDITABLE):
            message = "写台账的表单不能允许在手机上改已完成的表 (client_editable)，改动不会进台账。"
            yield Fault(message, "请删去 client_editable，另做一张更新用的表单。", "settings", 2, "client_editable")


def _dataset_faults(entity: EntityDeclaration, existing_types: Mapping[str, RecordType]) -> Iterator[Fault]:
    name = entity.dataset
    if not _DATASET.fullmatch(name):
        message = f"台账名 (list_name) “{name}”不合规。"
        cure = "请以字母或下划线开头，只用字母、数字、下划线和连字符，不要有点号，也不要以两个下划线开头。"
        yield Fault(message, cure, "entities", 2, "list_name")
    if name.lower() in SERVER_LISTS:
        yield Fault(f"台账名 (list_name) “{name}”留给服务器使用。", "请换一个名字。", "entities", 2, "list_name")
    twin = next(
        (existing for existing in existing_types if existing != name and existing.lower() == name.lower()), None
    )
    if twin is not None:
        message = f"台账名 (list_name) “{name}”与已有的“{twin}”只差大小写，手机分不清。"
        yield Fault(message, f"请改成“{twin}”，或换一个名字。", "entities", 2, "list_name")


def _property_faults(entity: EntityDeclaration, rows: Mapping[str, int]) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for path, field in entity.properties.items():
        name, row = field.name, _row(rows, path)
        if not _PROPERTY.fullmatch(name):
            cure = "请以字母或下划线开头，只用字母、数字、下划线、连字符和点号，不要以两个下划线开头。"
            yield Fault(f"字段名 (save_to) “{name}”不合规。", cure, "survey", row, "save_to")
        if name.lower() in {"name", "label"}:
            cure = "请换一个字段名；记录的标签写在 entities 表的 label 里。"
            yield Fault(f"字段名 (save_to) “{name}”是保留的。", cure, "survey", row, "save_to")
        if name.lower() in seen:
            message = f"字段名 (save_to) “{name}”与“{seen[name.lower()]}”重复（不分大小写）。"
            yield Fault(message, "请改名或删去其中一个 save_to。", "survey", row, "save_to")
        seen[name.lower()] = name


def _agreement_faults(entity: EntityDeclaration, existing: RecordType, rows: Mapping[str, int]) -> Iterator[Fault]:
    if entity.kind is not None and existing.stated is not None and entity.kind is not existing.stated:
        message = f"台账 {existing.name} 的性质 (fg:kind) 已发布为“{existing.stated}”，这张表单写成“{entity.kind}”。"
        yield Fault(message, f"请改为“{existing.stated}”，或留空。", "settings", 2, "attribute::fg:kind")
    for path, field in entity.properties.items():
        earlier = same_name(existing.fields, field)
        for what, one, other in differences(earlier, field) if earlier else ():
            message = f"字段 {field.name} 的{what}在台账 {existing.name} 已发布为“{one}”，这张表单写成“{other}”。"
            cure = f"请改为“{one}”，或换一个字段名 (save_to)。"
            yield Fault(message, cure, "survey", _row(rows, path), "save_to")


def _row(rows: Mapping[str, int], path: str) -> int | None:
    return rows.get("/" + "/".join(path.split("/")[2:]))
