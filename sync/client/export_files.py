"""Export of unsent changes to a file and import on another device, for when a laptop must be given up.

The changes keep their ids and the device that made them, so it does no harm when both devices send them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from sync.client import outbox
from sync.client.device import Device
from sync.client.failures import Refused

KIND = "fieldsync unsent 1"

_NEEDED = {"id": str, "seq": int, "record": str, "type": str, "action": str, "made_at": str, "fields": dict}


def export_unsent(device: Device, file: Path) -> int:
    """Write every unsent change to ``file``, which only its owner can read; return how many.

    Raises Refused when the file is there already.
    """
    unsent = outbox.unsent(device)
    content = {
        "kind": KIND,
        "made_at": device.clock().isoformat(),
        "changes": [{"device": each["device"], "change": each["body"]} for each in unsent],
    }
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise Refused(f"文件 {file} 已经存在，请换一个名字 · {file} is there already: choose another name") from error
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(content, out, ensure_ascii=False, indent=1)
        out.flush()
        os.fsync(out.fileno())
    return len(unsent)


def import_unsent(device: Device, file: Path) -> int:
    """Add the changes of ``file`` that are not here yet; return how many. Inside ``writing()``.

    Raises Refused when it is no such file, or another change of the same device has the same ``seq``.
    """
    imported = 0
    for device_id, body in _read(file):
        if device.row("SELECT id FROM change WHERE id = :id", {"id": body["id"]}) is not None:
            continue
        place = {"device": device_id, "seq": body["seq"]}
        if device.row("SELECT id FROM change WHERE device = :device AND seq = :seq", place) is not None:
            raise Refused(
                "这份文件来自本机数据的另一个副本，编号有冲突，请用 --store 导入到新目录"
                " · made by another copy of this store: import it into a new --store"
            )
        outbox.add(device, body, made_on=device_id)
        imported += 1
        if device_id == device.id and body["seq"] > int(device.setting("seq") or 0):
            device.set_setting("seq", str(body["seq"]))
    return imported


def _read(file: Path) -> list[tuple[str, dict[str, Any]]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        found = [(str(each["device"]), dict(each["change"])) for each in content["changes"]]
        is_ours = content["kind"] == KIND and all(_is_change(body) for _, body in found)
    except (ValueError, KeyError, TypeError):
        is_ours = False
    if not is_ours:
        raise Refused("这不是 export-unsent 导出的文件 · this is no file of export-unsent")
    return found


def _is_change(body: dict[str, Any]) -> bool:
    return all(isinstance(body.get(name), kind) for name, kind in _NEEDED.items())
