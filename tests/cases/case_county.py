"""A county with somebody in every role and every relation to a case, and a way to bring a case to any status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from server.app import close
from server.forms.store import codes
from server.forms.store.codes import Code
from server.staffing.usecases import enrolment
from tests import api_county
from tests.api_county import COUNTY, FAR_UNIT, FAR_VILLAGE, OTHER_TOWN, TOWN, UNIT, VILLAGE
from tests.case_land import scan_sent
from tests.cases.case_table import ABROAD, AUTHOR, HANDLER, HOLDER, PLAIN, ROLES, UNMANNED
from tests.county import County, add_people, open_county


def day(days: int) -> str:
    """Return the day so many days from now, as inputs want it; real time, since the API's server runs on it."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


CODES = {
    "result_codes": (
        Code("result_codes", "fixed", "已整改", "Fixed", "2026-01-01", "", {"closable": "1"}),
        Code("result_codes", "fixed_partly", "部分整改", "Partly", "2026-01-01", "", {"closable": "0"}),
    ),
    "hazard_items": (
        Code("hazard_items", "blocked", "占道", "Blocked", "2026-01-01", "", {"spot_ok": "1"}),
        Code("hazard_items", "gas_hose", "燃气软管老化", "Hose", "2026-01-01", "", {"spot_ok": "0"}),
    ),
}
BODIES = (("held", "property", "演示物业"), ("empty", "premises", "演示小卖部"), ("vc", "village_committee", "村委会"))
HOME = {
    "grid_worker": UNIT, "grid_leader": VILLAGE, "village_officer": VILLAGE, "police": TOWN, "town_station": TOWN,
    "dept_handler": COUNTY, "brigade": COUNTY, "county_admin": COUNTY, "unit_manager": UNIT, "station_head": UNIT,
    "viewer": COUNTY, "auditor": COUNTY,
}  # fmt: skip
ELSEWHERE = {UNIT: FAR_UNIT, VILLAGE: FAR_VILLAGE, TOWN: OTHER_TOWN}

FIXED = {"result_code": "fixed", "no_photo_reason": "夜间"}
PLAN = {"reason": "要等雨季过后", "plan": "更换管线", "plan_due": day(90), "leader": "李某", "safeguard": "专人看守"}
MAJOR = {"person_1": "甲", "person_2": "乙", "person_3": "丙", "document": "涞消认1号", "rules": "GB35181-2025"}
ASKED_PLAN = {name: value for name, value in PLAN.items() if name != "plan_due"} | {
    "until": day(90), "milestones": "先清理再改造",
}  # fmt: skip
WAYS: dict[str, tuple[tuple[str, str], ...]] = {
    "reported": (),
    "spot_closed": (),
    "registered": (("register", "chief"),),
    "rejected": (("reject", "chief"),),
    "merged": (("merge", "chief"),),
    "void": (("ask_void", "chief"), ("void", "brigade-plain")),
    "assigned": (("assign", "chief"),),
    "accepted": (("assign", "chief"), ("accept", HANDLER)),
    "handling": (("assign", "chief"), ("accept", HANDLER), ("start", HANDLER)),
    "suspended": (("assign", "chief"), ("accept", HANDLER), ("suspend", "chief")),
    "transferred": (("assign", "chief"), ("accept", HANDLER), ("ask_transfer", "chief"), ("transfer", "brigade-plain")),
    "feedback": (("assign", "chief"), ("feedback", HANDLER)),
    "closed": (("assign", "chief"), ("feedback", HANDLER), ("close", "chief")),
}
"""The acts that bring a report to each status, and who takes them; HANDLER stands for whoever it was given to."""
_UNMANNED_WAYS = WAYS | {"handling": (("assign", "chief"), ("fail", "chief"))}


