"""The shipped grid is what the package says about one county, and can be derived again by anybody."""

from __future__ import annotations

from collections import Counter

import pytest

from server.data import derive_grid
from server.grid.domain.areas import Level, level_of, parent_code, short_name
from server.grid.usecases import files


@pytest.fixture
def package(tmp_path):
    """A package of two counties, laid out as the real one."""
    dist = tmp_path / "dist"
    dist.mkdir()
    for file, lines in {
        "areas.csv": ["code,name,cityCode", '130629,"容城县",1306', '130630,"涞源县",1306'],
        "streets.csv": ["code,name,areaCode", '130630106,"白石山镇",130630', '130630100,"涞源镇",130630'],
        "villages.csv": [
            "code,name,streetCode",
            '130629100201,"邻村村民委员会",130629100',
            '130630106201,"荆山口村村民委员会",130630106',
        ],
    }.items():
        (dist / file).write_text("\n".join(lines), "utf-8")
    return tmp_path


def test_one_county_is_taken_with_full_codes_and_official_names(package, tmp_path):
    target = tmp_path / "grid.csv"

    assert derive_grid.main([str(package), str(target)]) == 0

    assert target.read_text("utf-8").splitlines() == [
        "code,name,level,parent",
        "130630000000,涞源县,county,",
        "130630100000,涞源镇,town,130630000000",
        "130630106000,白石山镇,town,130630000000",
        "130630106201,荆山口村村民委员会,village,130630106000",
    ]


def test_a_missing_argument_is_told(capsys):
    assert derive_grid.main([]) == 2

    assert "usage" in capsys.readouterr().err


def test_the_shipped_grid_is_the_whole_county():
    rows = files.shipped_rows()

    codes = [row.cells["code"] for row in rows]
    assert Counter(map(level_of, codes)) == {Level.COUNTY: 1, Level.TOWN: 17, Level.VILLAGE: 295}
    assert len(set(codes)) == len(codes)
    for row in rows:
        assert row.cells["level"] == level_of(row.cells["code"])
        assert row.cells.get("parent") == parent_code(row.cells["code"])


def test_the_shipped_villages_are_10_neighbourhoods_283_villages_and_2_communities():
    names = [row.cells["name"] for row in files.shipped_rows() if level_of(row.cells["code"]) is Level.VILLAGE]

    kinds = Counter(
        "居民委员会" if name.endswith("居民委员会") else "社区" if name.endswith("社区") else "村" for name in names
    )
    assert kinds == {"居民委员会": 10, "村": 283, "社区": 2}


def test_the_odd_names_of_the_official_data_are_kept_as_they_are():
    named = {row.cells["code"]: row.cells["name"] for row in files.shipped_rows()}

    assert named["130630109206"] == "白\u4337村村民委员会"
    assert named["130630100239"] == "龙虎寺村村委会"
    assert named["130630105002"] == "木吉村居民委员会"
    assert (named["130630100400"], named["130630106400"]) == ("福泽园社区", "恩泽园社区")
    assert [code for code, name in named.items() if short_name(name) == "张家庄村"] == ["130630107202", "130630203207"]
    assert "130630202000" not in named
