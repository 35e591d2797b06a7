"""Carries one POST of a phone on to the use case, the same way whichever path the request took through the server."""

from __future__ import annotations

from contextlib import ExitStack
from typing import NamedTuple

from server.errors import NotAllowed, Refusal
from server.openrosa import submission_xml
from server.openrosa.multipart import Limits, PostedFile, Stream, read_post
from server.people.domain.actors import Actor
from server.phones.usecases import offered_forms
from server.submissions.domain.submissions import Posted, SentFile
from server.submissions.store import blobs
from server.submissions.usecases import receiving
from server.submissions.usecases.receiving import Arrival, Receipt
from server.web.context import Services

_WORD_CHARS_MAX = 255


class Incoming(NamedTuple):
    """A POST to ``/submission``: its body and what its head says; device and user agent are None when unsaid."""

    stream: Stream
    content_type: str
    stated_bytes: int
    device: str | None
    user_agent: str | None


def take(services: Services, by: Actor, incoming: Incoming) -> Receipt | Refusal:
    """Read a POST and keep what it brought; the answer is durable when this returns.

    Raises NotAllowed for roles that only look, Unreadable and TooLarge; refusals of what is kept all the same are
    returned (``submit.receive``).
    """
    require_may_send(by)
    limits = Limits(total_bytes_max=services.settings.submission_bytes_max)
    with ExitStack() as undo:
        post = read_post(
            incoming.stream,
            incoming.content_type,
            open_sink=services.blobs.incoming,
            limits=limits,
            stated_bytes=incoming.stated_bytes,
        )
        for file in post.files:
            undo.callback(file.sink.discard)
        read = submission_xml.read_submission(post.xml)
        expected = offered_forms.names_spoken_of(read) if post.files else frozenset()
        files = tuple(_kept(services, file, expected) for file in post.files)
    posted = Posted(raw=post.xml, xml=read, files=files, device=incoming.device, user_agent=incoming.user_agent)
    return services.database.write(lambda tx: receiving.receive(tx, posted, by=by))


def told(receipt: Receipt) -> tuple[int, str]:
    """Return the status and the message of the answer: 201 for what is new, 202 for what was here before."""
    awaited = f"，还缺 {receipt.files_missing} 个附件" if receipt.files_missing else ""
    if receipt.arrival is Arrival.NEW:
        return 201, f"已收到，回执号 {receipt.number}{awaited}"
    return 202, f"此前已收到，回执号 {receipt.number}{awaited}"


def require_may_send(by: Actor) -> None:
    """Raise NotAllowed for somebody whose role only looks."""
    if not offered_forms.may_send(by):
        raise NotAllowed("您的岗位不能提交表单，请联系管理员。")


def cut(text: str | None) -> str | None:
    """Return what a phone calls itself, of bounded length."""
    return (text or "")[:_WORD_CHARS_MAX] or None


def _kept(services: Services, file: PostedFile[blobs.Incoming], spoken_of: frozenset[str]) -> SentFile:
    blob = services.blobs.keep(file.sink)
    return SentFile(file.called(spoken_of), blob.sha256, blob.size, file.media_type)
