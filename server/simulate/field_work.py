"""What the user of a phone does without a network: registers stations, reports hazards, handles cases, patrols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random

import kobo_forms
from server.demo import photos
from server.demo.filled_forms import EntityBlock, fill, questions
from server.simulate.entity_lists import Row
from server.simulate.ledger import SavedForm
from server.simulate.phones import Phone

STATIONS, HAZARDS = "micro_stations", "hazards"

PARTS = {
    "people": ("head", "duty_phone", "staff_count", "shift_count"),
    "base": ("title", "station_kind", "station_state", "place"),
}
"""The parts of a station that one updates at a time: all questions of a part are shown filled in, and sent."""

PASSED = "passed"
"""A question of the check that is saved to no field: the action says the same."""

IN_TURN = 4
"""One person in so many is in charge of a station."""

NAMES = ("演示甲", "演示乙", "演示丙", "演示丁", "演示戊", "演示己")
PLACES = ("村委会院内东侧", "村委会院内西侧", "主街北口", "学校对面")
HAZARD_PLACES = ("演示民宿01", "演示商店02", "演示仓库03", "主街配电箱")


def value_of(field: str, chance: Random) -> str:
    """Return what somebody might write into a field of a station."""
    if field == "head":
        return f"{chance.choice(NAMES)}{chance.randrange(100):02d}"
    if field == "duty_phone":
        return f"0312-{chance.randrange(7300000, 7400000)}"
    if field == "staff_count":
        return str(chance.randrange(6, 30))
    if field == "shift_count":
        return str(chance.randrange(1, 6))
    if field == "title":
        return f"演示微型消防站{chance.randrange(1000):03d}"
    if field == "station_state":
        return chance.choice(("running", "building"))
    if field == "station_kind":
        return chance.choice(("village", "key_unit"))
    return chance.choice(PLACES)


def register_station(phone: Phone, chance: Random) -> str:
    """Register a station; return what was done."""
    if STATIONS not in phone.lists or "micro_station" not in phone.forms:
        return "no form"
    id = phone.ids()
    values = {name: value_of(name, chance) for part in PARTS.values() for name in part}
    values |= {"area": _area(phone, chance), "staff_count": "9", "shift_count": "3"}
    answers = {**values, "task": "register", "new_id": id, "record_id": id, "kit_ok": "yes"}
    writes = {name: (None, value) for name, value in values.items() if value}
    _finish(phone, "micro_station", STATIONS, EntityBlock(id, label=values["title"]), answers, "create", writes)
    phone.lists[STATIONS].create(id, values["title"], values, phone.ids())
    return f"registered {id}"


def is_in_charge(person: str, station: str) -> bool:
    """Say whether a person is the one who looks after a station, of those who may: most edits are theirs."""
    return int(station[0], 16) % IN_TURN == sum(person.encode()) % IN_TURN


def update_station(phone: Phone, part: str, chance: Random, *, of_any: bool = False) -> str:
    """Change one field of a station, by the form that shows and sends every field of that part.

    of_any: of any station on the phone, not only of those that its user is in charge of.
    """
    picked = _pick(phone, STATIONS, lambda key, _: of_any or is_in_charge(phone.person, key), chance)
    if picked is None or "micro_station" not in phone.forms:
        return "no station"
    id, row = picked
    field = chance.choice(PARTS[part])
    shown = {name: row.values.get(name, "") for name in PARTS[part]}
    new = {**shown, field: value_of(field, chance)}
    answers = {**new, "task": "update", "station": id, "station_id": id, "record_id": id, "parts": part}
    writes = {name: (shown[name], new[name]) for name in PARTS[part] if new[name] or shown[name]}
    _finish(phone, "micro_station", STATIONS, _block(id, row), answers, "edit", writes)
    phone.lists[STATIONS].update(id, new)
    return f"updated {id} {field}"


def check_station(phone: Phone, chance: Random) -> str:
    """Check a station: an observation, of which the last counts."""
    picked = _pick(phone, STATIONS, lambda *_: True, chance)
    if picked is None or "station_check" not in phone.forms:
        return "no station"
    id, row = picked
    failed = chance.choice(("", "hose_no_leak", "phone_works"))
    readiness = {"": "ready", "hose_no_leak": "basic"}.get(failed, "unready")
    answers = {
        "checked_on": phone.now(), "station": id, "station_id": id, "all_ok": "no" if failed else "yes",
        "failed": failed, "failed_items": failed, "readiness": readiness,
    }  # fmt: skip
    writes = {"readiness": (row.values.get("readiness"), readiness)}
    _finish(phone, "station_check", STATIONS, _block(id, row), answers, "edit", writes)
    phone.lists[STATIONS].update(id, {"readiness": readiness, "failed_items": failed})
    return f"checked {id}"


def report_hazard(phone: Phone, chance: Random, *, with_photo: bool) -> str:
    """Report a hazard, or say that it was removed on the spot."""
    if HAZARDS not in phone.lists or "hazard_report" not in phone.forms:
        return "no form"
    id, item = phone.ids(), chance.choice(_items())
    on_the_spot = item["spot_ok"] == "1" and chance.random() < 0.3
    place, action = chance.choice(HAZARD_PLACES), "spot_close" if on_the_spot else "report"
    values = {
        "area": _area(phone, chance), "place": place, "source": "patrol", "item": item["name"],
        "category": item["category"], "severity": "suspected_major" if item["severity"] == "S" else "general",
        "spot_ok": item["spot_ok"], "fixed_now": "yes" if on_the_spot else "no", "told": "owner",
    }  # fmt: skip
    answers = {**values, "saved_place": place, "item_label": item["label"], "action": action}
    files = _photo(phone, "photo", item["category"], chance) if with_photo else ()
    answers |= {"photo": files[0][0]} if files else {"no_photo_reason": "privacy"}
    writes = {name: (None, value) for name, value in values.items() if value}
    block = EntityBlock(id, label=f"{place}｜{item['label']}")
    _finish(phone, "hazard_report", HAZARDS, block, answers, action, writes, files)
    status = "spot_closed" if on_the_spot else "reported"
    phone.lists[HAZARDS].create(id, block.label, {**values, "status": status, "todo": ""}, phone.ids())
    return f"{action} {id}"


def handle_case(phone: Phone, chance: Random) -> str:
    """Do what the phone's row of a case says may be done now."""
    doable = {"accept", "feedback", "ask_return", "ask_extension"}
    picked = _pick(phone, HAZARDS, lambda _, row: bool(doable & set(row.values.get("todo", "").split())), chance)
    if picked is None or "hazard_task" not in phone.forms:
        return "nothing to do"
    id, row = picked
    may = sorted(doable & set(row.values["todo"].split()))
    act = chance.choice([each for each in ("accept", "feedback", "feedback") if each in may] or may)
    more = {
        "accept": {},
        "feedback": {"result_code": "fixed", "no_photo_reason": "privacy", "note": "已经整改（演示）"},
        "ask_return": {"reason": "not_my_duty", "note": "不归我管（演示）"},
        "ask_extension": {"reason": "material", "until": _day(phone, 10), "note": "缺配件（演示）"},
    }[act]
    status = {"accept": "accepted", "feedback": "feedback"}.get(act, row.values.get("status", ""))
    todo = "feedback ask_return ask_extension note" if act == "accept" else ""
    return _act(phone, "hazard_task", (id, row), act, more, status, todo)


