"""Checks the entity declarations of a form: that every phone in use, and every other form of a ledger, accepts them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from lxml import etree

from server.forms.domain.definitions import Allowance, EntityDeclaration, Fault, FormDefinition
from server.forms.domain.fields import Field
from server.forms.domain.record_types import Kind, RecordType, differences, same_name
from server.forms.usecases.xform.entity_reader import container_of, entity_blocks
from server.forms.usecases.xform.xml_parsing import ENTITIES, children, local_path
from server.forms.usecases.xlsform.sheets import FIRST_ROW, Sheets, cell, rows_by_path

ENTITY_SPEC = "2024.1"
SEVERAL_SPEC = "2025.1"
"""Entities in repeats, or several in one form: Collect from 2026.1, and no KoboCollect, opens such a form."""

ENTITY_SPECS_BEFORE = frozenset({"2022.1", "2023.1"})
"""Understood, but a phone applies such a form's changes only after the next list download."""

SERVER_LISTS: Mapping[str, tuple[str, ...]] = {
    "areas": ("name", "label"),
    "handlers": ("name", "label", "kind"),
    "handling_limits": ("name", "label", "days"),
}
"""Lists that the server makes for each caller, and their columns; a form may use them without attaching a file."""

_DATASET = re.compile(r"(?!__)([^\W\d]|:)[\w:-]{0,99}")
_PROPERTY = re.compile(r"(?!__)[^\W\d][\w.-]{0,99}")
_CLIENT_EDITABLE = "{http://www.opendatakit.org/xforms}client-editable"
_NOT_FOR_KOBO = (
    "从循环 (repeat) 写台账，或写多个台账 (entities-version 2025.1)：KoboCollect 和 2026.1 以前的 ODK Collect 打不开"
)


def entity_faults(
    definition: FormDefinition,
    html: etree._Element,
    existing_types: Mapping[str, RecordType],
    sheets: Sheets,
    allowed: Collection[Allowance] = (),
) -> Iterator[Fault]:
    """Yield every reason why this form may not write to its ledgers; nothing for a form that writes to none.

    sheets: the XLSForm, to name rows. allowed: what an administrator insists on. Rules: ``openrosa.md`` §0.3, §4.1,
    §4.2, checklist 88; ``design.md`` §5.
    """
    saved = [bind for bind in html.iter("{*}bind") if bind.get(f"{ENTITIES}saveto")]
    if not definition.entities:
        if saved:
            cure = "请增加 entities 表并写明 list_name，或删去 save_to。"
            yield Fault("有 save_to，却没有写台账 (entities)。", cure, "entities")
        return
    rows, blocks = rows_by_path(sheets), entity_blocks(html)
    yield from _spec_faults(definition, html, sheets, allowed)
    yield from _saved_faults(html, saved, blocks, rows)
    yield from _privacy_faults(html)
    agreed = {name: [*type.fields.values()] for name, type in existing_types.items()}
    for entity in definition.entities:
        row = _row_of_list(sheets, entity.dataset) or 2
        yield from _block_faults(entity, blocks[entity.container], definition, row)
        yield from _dataset_faults(entity, existing_types, row)
        yield from _property_faults(entity, rows)
        yield from _kind_faults(entity, existing_types, definition)
        yield from _agreement_faults(entity, agreed.setdefault(entity.dataset, []), rows)


def entity_warnings(definition: FormDefinition, html: etree._Element) -> Iterator[str]:
    """Yield what the author of a form that writes to a ledger ought to know."""
    if definition.entities and _spec(html) in ENTITY_SPECS_BEFORE:
        cure = f"请用新版 XLSForm 工具生成 {ENTITY_SPEC}.0。"
        yield f"台账规范 (entities-version) 较旧，手机离线时看不到自己的修改；{cure}"
    if definition.entities and _spec(html) == SEVERAL_SPEC:
        yield f"表单{_NOT_FOR_KOBO}它；请确认用它的手机都装了 ODK Collect 2026.1 或更新的版本。"
    for entity in definition.entities:
        if entity.creates and entity.kind is not Kind.EVENT and entity.dataset not in definition.lists:
            yield (
                f"表单新建台账 {entity.dataset} 的记录，却没有带上它的名单，新手机离线新建后别的表单看不到；"
                f"请在 survey 表加一行 csv-external，name 写 {entity.dataset}。"
            )


