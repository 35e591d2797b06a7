"""Compares the code that a county has in the database with the one that its grid states."""

from __future__ import annotations

from collections.abc import Iterable

from server.errors import Invalid
from server.settings import COUNTY_DIGITS, CountyDatabase


def require_that_of(database: CountyDatabase | None, codes: Iterable[str], cure: str) -> None:
    """Do nothing where a schema is named by the code of the county whose grid it is to hold. Raises Invalid.

    database: where the county is to be kept, None for a data folder, which has no such name. codes: of areas of the
    grid, of any level; where they are none of a grid, they are refused when that is read. cure: what else to do.
    """
    found = sorted({code[:COUNTY_DIGITS] for code in codes if len(code) >= COUNTY_DIGITS and code.isdigit()})
    if database is None or not found or database.county in found:
        return
    raise Invalid(
        f"FIREGRID_COUNTY 是 {database.county}，网格却是 {found[0]} 的；什么也没有写。"
        f"请把 FIREGRID_COUNTY 改为 {found[0]}，或{cure}。"
        f" · FIREGRID_COUNTY is {database.county}, the grid is of {found[0]}; nothing was written",
        field="FIREGRID_COUNTY",
    )
