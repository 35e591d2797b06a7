"""Reads from an XForm what it saves to ledgers: one entity, or several, in groups and repeats too (spec 2025.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lxml import etree

from server.forms.domain.definitions import EntityDeclaration, Fault, Question
from server.forms.domain.fields import Field
from server.forms.domain.record_types import Kind
from server.forms.usecases.xform.questions import bind_type, label_of
from server.forms.usecases.xform.xml_parsing import ENTITIES, FIREGRID, local_path
from sync.rules import MergePolicy


def entity_blocks(html: etree._Element) -> dict[str, etree._Element]:
    """Return the ``meta/entity`` blocks of a form by the path of their container below the root, in document order.

    A repeat's block stands in its template and in its first instance, and counts once.
    """
    root = next(html.iter("{*}instance"))[0]
    found: dict[str, etree._Element] = {}
    for block in root.iter("{*}entity"):
        meta = block.getparent()
        if meta is not None and etree.QName(meta).localname == "meta":
            above = [node for node in meta.iterancestors() if root in node.iterancestors()]
            found.setdefault("/".join(etree.QName(node).localname for node in reversed(above)), block)
    return found


def container_of(path: str, containers: Mapping[str, object]) -> str | None:
    """Return the innermost of ``containers`` that holds a question, to whose entity it saves; None where none does.

    path: of the question from the root (``/data/person/name``). containers: paths below the root, '' for the root.
    """
    below = path.strip("/").partition("/")[2]
    holding = (each for each in containers if not each or below.startswith(f"{each}/"))
    return max(holding, key=len, default=None)


def read_entities(
    html: etree._Element,
    binds: Mapping[str, etree._Element],
    questions: Mapping[str, Question],
    texts: Mapping[str, str],
    faults: list[Fault],
) -> tuple[EntityDeclaration, ...]:
    """Return what a form saves to ledgers, outer containers first; what ``fg:`` says wrong joins ``faults``.

    html: root of the XForm. binds, questions: by path. texts: of the default language, by id. What a list is lies with
    its container: for the form itself in the settings, for a group or repeat on its own row.
    """
    root, blocks = next(html.iter("{*}instance"))[0], entity_blocks(html)
    groups = {local_path(node.get("ref", "")): node for node in html.iter("{*}group")}
    saved: dict[str, dict[str, etree._Element]] = {container: {} for container in blocks}
    for path, bind in binds.items():
        container = container_of(path, blocks) if bind.get(f"{ENTITIES}saveto") else None
        if container is not None:
            saved[container][path] = bind
    found = []
    for container, block in blocks.items():
        path = f"/{etree.QName(root).localname}/{container}"
        read = _declaration(block, _properties(saved[container], questions, faults))
        label = label_of(path, groups.get(path), texts) if container else ""
        stated = binds.get(path) if container else root
        if stated is not None:
            title = stated.get(f"{FIREGRID}title", "").strip() or None
            read = replace(read, kind=_kind(stated, container, faults), title=title)
        found.append(replace(read, container=container, container_label=label))
    return tuple(sorted(found, key=lambda each: len(each.container.split("/")) if each.container else 0))


def _declaration(block: etree._Element, properties: Mapping[str, Field]) -> EntityDeclaration:
    return EntityDeclaration(
        dataset=block.get("dataset", "").strip(),
        creates=block.get("create", "0") not in {"0", "false"},
        updates=block.get("update", "0") not in {"0", "false"},
        properties=properties,
    )


def _properties(
    saved: Mapping[str, etree._Element], questions: Mapping[str, Question], faults: list[Fault]
) -> dict[str, Field]:
    policies = _policies(saved, faults)
    return {
        path: _field(bind, questions.get(path, Question(path, bind_type(bind, ""))), policies[path])
        for path, bind in saved.items()
    }


def _field(bind: etree._Element, question: Question, merge: MergePolicy) -> Field:
    return Field(
        name=bind.get(f"{ENTITIES}saveto", "").strip(),
        label=question.label,
        type=question.type,
        group=bind.get(f"{FIREGRID}group", "").strip() or None,
        merge=merge,
        set_valued=question.multiple,
        options=question.options,
        required=question.required,
        personal=question.personal,
    )


def _kind(stated: etree._Element, container: str, faults: list[Fault]) -> Kind | None:
    """Return the kind that a container states. stated: the form's root, or the bind of a group or repeat."""
    kind = stated.get(f"{FIREGRID}kind", "").strip()
    if kind and kind not in set(Kind):
        where = ("survey", None, "bind::fg:kind") if container else ("settings", 2, "attribute::fg:kind")
        faults.append(Fault(f"台账性质 (fg:kind) “{kind}”无效。", f"请改为 {'、'.join(Kind)} 之一。", *where))
        return None
    return Kind(kind) if kind else None


def _policies(saved: Mapping[str, etree._Element], faults: list[Fault]) -> dict[str, MergePolicy]:
    """Return each saved path's merge policy; one statement on any row of a merge group counts for the whole group."""
    stated = {path: bind.get(f"{FIREGRID}merge", "").strip() for path, bind in saved.items()}
    groups: dict[str, set[str]] = {}
    for path, bind in saved.items():
        if stated[path] not in {"", *MergePolicy}:
            name, allowed = path.rpartition("/")[2], "、".join(MergePolicy)
            message = f"问题 {name} 的合并方式 (fg:merge) “{stated[path]}”无效。"
            faults.append(Fault(message, f"请改为 {allowed} 之一，或留空。", "survey", None, "bind::fg:merge"))
        elif stated[path]:
            groups.setdefault(bind.get(f"{FIREGRID}group", "").strip() or path, set()).add(stated[path])
    for group, policies in groups.items():
        if len(policies) > 1:
            message = f"合并组 {group} 里的合并方式 (fg:merge) 不一致。"
            faults.append(Fault(message, "同组的问题请用同一种合并方式。", "survey", None, "bind::fg:merge"))
    keys = {path: bind.get(f"{FIREGRID}group", "").strip() or path for path, bind in saved.items()}
    policy = {group: MergePolicy(min(policies)) for group, policies in groups.items()}
    return {path: policy.get(key, MergePolicy.KEEP) for path, key in keys.items()}