def check_case(phone: Phone, chance: Random) -> str:
    """Check what a handler has fed back."""
    picked = _pick(phone, HAZARDS, lambda _, row: "check" in row.values.get("todo", "").split(), chance)
    if picked is None or "hazard_check" not in phone.forms:
        return "nothing to check"
    passed = chance.random() < 0.75
    act = "close" if passed else "rework"
    more = {PASSED: "yes" if passed else "no", **({} if passed else {"reason": "partly", "note": "还有一处"})}
    return _act(phone, "hazard_check", picked, act, more, "closed" if passed else "handling", "")


def patrol(phone: Phone, chance: Random) -> str:
    """Write down a round."""
    if "patrol" not in phone.forms:
        return "no form"
    id, place = phone.ids(), chance.choice(("主街", "东头", "西头"))
    values = {
        "patrolled_on": phone.now(), "area": _area(phone, chance), "place": place,
        "premises_count": str(chance.randrange(3, 25)), "result": "nothing",
    }  # fmt: skip
    writes = {name: (None, value) for name, value in values.items() if value}
    block = EntityBlock(id, label=f"{values['patrolled_on']} {place}")
    _finish(phone, "patrol", "patrols", block, {**values, "saved_place": place}, "create", writes)
    return f"patrolled {id}"


def _act(
    phone: Phone, form: str, picked: tuple[str, Row], act: str, more: Mapping[str, str], status: str, todo: str
) -> str:
    id, row = picked
    answers = {"hazard": id, "hazard_id": id, "act": act, "action": act, "status": status, **more}
    writes: dict[str, tuple[str | None, str]] = {name: (None, more[name]) for name in more if name != PASSED}
    _finish(phone, form, HAZARDS, _block(id, row), answers, act, writes)
    phone.lists[HAZARDS].update(id, {"status": status, "todo": todo})
    return f"{act} {id}"


def _finish(
    phone: Phone,
    form: str,
    type: str,
    block: EntityBlock,
    answers: Mapping[str, str],
    action: str,
    writes: Mapping[str, tuple[str | None, str]],
    files: tuple[tuple[str, bytes], ...] = (),
) -> None:
    """Fill a form, and keep it on the phone; what its version does not ask is not written."""
    held, instance = phone.forms[form], phone.ids()
    ended = phone.clock()
    asked = questions(held.blank)
    empty = frozenset(name for name, value in answers.items() if not value)
    filled = {name: value for name, value in answers.items() if value}
    xml = fill(
        held.blank, block, filled, empty=empty, began=ended - timedelta(minutes=3), ended=ended, instance_id=instance
    )
    kept = {name: value for name, value in writes.items() if name in asked}
    phone.finish(SavedForm(phone.name, f"uuid:{instance}", form, type, block.id, action, kept, xml, files))


def _block(id: str, row: Row) -> EntityBlock:
    return EntityBlock(id, row.version, row.trunk, row.branch, row.label)


def _pick(phone: Phone, name: str, fits: Callable[[str, Row], bool], chance: Random) -> tuple[str, Row] | None:
    rows = phone.lists[name].rows if name in phone.lists else {}
    found = sorted(id for id, row in rows.items() if fits(id, row))
    if not found:
        return None
    id = chance.choice(found)
    return id, rows[id]


def _area(phone: Phone, chance: Random) -> str:
    codes = [row["name"] for row in phone.media.get("areas.csv", []) if row["name"] != "unknown"]
    return chance.choice(codes) if codes else ""


def _items() -> list[dict[str, str]]:
    return [row for row in kobo_forms.codes("hazard_items") if not row["active_to"]][:12]


def _photo(phone: Phone, question: str, category: str, chance: Random) -> tuple[tuple[str, bytes], ...]:
    content = photos.photo(category, False, phone.now())
    return ((f"{chance.randrange(10**12):012d}-{question}.png", content),)


def _day(phone: Phone, days: int) -> str:
    return (phone.clock() + timedelta(days=days)).date().isoformat()
