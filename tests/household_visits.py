"""A form that makes several records of one submission: visits to households, their people, and hydrants nearby."""

from __future__ import annotations

from xml.sax.saxutils import escape

from server.forms.domain.definitions import Allowance
from server.forms.usecases import publish
from tests.county import County, prepared
from tests.field_forms import settings_of
from tests.filled_forms import new_uuid
from tests.odk_collect import Phone
from tests.valley import UNIT

HYDRANTS = """\
| survey |
| | type | name | label | save_to |
| | csv-external | hydrants | | |
| | text | spot | 位置 | spot |
| | text | state | 状况 | state |
| | text | flow | 流量 | flow |
| entities |
| | list_name | label |
| | hydrants | ${spot} |
""" + settings_of("hydrant_new", "登记消火栓")
VISIT = """\
| survey |
| | type | name | label | save_to | bind::fg:kind | bind::fg:title |
| | select_one_from_file hydrants.csv | place | 附近的消火栓 | | | |
| | csv-external | households | | | | |
| | csv-external | people | | | | |
| | text | door | 门牌 | households#door | | |
| | text | area | 网格 | households#area | | |
| | begin_repeat | person | 住户成员 | | profile | 居民 |
| | text | name_of | 姓名 | people#name_of | | |
| | begin_group | more | 其他 | | | |
| | integer | age | 年龄 | people#age | | |
| | end_group | | | | | |
| | begin_repeat | pet | 宠物 | | event | |
| | text | pet_name | 名字 | pets#pet_name | | |
| | end_repeat | | | | | |
| | end_repeat | | | | | |
| | begin_repeat | check | 消火栓检查 | | | |
| | select_one_from_file hydrants.csv | hydrant | 哪一个 | | | |
| | text | state | 状况 | hydrants#state | | |
| | text | flow | 流量 | hydrants#flow | | |
| | end_repeat | | | | | |
| entities |
| | list_name | label | entity_id | create_if | update_if |
| | households | ${door} | | | |
| | people | ${name_of} | | ${age} > 0 | |
| | pets | ${pet_name} | | | |
| | hydrants | | ${hydrant} | | |
""" + settings_of("visit", "入户走访", **{"attribute__fg:kind": "profile", "attribute__fg:title": "住户"})


def publish_visits(valley: County) -> None:
    """Publish both forms; an administrator allows that of the visits."""
    valley.publish(HYDRANTS)
    valley.do(publish.publish, prepared(VISIT), None, [Allowance.SEVERAL_ENTITIES])


def block(dataset: str, id: str, label: str | None = None, **flags: object) -> str:
    attributes = "".join(f' {name}="{value}"' for name, value in flags.items())
    shown = "" if label is None else f"<label>{escape(label)}</label>"
    return f'<meta><entity dataset="{dataset}" id="{id}"{attributes}>{shown}</entity></meta>'


def a_pet(name: str, id: str | None = None) -> str:
    pet = block("pets", id or new_uuid(), name, create="1")
    return f"<pet><pet_name>{name}</pet_name>{pet}</pet>"


def a_person(name: str, id: str | None = None, pets: str = "", create: str = "1", age: str = "30") -> str:
    """The phone writes what it adds itself behind the entity of its first instance."""
    person = block("people", new_uuid() if id is None else id, name, create=create)
    return f"<person><name_of>{name}</name_of><more><age>{age}</age></more>{person}{pets}</person>"


def a_check(hydrant: str, **values: str) -> str:
    answers = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    flags = {"update": "1", "baseVersion": "1", "trunkVersion": "1", "branchId": new_uuid()}
    return f"<check><hydrant>{hydrant}</hydrant>{answers}{block('hydrants', hydrant, **flags)}</check>"


def a_visit(
    *parts: str, household: str | None = None, instance: str | None = None, area: str = UNIT, old: str = ""
) -> bytes:
    home = block("households", household or new_uuid(), "3号楼", create="1").replace(
        "</meta>", f"<instanceID>{instance or f'uuid:{new_uuid()}'}</instanceID>{old}</meta>"
    )
    return f'<data id="visit" version="1"><door>3号楼</door><area>{area}</area>{"".join(parts)}{home}</data>'.encode()


def a_hydrant(phone: Phone, spot: str = "东门") -> str:
    id = new_uuid()
    made = block("hydrants", id, spot, create="1").replace(
        "</meta>", f"<instanceID>uuid:{new_uuid()}</instanceID></meta>"
    )
    sent = phone.send(f'<data id="hydrant_new" version="1"><spot>{spot}</spot><state>好</state>{made}</data>'.encode())
    assert sent.status_code == 201
    return id


def labels(valley: County, type: str) -> list[str]:
    """Return the labels of the records of a type, in the order in which they came."""
    return [row["label"] for row in valley.rows("SELECT label FROM record WHERE type = :type ORDER BY seq", type=type)]
