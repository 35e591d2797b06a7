"""A submission as read: the answers, the entity blocks, and the attachments that came with them."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import field
from typing import NamedTuple

from sync.values import frozen

_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def entity_id(raw: str) -> str | None:
    """Return an entity's id as every list shows it: lower case, without ``uuid:``; None if it is no UUID."""
    text = raw.strip().lower().removeprefix("uuid:")
    return text if _UUID.fullmatch(text) else None


def may_create(id: str) -> bool:
    """Return whether a phone may create a record under ``id``: they make UUIDs of version 4 alone.

    id: as ``entity_id`` returns it. Other doors' records may have other UUIDs, and phones update what their lists show.
    """
    version, variant = id[14], id[19]
    return version == "4" and variant in "89ab"


@frozen
class EntityBlock:
    """One ``meta/entity`` of a submission, its attributes as the phone wrote them ('' where absent).

    ``path`` is the container that holds the block's ``meta``: '' for the form itself, ``people/person`` for a repeat.
    ``label`` is None when the element is absent, '' when it is empty. ``first`` and ``last`` bound, as in a slice, the
    leaves of the submission among which those of this very instance of the container are.
    """

    dataset: str
    id: str
    create: bool
    update: bool
    base_version: str
    trunk_version: str
    branch_id: str
    label: str | None
    path: str
    first: int = field(default=0, compare=False)
    last: int = field(default=sys.maxsize, compare=False)


@frozen
class SubmissionXml:
    """The XML of a submission as read; names are local names, whatever their prefix.

    ``version`` is '' where the form states none. ``leaves`` are (path, text) of the elements that hold no element,
    in document order; the path leaves out the root (``place/town``), and a repeat's paths simply recur.
    """

    form_id: str
    version: str
    instance_id: str
    deprecated_id: str | None
    instance_name: str | None
    leaves: tuple[tuple[str, str], ...]
    entities: tuple[EntityBlock, ...]


class Attachment(NamedTuple):
    """A file posted with a submission, whose bytes are on disk and durable already; ``size`` in bytes.

    media_type: as its bytes say. declared_type: as the phone called it.
    """

    name: str
    sha256: str
    size: int
    media_type: str
    declared_type: str = ""


@frozen
class PostedSubmission:
    """One POST of a submission: the XML as sent and as read, and the files of this POST.

    device: ``deviceID`` of the URL; user_agent: the phone's app and version; both None when not stated, and cut at 255
    characters by the door. sha256: of ``raw``, in hex.
    """

    raw: bytes
    xml: SubmissionXml
    files: tuple[Attachment, ...] = ()
    device: str | None = None
    user_agent: str | None = None
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hashlib.sha256(self.raw).hexdigest())
