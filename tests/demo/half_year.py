"""Says when the demonstration's half year ends in tests, and what it begins with: forms are converted without Java."""

from __future__ import annotations

from datetime import datetime

import kobo_forms
from server.demo import people
from server.demo.county import Basis
from server.grid.usecases import files
from server.instants import BEIJING
from tests.county import prepared
from tests.passwords import hash_of

END = datetime(2026, 11, 25, 15, 30, tzinfo=BEIJING)
"""The minute at which the half year ends."""


def a_basis() -> Basis:
    """Return what the county begins with."""
    sources = {name: tuple(kobo_forms.sources(name).items()) for name in kobo_forms.names()}
    forms = [prepared(kobo_forms.source(name).decode(), media) for name, media in sources.items()]
    return Basis(list(files.shipped_rows()), forms, hash_of(people.PASSWORD))
