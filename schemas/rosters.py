"""Schemas of imports (people, areas, premises), cards for many, vacancies, and changes of the grid."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import (
    BaseSchema,
    boolean_in,
    boolean_parameter,
    instant_out_or_null,
    integer_out,
    matching,
    text_in,
    text_out,
    text_out_or_null,
)
from schemas.grid import AreaSchema
from schemas.lists import area_code, area_filter
from schemas.staffing import NAME, KeySchema

DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DAY_CURE = "应为日期，如 2027-01-01。"


class RosterQuery(BaseSchema):
    """Whether to import."""

    dry_run = boolean_parameter("only look: nobody is added; the roster is kept for 24 hours under its token")


class RosterFaultSchema(BaseSchema):
    """What is wrong with a cell, and how to mend it."""

    line = integer_out("row of the sheet")
    column = text_out("`display`, `role`, `town`, `village`, `unit`, `code`, `name`, `body`, `starts` or `ends`")
    value = text_out("as typed")
    reason = text_out("in Chinese")
    cure = text_out("in Chinese")


class RosterSchema(BaseSchema):
    """What importing a roster would do, or what it did."""

    token = text_out("under which it is kept for 24 hours")
    file = text_out("its name")
    sheet = text_out("name of its sheet, empty for CSV")
    rows = integer_out()
    new = integer_out("people to add, or added")
    moved = integer_out("people who change their duty")
    same = integer_out("people who stay as they are")
    faulty = integer_out("rows that are not imported")
    done = fields.Boolean(required=True, metadata={"description": "it was imported"})
    added = fields.List(fields.String(), required=True, metadata={"description": "user names of who was added"})
    notes = fields.List(fields.String(), required=True, metadata={"description": "on how the file was read"})
    faults = fields.List(fields.Nested(RosterFaultSchema), required=True)


class AreaImportQuery(BaseSchema):
    """Whether to import."""

    dry_run = boolean_parameter("only look: no area is changed; the file is kept for 24 hours under its token")


class AreaImportWarningSchema(BaseSchema):
    """What may be meant otherwise, and hinders nothing."""

    line = integer_out()
    message = text_out()


class AreaImportSchema(BaseSchema):
    """What importing a grid file would do, or what it did."""

    token = text_out("under which it is kept for 24 hours")
    file = text_out("its name")
    rows = integer_out()
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "new areas by level, and `renamed`, `ended`, `unchanged`; what is not named is 0"},
    )
    carried = integer_out("duties that go on in the area which takes theirs in")
    ended = integer_out("duties that end with their area")
    faulty = integer_out("rows that are not imported")
    done = fields.Boolean(required=True, metadata={"description": "it was imported"})
    notes = fields.List(fields.String(), required=True, metadata={"description": "on how the file was read"})
    warnings = fields.List(fields.Nested(AreaImportWarningSchema), required=True)
    faults = fields.List(fields.Nested(RosterFaultSchema), required=True)


class CardsRequestSchema(BaseSchema):
    """Whose cards to make."""

    names = fields.List(
        matching(NAME, "user name", "应为用户名。"),
        required=True,
        metadata={"description": "at most 500 user names; all or none get a card"},
    )
    replace = boolean_in("refuse every earlier key of theirs at once", load_default=False)
    id = fields.UUID(
        allow_none=True, load_default=None,
        metadata={"description": "of your own: sent twice, no second keys are made"},
    )  # fmt: skip


class CardSchema(KeySchema):
    """A card with a new key; shown this once."""

    place = text_out("town and village")
    post = text_out("role and unit")


class CardsSchema(BaseSchema):
    """Cards with new keys; shown this once."""

    items = fields.List(fields.Nested(CardSchema), required=True)


class VacancyQuery(BaseSchema):
    """Of which part of the county."""

    area = area_filter()


class VacancySchema(BaseSchema):
    """The villages of a town without a community officer now."""

    town = text_out("area code")
    name = text_out()
    villages = integer_out("in force")
    vacant = fields.List(fields.Nested(AreaSchema), required=True)


class VacanciesSchema(BaseSchema):
    """Vacancies, town by town."""

    items = fields.List(fields.Nested(VacancySchema), required=True)


class AreaChangeQuery(BaseSchema):
    """A change of the grid to look at."""

    into = area_code("code of the area that takes this one in; left out: none, it is closed")
    from_ = matching(
        DAY,
        "first Beijing day of the change; left out: today",
        _DAY_CURE,
        data_key="from",
        allow_none=True,
        load_default=None,
    )


class MergerRequestSchema(BaseSchema):
    """The area that takes this one in, and from when."""

    into = area_code("code of the area that takes it in", required=True)
    from_ = matching(DAY, "first Beijing day of the merger", _DAY_CURE, data_key="from", required=True)
    basis = text_in("number of the document, for the audit", allow_none=True, load_default=None)


class ClosingRequestSchema(BaseSchema):
    """From when an area is closed."""

    from_ = matching(DAY, "first Beijing day without the area", _DAY_CURE, data_key="from", required=True)
    basis = text_in("number of the document, for the audit", allow_none=True, load_default=None)


class AreaNameSchema(BaseSchema):
    """Another name of an area, from today on."""

    name = text_in("official name", required=True, most=100)


class UnitRequestSchema(BaseSchema):
    """A unit to add to a village."""

    name = text_in("left out: the next number", allow_none=True, load_default=None)
    from_ = matching(
        DAY, "first Beijing day; left out: today", _DAY_CURE, data_key="from", allow_none=True, load_default=None
    )


class LedgerCountSchema(BaseSchema):
    """Records of one type."""

    type = text_out()
    count = integer_out()


class HeldDutySchema(BaseSchema):
    """A duty that would end, or follow."""

    name = text_out("user name")
    display = text_out()
    role = text_out()
    area = text_out("area code")


class AreaFaultSchema(BaseSchema):
    """Why it cannot be done so."""

    field = text_out()
    message = text_out("in Chinese")


class AreaPreviewSchema(BaseSchema):
    """What a change of the grid would touch; nothing has changed."""

    area = text_out("area code")
    into = text_out_or_null("code of the area that takes it in")
    at = instant_out_or_null("from when; null where it cannot be done")
    open_cases = integer_out("in the area and below")
    past_cases = integer_out()
    ledgers = fields.List(fields.Nested(LedgerCountSchema), required=True)
    duties = fields.List(fields.Nested(HeldDutySchema), required=True)
    units = fields.Dict(required=True, metadata={"description": "name under which each unit goes on, by its code"})
    takes_old_code = fields.Boolean(required=True)
    warnings = fields.List(fields.String(), required=True, metadata={"description": "in Chinese"})
    faults = fields.List(fields.Nested(AreaFaultSchema), required=True)


class PremisesImportQuery(BaseSchema):
    """Whether to import."""

    good_rows = boolean_parameter(
        "take the good rows; without it nothing is registered, and the list is kept for 24 hours under its token"
    )


class ListFaultSchema(BaseSchema):
    """What is wrong with a cell, and how to mend it."""

    line = integer_out("row of the sheet")
    column = text_out("such as `title`, `item`, `village` or `code`")
    value = text_out("as typed")
    reason = text_out("in Chinese")
    cure = text_out("in Chinese")


class ListImportSchema(BaseSchema):
    """What importing a list would do, or what it did; each kind of list says what it makes of its rows."""

    token = text_out("under which it is kept for 24 hours")
    file = text_out("its name")
    sheet = text_out("name of its sheet, empty for CSV")
    rows = integer_out()
    faulty = integer_out("rows that are not imported")
    done = fields.Boolean(required=True, metadata={"description": "it was imported"})
    taken_back = fields.Boolean(required=True, metadata={"description": "the import was taken back"})
    notes = fields.List(fields.String(), required=True, metadata={"description": "on how the file was read"})
    faults = fields.List(fields.Nested(ListFaultSchema), required=True)


class PremisesImportSchema(ListImportSchema):
    """What importing a list of premises would do, or what it did."""

    new = integer_out("premises to register, or registered")
    same = integer_out("rows whose premises are registered already; they are not changed")
    undone = integer_out("premises that were taken back; those changed since stay")


class CarriedImportQuery(BaseSchema):
    """Whether to import."""

    good_rows = boolean_parameter(
        "take the good rows over; without it nothing is, and the list is kept for 24 hours under its token"
    )


class CarriedImportSchema(ListImportSchema):
    """What importing a list of last year's open hazards would do, or what it did."""

    new = integer_out("hazards to take over, or taken over: registered, in a cohort of their own")
    same = integer_out("rows that were taken over already")
    undone = integer_out("cases that were taken back; those touched since stay")
