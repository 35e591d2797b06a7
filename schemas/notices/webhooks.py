"""Schemas of webhooks: whom the server tells of what happens, and what has not got there."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import BaseSchema, instant_out, integer_in, integer_out, text_in, text_out
from schemas.notices.inbox import SEQ_MAX

_KINDS = "kinds of events, as `hazards.assign` or `hazards.*`; none for all"


class WebhookCreateSchema(BaseSchema):
    """A receiver to tell."""

    url = text_in("of the receiver; its host is listed in `FIREGRID_WEBHOOK_HOSTS`", required=True, most=500)
    kinds = fields.List(fields.String(), load_default=list, metadata={"description": _KINDS})


class DeliverySchema(BaseSchema):
    """A message that has not been taken."""

    seq = integer_out()
    record = text_out()
    kind = text_out()
    at = instant_out("of the event")
    attempts = integer_out()
    next_at = instant_out("of the next attempt")
    dead = fields.Boolean(required=True, metadata={"description": "given up: sent again on demand alone"})
    problem = text_out("of the last attempt, empty for none")


class WebhookSchema(BaseSchema):
    """A receiver."""

    id = text_out()
    url = text_out()
    kinds = fields.List(fields.String(), required=True, metadata={"description": _KINDS})
    created_at = instant_out()
    created_by = text_out("user name, or `command`")
    after = integer_out("seq up to which events were looked at")
    waiting = integer_out("messages that are still to be sent")
    dead = integer_out("messages that were given up")
    failures = integer_out("attempts in a row that the receiver did not answer well")
    problem = text_out("of the last of them, empty for none")
    undelivered = fields.List(
        fields.Nested(DeliverySchema),
        required=True,
        metadata={"description": "the first 20 messages that it has not taken, in their order"},
    )
    secrets = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "when each secret in use was made"},
    )


class WebhookMadeSchema(WebhookSchema):
    """A receiver that was just named."""

    secret = text_out("what its messages are signed with; shown this once")


class SecretSchema(BaseSchema):
    """A further secret."""

    secret = text_out("shown this once; messages are signed with both until the older one is ended")


class ReplaySchema(BaseSchema):
    """From where on to send again."""

    after = integer_in("seq behind which every event is sent again, 0 for all", 0, SEQ_MAX, required=True)
