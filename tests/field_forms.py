"""The XLSForms that the phones of the tests fill in: a ledger of stations, hazards, and odd ones."""

from __future__ import annotations

STATIONS = """\
| survey |
| | type | name | label | save_to | bind::fg:group | bind::fg:merge |
| | end | end | | | | |
| | text | head | 站长 | head | | |
| | integer | hoses | 水带数 | hoses | | |
| | select_multiple kit | kit | 器材 | kit | | |
| | text | level | 等级 | level | readiness | |
| | text | lack | 缺什么 | lack | readiness | |
| | date | checked_on | 检查日期 | checked_on | | latest |
| | geopoint | place | 位置 | geometry | | |
| | text | area | 网格 | area | | |
| | image | before | 照片一 | | | |
| | image | after | 照片二 | | | |
"""
KIT = """\
| choices |
| | list_name | name | label |
| | kit | pump | 水泵 |
| | kit | axe | 消防斧 |
| | kit | rope | 绳 |
"""
PICK = "| | select_one_from_file stations.csv | station | 哪个站 | | | |\n"
OWN_LIST = "| | csv-external | stations | | | | |\n"


def settings_of(form_id: str, title: str = "某表", version: str = "1", **more: str) -> str:
    cells = {"form_title": title, "form_id": form_id, "version": version, "namespaces": 'fg="urn:firegrid:xforms"'}
    cells |= {name.replace("__", "::"): value for name, value in more.items()}
    return f"| settings |\n| | {' | '.join(cells)} |\n| | {' | '.join(cells.values())} |\n"


def _entities(**cells: str) -> str:
    return f"| entities |\n| | {' | '.join(cells)} |\n| | {' | '.join(cells.values())} |\n"


PROFILE = {"attribute__fg:kind": "profile", "attribute__fg:title": "微型站"}
CASE = {"attribute__fg:kind": "case", "attribute__fg:title": "隐患"}


def station_new(version: str = "1", more: str = "") -> str:
    """Registers a station; brings its own list along."""
    listed = _entities(list_name="stations", label="${head}")
    return STATIONS + more + OWN_LIST + KIT + listed + settings_of("station_new", "登记站点", version, **PROFILE)


STATION_EDIT = (
    STATIONS
    + PICK
    + KIT
    + _entities(list_name="stations", label="${head}", entity_id="${station}")
    + settings_of("station_edit", "更新站点")
)
STATION_ANY = (
    STATIONS
    + PICK
    + KIT
    + _entities(
        list_name="stations",
        label="${head}",
        entity_id="coalesce(${station}, uuid())",
        create_if="${station} = ''",
        update_if="${station} != ''",
    )
    + settings_of("station_any", "登记或更新站点")
)

HAZARD = (
    """\
| survey |
| | type | name | label | save_to |
| | text | item | 隐患 | item |
| | text | place | 位置 | place |
| | text | area | 网格 | area |
| | text | status | 状态 | status |
| | text | action | 动作 | action |
| | csv-external | hazards | | |
"""
    + _entities(list_name="hazards", label="concat(${place}, '｜', ${item})")
    + settings_of("hazard", "隐患上报", **CASE)
)
HAZARD_STEP = (
    """\
| survey |
| | type | name | label | save_to |
| | select_one_from_file hazards.csv | hazard | 哪件 | |
| | text | action | 动作 | action |
| | text | result | 结果 | result |
| | text | place | 位置 | place |
| | image | photo | 照片 | |
"""
    + _entities(list_name="hazards", label="''", entity_id="${hazard}")
    + settings_of("hazard_step", "隐患处理")
)
ROUND = """\
| survey |
| | type | name | label |
| | select_one_from_file streets.csv | street | 哪条街 |
| | text | seen | 看到什么 |
""" + settings_of("round", '巡查 <A> & "B"')
AUDITED = """\
| survey |
| | type | name | label |
| | audit | audit | |
| | text | seen | 看到什么 |
""" + settings_of("audited", "有日志的表")
ODD_ID = "| survey |\n| | type | name | label |\n| | text | seen | 看到 |\n" + settings_of("巡查 表1", "中文编号")
TOWN_ONLY = "| survey |\n| | type | name | label |\n| | text | seen | 看到 |\n" + settings_of(
    "town_only", "乡镇专用", **{"attribute__fg:roles": "town_station"}
)
BEES = (
    """\
| survey |
| | type | name | label | save_to | bind::fg:merge |
| | text | keeper | 养蜂人 | keeper | |
| | integer | hives | 蜂箱数 | hives | |
| | date | due_on | 复查日期 | due_on | latest |
| | csv-external | apiaries | | | |
"""
    + _entities(list_name="apiaries", label="${keeper}")
    + settings_of("apiary", "养蜂登记", **{"attribute__fg:title": "蜂箱"})
)
PATROL = (
    """\
| survey |
| | type | name | label | save_to |
| | text | place | 地点 | place |
| | integer | premises_count | 家数 | premises_count |
| | text | area | 网格 | area |
"""
    + _entities(list_name="patrols", label="${place}")
    + settings_of("patrol", "巡查")
)
STREETS = "name,label\ns1,“东”大街\n".encode()
