"""Draws forms with groups and repeats nested at will, and submissions that a phone could make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import strategies as st

NAMES = ("a", "b", "c", "name", "receipt", "KEY", "area", "others")
CODES = ("c1", "c2", "c3")
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=12
)
ANSWERS = {
    "string": st.one_of(TEXTS, st.from_regex(r"'?[-+=@0-9./ ]{0,20}", fullmatch=True), st.just("两\n行\t字")),
    "int": st.integers(-(10**9), 10**9).map(str) | st.just("007"),
    "decimal": st.decimals(-1000, 1000, places=3).map(str) | st.just("1.50"),
    "select": st.lists(st.sampled_from((*CODES, "gone")), max_size=3, unique=True).map(" ".join),
}


@dataclass(frozen=True)
class Node:
    """A question (``kind`` is its type), a ``group``, or a ``repeat``. name: the path below the root."""

    path: str
    kind: str
    nodes: tuple[Node, ...] = ()


@st.composite
def forms(draw: Any, above: str = "", depth: int = 0) -> tuple[Node, ...]:
    """Draw the nodes of a form, or of a group or repeat in it."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    found = []
    for name in names:
        kinds = [*ANSWERS] + (["group", "repeat"] if depth < 3 else [])
        kind, path = draw(st.sampled_from(kinds)), f"{above}{name}"
        inside = draw(forms(f"{path}/", depth + 1)) if kind in ("group", "repeat") else ()
        found.append(Node(path, kind, inside))
    return tuple(found)


@dataclass(frozen=True)
class Filled:
    """The answers in one instance of a form or repeat, by path; ``instances`` by path of the repeats in it."""

    answers: dict[str, str]
    instances: dict[str, list[Filled]]


@st.composite
def filled(draw: Any, nodes: tuple[Node, ...]) -> Filled:
    """Draw the answers to a form."""
    answers: dict[str, str] = {}
    instances: dict[str, list[Filled]] = {}
    for node in nodes:
        if node.kind == "repeat":
            instances[node.path] = [draw(filled(node.nodes)) for _ in range(draw(st.integers(0, 2)))]
        elif node.kind == "group":
            inside = draw(filled(node.nodes))
            answers |= inside.answers
            instances |= inside.instances
        else:
            answers[node.path] = draw(ANSWERS[node.kind])
    return Filled(answers, instances)


def xform(nodes: tuple[Node, ...], version: str) -> bytes:
    """Return the XForm of a form; the label of each question and choice is its name."""
    return f"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms"><h:head><h:title>某表</h:title><model>
<instance><data id="law" version="{version}">{_instance(nodes)}<orx:meta><orx:instanceID/></orx:meta></data></instance>
{_binds(nodes)}<bind nodeset="/data/orx:meta/orx:instanceID" type="string" jr:preload="uid"/></model></h:head>
<h:body>{_controls(nodes)}</h:body></h:html>""".encode()


def submission(nodes: tuple[Node, ...], answers: Filled, instance: str, version: str) -> bytes:
    """Return what a phone sends."""
    return (
        f'<data xmlns:orx="http://openrosa.org/xforms" id="law" version="{version}">{_sent(nodes, answers)}'
        f"<orx:meta><orx:instanceID>{instance}</orx:instanceID></orx:meta></data>"
    ).encode()


def _name(node: Node) -> str:
    return node.path.rpartition("/")[2]


def _instance(nodes: tuple[Node, ...]) -> str:
    template = {"repeat": ' jr:template=""'}
    return "".join(f"<{_name(n)}{template.get(n.kind, '')}>{_instance(n.nodes)}</{_name(n)}>" for n in nodes)


def _binds(nodes: tuple[Node, ...]) -> str:
    types = {"select": "string"}
    own = (f'<bind nodeset="/data/{n.path}" type="{types.get(n.kind, n.kind)}"/>' for n in nodes if not n.nodes)
    return "".join(own) + "".join(_binds(n.nodes) for n in nodes)


def _controls(nodes: tuple[Node, ...]) -> str:
    return "".join(map(_control, nodes))


def _control(node: Node) -> str:
    ref, label = f"/data/{node.path}", f"<label>{_name(node)}</label>"
    if node.kind == "group":
        return f'<group ref="{ref}">{label}{_controls(node.nodes)}</group>'
    if node.kind == "repeat":
        return f'<group ref="{ref}">{label}<repeat nodeset="{ref}">{_controls(node.nodes)}</repeat></group>'
    if node.kind == "select":
        items = "".join(f"<item><label>{code}</label><value>{code}</value></item>" for code in CODES)
        return f'<select ref="{ref}">{label}{items}</select>'
    return f'<input ref="{ref}">{label}</input>'


def _sent(nodes: tuple[Node, ...], answers: Filled) -> str:
    parts = []
    for node in nodes:
        name = _name(node)
        if node.kind == "repeat":
            parts += [f"<{name}>{_sent(node.nodes, each)}</{name}>" for each in answers.instances[node.path]]
        elif node.kind == "group":
            parts.append(f"<{name}>{_sent(node.nodes, answers)}</{name}>")
        else:
            parts.append(f"<{name}>{escape(answers.answers[node.path])}</{name}>")
    return "".join(parts)
