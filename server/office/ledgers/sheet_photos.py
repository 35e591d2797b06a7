"""Takes the photos that a form asks for on a page: each answers its question, by the name that it is kept under.

What has come stays on the server while the form goes back and forth, named by what the form carries, sealed for its
author (``server.office.cases.act_photos``); so a form that asks more, or is refused, need not be given them again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from flask import request
from werkzeug.datastructures import MultiDict

from server.errors import Refusal
from server.forms.domain.sheets import Ask, Question, key_of
from server.office.cases import act_photos
from server.office.cases.act_photos import ShownPhoto
from server.office.ledgers import sheet_inputs
from server.people.domain.actors import Actor
from sync.changes import AttachmentName

KEPT = "kept."
"""Before the key of a question in the name of the input that names the photo which came before."""


class SheetPhotos(NamedTuple):
    """The photos that a form brings. by_key: of each question that has one. faults: what is wrong with others."""

    by_key: Mapping[str, AttachmentName]
    faults: Mapping[str, str]

    def attachments(self, asked: Container[str]) -> tuple[AttachmentName, ...]:
        """Return each photo of these questions once, as the change names them."""
        return tuple(dict.fromkeys(photo for key, photo in self.by_key.items() if key in asked))

    def shown(self, author: str) -> dict[str, ShownPhoto]:
        """Return by key what the form that comes back says of each."""
        return {key: act_photos.shown([photo], author)[0] for key, photo in self.by_key.items()}

    def beside(self, asked: Container[str], author: str) -> list[tuple[str, str]]:
        """Return the inputs that name the photos of questions which are not asked now: they may be asked again."""
        return [(KEPT + key, photo.sealed) for key, photo in self.shown(author).items() if key not in asked]

    def answered(self, form: MultiDict[str, str], keys: Iterable[str]) -> MultiDict[str, str]:
        """Return the form with the photos as the answers to their questions; what else it says of these is dropped."""
        answers = MultiDict(form)
        for key in keys:
            answers.poplist(sheet_inputs.PREFIX + key)
            if key in self.by_key:
                answers[sheet_inputs.PREFIX + key] = self.by_key[key].name
        return answers


NO_PHOTOS = SheetPhotos({}, {})


def photo_keys(questions: Iterable[Question]) -> list[str]:
    """Return the keys of the questions that are answered by a photo."""
    return [key_of(each.path) for each in questions if each.asked is Ask.PHOTO]


def receive(form: MultiDict[str, str], keys: Iterable[str], by: Actor) -> SheetPhotos:
    """Keep the photos of this request, and return them with those that came before; a new one takes an old one's place.

    keys: of the questions that are answered by a photo. Nothing is raised for one that cannot be taken: the form is
    shown again, and says so beside its question.
    """
    found: dict[str, AttachmentName] = {}
    faults: dict[str, str] = {}
    for key in keys:
        chosen = request.files.get(sheet_inputs.PREFIX + key)
        try:
            for photo in act_photos.carried(form.getlist(KEPT + key), by.name):
                found[key] = photo
            if chosen is not None and chosen.filename:
                found[key] = act_photos.receive_one(chosen, by)
        except act_photos.NOT_TAKEN as refusal:
            faults[key] = _said(refusal)
    return SheetPhotos(found, faults)


def _said(refusal: Refusal) -> str:
    """Return what a refusal says of one photo: of its input where it names one, else its sentence."""
    errors = refusal.data.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    return str(first.get("message", refusal.message)) if isinstance(first, dict) else refusal.message
