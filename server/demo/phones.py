"""Fill the built-in forms as phones do and submit them, so that the demonstration has real submissions."""

from __future__ import annotations

from collections.abc import Mapping, Set
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from lxml import etree

from server import instants
from server.db.transactions import Reading, Transaction
from server.demo import photos
from server.errors import Refusal
from server.forms.store import forms
from server.forms.usecases.xform.xml_parsing import child, children, parse
from server.instants import BEIJING
from server.openrosa.submission_xml import read_submission
from server.people.store import people
from server.submissions.domain.submissions import Attachment, PostedSubmission
from server.submissions.store.blobs import BlobStore
from server.submissions.usecases import receiving

PHOTOS = frozenset({"photo", "photo_after", "fixed_photo"})
"""Questions that a picture answers."""

_MISSING_PHOTO_SHARE = 0.12
"""Share of photos of which only the name has arrived: with a weak signal the record arrives first."""


@dataclass(frozen=True, slots=True)
class Target:
    """The record that a form is about.

    base: version that the phone held, 0 for a record that it creates. label: its label then, else the form's name.
    """

    type: str
    id: str
    base: int = 0
    label: str = ""


class Phones:
    """Everybody's phones. chance: decides which photos have not arrived yet."""

    def __init__(self, folder: Path, chance: Random) -> None:
        self._chance = chance
        self._blobs = BlobStore(folder / "blobs")
        self._kept: dict[tuple[str, bool, str], Attachment] = {}
        self._blank: dict[str, etree._Element] = {}

    def send(
        self,
        tx: Transaction,
        name: str,
        form: str,
        target: Target,
        answers: Mapping[str, str],
        category: str = "",
    ) -> None:
        """Submit ``form``, filled by the person ``name``.

        answers: by question; what the form does not ask is left out. An empty one was asked, or calculated, and is sent
        empty, as a phone does with every relevant question. An answer to a question of ``PHOTOS`` is a picture,
        whatever its text. category: of the hazard that it shows. Raises the Refusal of the server.
        """
        files: list[Attachment] = []
        filled = {question: answer for question, answer in answers.items() if answer}
        for question in sorted(PHOTOS & set(filled)):
            filled[question] = f"{instants.parse(tx.now).timestamp() * 1000:.0f}-{question}.png"
            if self._chance.random() >= _MISSING_PHOTO_SHARE:
                files.append(self._photo(category, question != "photo", tx)._replace(name=filled[question]))
        empty = set(answers) - set(filled)
        raw = etree.tostring(self._filled(tx, form, target, filled, empty), encoding="utf-8", xml_declaration=True)
        xml = read_submission(raw)
        referenced = {text for _, text in xml.leaves}
        sent = tuple(file for file in files if file.name in referenced)
        posted = PostedSubmission(raw, xml, sent, f"collect:demo-{name}", "org.odk.collect.android/v2026.1 (demo)")
        answer = receiving.receive(tx, posted, by=people.actor(tx, name))
        if isinstance(answer, Refusal):
            raise answer

    def _photo(self, category: str, is_after: bool, reading: Reading) -> Attachment:
        """Return the photo of a hazard as it looks today; one of each scene and day is enough."""
        wanted = (category, is_after, instants.local_day(reading.now))
        if wanted not in self._kept:
            incoming = self._blobs.incoming()
            incoming.write(photos.photo(*wanted))
            blob = self._blobs.keep(incoming)
            self._kept[wanted] = Attachment("", blob.sha256, blob.size, "image/png")
        return self._kept[wanted]

    def _filled(
        self, tx: Transaction, form: str, target: Target, answers: Mapping[str, str], empty: Set[str]
    ) -> etree._Element:
        root = deepcopy(self._blank_of(tx, form))
        finished = instants.parse(tx.now).astimezone(BEIJING) - timedelta(minutes=1)
        started = finished - timedelta(minutes=3)
        times = {"start": started.isoformat("T", "milliseconds"), "end": finished.isoformat("T", "milliseconds")}
        times["discovered_at"] = times["start"]
        for leaf in [node for node in root.iter() if len(node) == 0]:
            leaf.text = {**times, **answers}.get(etree.QName(leaf).localname) or leaf.text
        meta = child(root, "meta")
        _fill_meta(meta, target, tx.new_id(), tx.new_id())
        for leaf in [node for node in root.iter() if len(node) == 0 and not node.text and node.getparent() is not meta]:
            parent = leaf.getparent()
            kept = etree.QName(leaf).localname in empty
            if parent is not None and etree.QName(parent).localname != "entity" and not kept:
                parent.remove(leaf)  # as a phone leaves out questions that are not relevant
        return root

    def _blank_of(self, reading: Reading, form: str) -> etree._Element:
        if form not in self._blank:
            html = parse(forms.xml(reading, form, forms.get(reading, form).version))
            instance = child(child(child(html, "head"), "model"), "instance")
            if instance is None:
                raise RuntimeError(f"form {form} has no instance")
            self._blank[form] = deepcopy(instance[0])
        return self._blank[form]


def _fill_meta(meta: etree._Element | None, target: Target, instance_id: str, branch: str) -> None:
    """Fill the meta block as a phone does: the id of the instance, and which record it is about."""
    if meta is None:
        raise RuntimeError("a built-in form has no meta block")
    creates = target.base == 0
    entity = children(meta, "entity")[0]
    entity.set("id", target.id)
    for name, value in {
        "create": "1" if creates else "",
        "update": "" if creates else "1",
        "baseVersion": "" if creates else str(target.base),
        "trunkVersion": "" if creates else str(target.base),
        "branchId": "" if creates else branch,
    }.items():
        if value or name in entity.attrib:
            entity.set(name, value)
    label = child(entity, "label")
    if label is not None:
        label.text = target.label if creates else ""
    for name, text in {"instanceID": f"uuid:{instance_id}", "instanceName": target.label}.items():
        node = child(meta, name)
        if node is not None:
            node.text = text
