"""Reads the built-in forms the way a phone gets them, for the tests in this folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lxml import etree
from pyxform.xls2xform import convert

import kobo_forms

XFORMS = "http://www.w3.org/2002/xforms"
ENTITIES = "http://www.opendatakit.org/xforms/entities"
FIREGRID = "urn:firegrid:xforms"
NAMESPACES = {
    "x": XFORMS,
    "h": "http://www.w3.org/1999/xhtml",
    "jr": "http://openrosa.org/javarosa",
    "entities": ENTITIES,
    "fg": FIREGRID,
    "odk": "http://www.opendatakit.org/xforms",
    "orx": "http://openrosa.org/xforms",
}


@dataclass(frozen=True)
class XForm:
    """One converted form: its XML, its tree and what pyxform had to say."""

    name: str
    xml: str
    warnings: tuple[str, ...]

    @property
    def tree(self) -> etree._Element:
        return etree.fromstring(self.xml.encode())

    def all(self, path: str) -> list:
        return self.tree.xpath(path, namespaces=NAMESPACES)

    def one(self, path: str):
        found = self.all(path)
        assert len(found) == 1, f"{path} stands {len(found)} times in {self.name}"
        return found[0]

    def bind(self, path: str) -> etree._Element:
        return self.one(f"//x:bind[@nodeset='/data/{path}']")

    def saved(self) -> dict[str, etree._Element]:
        """Return the binds by the property they save to."""
        return {bind.get(f"{{{ENTITIES}}}saveto"): bind for bind in self.all("//x:bind[@entities:saveto]")}

    def files(self) -> set[str]:
        return {source.rpartition("/")[2] for source in self.all("//x:instance/@src") if "jr://file" in source}


@cache
def xform(name: str) -> XForm:
    said: list[str] = []
    xml = convert(kobo_forms.source(name), file_type=".md", warnings=said).xform
    return XForm(name, xml, tuple(said))