@dataclass
class Cases:
    """Cases on hand by how they were made, each good until somebody has moved it. main: an open case to merge into."""

    county: County
    main: str = ""
    kept: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def case(self, status: str, role: str, relation: str) -> tuple[str, str]:
        """Return the name of someone in ``role`` and ``relation``, and a case in ``status`` that they stand so to."""
        name = f"{role}-{relation}" if relation != UNMANNED else f"{role}-{PLAIN}"
        author = name if relation == AUTHOR else "reporter"
        given = {HANDLER: f"user:{name}", HOLDER: "body:held", UNMANNED: "body:empty"}.get(relation, "user:hand")
        key = (status, author, given)
        if key not in self.kept:
            self.kept[key] = self.bring(status, author=author, given=given)
        return name, self.kept[key]

    def spend(self, case: str) -> None:
        """Forget a case that has moved."""
        self.kept = {key: id for key, id in self.kept.items() if id != case}

    def report(self, author: str, action: str = "report", item: str = "blocked") -> str:
        asked = {"type": "hazards", "action": action, "area": UNIT, "fields": {"item": item, "label": "占道"}}
        answer = self.county.post("/records", author, asked)
        assert answer.status_code == 201, (author, answer.text)
        return answer.json["record"]["id"]

    def bring(self, status: str, *, author: str = "reporter", given: str = "user:hand") -> str:
        """Return a new case in ``status``, reported by ``author`` and given to ``given`` where anyone has it."""
        case = self.report(author, "spot_close" if status == "spot_closed" else "report")
        hand = {"body:held": "held-hand", "body:empty": "nobody"}.get(given, given.removeprefix("user:"))
        for action, who in (_UNMANNED_WAYS if given == "body:empty" else WAYS)[status]:
            self.do(case, hand if who == HANDLER else who, action, {"assignee": given} if action == "assign" else {})
        [brought] = self.county.rows("SELECT status FROM record WHERE id = :id", id=case)
        assert brought["status"] == status, (status, given)
        return case

    def do(self, case: str, name: str, action: str, inputs: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Take a step that must succeed; the inputs that it needs are good ones, but for those given."""
        named = "site_check" if action == "fail" else action
        fields = {**self.inputs(action, "brigade"), **(inputs or {})}
        answer = self.take(case, name, named, fields)
        assert answer.status_code == 200, (name, action, answer.text)
        return answer.json["record"]

    def take(self, case: str, name: str, action: str, fields: Mapping[str, str], **asked: object):
        files = {"attachments": [scan_sent(self.county, name, fields["scan"])]} if "scan" in fields else {}
        told = {"action": action, "fields": dict(fields), **files, **asked}
        return self.county.post(f"/records/{case}/changes", name, told)

    def inputs(self, action: str, role: str) -> dict[str, str]:
        """Return inputs that nobody could find fault with, for who acts in ``role``."""
        given = {"assignee": "user:near", "due_on": day(5)}
        return {
            "reject": {"reason": "并非火灾隐患"},
            "merge": {"into": self.main},
            "split": {"reason": "不是同一处"},
            "assign": given,
            "reassign": {"assignee": "user:near"},
            "ask_return": {"reason": "不归我管"},
            "ask_extension": {"reason": "材料未到", "until": day(9)},
            "ask_suspension": ASKED_PLAN,
            "return": {"reason": "确不归他管"},
            "extend": {"reason": "材料未到", "due_on": day(9)},
            "suspend": PLAN,
            **{
                f"decline_{kind}": {"reason": "请按期办好"}
                for kind in ("return", "extension", "suspension", "transfer", "void", "major")
            },
            "ask_transfer": {"body": "住建局", "reason": "属住建部门职责"},
            "transfer": {"body": "住建局", "document": "涞消函7号"},
            "feedback": FIXED,
            "file_reply": {"result_code": "fixed", "scan": "reply.jpg"},
            "rework": {"reason": "还有杂物"},
            "site_check": {"pass": "yes", **FIXED},
            "fail": {"pass": "no", "reason": "还有杂物"},
            "recheck": {"pass": "yes", "method": "phone"},
            "reopen": {"reason": "又堆上了"},
            "ask_void": {"reason": "登记有误"},
            "void": {"reason": "登记有误"},
            "ask_major": {"reason": "安全出口数量不足"},
            "supervise": {"level": "2" if role == "brigade" else "1"},
            "mark_major": MAJOR,
            "unmark_major": {"reason": "已整改", "document": "涞消销〔2026〕1号"},
            "note": {"note": "已到现场"},
        }.get(action, {})

    def state(self, case: str) -> tuple[object, ...]:
        """Return what a refusal must leave as it was: the case, and how much has been written anywhere."""
        with self.county.store.reading() as reading:
            [record] = reading.sql.rows("SELECT * FROM record WHERE id = :id", {"id": case})
            written = [
                reading.sql.value(f"SELECT COUNT(*) FROM {table}")
                for table in ("record", "revision", "change", "problem", "case_hand", "case_step")
            ]
        return (*record.values(), *written)


@contextmanager
def a_peopled_county(folder: Path) -> Iterator[Cases]:
    """Lend the cases of a county of one's own; what we promise of a database holds when it ends."""
    county = open_county(folder, lay)
    cases = Cases(county)
    cases.main = cases.report("reporter")
    yield cases
    broken = county.broken()
    close(county.app)
    assert broken == []


def lay(tx: Any) -> list[str]:
    """Fill an empty database with the county, and everyone whom a walk through the table needs."""
    people = [(f"{role}-{relation}", role, HOME[role], None) for role in ROLES for relation in (PLAIN, AUTHOR, HANDLER)]
    people += [(f"{role}-{HOLDER}", role, HOME[role], "held") for role in ROLES]
    people += [(f"{r}-{ABROAD}", r, ELSEWHERE[HOME[r]], None) for r in ROLES if HOME[r] in ELSEWHERE]
    people += [("chief", "brigade", COUNTY, None), ("held-hand", "dept_handler", COUNTY, "held")]
    people += [(name, "grid_worker", UNIT, None) for name in ("reporter", "hand", "near")]
    names = api_county.lay(tx)
    for name, words in CODES.items():
        codes.replace_list(tx, name, words)
    for code, kind, name in BODIES:
        enrolment.add_body(tx, code, name=name, kind=kind, area=VILLAGE, by="test")
    return names + add_people(tx, people)
