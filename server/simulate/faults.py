"""The faults that a simulation injects, by name: those of one request, and those that happen to the county.

A fault of a request is drawn for each exchange of a device, one for each of its requests in turn.
"""

from __future__ import annotations

OK = "ok"
REQUEST_FAULTS = {
    "drop_request": "the request is lost on the way",
    "drop_answer": "the request is carried out, and its answer is lost or comes too late",
    "duplicate": "the request arrives twice, and the second answer is the one that is read",
    "reorder": "the request is held back, and arrives after others that were sent later",
    "kill_before_commit": "the server is killed (kill -9) before it commits, and started again",
    "kill_after_commit": "the server is killed between the commit and the answer, and started again",
    "power_loss": "the server loses its power once the answer is out; what was not synced to disk is gone",
    "kill_client": "the phone or laptop is switched off while it waits for the answer",
    "disk_full": "the server's disk is full while it answers",
}
"""What may befall a request, by name."""

COUNTY_FAULTS = {
    "expired_token": "the sign-in of a laptop runs out",
    "form_upgrade": "a form is published anew while phones hold the older version",
    "areas": "a unit is merged into another, and a village gets a new one",
    "swap": "two workers change places",
    "shared_person": "one person has two phones",
    "shared_phone": "a phone or laptop passes to another person with work unsent",
    "restore": "the server is put back from a backup: a new epoch",
    "put_back": "an older copy of the folder is put back and nobody tells the server",
    "clones": "a device is copied, and both copies go on",
    "restored_devices": "a device is put back from a copy of its own",
    "clock": "the clocks of some devices are wrong by a year",
}
"""What may happen to the county, by name."""

ALL = (*REQUEST_FAULTS, *COUNTY_FAULTS)
NONE = "none"
OVERLAP = "overlap"
"""No fault, but work that makes many conflicts: everybody edits any station. Only where it is named."""


def chosen(words: str) -> tuple[str, ...]:
    """Return the faults that a list of names means: ``all``, ``none``, or names with commas between them.

    Raises ValueError that names the one that is unknown.
    """
    names: set[str] = set()
    for word in (word.strip() for word in words.split(",")):
        if word == "all":
            names |= {*ALL}
        elif word in (*ALL, OVERLAP):
            names.add(word)
        elif word not in ("", NONE):
            raise ValueError(word)
    return tuple(name for name in (*ALL, OVERLAP) if name in names)
