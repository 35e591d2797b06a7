"""Whether all work that was ever saved on a device is where it should be (promises 1, 7 and 9)."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from server.db.sql import Row
from server.simulate.invariants import Findings
from server.simulate.laptops import unsent_without_reason
from server.simulate.store import stored_rows
from server.simulate.world import World
from sync.changes import Verdict

TOLD = {"quarantined": "waiting"}
"""What people beyond the reach of a record are told of their change: as if the record had not come (ADR 0038)."""

VERDICTS = frozenset(str(each) for each in Verdict)


def check(world: World, findings: Findings) -> None:
    """Look for every change and form of the ledger on the devices and at the server."""
    with world.server.store.reading() as reading:
        stored, instances = stored_rows.changes(reading), stored_rows.instances(reading)
    _check_changes(world, findings, stored)
    _check_forms(world, findings, stored, instances)
    _check_photos(world, findings, instances)
    for told in world.ledger.changed_verdicts:
        findings.add(5, told)


def _check_changes(world: World, findings: Findings, stored: Mapping[str, Row]) -> None:
    held: dict[str, str] = {}
    for laptop in world.laptops.values():
        for each in laptop.device.rows("SELECT id, state, verdict, trouble FROM change ORDER BY seq"):
            held[each["id"]] = each["state"]
            row = stored.get(each["id"])
            told = {row["verdict"], TOLD.get(row["verdict"])} if row is not None else {each["verdict"]}
            if each["state"] == "sent" and each["verdict"] not in told:
                findings.add(
                    1, f"{laptop.name} {each['id']} is {each['verdict']} here and {sorted(map(str, told))} there"
                )
        for id in unsent_without_reason(laptop):
            findings.add(9, f"{laptop.name} still holds {id} and does not say why")
    for id, saved in world.ledger.changes.items():
        row = stored.get(id)
        if row is None and id not in world.ledger.excused and held.get(id) != "unsent":
            promise = 7 if id in world.ledger.acknowledged else 1
            findings.add(promise, f"{saved.device} {saved.action} {saved.record} ({id}) is nowhere")
        if row is not None and row["verdict"] not in VERDICTS:
            findings.add(1, f"{id} has no verdict of the protocol: {row['verdict']}")


def _check_photos(world: World, findings: Findings, instances: Mapping[str, str]) -> None:
    with world.server.store.reading() as reading:
        files, uploaded = stored_rows.files(reading), stored_rows.uploaded(reading)
    for instance, saved in world.ledger.forms.items():
        for name, content in saved.files if instance in instances else ():
            if (instances[instance], name, sha256(content).hexdigest()) not in files:
                findings.add(1, f"{saved.phone} {instance} was taken without its photo {name}")
    for laptop in world.laptops.values():
        of_earlier_users = {each["id"] for each in laptop.device.rows("SELECT id FROM earlier_work")}
        for each in laptop.device.rows("SELECT change, sha256, state, trouble FROM attachment ORDER BY change, name"):
            if each["state"] == "unsent" and not each["trouble"] and each["change"] not in of_earlier_users:
                findings.add(9, f"{laptop.name} still holds a photo of {each['change']} and does not say why")
            if each["state"] == "sent" and each["sha256"] not in uploaded:
                findings.add(7, f"{laptop.name} was told that the photo of {each['change']} is there, and it is not")


def _check_forms(world: World, findings: Findings, stored: Mapping[str, Row], instances: Mapping[str, str]) -> None:
    here = {each.filled.instance: each.trouble for phone in world.phones.values() for each in phone.unsent}
    of_submission: dict[str, list[Row]] = {}
    for row in stored.values():
        if row["submission"] is not None:
            of_submission.setdefault(row["submission"], []).append(row)
    for instance, saved in world.ledger.forms.items():
        submission = instances.get(instance)
        if submission is not None:
            found = [row for row in of_submission.get(submission, []) if row["record"] == saved.record]
            if len(found) != 1:
                findings.add(1, f"{saved.phone} {saved.form} {instance} has {len(found)} verdicts")
        elif instance not in world.ledger.excused and not here.get(instance):
            promise = 7 if instance in world.ledger.acknowledged else 1
            findings.add(promise, f"{saved.phone} {saved.form} {instance} is nowhere")
