"""Turns submissions and their files into JSON objects."""

from __future__ import annotations

from server.api.responses import Json
from server.api.serializers.grid import area_at
from server.submissions.store.submissions import StoredAttachment, StoredSubmission
from server.submissions.usecases.masked_answers import ShownFile


def submission(found: StoredSubmission) -> Json:
    """Return one version of a submission."""
    return {
        "id": found.id,
        "form": found.form,
        "form_version": found.form_version,
        "instance_id": found.instance_id,
        "root": found.root,
        "deprecates": found.deprecates,
        "current": bool(found.current),
        "receipt": found.receipt,
        "author": found.author,
        "area": area_at(found.path),
        "received_at": found.received_at,
        "device": found.device,
        "user_agent": found.user_agent,
        "instance_name": found.instance_name,
        "review_state": found.review_state,
        "files_expected": found.files_expected,
        "files_present": found.files_present,
    }


def attachment(shown: ShownFile, served: StoredAttachment) -> Json:
    """Return a file of a submission. served: the content that the plain address of its name gives."""
    found = shown.file
    return {
        "name": shown.name,
        "sha256": found.sha256,
        "size": found.size,
        "media_type": found.media_type,
        "declared_type": found.declared_type,
        "expected": bool(found.expected),
        "carried": bool(found.carried),
        "served": found == served,
        "received_at": found.received_at,
    }
