"""The properties of records. Which texts a type may hold is in ``sync.datatypes``, which laptops use as well."""

from __future__ import annotations

from dataclasses import dataclass

from server.forms.domain.choices import Options
from server.forms.domain.personal import Personal
from sync.rules import MergePolicy


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a record type.

    name: as in ``entities:saveto``. label: what the question asks, in the form's default language.
    type: bind type of XForms (``string``, ``int``, ``decimal``, ``date``, ``geopoint`` …).
    group: name of the merge group, whose fields apply or conflict as one; None outside any.
    set_valued: the value is a set of codes with spaces between (``select_multiple``).
    options: what its questions offer, None where any value may be given. required: every form that brings such a
    record into being asks for it, whatever else is answered. personal: what it holds of a private person, as its form
    declares; None where the form says nothing.
    """

    name: str
    label: str = ""
    type: str = "string"
    group: str | None = None
    merge: MergePolicy = MergePolicy.KEEP
    set_valued: bool = False
    options: Options | None = None
    required: bool = False
    personal: Personal | None = None
