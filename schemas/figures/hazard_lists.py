"""Schemas of the lists of hazards that go with the sheet of a month."""

from __future__ import annotations

from schemas.fields import BaseSchema, one_of, text_out
from schemas.lists import PageQuery, area_filter


class HazardListsQuery(BaseSchema):
    """Nothing can be asked: every list is named."""


class HazardListSchema(BaseSchema):
    """A list that there is."""

    list = text_out("its code")
    title = text_out()
    title_en = text_out()


class HazardListQuery(PageQuery):
    """How a list is written; a page of it as JSON."""

    area = area_filter()
    format = one_of(("json", "csv", "xlsx"), "how it is written; a file is whole", load_default="json")


class HazardListRowSchema(BaseSchema):
    """A hazard in a list, in words as it is printed; empty where nothing is known."""

    case_no = text_out()
    town = text_out()
    village = text_out()
    place = text_out()
    hazard = text_out("label of its item, else of the case")
    severity = text_out()
    party = text_out(
        "the body that has it, or a role and a town: never a person; in the list `overdue`, who has to act on its clock"
    )
    measure = text_out("what the office set to be done, the first of the five things to be settled (五落实)")
    fund = text_out()
    due_on = text_out("last day of the limit that runs, by Beijing's calendar")
    contingency = text_out()
    status = text_out()
    supervision = text_out()
    overdue_clock = text_out("what is overdue: 派遣, 处置, 核查, 挂账 or 移交; empty where nothing is")
    days_overdue = text_out("whole days past its limit; empty where it is not")