def _spec(html: etree._Element) -> str:
    model = next(html.iter("{*}model"))
    named = re.match(r"(\d+\.\d+)(\.|$)", model.get(f"{ENTITIES}entities-version", "").strip())
    return named[1] if named else model.get(f"{ENTITIES}entities-version", "").strip()


def _spec_faults(
    definition: FormDefinition, html: etree._Element, sheets: Sheets, allowed: Collection[Allowance]
) -> Iterator[Fault]:
    spec, several = _spec(html), definition.has_several_entities
    if not spec:
        yield Fault("没有写台账规范版本 (entities-version)。", "请用 XLSForm 重新生成 XForm。", "entities")
    elif spec not in {ENTITY_SPEC, SEVERAL_SPEC, *ENTITY_SPECS_BEFORE}:
        message = f"不认识的台账规范版本 (entities-version) {spec}。"
        yield Fault(message, f"请用能生成 {ENTITY_SPEC}.0 的 XLSForm 工具。", "entities")
    elif several and spec != SEVERAL_SPEC:
        message = f"台账写在分组或循环 (group / repeat) 里，或有多个台账，规范版本 (entities-version) 却是 {spec}。"
        yield Fault(message, "请用 XLSForm 重新生成 XForm。", "entities")
    if (several or spec == SEVERAL_SPEC) and Allowance.SEVERAL_ENTITIES not in allowed:
        inner = next((each.dataset for each in definition.entities if each.container), definition.entities[-1].dataset)
        cure = (
            "请在 entities 表只留一行，并且只从循环之外的问题保存，其余另建表单；"
            f"如果全县的手机都用 ODK Collect 2026.1 以上，管理员发布时可加 --allow {Allowance.SEVERAL_ENTITIES}。"
        )
        yield Fault(f"表单{_NOT_FOR_KOBO}它。", cure, "entities", _row_of_list(sheets, inner))


def _block_faults(
    entity: EntityDeclaration, block: etree._Element, definition: FormDefinition, row: int
) -> Iterator[Fault]:
    if not entity.creates and not entity.updates:
        yield Fault("台账既不新建也不更新。", "请在 entities 表写明 create_if 或 update_if。", "entities", row)
    if entity.creates and not children(block, "label"):
        yield Fault("新建台账记录需要标签 (label)。", "请在 entities 表填写 label。", "entities", row, "label")
    if entity.updates and entity.dataset not in definition.lists:
        cure = f"请用 select_one_from_file {entity.dataset}.csv 选记录，或加一行 csv-external。"
        yield Fault(f"表单更新台账 {entity.dataset}，却没有带上它的名单。", cure, "survey")


def _saved_faults(
    html: etree._Element, saved: list[etree._Element], containers: Mapping[str, object], rows: Mapping[str, int]
) -> Iterator[Fault]:
    """Yield a fault for each answer that has no entity to be saved to, or several answers to one."""
    repeats = [_below_root(local_path(node.get("nodeset", ""))) for node in html.iter("{*}repeat")]
    for bind in saved:
        path = local_path(bind.get("nodeset", ""))
        name, container = path.rpartition("/")[2], container_of(path, containers)
        if container is None:
            message = f"问题 {name} 写了 save_to，它所在的分组或循环却没有写台账。"
            yield Fault(message, "请把它移到写台账的那一层，或删去 save_to。", "survey", _row(rows, path), "save_to")
            continue
        inside = f"{container}/" if container else ""
        if any(each.startswith(inside) and _below_root(path).startswith(f"{each}/") for each in repeats):
            message = f"循环 (repeat) 里的问题 {name} 写了 save_to，台账却写在循环之外，一条记录会有几个答案。"
            yield Fault(message, "请把它移到循环之外，或删去 save_to。", "survey", _row(rows, path), "save_to")


