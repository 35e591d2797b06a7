"""Reads the POST of a submission and hands it to the use case, the same for Flask and for the fast path."""

from __future__ import annotations

from typing import NamedTuple

from server.db.commits import WithLookups
from server.errors import NotAllowed, Refusal
from server.openrosa import submission_xml
from server.openrosa.multipart import Limits, PostedFile, Stream, read_post
from server.people.domain.actors import Actor
from server.phones.usecases import offered_forms
from server.pictures import media_types
from server.submissions.domain.submissions import Attachment, PostedSubmission
from server.submissions.store import blobs
from server.submissions.usecases import lookups, receiving
from server.submissions.usecases.receiving import Arrival, Receipt
from server.web.context import Services

_TYPE_CHARS_MAX = 255


class SubmissionRequest(NamedTuple):
    """A POST to ``/submission``: its body and headers; device and user agent are None when the phone names none."""

    stream: Stream
    content_type: str
    stated_bytes: int
    device: str | None
    user_agent: str | None


def receive(services: Services, by: Actor, request: SubmissionRequest) -> Receipt | Refusal:
    """Read a POST and store what it brought; it is durable when this returns.

    Raises NotAllowed for roles that only look, Unreadable and TooLarge; refusals of what is stored all the same are
    returned (``receiving.receive``).
    """
    require_may_send(by)
    limits = Limits(total_bytes_max=services.settings.submission_bytes_max)
    post = read_post(
        request.stream,
        request.content_type,
        open_sink=services.blobs.incoming,
        limits=limits,
        stated_bytes=request.stated_bytes,
    )
    try:
        read = submission_xml.read_submission(post.xml)
        expected = offered_forms.possible_file_names(read) if post.files else frozenset()
        files = tuple(_keep(services, file, expected) for file in post.files)
    finally:
        for file in post.files:
            file.sink.discard()
    posted = PostedSubmission(raw=post.xml, xml=read, files=files, device=request.device, user_agent=request.user_agent)
    work: WithLookups[Receipt | Refusal] = WithLookups(
        lambda tx: receiving.receive(tx, posted, by=by), lambda: lookups.of_submission(posted)
    )
    return services.database.write(work)


def receipt_message(receipt: Receipt) -> tuple[int, str]:
    """Return the status and the message of the answer: 201 for what is new, 202 for what was here before."""
    missing = f"，还缺 {receipt.files_missing} 个附件" if receipt.files_missing else ""
    if receipt.arrival is Arrival.NEW:
        return 201, f"已收到，回执号 {receipt.number}{missing}"
    return 202, f"此前已收到，回执号 {receipt.number}{missing}"


def require_may_send(by: Actor) -> None:
    """Raise NotAllowed for somebody whose role only looks."""
    if not offered_forms.may_send(by):
        raise NotAllowed("您的岗位不能提交表单，请联系管理员。")


def _keep(services: Services, file: PostedFile[blobs.IncomingBlob], expected: frozenset[str]) -> Attachment:
    blob = services.blobs.keep(file.sink)
    media_type = media_types.of(file.sink.head, file.media_type)
    return Attachment(file.stored_name(expected), blob.sha256, blob.size, media_type, file.media_type[:_TYPE_CHARS_MAX])
