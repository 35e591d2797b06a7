"""Fill the built-in forms as phones do and submit them, so that the demonstration has real submissions."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from lxml import etree

from server import instants
from server.db.transactions import Reading, Transaction
from server.demo import photos
from server.demo.filled_forms import EntityBlock, blank_instance, fill
from server.errors import Refusal
from server.forms.store import forms
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
                files.append(self.photo(category, question != "photo", tx)._replace(name=filled[question]))
        empty = set(answers) - set(filled)
        raw = self._filled(tx, form, target, filled, empty)
        xml = read_submission(raw)
        referenced = {text for _, text in xml.leaves}
        sent = tuple(file for file in files if file.name in referenced)
        posted = PostedSubmission(raw, xml, sent, f"collect:demo-{name}", "org.odk.collect.android/v2026.1 (demo)")
        answer = receiving.receive(tx, posted, by=people.actor(tx, name))
        if isinstance(answer, Refusal):
            raise answer

    def photo(self, category: str, is_after: bool, reading: Reading) -> Attachment:
        """Return the photo of a hazard as it looks today; one of each scene and day is enough."""
        wanted = (category, is_after, instants.local_day(reading.now))
        if wanted not in self._kept:
            incoming = self._blobs.incoming()
            incoming.write(photos.photo(*wanted))
            blob = self._blobs.keep(incoming)
            self._kept[wanted] = Attachment("", blob.sha256, blob.size, "image/png")
        return self._kept[wanted]

    def _filled(self, tx: Transaction, form: str, target: Target, answers: Mapping[str, str], empty: Set[str]) -> bytes:
        ended = instants.parse(tx.now).astimezone(BEIJING) - timedelta(minutes=1)
        began, instance_id, branch = ended - timedelta(minutes=3), tx.new_id(), tx.new_id()
        block = EntityBlock(target.id, target.base, target.base, branch, target.label)
        blank = self._blank_of(tx, form)
        return fill(blank, block, answers, empty=empty, began=began, ended=ended, instance_id=instance_id)

    def _blank_of(self, reading: Reading, form: str) -> etree._Element:
        if form not in self._blank:
            self._blank[form] = blank_instance(forms.xml(reading, form, forms.get(reading, form).version))
        return self._blank[form]
