"""Takes the photos that come with the form of an act, and keeps those that are in while the form goes back and forth.

A browser never fills a file input again. So what has come stays on the server, and the form that comes back names it,
sealed for its author: the next time it is sent, these photos go with it (``server.photos.usecases.form_photos``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO, NamedTuple, cast

from flask import request
from itsdangerous import BadData
from werkzeug.datastructures import FileStorage

from server.errors import DiskFull, Invalid, QuotaExceeded, Refusal, TooLarge
from server.office import sessions
from server.office.cases import act_forms
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.photos.usecases import form_photos
from server.web import context
from sync.changes import AttachmentName

FIELD, KEPT = act_forms.PHOTOS, "kept_photo"
"""The file input of a form, and the inputs that name what came before."""

_PURPOSE = "photo of an act"
CHOOSE_AGAIN = "先前选的照片没有收到，请重新选择。"
LOST = "选过的照片要重新选。"


class ShownPhoto(NamedTuple):
    """A photo that is in, as a form that comes back tells of it. sealed: what names it the next time."""

    name: str
    kilobytes: int
    sealed: str


def allow_body() -> None:
    """Take a body with photos from a browser on which somebody has signed in; no large one from anybody else."""
    if sessions.name_last_signed_in():
        request.max_content_length = form_photos.FORM_BYTES_MAX


def receive(found: list[AttachmentName], action: str, by: Actor) -> None:
    """Add the photos of this form to ``found``, those that came before and then those that come now.

    What has come is in ``found`` also where a later one is refused. Nothing is kept from who may take the act nowhere.
    Raises ``NOT_TAKEN``, about the input ``FIELD``.
    """
    if not rights.scope_for(by, "case", action).places:
        return
    found += carried(request.form.getlist(KEPT), by.name)
    chosen = [each for each in request.files.getlist(FIELD) if each.filename]
    form_photos.require_few(len(found) + len(chosen))
    for each in chosen:
        sent = receive_one(each, by)
        if sent not in found:
            found.append(sent)


def receive_one(posted: FileStorage, by: Actor) -> AttachmentName:
    """Keep one photo of this form. Raises what says why not: ``NOT_TAKEN``."""
    return form_photos.receive(
        context.database(), context.blobs(), cast(BinaryIO, posted.stream), posted.filename or "", posted.mimetype,
        by=by, free_bytes_min=2 * context.settings().disk_free_bytes_min,
    )  # fmt: skip


NOT_TAKEN = (Invalid, TooLarge, QuotaExceeded, DiskFull)
"""Refusals of one photo: the rest of its form can do without it."""


def carried(sealed: Iterable[str], author: str) -> list[AttachmentName]:
    """Return the photos that a form names as come before. Raises Invalid for what was not sealed for ``author``."""
    found: dict[AttachmentName, None] = {}
    for each in sealed:
        try:
            owner, name, sha256, size, media_type = sessions.unsign(_PURPOSE, each)
        except (BadData, ValueError) as error:
            raise Invalid(CHOOSE_AGAIN, errors=[{"field": FIELD, "message": CHOOSE_AGAIN}]) from error
        if owner != author:
            raise Invalid(CHOOSE_AGAIN, errors=[{"field": FIELD, "message": CHOOSE_AGAIN}])
        found[AttachmentName(name, sha256, size, media_type)] = None
    return list(found)


def carried_again(sealed: str) -> tuple[AttachmentName, ...]:
    """Return the photos of a form that was kept over a sign-in, named in one text; none where any is unknown."""
    try:
        return tuple(carried(sealed.split(), context.caller().name))
    except Invalid:
        return ()


def shown(photos: Iterable[AttachmentName], author: str) -> list[ShownPhoto]:
    """Return photos that are in as the form that comes back names them."""
    return [
        ShownPhoto(each.name, max(1, round(each.size / 1000)), sessions.sign(_PURPOSE, [author, *each]))
        for each in photos
    ]


def faults_of(refusal: Refusal) -> dict[str, str]:
    """Return what a refusal says of the photos, where it says that without naming an input."""
    return {FIELD: refusal.message} if isinstance(refusal, (TooLarge, QuotaExceeded, DiskFull)) else {}
