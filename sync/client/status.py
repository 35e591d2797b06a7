"""The status of a device: what is unsent, the outcomes of the rest, and what needs attention."""

from __future__ import annotations

from typing import Any

from sync.client import credentials, outbox, photos, replica
from sync.client.device import Device
from sync.client.failures import NotSignedIn

PROBLEMS_MAX = 20
_PROBLEMS = """
    SELECT id, record, action, verdict, problem FROM change WHERE problem IS NOT NULL AND decision IS NULL
     ORDER BY seq DESC LIMIT :most
"""
_TROUBLES = """
    SELECT id, trouble FROM change WHERE trouble IS NOT NULL
     UNION ALL
    SELECT change, trouble FROM attachment WHERE trouble IS NOT NULL AND change IN (SELECT id FROM change) ORDER BY id
"""


def status_report(device: Device) -> dict[str, Any]:
    """Return counts, and the records and changes that need attention, as JSON values.

    unsent_photos: how many are to be uploaded. unsent_records: how many records have unsent changes. records: all that
    ``list`` shows, those made here included.
    sent_not_durable: changes whose outcome no finished backup of the server holds yet, and undecided ones.
    kept_for: how many sent changes of earlier users are kept for them, by user name; nobody else reads or sends them.
    to_offer_again: how many of them a restored server may lack, until their author signs in here and syncs.
    problems: the newest of this device's changes about which a problem is filed that the office has yet to settle.
    """
    with device.reading():
        held = replica.rows(device, None)
        return {
            "device": device.id,
            "server": _server(device),
            "user": device.setting("user"),
            "unsent": outbox.count_unsent(device),
            "unsent_photos": photos.count_unsent(device),
            "unsent_records": outbox.count_unsent_records(device),
            "sent_not_durable": outbox.count_not_durable(device),
            "kept_for": outbox.counts_of_earlier_users(device),
            "to_offer_again": outbox.counts_to_offer_again(device, device.setting("epoch")),
            "verdicts": {
                each["verdict"]: each["number"]
                for each in device.rows(
                    "SELECT verdict, COUNT(*) AS number FROM change WHERE verdict IS NOT NULL GROUP BY verdict"
                )
            },
            "troubles": device.rows(_TROUBLES),
            "problems": device.rows(_PROBLEMS, {"most": PROBLEMS_MAX}),
            "records": len(held) + outbox.count_only_here(device),
            "conflicts": [
                {"id": each["id"], "label": each["body"].get("label") or "", "fields": each["body"]["conflicts"]}
                for each in held
                if each["body"].get("conflicts")
            ],
            "handed_over": [each["id"] for each in held if each["is_handed_over"]],
            "last_contact_at": device.setting("last_contact_at"),
            "clock_offset_s": float(device.setting("clock_offset_s") or 0),
        }


def _server(device: Device) -> str | None:
    try:
        return credentials.load(device.folder).server
    except NotSignedIn:
        return None
