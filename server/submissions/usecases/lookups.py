"""Says what a submission will ask of the database, so that many that share a commit wait for all answers once."""

from __future__ import annotations

from collections.abc import Iterator

from server.changes.store import verdicts
from server.db.sql import Lookup
from server.submissions.domain.submissions import PostedSubmission, entity_id
from server.submissions.store import submissions
from server.submissions.usecases import entities


def of_submission(posted: PostedSubmission) -> Iterator[Lookup]:
    """Yield what ``receiving.receive`` asks of a submission that is new and creates records, as most are and do."""
    xml = posted.xml
    yield submissions.presence_lookup(xml.form_id, xml.instance_id, posted.sha256)
    for block in xml.entities:
        record = entity_id(block.id)
        if record is not None and block.create and not block.update:
            yield verdicts.look_of_phone(entities.change_id(xml, block.dataset, record, 1), record)