def _privacy_faults(html: etree._Element) -> Iterator[Fault]:
    for submission in html.iter("{*}submission"):
        if submission.get(_CLIENT_EDITABLE):
            message = "写台账的表单不能允许在手机上改已完成的表 (client_editable)，改动不会进台账。"
            yield Fault(message, "请删去 client_editable，另做一张更新用的表单。", "settings", 2, "client_editable")


def _dataset_faults(entity: EntityDeclaration, existing_types: Mapping[str, RecordType], row: int) -> Iterator[Fault]:
    name = entity.dataset
    if not _DATASET.fullmatch(name):
        message = f"台账名 (list_name) “{name}”不合规。"
        cure = "请以字母或下划线开头，只用字母、数字、下划线和连字符，不要有点号，也不要以两个下划线开头。"
        yield Fault(message, cure, "entities", row, "list_name")
    if name.lower() in SERVER_LISTS:
        yield Fault(f"台账名 (list_name) “{name}”留给服务器使用。", "请换一个名字。", "entities", row, "list_name")
    twin = next(
        (existing for existing in existing_types if existing != name and existing.lower() == name.lower()), None
    )
    if twin is not None:
        message = f"台账名 (list_name) “{name}”与已有的“{twin}”只差大小写，手机分不清。"
        yield Fault(message, f"请改成“{twin}”，或换一个名字。", "entities", row, "list_name")


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


def _kind_faults(
    entity: EntityDeclaration, existing_types: Mapping[str, RecordType], definition: FormDefinition
) -> Iterator[Fault]:
    existing = existing_types.get(entity.dataset)
    earlier = [] if existing is None or existing.stated is None else [existing.stated]
    of_form = (each.kind for each in definition.entities if each.dataset == entity.dataset and each.kind is not None)
    stated = next(iter(earlier), next(of_form, None))
    if entity.kind is not None and stated is not None and entity.kind is not stated:
        message = f"台账 {entity.dataset} 的性质 (fg:kind) 已发布为“{stated}”，这张表单写成“{entity.kind}”。"
        if not earlier:
            message = f"台账 {entity.dataset} 的性质 (fg:kind) 在这张表单里既写成“{stated}”，又写成“{entity.kind}”。"
        where = ("survey", None, "bind::fg:kind") if entity.container else ("settings", 2, "attribute::fg:kind")
        yield Fault(message, f"请改为“{stated}”，或留空。", *where)


def _agreement_faults(entity: EntityDeclaration, agreed: list[Field], rows: Mapping[str, int]) -> Iterator[Fault]:
    """Yield a fault for each field that is declared otherwise than in ``agreed``, to which the others are added."""
    known = {each.name: each for each in agreed}
    for path, field in entity.properties.items():
        earlier = same_name(known, field)
        agreed += [] if earlier is not None else [field]
        for what, one, other in differences(earlier, field) if earlier is not None else ():
            message = f"字段 {field.name} 的{what}在台账 {entity.dataset} 已发布为“{one}”，这张表单写成“{other}”。"
            cure = f"请改为“{one}”，或换一个字段名 (save_to)。"
            yield Fault(message, cure, "survey", _row(rows, path), "save_to")


def _row_of_list(sheets: Sheets, dataset: str) -> int | None:
    numbered = enumerate(sheets.rows.get("entities", ()), FIRST_ROW)
    return next((row for row, cells in numbered if dataset in {cell(cells, "list_name"), cell(cells, "dataset")}), None)


def _row(rows: Mapping[str, int], path: str) -> int | None:
    return rows.get(f"/{_below_root(path)}")


def _below_root(path: str) -> str:
    return path.strip("/").partition("/")[2]
